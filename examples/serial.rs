//! Prints the lines that a device, such as a GPS receiver, sends to the serial port of the header. Ends when nothing comes for 3 seconds.

use std::io::{BufRead, BufReader, ErrorKind};

use pinzero::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gpio = pinzero::default_gpio()?;
    let port = gpio.serial("/dev/serial0").rate(9_600).timeout(secs(3)).open()?;
    for line in BufReader::new(port).lines() {
        match line {
            Ok(line) => println!("{line}"),
            Err(error) if error.kind() == ErrorKind::TimedOut => break,
            Err(error) => return Err(error.into()),
        }
    }
    println!("nothing has come for 3 seconds");
    Ok(())
}
