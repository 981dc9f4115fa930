//! The ADS1115, an ADC of 16 bits with four inputs, from Texas Instruments' data sheet SBAS444.

use pinzero_core::mock::I2cChip;

const CONVERSION: usize = 0;
const CONFIG: usize = 1;

/// The bits of the configuration.
const START: u16 = 0x8000;
const SINGLE: u16 = 0x0100;

/// The voltages of full scale, by the gain's three bits.
const FULL_SCALES: [f64; 8] = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256];

/// The ADS1115, on I2C at 0x48 to 0x4b. A conversion takes as long as the configuration is read once; the comparator is left out.
#[derive(Debug, Clone)]
pub struct Ads1115 {
    /// Conversion, configuration and the comparator's two thresholds.
    registers: [u16; 4],
    pointer: usize,
    /// The bytes of the message so far, and those sent of the register.
    taken: Vec<u8>,
    sent: usize,
    is_busy: bool,
    volts: [f64; 4],
}

impl Default for Ads1115 {
    fn default() -> Self {
        Ads1115 {
            registers: [0, 0x8583, 0x8000, 0x7fff],
            pointer: 0,
            taken: Vec::new(),
            sent: 0,
            is_busy: false,
            volts: [0.0; 4],
        }
    }
}

impl Ads1115 {
    /// Returns a chip after its reset, with these voltages at its inputs.
    pub fn new(volts: [f64; 4]) -> Self {
        Ads1115 { volts, ..Ads1115::default() }
    }

    /// Sets the voltage of an input.
    ///
    /// # Panics
    /// If the chip has no such input.
    pub fn set(&mut self, input: usize, volts: f64) {
        self.volts[input] = volts;
    }

    fn config(&self) -> u16 {
        self.registers[CONFIG]
    }

    fn convert(&mut self) {
        let [a, b, c, d] = self.volts;
        let volts = match self.config() >> 12 & 0b111 {
            0b000 => a - b,
            0b001 => a - d,
            0b010 => b - d,
            0b011 => c - d,
            input => self.volts[usize::from(input & 0b11)],
        };
        let full_scale = FULL_SCALES[usize::from(self.config() >> 9 & 0b111)];
        let code = (volts / full_scale * 32768.0).round().clamp(-32768.0, 32767.0);
        self.registers[CONVERSION] = code as i16 as u16;
    }

    fn configure(&mut self, config: u16) {
        let starts = config & START != 0;
        self.registers[CONFIG] = config & !START;
        self.is_busy = starts && config & SINGLE != 0;
    }

    fn value(&mut self) -> u16 {
        match self.pointer {
            CONFIG => {
                // The bit reads as zero during a conversion. In continuous mode, one always runs.
                let is_idle = !self.is_busy && self.config() & SINGLE != 0;
                if std::mem::take(&mut self.is_busy) {
                    self.convert();
                }
                self.config() | if is_idle { START } else { 0 }
            }
            CONVERSION if self.config() & SINGLE == 0 => {
                self.convert();
                self.registers[CONVERSION]
            }
            register => self.registers[register],
        }
    }
}

impl I2cChip for Ads1115 {
    fn start(&mut self, _: bool) -> bool {
        (self.taken, self.sent) = (Vec::new(), 0);
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        self.taken.push(byte);
        match self.taken[..] {
            [pointer] => self.pointer = usize::from(pointer & 0b11),
            [_, high, low] if self.pointer == CONFIG => self.configure(u16::from_be_bytes([high, low])),
            [_, high, low] if self.pointer != CONVERSION => {
                self.registers[self.pointer] = u16::from_be_bytes([high, low]);
            }
            _ => {}
        }
        true
    }

    fn read(&mut self) -> u8 {
        self.sent += 1;
        if self.sent % 2 == 1 {
            let [high, low] = self.value().to_be_bytes();
            self.taken = vec![low];
            return high;
        }
        self.taken.pop().unwrap_or(0)
    }
}
