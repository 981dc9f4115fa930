//! pigpiod's PWM frequencies and ranges, for its default sample rate of 5 us.

/// The frequencies in hertz, each with its real range, which is the number of steps in a cycle.
const TABLE: [(u32, u32); 18] = [
    (8000, 25),
    (4000, 50),
    (2000, 100),
    (1600, 125),
    (1000, 200),
    (800, 250),
    (500, 400),
    (400, 500),
    (320, 625),
    (250, 800),
    (200, 1000),
    (160, 1250),
    (100, 2000),
    (80, 2500),
    (50, 4000),
    (40, 5000),
    (20, 10_000),
    (10, 20_000),
];

/// The default frequency and range of a GPIO.
pub(crate) const DEFAULT: Cycle = Cycle { index: 5, range: 255 };

/// The meaning of a duty cycle on one GPIO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cycle {
    index: usize,
    /// The duty cycle that is always on.
    pub(crate) range: u32,
}

impl Cycle {
    /// Sets the nearest available frequency; of two, the higher.
    pub(crate) fn choose(&mut self, hertz: u32) {
        let distance = |index: &usize| TABLE[*index].0.abs_diff(hertz);
        self.index = (0..TABLE.len()).min_by_key(distance).unwrap_or(self.index);
    }

    pub(crate) fn hertz(self) -> u32 {
        TABLE[self.index].0
    }

    pub(crate) fn real_range(self) -> u32 {
        TABLE[self.index].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_of_every_frequency_has_as_many_steps_as_fit() {
        for (hertz, steps) in TABLE {
            assert_eq!(1_000_000 / hertz / 5, steps, "{hertz} Hz");
        }
    }

    #[test]
    fn the_nearest_frequency_is_taken() {
        for (wanted, chosen) in [
            (0, 10),
            (10, 10),
            (15, 20),
            (16, 20),
            (50, 50),
            (801, 800),
            (900, 1000),
            (899, 800),
            (8000, 8000),
            (99_999, 8000),
            (u32::MAX, 8000),
        ] {
            let mut cycle = DEFAULT;
            cycle.choose(wanted);
            assert_eq!(cycle.hertz(), chosen, "for {wanted} Hz");
        }
        assert_eq!((DEFAULT.hertz(), DEFAULT.real_range(), DEFAULT.range), (800, 250, 255));
    }
}
