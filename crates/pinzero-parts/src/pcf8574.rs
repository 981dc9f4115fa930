//! The PCF8574, which has eight pins, from NXP's data sheet.

use pinzero_core::Level;
use pinzero_core::mock::I2cChip;

/// The PCF8574, on I2C at 0x20 to 0x27; the PCF8574A is at 0x38 to 0x3f.
///
/// A pin is low, or weakly high, and can then be pulled low from outside. There is no other direction.
#[derive(Debug, Clone)]
pub struct Pcf8574 {
    latch: u8,
    /// The pins that something outside pulls low.
    pulled: u8,
    /// The levels when the chip was last read or written; others interrupt.
    known: u8,
}

impl Default for Pcf8574 {
    fn default() -> Self {
        Pcf8574 { latch: 0xff, pulled: 0, known: 0xff }
    }
}

impl Pcf8574 {
    /// Returns a chip after its reset: all pins high.
    pub fn new() -> Self {
        Pcf8574::default()
    }

    /// Drives a pin from outside, or lets go of it. A pin that the chip holds low stays low.
    pub fn drive(&mut self, pin: usize, level: Option<Level>) {
        let bit = 1 << pin;
        self.pulled = if level == Some(Level::Low) { self.pulled | bit } else { self.pulled & !bit };
    }

    /// Returns the level of a pin.
    pub fn level(&self, pin: usize) -> Level {
        if self.levels() >> pin & 1 == 1 { Level::High } else { Level::Low }
    }

    /// Returns the levels of all pins, with that of pin 0 as the lowest bit.
    pub fn levels(&self) -> u8 {
        self.latch & !self.pulled
    }
}

impl I2cChip for Pcf8574 {
    fn write(&mut self, byte: u8) -> bool {
        self.latch = byte;
        self.known = self.levels();
        true
    }

    fn read(&mut self) -> u8 {
        self.known = self.levels();
        self.known
    }

    fn interrupts(&self) -> bool {
        self.levels() != self.known
    }
}
