//! [`Activity`]: active or inactive, since when, and the events between.

use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Event, EventKind};

/// The state of a device that is active or inactive by a measure of its own. Indeterminate until the first measurement.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    active: Option<bool>,
    since: Instant,
    activations: u64,
    deactivations: u64,
}

impl Activity {
    /// Sets the state, and returns the event of a change. The first state causes none, as in gpiozero.
    pub(crate) fn set(&mut self, active: bool, at: Instant) -> Option<Event> {
        let before = self.active.replace(active);
        if before == Some(active) {
            return None;
        }
        let lasted = at.since(std::mem::replace(&mut self.since, at));
        before?;
        let kind = if active { EventKind::Activated } else { EventKind::Deactivated };
        *if active { &mut self.activations } else { &mut self.deactivations } += 1;
        let mut event = Event::new(kind, at);
        event.lasted = if active { Duration::ZERO } else { lasted };
        Some(event)
    }

    /// Returns whether the device is active; `None` before the first measurement.
    pub(crate) fn is_active(&self) -> Option<bool> {
        self.active
    }

    /// Returns how long the device has been in the state `active`; `None` if it is in the other one.
    pub(crate) fn time(&self, active: bool, now: Instant) -> Option<Duration> {
        (self.active == Some(active)).then(|| now.since(self.since))
    }

    /// Returns how often the device has entered the state `active`.
    pub(crate) fn count(&self, active: bool) -> u64 {
        if active { self.activations } else { self.deactivations }
    }

    /// Returns whether the device is in the state `active`, or has been there since its count was `before`.
    pub(crate) fn has_reached(&self, active: bool, before: Option<u64>) -> bool {
        self.active == Some(active) || Some(self.count(active)) != before
    }
}
