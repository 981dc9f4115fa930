//! The virtual clock: nobody turns the runtime but those who move time or change a line.

use super::{Caller, Shared};
use crate::time::Instant;

impl Shared {
    /// Sees to pushed edges, if this runtime has a virtual clock. Where another thread holds the lock, or this one
    /// does further up, that turn looks at the inbox again when it is done.
    pub(super) fn poke_manual(&self) {
        if self.threads.is_some() {
            return;
        }
        while !self.inbox.is_empty() {
            let Some(mut state) = self.state.try_lock() else { return };
            let mut effects = super::Effects::default();
            self.take_inbox(&mut state, &mut effects);
            self.finish(Caller::Runtime, state, effects);
        }
    }

    pub(super) fn advance_to(&self, target: Instant) {
        let target = target.min(Instant::LAST);
        while self.step(Some(target)) {}
        self.clock.move_to(target);
        self.poke_manual();
    }

    pub(super) fn wait_manually<T>(
        &self,
        deadline: Option<Instant>,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let mut last_look = None;
        loop {
            if let Some(result) = ready() {
                return Some(result);
            }
            // Looks at polled lines go on for ever. Where nothing else is left to come, each line is looked at once more.
            last_look = self.state.lock().last_look().map(|at| last_look.unwrap_or(at));
            if self.step(deadline.or(last_look)) {
                continue;
            }
            let Some(deadline) = deadline else {
                panic!("deadlock: this wait can never end, as nothing is scheduled on the virtual clock");
            };
            if self.clock.now() >= deadline.min(Instant::LAST) {
                return None;
            }
            self.clock.move_to(deadline);
        }
    }

    /// Moves to the next deadline, if it comes by `limit`, and fires what is due there.
    fn step(&self, limit: Option<Instant>) -> bool {
        self.poll_once(Caller::Runtime, |state, _| {
            let limit = limit.unwrap_or(Instant::LAST).min(Instant::LAST);
            let next = state.first_deadline().filter(|at| *at <= limit);
            if let Some(at) = next {
                self.clock.move_to(at);
            }
            next.is_some()
        })
    }
}
