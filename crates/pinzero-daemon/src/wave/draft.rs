//! A draft of a wave.

use std::collections::BTreeMap;

use pinzero_pigpio::protocol::Code;

use super::{MAX_MICROS, MAX_PULSES, Size};

/// Switches GPIO on and off, and waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pulse {
    pub(crate) on: u32,
    pub(crate) off: u32,
    pub(crate) micros: u32,
}

/// The changes, by time in microseconds from the start.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The GPIOs that go on, and those that go off.
    changes: BTreeMap<u64, (u32, u32)>,
    /// How many of these sets of GPIOs are not empty.
    switches: u32,
    end: u64,
}

impl Draft {
    /// Adds pulses, which begin at the start. Leaves the draft as it was if there are too many.
    pub(crate) fn add(&mut self, pulses: impl IntoIterator<Item = Pulse>) -> Result<(), Code> {
        let mut before = Vec::new();
        let mut at = 0;
        for Pulse { on, off, micros } in pulses {
            let old = self.changes.get(&at).copied();
            let (high, low) = old.unwrap_or_default();
            before.push((at, old));
            self.put(at, Some((high & !off | on, low & !on | off)));
            at += u64::from(micros);
            if self.changes.len() > MAX_PULSES || at > MAX_MICROS {
                before.into_iter().rev().for_each(|(at, old)| self.put(at, old));
                return Err(Code::TOO_MANY_PULSES);
            }
        }
        self.end = self.end.max(at);
        Ok(())
    }

    /// Returns the number of pulses.
    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Sets the change at a time.
    fn put(&mut self, at: u64, change: Option<(u32, u32)>) {
        let count = |(high, low): (u32, u32)| u32::from(high != 0) + u32::from(low != 0);
        let old = match change {
            Some(change) => self.changes.insert(at, change),
            None => self.changes.remove(&at),
        };
        self.switches = self.switches + change.map_or(0, count) - old.map_or(0, count);
    }

    /// Returns one pulse for each time at which a GPIO changes.
    pub(crate) fn pulses(&self) -> Vec<Pulse> {
        let ends = self.changes.keys().skip(1).copied().chain([self.end]);
        let pulses = self.changes.iter().zip(ends);
        // At most `MAX_MICROS`, which is less than a word holds.
        pulses.map(|((at, (on, off)), end)| Pulse { on: *on, off: *off, micros: (end - at) as u32 }).collect()
    }

    /// Returns the size. In pigpiod, each pulse takes a block to switch on, one to switch off, and one to wait, if it does so.
    pub(crate) fn size(&self) -> Size {
        let last = self.changes.last_key_value().map_or(self.end, |(at, _)| *at);
        let pulses = self.len() as u32;
        // Times differ, so each pulse but the last one waits.
        let waits = pulses.saturating_sub(1) + u32::from(self.end > last);
        Size { micros: self.end as u32, pulses, blocks: self.switches + waits }
    }
}

/// Serial output: a start bit, data bits from the lowest, stop bits; high at rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Serial {
    pub(crate) gpio: u32,
    pub(crate) baud: u32,
    pub(crate) data_bits: u32,
    pub(crate) half_stop_bits: u32,
    /// The time at rest before the first character.
    pub(crate) offset: u32,
}

