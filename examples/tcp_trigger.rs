//! Turns a LED on GPIO17 on and off for TCP clients. The client here is a part of the program, to show both sides; `nc localhost PORT` in
//! another terminal is one too. The line `bye` ends the program.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    // A free port. A program that others know has a port of its own, such as 5005.
    let trigger = TcpTrigger::new(0)?;
    let port = trigger.port();
    println!("listening on port {port} for on, off and bye");

    trigger.when_message(move |message| match message.text() {
        "on" => led.on().and_then(|()| message.reply("the LED is on")),
        "off" => led.off().and_then(|()| message.reply("the LED is off")),
        "bye" => message.reply("good-bye"),
        other => message.reply(format!("{other:?} is not known here")),
    });

    let mut messages = trigger.events();
    let client = thread::spawn(move || visit(port));
    messages.find(|message| message.text() == "bye");
    client.join().ok();
    Ok(())
}

/// Sends some lines, and prints the answers.
fn visit(port: u16) -> io::Result<()> {
    let mut server = TcpStream::connect(("localhost", port))?;
    let mut answers = BufReader::new(server.try_clone()?).lines();
    for line in ["on", "off", "dance", "bye"] {
        server.write_all(format!("{line}\n").as_bytes())?;
        if let Some(answer) = answers.next() {
            println!("{line} -> {}", answer?);
        }
    }
    Ok(())
}
