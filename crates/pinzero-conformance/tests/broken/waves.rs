//! The waves of a backend that only notes them, and what a rig sees of them.

use std::time::Duration;

use pinzero_conformance::Pulses;
use pinzero_core::time::Instant;
use pinzero_core::{Level, Line};

/// A wave that is, or was, on a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wave {
    pub(crate) line: Line,
    pub(crate) from: Instant,
    /// `None` as long as it is there.
    pub(crate) to: Option<Instant>,
    pub(crate) pulses: Pulses,
}

impl Wave {
    /// The level of pulses that never toggle.
    pub(crate) fn steady(period: Duration, pulse: Duration) -> Option<Level> {
        (pulse.is_zero() || pulse >= period).then_some(Level::from(!pulse.is_zero()))
    }

    /// Ends the wave on a line, if there is one, and returns it.
    pub(crate) fn end(waves: &mut [Wave], line: Line, now: Instant) -> Option<Wave> {
        let wave = waves.iter_mut().find(|wave| wave.line == line && wave.to.is_none())?;
        wave.to = Some(now);
        Some(*wave)
    }

    fn toggles(&self) -> bool {
        Wave::steady(self.pulses.period, self.pulses.pulse).is_none()
    }

    /// The level at an instant, if it toggles then.
    pub(crate) fn level(&self, now: Instant) -> Option<Level> {
        let Pulses { period, pulse } = self.pulses;
        let phase = (now - self.from).as_nanos() % period.as_nanos();
        (self.toggles() && self.to.is_none()).then_some(Level::from(phase < pulse.as_nanos()))
    }

    /// What it has made a line change to so far.
    pub(crate) fn changes(&self, now: Instant) -> Vec<(Instant, Level)> {
        let Pulses { period, pulse } = self.pulses;
        let end = self.to.unwrap_or(now);
        let mut changes = Vec::new();
        let mut rise = self.from;
        while self.toggles() && rise <= end {
            changes.extend([(rise, Level::High), (rise + pulse, Level::Low)]);
            rise += period;
        }
        changes.retain(|(at, _)| *at <= end);
        changes
    }
}
