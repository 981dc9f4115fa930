//! [`Registers`]: the model of a chip that is a map of registers.

use super::chip::{I2cChip, SpiChip};

/// A chip with up to 256 registers of one byte. A write begins with a register's number; further bytes go to that register and
/// the next ones. A read continues from there.
///
/// On SPI the first byte is the number; its highest bit means a read, as in most chips.
///
/// ```
/// use pinzero::mock::{self, Registers};
///
/// let gpio = mock::gpio();
/// let chip = gpio.i2c_chip(1, 0x68, Registers::new().with(0x75, &[0x68]));
/// let i2c = gpio.i2c(1).open()?;
/// let mut who_am_i = [0];
/// i2c.write_read(0x68, &[0x75], &mut who_am_i)?;
/// assert_eq!(who_am_i, [0x68]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Registers {
    values: [u8; 256],
    /// The register that is next.
    at: u8,
    /// The number of bytes of the message so far.
    taken: usize,
    is_read: bool,
}

impl Default for Registers {
    fn default() -> Self {
        Registers { values: [0; 256], at: 0, taken: 0, is_read: false }
    }
}

impl Registers {
    /// Returns a chip whose registers are zero.
    pub fn new() -> Self {
        Registers::default()
    }

    /// Returns the chip with these values in `register` and the next ones.
    #[must_use]
    pub fn with(mut self, register: u8, values: &[u8]) -> Self {
        values
            .iter()
            .enumerate()
            .for_each(|(index, value)| self.set(register.wrapping_add(index as u8), *value));
        self
    }

    /// Returns the value of a register.
    pub fn get(&self, register: u8) -> u8 {
        self.values[usize::from(register)]
    }

    /// Sets the value of a register.
    pub fn set(&mut self, register: u8, value: u8) {
        self.values[usize::from(register)] = value;
    }

    fn next(&mut self) -> u8 {
        let value = self.get(self.at);
        self.at = self.at.wrapping_add(1);
        value
    }
}

impl I2cChip for Registers {
    fn start(&mut self, _: bool) -> bool {
        self.taken = 0;
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        if self.taken == 0 {
            self.at = byte;
        } else {
            self.set(self.at, byte);
            self.at = self.at.wrapping_add(1);
        }
        self.taken += 1;
        true
    }

    fn read(&mut self) -> u8 {
        self.next()
    }
}

impl SpiChip for Registers {
    fn select(&mut self) -> u8 {
        self.taken = 0;
        0
    }

    fn exchange(&mut self, received: u8) -> u8 {
        self.taken += 1;
        if self.taken == 1 {
            (self.at, self.is_read) = (received & 0x7f, received & 0x80 != 0);
        } else if !self.is_read {
            self.set(self.at, received);
            self.at = self.at.wrapping_add(1);
        }
        if self.is_read { self.next() } else { 0 }
    }
}
