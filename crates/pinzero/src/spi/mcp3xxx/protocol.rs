//! What the chips of the MCP3xxx family say on the wires, as pure functions.

/// A chip of the family.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) name: &'static str,
    /// The bits of a result, without the sign.
    pub(super) bits: u32,
    pub(super) channels: u32,
    /// Whether differences have a sign; they then have one bit more.
    pub(super) is_signed: bool,
}

impl Model {
    /// Returns the bytes to send for a conversion, at the end of the array. The answer comes meanwhile, and its last bit is the
    /// last one of the result.
    pub(super) fn request(&self, channel: u32, is_differential: bool) -> ([u8; 4], usize) {
        let single = u32::from(!is_differential);
        let pattern = match self.channels {
            // Such a chip has no input for data.
            1 => 0,
            // A start bit, the mode, the channel, and the order of the answer: the highest bit first.
            2 => (0b1001 | single << 2 | channel << 1) << (self.width() + 1),
            // A start bit, the mode, and three bits of the channel. The chip takes two clocks to sample.
            _ => (0b1_0000 | single << 3 | channel) << (self.width() + 2),
        };
        let count = if pattern < 1 << 16 { 2 } else { 3 };
        (pattern.to_be_bytes(), count)
    }

    /// Returns the result of a conversion; `None` if the answer cannot be the chip's, or is too short.
    pub(super) fn decode(&self, answer: &[u8], is_differential: bool) -> Option<i32> {
        let last = answer.last_chunk::<2>().map(|bytes| u32::from(u16::from_be_bytes(*bytes)))?;
        // A chip with one channel begins at the third clock, and goes on after the result.
        let last = if self.channels == 1 { (last & 0x3fff) >> (13 - self.width()) } else { last };
        // A zero precedes the result.
        if last >> self.width() & 1 == 1 {
            return None;
        }
        let (sign, range) = (1 << self.bits, (1 << self.width()) - 1);
        let result = (last & range) as i32;
        Some(match (self.is_signed, is_differential) {
            (true, true) if result >= sign => result - 2 * sign,
            (true, false) => result % sign,
            _ => result,
        })
    }

    /// Returns the largest result.
    pub(super) fn full(&self) -> i32 {
        (1 << self.bits) - 1
    }

    /// Returns the bits of a result, with the sign.
    fn width(&self) -> u32 {
        self.bits + u32::from(self.is_signed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::MODELS;
    use super::*;

    fn model(name: &str) -> &'static Model {
        MODELS.into_iter().find(|model| model.name == name).unwrap()
    }

    #[test]
    fn requests_are_those_of_the_datasheets() {
        let cases: [(&str, u32, bool, &[u8]); 13] = [
            ("Mcp3001", 0, true, &[0, 0]),
            ("Mcp3301", 0, true, &[0, 0]),
            ("Mcp3002", 0, false, &[0x68, 0]),
            ("Mcp3002", 1, true, &[0x58, 0]),
            ("Mcp3202", 1, false, &[0x01, 0xe0, 0]),
            ("Mcp3202", 0, true, &[0x01, 0x20, 0]),
            ("Mcp3004", 3, false, &[0x01, 0xb0, 0]),
            ("Mcp3008", 0, false, &[0x01, 0x80, 0]),
            ("Mcp3008", 7, true, &[0x01, 0x70, 0]),
            ("Mcp3208", 0, false, &[0x06, 0x00, 0]),
            ("Mcp3208", 7, false, &[0x07, 0xc0, 0]),
            ("Mcp3302", 2, true, &[0x09, 0x00, 0]),
            ("Mcp3304", 7, false, &[0x0f, 0x80, 0]),
        ];
        for (name, channel, is_differential, expected) in cases {
            let (bytes, count) = model(name).request(channel, is_differential);
            assert_eq!(&bytes[4 - count..], expected, "{name} {channel} {is_differential}");
        }
    }

    #[test]
    fn answers_are_those_of_the_datasheets() {
        let cases: [(&str, bool, &[u8], Option<i32>); 22] = [
            // Two clocks to sample, a zero, ten bits, and some of these again.
            ("Mcp3001", true, &[0b1100_0000, 0], Some(0)),
            ("Mcp3001", true, &[0b1101_1111, 0b1111_1010], Some(1023)),
            ("Mcp3001", true, &[0b1101_0000, 0b0000_1111], Some(513)),
            ("Mcp3201", true, &[0b0001_1111, 0b1111_1110], Some(4095)),
            ("Mcp3201", true, &[0b0001_0000, 0b0000_0011], Some(2049)),
            ("Mcp3301", true, &[0b1100_1111, 0xff], Some(4095)),
            ("Mcp3301", true, &[0b1101_0000, 0], Some(-4096)),
            ("Mcp3301", true, &[0b0001_1111, 0xff], Some(-1)),
            ("Mcp3002", false, &[0b1111_1010, 1], Some(513)),
            ("Mcp3202", false, &[9, 0b1110_1000, 1], Some(2049)),
            ("Mcp3008", false, &[0xff, 0b1111_1011, 0xff], Some(1023)),
            ("Mcp3008", false, &[0, 0b0000_0010, 0], Some(512)),
            ("Mcp3208", false, &[0xff, 0b1110_1111, 0xff], Some(4095)),
            ("Mcp3304", true, &[0xff, 0b1101_0000, 0], Some(-4096)),
            ("Mcp3304", true, &[0xff, 0b1100_1111, 0xff], Some(4095)),
            ("Mcp3304", false, &[0xff, 0b1100_1111, 0xff], Some(4095)),
            // A single channel has no sign.
            ("Mcp3304", false, &[0xff, 0b1101_0000, 1], Some(1)),
            // A line that nobody drives is high, or the answer ends early.
            ("Mcp3008", false, &[0xff, 0xff, 0xff], None),
            ("Mcp3304", true, &[0xff, 0xff, 0xff], None),
            ("Mcp3001", true, &[0xff, 0xff], None),
            ("Mcp3008", false, &[1], None),
            ("Mcp3008", false, &[], None),
        ];
        for (name, is_differential, answer, expected) in cases {
            assert_eq!(model(name).decode(answer, is_differential), expected, "{name} {answer:x?}");
        }
    }

    #[test]
    fn every_answer_is_in_range_or_refused() {
        for model in MODELS {
            let least = if model.is_signed { -model.full() - 1 } else { 0 };
            for answer in 0..=u16::MAX {
                for is_differential in [false, true] {
                    if let Some(result) = model.decode(&answer.to_be_bytes(), is_differential) {
                        let least = if is_differential { least } else { 0 };
                        assert!((least..=model.full()).contains(&result), "{model:?} {answer:#x} {result}");
                    }
                }
            }
        }
    }
}
