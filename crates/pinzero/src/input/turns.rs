//! [`Turns`]: sensors that would hear each other measure one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::MachineRef;
use pinzero_core::time::Instant;

use crate::time::ms;

/// The longest turn: after that, the next sensor goes on, even if the one before has gone.
const LONGEST: Duration = ms(250);

/// The turns of one factory's sensors. The lock is a leaf.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    holder: Option<MachineRef>,
    /// When the next turn may begin.
    free: Instant,
    waiting: VecDeque<MachineRef>,
}

impl Turns {
    /// Takes the turn at `now`, or else a place in the queue.
    pub(super) fn take(&self, sensor: &MachineRef, now: Instant) -> bool {
        let mut state = self.0.lock();
        let is_next = state.waiting.front().is_none_or(|first| first == sensor);
        if is_next && state.free <= now {
            state.waiting.pop_front();
            state.holder = Some(sensor.clone());
            state.free = now + LONGEST;
            return true;
        }
        if !state.waiting.contains(sensor) {
            state.waiting.push_back(sensor.clone());
        }
        false
    }

    /// Ends the sensor's turn. The next one begins at `free`.
    pub(super) fn end(&self, sensor: &MachineRef, free: Instant) {
        let mut state = self.0.lock();
        if state.holder.as_ref() == Some(sensor) {
            (state.holder, state.free) = (None, free);
            state.waiting.front().iter().for_each(|next| next.reschedule());
        }
    }

    /// Returns when a waiting sensor may ask again; `None` until it is first in the queue.
    pub(super) fn next(&self, sensor: &MachineRef) -> Option<Instant> {
        let state = self.0.lock();
        (state.waiting.front() == Some(sensor)).then_some(state.free)
    }

    /// Takes a sensor out that is no more. Its turn lasts for its time.
    pub(super) fn leave(&self, sensor: &MachineRef) {
        let mut state = self.0.lock();
        state.waiting.retain(|other| other != sensor);
        state.waiting.front().iter().for_each(|next| next.reschedule());
    }
}
