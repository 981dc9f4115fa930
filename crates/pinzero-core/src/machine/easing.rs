//! [`Easing`]: the course of a fade.

/// The exponent of [`Easing::Gamma`], as is usual for screens.
const GAMMA: f64 = 2.2;

/// The course of a fade over its time, from its start to its end. The fade out of a [`Blink`](crate::Blink) is its fade in backwards.
///
/// ```
/// use pinzero::Easing;
///
/// assert_eq!(Easing::Linear.mix(0.0, 1.0, 0.5), 0.5);
/// assert_eq!(Easing::EaseIn.mix(0.0, 1.0, 0.5), 0.25);
/// assert!(Easing::Gamma.mix(0.0, 1.0, 0.5) < 0.22);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Easing {
    /// At an even speed, as gpiozero fades. The default.
    #[default]
    Linear,
    /// Slow at the start: the progress squared.
    EaseIn,
    /// Slow at the end.
    EaseOut,
    /// Slow at both ends.
    EaseInOut,
    /// For a LED: the brightness looks as if it changes at an even speed. An eye sees a LED at half of its duty cycle as almost
    /// fully lit, so the duty cycle follows the brightness to the power of 2.2.
    Gamma,
}

impl Easing {
    /// Returns the value at `progress`, from 0 to 1, of a fade between two values from 0 to 1.
    pub fn mix(self, from: f64, to: f64, progress: f64) -> f64 {
        if progress >= 1.0 {
            return to;
        }
        let linear = |from: f64, to: f64, progress: f64| from + (to - from) * progress;
        let left = 1.0 - progress;
        match self {
            Easing::Linear => linear(from, to, progress),
            Easing::EaseIn => linear(from, to, progress * progress),
            Easing::EaseOut => linear(from, to, 1.0 - left * left),
            Easing::EaseInOut => linear(from, to, progress * progress * (3.0 - 2.0 * progress)),
            Easing::Gamma => linear(from.powf(1.0 / GAMMA), to.powf(1.0 / GAMMA), progress).powf(GAMMA),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Easing; 5] =
        [Easing::Linear, Easing::EaseIn, Easing::EaseOut, Easing::EaseInOut, Easing::Gamma];

    #[test]
    fn gamma_is_even_for_the_eye() {
        let seen = |progress| Easing::Gamma.mix(1.0, 0.0, progress).powf(1.0 / GAMMA);
        assert!((seen(0.25) - 0.75).abs() < 1e-9 && (seen(0.75) - 0.25).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(crate::machine::properties())]

        #[test]
        fn a_fade_begins_and_ends_exactly_and_never_turns(from in 0.0f64..=1.0, to in 0.0f64..=1.0, steps in 1u32..50) {
            for easing in ALL {
                let at = |step: u32| easing.mix(from, to, f64::from(step) / f64::from(steps));
                prop_assert!((at(0) - from).abs() < 1e-9);
                prop_assert_eq!(at(steps), to);
                let values: Vec<f64> = (0..=steps).map(at).collect();
                prop_assert!(values.windows(2).all(|pair| (pair[1] - pair[0]) * (to - from) >= -1e-9));
                prop_assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
            }
        }
    }
}
