//! The states that a script can expect.

use std::ops::RangeInclusive;

use crate::sim::state::{Control, Look, PartScene};
use crate::sim::words;

/// An expected state of a part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    /// A program watches or drives the part, and has set up its parts.
    Ready,
    On,
    Off,
    /// A number, give or take a few.
    At {
        value: f64,
        tolerance: f64,
    },
    /// A tone, in hertz.
    Plays {
        hertz: f64,
        tolerance: f64,
    },
    /// A color, each of red, green and blue from 0 to 1.
    Color([f64; 3]),
    /// A text somewhere on a display.
    Shows(String),
    /// The words for the state of a contact: `pressed`.
    Words(String),
}

/// How far the light of an LED may be from its color.
const SHADE: f64 = 0.06;

impl Check {
    /// Returns whether the part is in this state. A display must be lit to show anything.
    pub(crate) fn holds(&self, part: &PartScene, look: &Look, is_ready: bool) -> bool {
        let near = |value: f64, wanted: f64, tolerance: f64| (value - wanted).abs() <= tolerance + 1e-9;
        match self {
            Check::Ready => is_ready,
            Check::On => is_on(look) == Some(true),
            Check::Off => is_on(look) == Some(false),
            Check::At { value, tolerance } => number(look).is_some_and(|now| near(now, *value, *tolerance)),
            Check::Plays { hertz, tolerance } => match look {
                Look::Sound { on: true, hertz: Some(now) } => near(*now, *hertz, *tolerance),
                _ => false,
            },
            Check::Color(wanted) => match look {
                Look::Color { red, green, blue } => {
                    [red, green, blue].into_iter().zip(wanted).all(|(now, wanted)| near(*now, *wanted, SHADE))
                }
                _ => false,
            },
            Check::Shows(text) => words::text(look).is_some_and(|shown| shown.contains(text)),
            Check::Words(words) => words::state(part, look) == *words,
        }
    }

    /// Returns whether a part with this look can be in such a state at all.
    pub(crate) fn fits(&self, look: &Look) -> bool {
        match self {
            Check::Ready | Check::Words(_) => true,
            Check::On | Check::Off => is_on(look).is_some(),
            Check::At { .. } => number(look).is_some(),
            Check::Plays { .. } => matches!(look, Look::Sound { .. }),
            Check::Color(_) => matches!(look, Look::Color { .. }),
            Check::Shows(_) => words::text(look).is_some(),
        }
    }
}

fn is_on(look: &Look) -> Option<bool> {
    match look {
        Look::Light { brightness } => Some(*brightness > 0.0),
        Look::Color { red, green, blue } => Some(red + green + blue > 0.0),
        Look::Sound { on, .. } | Look::Relay { on } => Some(*on),
        _ => None,
    }
}

/// Returns the number that says all about a state.
fn number(look: &Look) -> Option<f64> {
    match look {
        Look::Light { brightness } => Some(*brightness),
        Look::Angle { degrees, .. } => Some(*degrees),
        Look::Speed { speed } => Some(*speed),
        Look::Values { values } => values.first().copied(),
        Look::Turns { steps } => Some(*steps as f64),
        Look::Pulses { count, .. } => Some(*count as f64),
        _ => None,
    }
}

/// Returns the numbers that a part can have, if they have bounds.
pub(crate) fn range(part: &PartScene, look: &Look) -> Option<RangeInclusive<f64>> {
    match look {
        Look::Light { .. } => Some(0.0..=1.0),
        Look::Speed { .. } => Some(-1.0..=1.0),
        // The widest servo of a circuit file.
        Look::Angle { .. } => Some(-360.0..=360.0),
        Look::Values { .. } => part.controls.iter().find_map(|control| match control {
            Control::Slider { min, max, .. } => Some(*min..=*max),
            _ => None,
        }),
        _ => None,
    }
}

/// Returns how far a number may be off, if the script does not say.
pub(crate) fn usual_tolerance(look: &Look) -> f64 {
    match look {
        Look::Angle { .. } => 1.0,
        Look::Turns { .. } | Look::Pulses { .. } => 0.0,
        _ => 0.05,
    }
}
