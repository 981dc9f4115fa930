//! [`MockAds1115`]: the model of an ADC on I2C.

use super::chip::I2cChip;

/// An ADS1115, an ADC with 4 channels, for [`MockGpio::i2c_chip`](super::MockGpio::i2c_chip). A conversion takes no time. All channels start
/// at 0 V.
///
/// ```
/// use pinzero::Ads1115;
/// use pinzero::mock::{self, MockAds1115};
///
/// let gpio = mock::gpio();
/// let chip = gpio.i2c_chip(1, 0x48, MockAds1115::default());
/// chip.with(|chip| chip.set(0, 2.048));
/// assert_eq!(Ads1115::builder(0).gpio(&gpio).open()?.raw_value()?, 16_384);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MockAds1115 {
    volts: [f64; 4],
    /// The registers: result and configuration, and two thresholds.
    registers: [u16; 4],
    at: u8,
    /// The bytes of the message so far, and those written after the register's number.
    count: usize,
    written: u8,
}

impl Default for MockAds1115 {
    fn default() -> Self {
        MockAds1115 { volts: [0.0; 4], registers: [0, 0x8583, 0x8000, 0x7fff], at: 0, count: 0, written: 0 }
    }
}

impl MockAds1115 {
    /// Sets the voltage on a channel, in volts.
    ///
    /// # Panics
    /// If `channel` is above 3.
    pub fn set(&mut self, channel: usize, volts: f64) {
        self.volts[channel] = volts;
    }

    /// Returns the result of a conversion with this configuration.
    fn convert(&self, config: u16) -> u16 {
        let [one, two, three, four] = self.volts;
        let volts = match config >> 12 & 0b111 {
            0b000 => one - two,
            0b001 => one - four,
            0b010 => two - four,
            0b011 => three - four,
            channel => self.volts[usize::from(channel & 0b11)],
        };
        let range = match config >> 9 & 0b111 {
            0 => 6.144,
            1 => 4.096,
            2 => 2.048,
            3 => 1.024,
            4 => 0.512,
            _ => 0.256,
        };
        // The conversion to an integer limits values out of range.
        (volts / range * 32768.0).round() as i16 as u16
    }
}

impl I2cChip for MockAds1115 {
    fn start(&mut self, _: bool) -> bool {
        self.count = 0;
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        match self.count {
            0 => self.at = byte & 3,
            1 => self.written = byte,
            2 => {
                let value = u16::from_be_bytes([self.written, byte]);
                if self.at == 1 && value >> 15 == 1 {
                    self.registers[0] = self.convert(value);
                }
                if self.at != 0 {
                    self.registers[usize::from(self.at)] = value;
                }
            }
            _ => {}
        }
        self.count += 1;
        true
    }

    fn read(&mut self) -> u8 {
        let bytes = self.registers[usize::from(self.at)].to_be_bytes();
        self.count += 1;
        bytes[(self.count - 1) % 2]
    }
}
