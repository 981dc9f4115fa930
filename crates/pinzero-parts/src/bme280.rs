//! The BME280, which measures temperature, pressure and humidity, from Bosch's data sheet BST-BME280-DS002.

use pinzero_core::mock::{I2cChip, SpiChip};

const CALIBRATION: u8 = 0x88;
const CALIBRATION_H1: u8 = 0xa1;
const ID: u8 = 0xd0;
const RESET: u8 = 0xe0;
const CALIBRATION_H2: u8 = 0xe1;
const CONTROL_HUMIDITY: u8 = 0xf2;
const CONTROL: u8 = 0xf4;
const CONFIG: u8 = 0xf5;
const DATA: u8 = 0xf7;

const RESET_WORD: u8 = 0xb6;

/// The temperature and pressure coefficients of the example in Bosch's data sheet for the BMP280, of which the BME280 has the
/// same: T1 to T3, P1 to P9. With them, the raw values 519888 and 415148 are 25.08 °C and 100653.27 Pa.
const COEFFICIENTS: [i32; 12] =
    [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000];

/// The humidity coefficients, of the size that chips have: H1 to H6.
const HUMIDITY: [i32; 6] = [75, 362, 0, 313, 50, 30];

/// The raw values of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawClimate {
    /// 20 bits.
    pub temperature: u32,
    /// 20 bits.
    pub pressure: u32,
    /// 16 bits.
    pub humidity: u16,
}

/// The BME280, on I2C at 0x76 or 0x77, or on SPI.
#[derive(Debug, Clone)]
pub struct Bme280 {
    registers: [u8; 256],
    /// What the next measurement finds.
    raw: RawClimate,
    at: u8,
    /// Whether the next byte is a register, on SPI also whether the message reads.
    is_selected: bool,
    is_read: bool,
    measurements: usize,
}

impl Bme280 {
    /// Returns a chip after its reset, asleep.
    pub fn new(raw: RawClimate) -> Self {
        let mut chip =
            Bme280 { registers: [0; 256], raw, at: 0, is_selected: false, is_read: false, measurements: 0 };
        chip.reset();
        chip
    }

    /// Sets what the next measurement finds.
    pub fn set(&mut self, raw: RawClimate) {
        self.raw = raw;
    }

    /// Returns the number of measurements so far.
    pub fn measurements(&self) -> usize {
        self.measurements
    }

    fn put(&mut self, register: u8, values: &[u8]) {
        let start = usize::from(register);
        self.registers[start..start + values.len()].copy_from_slice(values);
    }

    fn reset(&mut self) {
        self.registers = [0; 256];
        let low: Vec<u8> = COEFFICIENTS.iter().flat_map(|word| (*word as u16).to_le_bytes()).collect();
        self.put(CALIBRATION, &low);
        let [h1, h2, h3, h4, h5, h6] = HUMIDITY;
        self.put(CALIBRATION_H1, &[h1 as u8]);
        // H4 and H5 have 12 bits, and share a byte.
        let shared = (h4 & 0x0f | (h5 & 0x0f) << 4) as u8;
        let high = [h2 as u8, (h2 >> 8) as u8, h3 as u8, (h4 >> 4) as u8, shared, (h5 >> 4) as u8, h6 as u8];
        self.put(CALIBRATION_H2, &high);
        self.put(ID, &[0x60]);
        self.put(DATA, &[0x80, 0, 0, 0x80, 0, 0, 0x80, 0]);
    }

    /// Returns whether the chip measures without being told each time.
    fn is_continuous(&self) -> bool {
        self.registers[usize::from(CONTROL)] & 0b11 == 0b11
    }

    fn measure(&mut self) {
        let control = self.registers[usize::from(CONTROL)];
        let humidity = self.registers[usize::from(CONTROL_HUMIDITY)] & 0b111;
        let (pressure, temperature) = (control >> 2 & 0b111, control >> 5);
        // What is not measured has its value after a reset.
        let taken = |oversampling: u8, raw: u32, none: u32| if oversampling == 0 { none } else { raw };
        let split = |raw: u32| [(raw >> 12) as u8, (raw >> 4) as u8, (raw << 4) as u8];
        let [p, t] = [
            split(taken(pressure, self.raw.pressure, 0x8_0000)),
            split(taken(temperature, self.raw.temperature, 0x8_0000)),
        ];
        let h = (taken(humidity, self.raw.humidity.into(), 0x8000) as u16).to_be_bytes();
        self.put(DATA, &[p, t].concat());
        self.put(DATA + 6, &h);
        self.measurements += 1;
    }

    fn write_register(&mut self, register: u8, value: u8) {
        match register {
            RESET if value == RESET_WORD => self.reset(),
            CONTROL => {
                self.put(CONTROL, &[value]);
                // Forced mode measures once, and the chip sleeps again.
                if matches!(value & 0b11, 0b01 | 0b10) {
                    self.measure();
                    self.put(CONTROL, &[value & !0b11]);
                }
            }
            CONTROL_HUMIDITY | CONFIG => self.put(register, &[value]),
            _ => {}
        }
    }

    fn next(&mut self) -> u8 {
        if self.at == DATA && self.is_continuous() {
            self.measure();
        }
        let value = self.registers[usize::from(self.at)];
        self.at = self.at.wrapping_add(1);
        value
    }
}

impl I2cChip for Bme280 {
    fn start(&mut self, _: bool) -> bool {
        self.is_selected = false;
        true
    }

    /// Takes pairs of register and value: the register does not advance by itself.
    fn write(&mut self, byte: u8) -> bool {
        if self.is_selected {
            self.write_register(self.at, byte);
        } else {
            self.at = byte;
        }
        self.is_selected = !self.is_selected;
        true
    }

    fn read(&mut self) -> u8 {
        self.next()
    }
}

impl SpiChip for Bme280 {
    fn select(&mut self) -> u8 {
        (self.is_selected, self.is_read) = (false, false);
        0
    }

    /// The highest bit of a register's address means a read, and is set in the map of the registers.
    fn exchange(&mut self, received: u8) -> u8 {
        if self.is_read {
            return self.next();
        }
        if self.is_selected {
            self.write_register(self.at, received);
        } else {
            (self.at, self.is_read) = (received | 0x80, received & 0x80 != 0);
        }
        self.is_selected = !self.is_selected;
        if self.is_read { self.next() } else { 0 }
    }
}
