//! The VL53L0X, which measures distances by the time of flight of light, from ST's data sheet, and from what drivers do.
//!
//! ST documents few registers. The others store what is written to them, in the page that register 0xff selects.

use std::collections::BTreeMap;

use pinzero_core::mock::I2cChip;

const START: u8 = 0x00;
const CLEAR: u8 = 0x0b;
const INTERRUPT: u8 = 0x13;
const RANGE: u8 = 0x1e;
const PAGE: u8 = 0xff;

/// The page and register of the chip's own memory: a 0 asks for a value, and the chip sets a bit once the value is there.
const STROBE: (u8, u8) = (7, 0x83);

/// The registers after a reset: page, register, value. The first five are the references that the data sheet names; the others
/// are of the size that chips have.
const AFTER_RESET: [(u8, u8, u8); 9] = [
    (0, 0xc0, 0xee),
    (0, 0xc1, 0xaa),
    (0, 0xc2, 0x10),
    (0, 0x52, 0x99),
    (0, 0x61, 0x00),
    (0, 0x50, 0x06),
    (0, 0x70, 0x04),
    (1, 0x91, 0x3c),
    // The reference diodes: five of the first kind, of 44 that work.
    (7, 0x92, 0x05),
];

/// The map of the reference diodes that work.
const DIODES: [u8; 6] = [0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];

/// The VL53L0X, on I2C at 0x29. A measurement is ready when the chip is asked for the second time.
#[derive(Debug, Clone)]
pub struct Vl53l0x {
    registers: BTreeMap<(u8, u8), u8>,
    page: u8,
    at: u8,
    is_selected: bool,
    millimeters: u16,
    /// How often the chip must be asked until the measurement is ready; `None` if none runs.
    waits: Option<u8>,
    is_continuous: bool,
}

impl Vl53l0x {
    /// Returns a chip after its reset, at this distance from something.
    pub fn new(millimeters: u16) -> Self {
        let diodes = DIODES.into_iter().enumerate().map(|(index, byte)| ((0, 0xb0 + index as u8), byte));
        let named = AFTER_RESET.into_iter().map(|(page, register, value)| ((page, register), value));
        Vl53l0x {
            registers: named.chain(diodes).collect(),
            page: 0,
            at: 0,
            is_selected: false,
            millimeters,
            waits: None,
            is_continuous: false,
        }
    }

    /// Sets the distance. Beyond 2 m the chip measures 8,190 mm.
    pub fn set(&mut self, millimeters: u16) {
        self.millimeters = millimeters;
    }

    fn write_register(&mut self, register: u8, value: u8) {
        match (self.page, register) {
            (_, PAGE) => self.page = value,
            (0, START) => {
                (self.is_continuous, self.waits) = (value & 0x06 != 0, (value & 0x07 != 0).then_some(1));
                self.registers.insert((0, START), value & !1);
                self.registers.insert((0, INTERRUPT), 0);
            }
            (0, CLEAR) => {
                self.registers.insert((0, INTERRUPT), 0);
                self.waits = self.is_continuous.then_some(1);
            }
            STROBE if value == 0 => {
                self.registers.insert(STROBE, 0x10);
            }
            key => {
                self.registers.insert(key, value);
            }
        }
    }

    fn read_register(&mut self, register: u8) -> u8 {
        if (self.page, register) == (0, INTERRUPT) {
            match self.waits {
                Some(0) => self.finish(),
                Some(waits) => self.waits = Some(waits - 1),
                None => {}
            }
        }
        self.registers.get(&(self.page, register)).copied().unwrap_or(0)
    }

    /// Ends a measurement: a new sample is ready.
    fn finish(&mut self) {
        self.waits = None;
        let measured = if self.millimeters > 2000 { 8190 } else { self.millimeters };
        let [high, low] = measured.to_be_bytes();
        self.registers.extend([((0, INTERRUPT), 0x04), ((0, RANGE), high), ((0, RANGE + 1), low)]);
    }
}

impl I2cChip for Vl53l0x {
    fn start(&mut self, is_read: bool) -> bool {
        self.is_selected = is_read;
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        if self.is_selected {
            self.write_register(self.at, byte);
            self.at = self.at.wrapping_add(1);
        } else {
            (self.at, self.is_selected) = (byte, true);
        }
        true
    }

    fn read(&mut self) -> u8 {
        let value = self.read_register(self.at);
        self.at = self.at.wrapping_add(1);
        value
    }
}