impl Serial {
    /// Returns the pulses of a text. A character has 1, 2 or 4 bytes, as many as the data bits need.
    pub(crate) fn pulses(self, text: &[u8]) -> Vec<Pulse> {
        let bit = 1 << self.gpio;
        let pulse = |high: bool, micros| match high {
            true => Pulse { on: bit, off: 0, micros },
            false => Pulse { on: 0, off: bit, micros },
        };
        let micros = |half_bits: u64| half_bits * 500_000 / u64::from(self.baud);
        let bytes = match self.data_bits {
            ..=8 => 1,
            9..=16 => 2,
            _ => 4,
        };
        // Levels, each with its end time in half bits.
        let mut runs: Vec<(bool, u64)> = Vec::new();
        let mut now = 0;
        let mut hold = |high, half_bits: u64| {
            now += half_bits;
            match runs.last_mut() {
                Some((last, end)) if *last == high => *end = now,
                _ => runs.push((high, now)),
            }
        };
        for character in text.chunks_exact(bytes) {
            let data = character.iter().rev().fold(0u32, |data, byte| data << 8 | u32::from(*byte));
            hold(false, 2);
            (0..self.data_bits).for_each(|index| hold(data >> index & 1 == 1, 2));
            hold(true, self.half_stop_bits.into());
        }
        let rest = if self.offset > 0 { self.offset } else { micros(2) as u32 };
        let mut pulses = vec![pulse(true, rest)];
        let mut start = 0;
        for (high, end) in runs {
            // Each time is rounded by itself, so that rounding errors do not add up.
            pulses.push(pulse(high, (micros(end) - micros(start)) as u32));
            start = end;
        }
        pulses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn pulse(on: u32, off: u32, micros: u32) -> Pulse {
        Pulse { on, off, micros }
    }

    fn draft(parts: &[&[Pulse]]) -> Draft {
        let mut draft = Draft::default();
        for part in parts {
            draft.add(part.iter().copied()).unwrap();
        }
        draft
    }

    #[test]
    fn pulses_that_are_added_run_beside_those_that_are_there() {
        let first = [pulse(1, 0, 100), pulse(0, 1, 200)];
        let size = draft(&[&first]).size();
        assert_eq!((size.micros, size.pulses, size.blocks), (300, 2, 4));

        let both = draft(&[&first, &[pulse(0, 0, 50), pulse(2, 0, 50), pulse(0, 2, 400)]]);
        let expected = [pulse(1, 0, 50), pulse(2, 0, 50), pulse(0, 3, 400)];
        assert_eq!(both.pulses(), expected);
        assert_eq!(both.size().micros, 500);
    }

    #[test]
    fn of_what_happens_at_the_same_time_the_last_counts() {
        assert_eq!(draft(&[&[pulse(1, 0, 0), pulse(2, 1, 10)]]).pulses(), [pulse(2, 1, 10)]);
    }

    #[test]
    fn a_wave_that_is_too_long_is_refused_and_what_was_there_stays() {
        let mut draft = draft(&[&[pulse(1, 2, 100), pulse(4, 0, 200)]]);
        let (pulses, blocks) = (draft.pulses(), draft.size().blocks);
        let many = (0..=MAX_PULSES).map(|_| pulse(1, 0, 1));
        assert_eq!(draft.add(many), Err(Code::TOO_MANY_PULSES));
        // The same time twice: what was there first comes back.
        let long = [pulse(8, 1, 0), pulse(16, 0, MAX_MICROS as u32), pulse(0, 1, 1)];
        assert_eq!(draft.add(long), Err(Code::TOO_MANY_PULSES));
        assert_eq!((draft.pulses(), draft.size().blocks), (pulses, blocks));
    }

    #[test]
    fn the_size_is_that_of_the_pulses() {
        for parts in [
            &[][..],
            &[&[pulse(0, 0, 7)][..]],
            &[&[pulse(1, 2, 0)]],
            &[&[pulse(1, 2, 3), pulse(0, 0, 0)]],
            &[&[pulse(1, 0, 10), pulse(0, 1, 10)], &[pulse(2, 1, 5), pulse(0, 2, 5), pulse(0, 3, 9)]],
        ] {
            let draft = draft(parts);
            let blocks =
                |pulse: &Pulse| [pulse.on, pulse.off, pulse.micros].iter().filter(|part| **part != 0).count();
            let pulses = draft.pulses();
            let size = draft.size();
            assert_eq!(size.pulses as usize, pulses.len(), "{parts:?}");
            assert_eq!(size.blocks as usize, pulses.iter().map(blocks).sum::<usize>(), "{parts:?}");
        }
    }

    #[test]
    fn a_character_goes_out_with_start_and_stop_bits() {
        let serial = Serial { gpio: 0, baud: 10_000, data_bits: 8, half_stop_bits: 3, offset: 7 };
        let expected = [
            pulse(1, 0, 7),
            pulse(0, 1, 100), // start
            pulse(1, 0, 100), // 1
            pulse(0, 1, 600), // six zeros
            pulse(1, 0, 250), // 1, and one and a half stop bits
        ];
        assert_eq!(serial.pulses(&[0b1000_0001]), expected);
    }

    #[test]
    fn rounding_does_not_add_up() {
        let serial = Serial { gpio: 0, baud: 115_200, data_bits: 8, half_stop_bits: 2, offset: 1 };
        let total: u32 = serial.pulses(&[0x55; 100]).iter().skip(1).map(|pulse| pulse.micros).sum();
        assert_eq!(total, (100 * 10 * 1_000_000u64 / 115_200) as u32);
    }
}
