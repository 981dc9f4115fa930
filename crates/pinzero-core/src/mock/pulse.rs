//! A PWM signal on a mock pin.

use std::time::Duration;

use crate::types::Level;

/// A PWM signal that was put on a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// The start, as time since the clock's zero.
    pub at: Duration,
    /// The length of a cycle.
    pub period: Duration,
    /// How long the line is high in each cycle.
    pub pulse: Duration,
}

impl Pulse {
    /// Returns the level of a signal that never toggles; `None` for others.
    pub(super) fn steady(&self) -> Option<Level> {
        (self.pulse.is_zero() || self.pulse >= self.period).then_some(Level::from(!self.pulse.is_zero()))
    }

    /// Returns the duty cycle, from 0 to 1.
    pub fn duty(&self) -> f64 {
        self.pulse.as_secs_f64() / self.period.as_secs_f64()
    }
}
