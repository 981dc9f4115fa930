//! [`Lcd`]: drives a character display, an HD44780 behind a PCF8574 on I2C.

use pinzero::{Gpio, I2c, Result};

/// The pins of the PCF8574: what a byte is, when the display takes the four bits above, and the light.
const TEXT: u8 = 0x01;
const TAKE: u8 = 0x04;
const LIGHT: u8 = 0x08;

/// The half instruction for a bus of eight lines, and the one for four.
const EIGHT_LINES: u8 = 0x30;
const FOUR_LINES: u8 = 0x20;

/// Two rows of memory, no cursor, and addresses that count up.
const SETTINGS: [u8; 3] = [0x28, 0x0c, 0x06];

/// The idle bytes that take 4.1 ms and 0.1 ms, at 400 kHz: the times for the first two instructions after the display has got its supply.
const LONG: usize = 190;
const SHORT: usize = 5;

/// Drives a character display. The bus is given the whole content by one transfer, without a pause of the program: where the display
/// needs time, idle bytes are on their way.
#[derive(Debug)]
pub(super) struct Lcd {
    i2c: I2c,
    address: u8,
    columns: u8,
}

impl Lcd {
    pub(super) fn open(bus: u32, address: u8, columns: u8, gpio: &Gpio) -> Result<Self> {
        let i2c = gpio.i2c(bus).device("CharacterDisplay").open()?;
        Ok(Lcd { i2c, address, columns })
    }

    /// Shows these rows, each as long as the display. Sets the display up first, which may have lost its supply meanwhile.
    pub(super) fn show(&self, rows: &[String]) -> Result<()> {
        self.transfer(rows, LIGHT)
    }

    /// Clears the display, turns its light off, and gives the bus back.
    pub(super) fn close(&self, rows: &[String]) -> Result<()> {
        let cleared = self.transfer(rows, 0);
        self.i2c.close().and(cleared)
    }

    fn transfer(&self, rows: &[String], light: u8) -> Result<()> {
        let mut bytes = Vec::new();
        // Three times, since the display may be in the middle of a byte.
        for idle in [LONG, SHORT, 0] {
            half(&mut bytes, EIGHT_LINES, light);
            bytes.resize(bytes.len() + idle, light);
        }
        half(&mut bytes, FOUR_LINES, light);
        for setting in SETTINGS {
            whole(&mut bytes, setting, light);
        }
        let starts = [0, 0x40, self.columns, 0x40 + self.columns];
        for (row, start) in rows.iter().zip(starts) {
            whole(&mut bytes, 0x80 | start, light);
            for character in row.chars() {
                whole(&mut bytes, code(character).unwrap_or(b' '), TEXT | light);
            }
        }
        self.i2c.write(self.address, &bytes)
    }
}

/// Appends the upper half of a byte for the display, with the other pins beside.
fn half(bytes: &mut Vec<u8>, byte: u8, pins: u8) {
    let levels = byte & 0xf0 | pins;
    bytes.extend([levels, levels | TAKE, levels]);
}

fn whole(bytes: &mut Vec<u8>, byte: u8, pins: u8) {
    half(bytes, byte, pins);
    half(bytes, byte << 4, pins);
}

/// Returns the display's code of a character; `None` if the display does not have the character.
pub(super) fn code(character: char) -> Option<u8> {
    match character {
        '°' => Some(0xdf),
        '\\' => None,
        ' '..='}' => u8::try_from(character).ok(),
        _ => None,
    }
}
