//! The PCA9685, PWM on 16 channels, from NXP's data sheet.

use std::time::Duration;

use pinzero_core::mock::I2cChip;

const MODE1: u8 = 0x00;
const MODE2: u8 = 0x01;
/// The first register of the channels; each has four.
const LED0: u8 = 0x06;
const LAST_LED: u8 = 0x45;
const ALL_LED: u8 = 0xfa;
const PRE_SCALE: u8 = 0xfe;

/// The bits of MODE1 and MODE2.
const RESTART: u8 = 0x80;
const AUTO_INCREMENT: u8 = 0x20;
const SLEEP: u8 = 0x10;
const INVERT: u8 = 0x10;
const CHANGE_ON_ACKNOWLEDGE: u8 = 0x08;

/// The bit of a count's high byte that makes a channel always on or off.
const FULL: u8 = 0x10;

/// The steps of a period, and the chip's own oscillator.
const STEPS: u16 = 4096;
const OSCILLATOR: u32 = 25_000_000;

/// The PCA9685, on I2C at 0x40 to 0x7f.
#[derive(Debug, Clone)]
pub struct Pca9685 {
    registers: [u8; 256],
    /// The registers of the channels, as the outputs follow them.
    shown: [[u8; 4]; 16],
    at: u8,
    is_selected: bool,
}

impl Default for Pca9685 {
    fn default() -> Self {
        let mut registers = [0; 256];
        (registers[usize::from(MODE1)], registers[usize::from(MODE2)]) = (0x11, 0x04);
        registers[usize::from(PRE_SCALE)] = 0x1e;
        let mut chip = Pca9685 { registers, shown: [[0, 0, 0, FULL]; 16], at: 0, is_selected: false };
        (0..16).for_each(|channel| chip.registers[usize::from(LED0) + channel * 4 + 3] = FULL);
        chip
    }
}

impl Pca9685 {
    /// Returns a chip after its reset: asleep, 200 Hz, all channels off.
    pub fn new() -> Self {
        Pca9685::default()
    }

    /// Returns for how many of the 4,096 steps of a period a channel is high. 0 while the chip sleeps.
    ///
    /// # Panics
    /// If the chip has no such channel.
    pub fn steps(&self, channel: usize) -> u16 {
        let [on_low, on_high, off_low, off_high] = self.shown[channel];
        let count = |low: u8, high: u8| u16::from_be_bytes([high & 0x0f, low]);
        let (on, off) = (count(on_low, on_high), count(off_low, off_high));
        let steps = match (on_high & FULL != 0, off_high & FULL != 0) {
            _ if self.is_asleep() => 0,
            (_, true) => 0,
            (true, false) => STEPS,
            // From the one count to the other, round the end of the period if need be.
            (false, false) => off.wrapping_sub(on) % STEPS,
        };
        if self.register(MODE2) & INVERT != 0 { STEPS - steps } else { steps }
    }

    /// Returns the step of the period at which a channel goes high.
    ///
    /// # Panics
    /// If the chip has no such channel.
    pub fn first_step(&self, channel: usize) -> u16 {
        let [low, high, ..] = self.shown[channel];
        u16::from_be_bytes([high & 0x0f, low])
    }

    /// Returns the period of all channels.
    pub fn period(&self) -> Duration {
        let steps = u64::from(STEPS) * (u64::from(self.register(PRE_SCALE)) + 1);
        Duration::from_nanos(steps * (1_000_000_000 / u64::from(OSCILLATOR)))
    }

    /// Returns how long a channel is high in each period.
    ///
    /// # Panics
    /// If the chip has no such channel.
    pub fn pulse(&self, channel: usize) -> Duration {
        self.period() * self.steps(channel).into() / STEPS.into()
    }

    /// Returns whether the oscillator is off.
    pub fn is_asleep(&self) -> bool {
        self.register(MODE1) & SLEEP != 0
    }

    fn register(&self, register: u8) -> u8 {
        self.registers[usize::from(register)]
    }

    fn set(&mut self, register: u8, value: u8) {
        match register {
            MODE1 => self.set_mode(value),
            // Takes no change while the oscillator runs, and no value below 3.
            PRE_SCALE if !self.is_asleep() => {}
            PRE_SCALE => self.registers[usize::from(PRE_SCALE)] = value.max(3),
            ALL_LED..PRE_SCALE => {
                let offset = usize::from(register - ALL_LED);
                (0..16).for_each(|channel| self.registers[usize::from(LED0) + channel * 4 + offset] = value);
            }
            _ if register <= LAST_LED => self.registers[usize::from(register)] = value,
            _ => {}
        }
    }

    fn set_mode(&mut self, value: u8) {
        let (old, is_awake) = (self.register(MODE1), value & SLEEP == 0);
        // Sleep while channels run sets the bit. A one clears it, once the oscillator runs.
        let falls_asleep = old & SLEEP == 0 && !is_awake && (0..16).any(|channel| self.steps(channel) != 0);
        let stays = old & RESTART != 0 && !(value & RESTART != 0 && is_awake);
        let restart = if falls_asleep || stays { RESTART } else { 0 };
        self.registers[usize::from(MODE1)] = value & !RESTART | restart;
    }

    fn advance(&mut self) {
        if self.register(MODE1) & AUTO_INCREMENT != 0 {
            self.at = if self.at == LAST_LED { 0 } else { self.at.wrapping_add(1) };
        }
    }

    /// Brings the outputs up to date.
    fn show(&mut self) {
        for (channel, shown) in self.shown.iter_mut().enumerate() {
            let first = usize::from(LED0) + channel * 4;
            shown.copy_from_slice(&self.registers[first..first + 4]);
        }
    }
}

impl I2cChip for Pca9685 {
    fn start(&mut self, _: bool) -> bool {
        self.is_selected = false;
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        if self.is_selected {
            self.set(self.at, byte);
            self.advance();
            if self.register(MODE2) & CHANGE_ON_ACKNOWLEDGE != 0 {
                self.show();
            }
        } else {
            (self.at, self.is_selected) = (byte, true);
        }
        true
    }

    fn read(&mut self) -> u8 {
        // ALL_LED can only be written.
        let value = if (ALL_LED..PRE_SCALE).contains(&self.at) { 0 } else { self.register(self.at) };
        self.advance();
        value
    }

    fn stop(&mut self) {
        self.show();
    }
}
