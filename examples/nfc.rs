//! Waits for a contactless card, and tells its number. The reader is an MFRC522 on the SPI bus 0, chip select 0. The driver is the crate
//! `mfrc522`.

use std::error::Error;

use mfrc522::Mfrc522;
use mfrc522::comm::blocking::spi::SpiInterface;
use pinzero::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let gpio = pinzero::default_gpio()?;
    let spi = gpio.hardware_spi(0, 0).max_rate(1_000_000).open()?;
    let mut reader = Mfrc522::new(SpiInterface::new(spi)).init().map_err(|error| format!("{error:?}"))?;
    println!("hold a card to the reader");

    let answer = loop {
        match reader.reqa() {
            Ok(answer) => break answer,
            // No card yet.
            Err(mfrc522::Error::Timeout) => gpio.delay().pause(ms(100)),
            Err(error) => return Err(format!("{error:?}").into()),
        }
    };
    let card = reader.select(&answer).map_err(|error| format!("{error:?}"))?;
    let number: Vec<String> = card.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("card {}", number.join(" "));
    Ok(())
}
