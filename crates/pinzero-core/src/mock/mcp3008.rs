//! An analogue-to-digital converter on mock pins.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::types::Level;

/// An MCP3008, the converter of gpiozero's recipes, that is wired to mock pins; made by
/// [`MockGpio::mcp3008`](super::MockGpio::mcp3008).
#[derive(Debug, Clone, Default)]
pub struct MockMcp3008(Arc<Mutex<[u16; 8]>>);

impl MockMcp3008 {
    /// Puts a voltage on a channel, as the number that it is converted to: 0 for none, 1023 for that of the supply.
    ///
    /// # Panics
    /// If there is no such channel (0 to 7) or number.
    pub fn set(&self, channel: usize, value: u16) {
        assert!(value < 1024, "a conversion gives 0 to 1023, not {value}");
        self.0.lock()[channel] = value;
    }

    /// What a request is answered by: "single-ended" and three bits of the channel.
    fn sample(&self, request: u32) -> u16 {
        let values = *self.0.lock();
        let channel = (request & 7) as usize;
        match request & 8 {
            // Two channels against each other.
            0 => values[channel].saturating_sub(values[channel ^ 1]),
            _ => values[channel],
        }
    }
}

/// One conversation with a converter: a start bit, four bits of request, two clocks to look, ten bits of answer.
#[derive(Debug, Default)]
pub(super) struct Conversion {
    /// How many bits have come in, from the start bit on.
    bits: u32,
    request: u32,
    value: u16,
}

impl Conversion {
    /// Takes a bit in.
    pub(super) fn read(&mut self, bit: Level, chip: &MockMcp3008) {
        if self.bits == 0 && bit == Level::Low {
            return;
        }
        self.bits += 1;
        if self.bits <= 5 {
            self.request = self.request << 1 | u32::from(bit.is_high());
        }
        if self.bits == 5 {
            self.value = chip.sample(self.request);
        }
    }

    /// The bit that goes out while the next one comes in.
    pub(super) fn output(&self) -> Level {
        let place = 16u32.checked_sub(self.bits).filter(|place| *place < 10);
        Level::from(place.is_some_and(|place| self.value >> place & 1 == 1))
    }
}
