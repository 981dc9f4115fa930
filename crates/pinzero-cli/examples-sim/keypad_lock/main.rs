//! A keypad lock: the code opens the bolt for three seconds, and the display says what the lock does.

use std::thread::sleep;

use pinzero::prelude::*;
use pinzero::{I2c, KeyKind};

const CODE: &str = "2580";

pub fn main() -> pinzero::Result<()> {
    let pad = Keypad::builder([5, 6, 13, 19], [16, 20, 21]).keys(["123", "456", "789", "*0#"]).open()?;
    let bolt = Relay::new(17)?;
    let open = Led::new(27)?;
    let screen = Screen::new(pad.gpio().i2c(1).open()?)?;

    screen.show("Code?")?;
    let mut typed = String::new();
    for event in pad.events().filter(|event| event.kind == KeyKind::Pressed) {
        typed.extend(event.key.label);
        screen.show(&"*".repeat(typed.len()))?;
        if typed.len() < CODE.len() {
            continue;
        }
        if typed == CODE {
            screen.show("Open")?;
            bolt.on()?;
            open.on()?;
            sleep(secs(3));
            bolt.off()?;
            open.off()?;
        } else {
            screen.show("Wrong code")?;
            sleep(secs(1));
        }
        typed.clear();
        screen.show("Code?")?;
    }
    Ok(())
}

/// A display of 16 x 2 characters on I2C. A PCF8574 passes on each byte in two halves.
struct Screen(I2c);

impl Screen {
    const TEXT: u8 = 0x01;
    const ENABLE: u8 = 0x04;
    const LIGHT: u8 = 0x08;

    fn new(i2c: I2c) -> pinzero::Result<Self> {
        let screen = Screen(i2c);
        // Halves of bytes, two lines, no cursor, and an empty display, which takes a moment.
        for command in [0x33, 0x32, 0x28, 0x0c, 0x01] {
            screen.send(command, 0)?;
            sleep(ms(5));
        }
        Ok(screen)
    }

    /// Shows a text in the first line.
    fn show(&self, text: &str) -> pinzero::Result<()> {
        self.send(0x80, 0)?;
        format!("{text:16}").bytes().try_for_each(|byte| self.send(byte, Self::TEXT))
    }

    fn send(&self, byte: u8, kind: u8) -> pinzero::Result<()> {
        let [high, low] = [byte & 0xf0, byte << 4].map(|half| half | kind | Self::LIGHT);
        self.0.write(0x27, &[high | Self::ENABLE, high, low | Self::ENABLE, low])
    }
}
