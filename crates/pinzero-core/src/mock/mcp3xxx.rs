//! [`MockMcp3xxx`]: an ADC on mock pins.

use std::sync::Arc;

use parking_lot::Mutex;

use super::spi::Bits;
use crate::types::Level;

/// An ADC of the family from MCP3001 to MCP3304, wired to mock pins; returned by [`MockGpio::mcp3008`](super::MockGpio::mcp3008) and
/// [`MockGpio::mcp3xxx`](super::MockGpio::mcp3xxx).
#[derive(Debug, Clone)]
pub struct MockMcp3xxx {
    values: Arc<Mutex<[u16; 8]>>,
    /// The inputs: 2, 4 or 8.
    inputs: usize,
    /// The bits of a result, without the sign.
    bits: u32,
    is_signed: bool,
    /// Whether the chip takes requests: one with a single channel does not.
    takes_requests: bool,
}

impl MockMcp3xxx {
    /// Returns the chip with this name, such as `MCP3008`: the digits are for sign, bits and channels.
    pub(super) fn named(name: &str) -> Option<Self> {
        let digits = name.to_ascii_uppercase();
        let (kind, channels) = digits.strip_prefix("MCP3")?.split_at_checked(2)?;
        let (bits, is_signed) = match kind {
            "00" => (10, false),
            "20" => (12, false),
            "30" => (12, true),
            _ => return None,
        };
        let (inputs, takes_requests) = match channels {
            "1" => (2, false),
            "2" if is_signed => (4, true),
            "2" => (2, true),
            "4" if is_signed => (8, true),
            "4" => (4, true),
            "8" if !is_signed => (8, true),
            _ => return None,
        };
        Some(MockMcp3xxx { values: Arc::default(), inputs, bits, is_signed, takes_requests })
    }

    /// Sets the voltage on a channel, as the result of its conversion: 0 for ground, 1023 or 4095 for the reference voltage. The inputs
    /// IN+ and IN- of a chip with one channel are 0 and 1.
    ///
    /// # Panics
    /// If the chip has no such channel or no such result.
    pub fn set(&self, channel: usize, value: u16) {
        assert!(
            channel < self.inputs,
            "the chip has the channels 0 to {}, and not {channel}",
            self.inputs - 1
        );
        assert!(value <= self.full(), "a conversion gives 0 to {}, not {value}", self.full());
        self.values.lock()[channel] = value;
    }

    /// Returns the number of channels.
    pub(super) fn channels(&self) -> usize {
        self.inputs
    }

    /// Returns the result of a conversion of the reference voltage.
    pub(super) fn full(&self) -> u16 {
        (1 << self.bits) - 1
    }

    /// Returns the bits of a request: the start bit, the mode, the channel, and with two channels the order of the answer.
    fn request_bits(&self) -> u32 {
        match (self.takes_requests, self.inputs) {
            (false, _) => 0,
            (true, 2) => 4,
            (true, _) => 5,
        }
    }

    /// Returns the clocks from the first one of a conversion until the first bit of the result.
    fn header(&self) -> u32 {
        match (self.takes_requests, self.inputs) {
            (false, _) => 3,
            (true, 2) => 5,
            (true, _) => 7,
        }
    }

    /// Returns the bits of a result, with the sign.
    fn width(&self) -> u32 {
        self.bits + u32::from(self.is_signed)
    }

    /// Returns the result for a request.
    fn sample(&self, request: u32) -> u16 {
        let values = *self.values.lock();
        let (channel, is_single) = match (self.takes_requests, self.inputs) {
            (false, _) => (0, false),
            (true, 2) => (request as usize >> 1 & 1, request & 4 != 0),
            (true, inputs) => (request as usize & (inputs - 1), request & 8 != 0),
        };
        if is_single {
            return values[channel];
        }
        // Differential: the channel minus its neighbour.
        if self.is_signed {
            values[channel].wrapping_sub(values[channel ^ 1]) & ((1 << self.width()) - 1)
        } else {
            values[channel].saturating_sub(values[channel ^ 1])
        }
    }
}

/// One conversion: a request, some clocks to sample, a zero, and the result.
#[derive(Debug)]
pub(super) struct Conversion {
    chip: MockMcp3xxx,
    /// The number of bits received, from the start bit on.
    bits: u32,
    request: u32,
    value: u16,
}

impl Conversion {
    pub(super) fn of(chip: MockMcp3xxx) -> Self {
        Conversion { chip, bits: 0, request: 0, value: 0 }
    }
}

impl Bits for Conversion {
    fn select(&mut self) {
        (self.bits, self.request) = (0, 0);
        self.value = if self.chip.takes_requests { 0 } else { self.chip.sample(0) };
    }

    fn input(&mut self, bit: Level) {
        let length = self.chip.request_bits();
        if self.bits == 0 && bit == Level::Low && length > 0 {
            return;
        }
        self.bits += 1;
        if self.bits <= length {
            self.request = self.request << 1 | u32::from(bit.is_high());
            if self.bits == length {
                self.value = self.chip.sample(self.request);
            }
        }
    }

    fn output(&self) -> Level {
        let width = self.chip.width();
        let place = (self.chip.header() + width - 1).checked_sub(self.bits).filter(|place| *place < width);
        Level::from(place.is_some_and(|place| self.value >> place & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_a_chip_can_do() {
        let known =
            |name: &str| MockMcp3xxx::named(name).map(|chip| (chip.bits, chip.inputs, chip.is_signed));
        for (name, expected) in [
            ("MCP3001", Some((10, 2, false))),
            ("mcp3008", Some((10, 8, false))),
            ("Mcp3202", Some((12, 2, false))),
            ("MCP3302", Some((12, 4, true))),
            ("MCP3304", Some((12, 8, true))),
            ("MCP3308", None),
            ("MCP3108", None),
            ("MCP30", None),
            ("MCP3é", None),
            ("LED", None),
        ] {
            assert_eq!(known(name), expected, "{name}");
        }
    }
}
