//! The MPU-6050, an accelerometer and gyroscope with a processor of its own, from InvenSense's data sheet and register map.
//!
//! The processor's memory is stored, but its program does not run: [`push`](Mpu6050::push) puts into the FIFO what it would.

use std::collections::VecDeque;

use pinzero_core::mock::I2cChip;

const GYRO_CONFIG: u8 = 0x1b;
const ACCEL_CONFIG: u8 = 0x1c;
const DATA: u8 = 0x3b;
const USER_CONTROL: u8 = 0x6a;
const POWER: u8 = 0x6b;
const BANK: u8 = 0x6d;
const MEMORY_ADDRESS: u8 = 0x6e;
const MEMORY: u8 = 0x6f;
const PROGRAM_START: u8 = 0x70;
const FIFO_COUNT: u8 = 0x72;
const FIFO_COUNT_LOW: u8 = 0x73;
const FIFO: u8 = 0x74;
const WHO_AM_I: u8 = 0x75;

const DEVICE_RESET: u8 = 0x80;
const SLEEP: u8 = 0x40;
const PROCESSOR: u8 = 0x80;
const FIFO_ENABLE: u8 = 0x40;
const FIFO_RESET: u8 = 0x04;
/// The bits of USER_CONTROL that clear themselves.
const RESETS: u8 = 0x0f;

const FIFO_SIZE: usize = 1024;

/// The MPU-6050, on I2C at 0x68 or 0x69.
#[derive(Debug, Clone)]
pub struct Mpu6050 {
    registers: [u8; 128],
    memory: Vec<[u8; 256]>,
    fifo: VecDeque<u8>,
    at: u8,
    is_selected: bool,
    acceleration: [f64; 3],
    rotation: [f64; 3],
    celsius: f64,
}

impl Default for Mpu6050 {
    fn default() -> Self {
        let mut chip = Mpu6050 {
            registers: [0; 128],
            memory: vec![[0; 256]; 12],
            fifo: VecDeque::new(),
            at: 0,
            is_selected: false,
            acceleration: [0.0, 0.0, 1.0],
            rotation: [0.0; 3],
            celsius: 25.0,
        };
        chip.reset();
        chip
    }
}

impl Mpu6050 {
    /// Returns a chip after its reset: asleep, flat on a table, at 25 °C.
    pub fn new() -> Self {
        Mpu6050::default()
    }

    /// Sets the acceleration along x, y and z, in multiples of that of the earth.
    pub fn accelerate(&mut self, acceleration: [f64; 3]) {
        self.acceleration = acceleration;
    }

    /// Sets the rotation around x, y and z, in degrees a second.
    pub fn rotate(&mut self, rotation: [f64; 3]) {
        self.rotation = rotation;
    }

    /// Sets the temperature.
    pub fn warm(&mut self, celsius: f64) {
        self.celsius = celsius;
    }

    /// Puts a packet of the processor into the FIFO. Nothing happens while the processor or the FIFO is off.
    pub fn push(&mut self, packet: &[u8]) {
        if self.register(USER_CONTROL) & (PROCESSOR | FIFO_ENABLE) == PROCESSOR | FIFO_ENABLE {
            self.fifo.extend(packet);
            // A full FIFO loses the oldest.
            let lost = self.fifo.len().saturating_sub(FIFO_SIZE);
            self.fifo.drain(..lost);
        }
    }

    /// Returns the processor's memory.
    pub fn memory(&self) -> Vec<u8> {
        self.memory.concat()
    }

    /// Returns the address at which the processor's program starts.
    pub fn program_start(&self) -> u16 {
        u16::from_be_bytes([self.register(PROGRAM_START), self.register(PROGRAM_START + 1)])
    }

    fn register(&self, register: u8) -> u8 {
        self.registers[usize::from(register & 0x7f)]
    }

    fn reset(&mut self) {
        self.registers = [0; 128];
        self.registers[usize::from(POWER)] = SLEEP;
        self.registers[usize::from(WHO_AM_I)] = 0x68;
        self.fifo.clear();
    }

    /// Brings the registers of the measurement up to date.
    fn measure(&mut self) {
        if self.register(POWER) & SLEEP != 0 {
            return;
        }
        let scale = |register: u8| f64::from(1u32 << (self.register(register) >> 3 & 0b11));
        let (g, degree) = (16384.0 / scale(ACCEL_CONFIG), 32768.0 / (250.0 * scale(GYRO_CONFIG)));
        let raw = |value: f64| (value.round().clamp(-32768.0, 32767.0) as i16).to_be_bytes();
        let [ax, ay, az] = self.acceleration.map(|value| raw(value * g));
        let [gx, gy, gz] = self.rotation.map(|value| raw(value * degree));
        let values = [ax, ay, az, raw((self.celsius - 36.53) * 340.0), gx, gy, gz].concat();
        self.registers[usize::from(DATA)..usize::from(DATA) + values.len()].copy_from_slice(&values);
    }

    /// Returns a byte of the processor's memory, and goes on to the next.
    fn cell(&mut self) -> &mut u8 {
        let address = self.register(MEMORY_ADDRESS);
        self.registers[usize::from(MEMORY_ADDRESS)] = address.wrapping_add(1);
        let bank = usize::from(self.register(BANK) & 0x1f) % self.memory.len();
        &mut self.memory[bank][usize::from(address)]
    }

    fn write_register(&mut self, register: u8, value: u8) {
        match register {
            POWER if value & DEVICE_RESET != 0 => self.reset(),
            USER_CONTROL => {
                if value & FIFO_RESET != 0 {
                    self.fifo.clear();
                }
                self.registers[usize::from(USER_CONTROL)] = value & !RESETS;
            }
            MEMORY => *self.cell() = value,
            WHO_AM_I | DATA..=0x48 => {}
            _ => self.registers[usize::from(register & 0x7f)] = value,
        }
    }

    fn read_register(&mut self, register: u8) -> u8 {
        match register {
            MEMORY => *self.cell(),
            FIFO => self.fifo.pop_front().unwrap_or(0),
            FIFO_COUNT => (self.fifo.len() >> 8) as u8,
            FIFO_COUNT_LOW => self.fifo.len() as u8,
            _ => self.register(register),
        }
    }

    /// Goes on to the next register; the two that stand for a memory stay.
    fn advance(&mut self) {
        if !matches!(self.at, MEMORY | FIFO) {
            self.at = self.at.wrapping_add(1) & 0x7f;
        }
    }
}

impl I2cChip for Mpu6050 {
    fn start(&mut self, _: bool) -> bool {
        self.is_selected = false;
        // All registers of a measurement belong to one sample.
        self.measure();
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        if self.is_selected {
            self.write_register(self.at, byte);
            self.advance();
        } else {
            (self.at, self.is_selected) = (byte, true);
        }
        true
    }

    fn read(&mut self) -> u8 {
        let value = self.read_register(self.at);
        self.advance();
        value
    }
}
