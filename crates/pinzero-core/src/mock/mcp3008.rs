//! [`MockMcp3008`]: an ADC on mock pins.

use std::sync::Arc;

use parking_lot::Mutex;

use super::spi::Bits;
use crate::types::Level;

/// An MCP3008, the ADC of gpiozero's recipes, wired to mock pins; returned by
/// [`MockGpio::mcp3008`](super::MockGpio::mcp3008).
#[derive(Debug, Clone, Default)]
pub struct MockMcp3008(Arc<Mutex<[u16; 8]>>);

impl MockMcp3008 {
    /// Sets the voltage on a channel, as the result of its conversion: 0 for ground, 1023 for the reference voltage.
    ///
    /// # Panics
    /// If `channel` is above 7 or `value` above 1023.
    pub fn set(&self, channel: usize, value: u16) {
        assert!(value < 1024, "a conversion gives 0 to 1023, not {value}");
        self.0.lock()[channel] = value;
    }

    /// Returns the result for a request: the bit "single-ended" and three bits of the channel.
    fn sample(&self, request: u32) -> u16 {
        let values = *self.0.lock();
        let channel = (request & 7) as usize;
        match request & 8 {
            // Differential: the channel minus its neighbour.
            0 => values[channel].saturating_sub(values[channel ^ 1]),
            _ => values[channel],
        }
    }
}

/// One conversion: a start bit, four bits of request, two clocks to sample, ten bits of result.
#[derive(Debug)]
pub(super) struct Conversion {
    chip: MockMcp3008,
    /// The number of bits received, from the start bit on.
    bits: u32,
    request: u32,
    value: u16,
}

impl Conversion {
    pub(super) fn of(chip: MockMcp3008) -> Self {
        Conversion { chip, bits: 0, request: 0, value: 0 }
    }
}

impl Bits for Conversion {
    fn select(&mut self) {
        (self.bits, self.request, self.value) = (0, 0, 0);
    }

    fn input(&mut self, bit: Level) {
        if self.bits == 0 && bit == Level::Low {
            return;
        }
        self.bits += 1;
        if self.bits <= 5 {
            self.request = self.request << 1 | u32::from(bit.is_high());
        }
        if self.bits == 5 {
            self.value = self.chip.sample(self.request);
        }
    }

    fn output(&self) -> Level {
        let place = 16u32.checked_sub(self.bits).filter(|place| *place < 10);
        Level::from(place.is_some_and(|place| self.value >> place & 1 == 1))
    }
}
