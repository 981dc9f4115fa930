//! The virtual clock: only threads that move time or change a line poll the runtime.

use std::time::Duration;

use super::{Caller, Shared};
use crate::time::Instant;

/// How far a wait without a timeout moves the clock before it panics: long enough for every periodic task to have run.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// How many deadlines must pass as well before it panics, so that a single deadline two days away is waited for.
const DEADLINES: u32 = 1000;

/// How many deadlines a wait without a timeout lets pass at most: some seconds of real time, in which a wait that nothing ends
/// should panic.
const MOST: u32 = 1_000_000;

impl Shared {
    /// Processes the inbox, if the clock is virtual. If the state is locked, by another thread or further up on this one, the
    /// holder checks the inbox again after releasing the lock.
    pub(super) fn catch_up(&self) {
        if self.threads.is_some() {
            return;
        }
        loop {
            let inbox = self.inbox.lock();
            if inbox.is_empty() {
                return;
            }
            drop(inbox);
            let Some(mut state) = self.state.try_lock() else { return };
            self.take_inbox(&mut state);
            self.finish(Caller::Runtime, state);
        }
    }

    pub(super) fn advance_to(&self, target: Instant) {
        let target = target.min(Instant::LAST);
        while self.step(target) {}
        self.clock.move_to(target);
        self.catch_up();
    }

    /// Returns whether a wait on this thread moves the clock. If another thread has to, that is not so, but for the handlers: they
    /// run on the thread that moves the clock.
    pub(super) fn moves_clock_here(&self) -> bool {
        let is_handler = || self.state.lock().outbox.is_calling_here();
        self.clock.moves_by_waits() || self.clock.is_manual() && is_handler()
    }

    /// Waits by moving the clock from deadline to deadline.
    ///
    /// # Panics
    /// Without a `deadline`: if nothing is scheduled, or if a day of virtual time has not ended the wait. `remedy` tells what could
    /// end the wait.
    #[track_caller]
    pub(super) fn wait_virtually<T>(
        &self,
        deadline: Option<Instant>,
        remedy: impl Fn() -> String,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let start = self.clock.now();
        let mut steps = 0;
        loop {
            if let Some(result) = ready() {
                return Some(result);
            }
            if self.step(deadline.unwrap_or(Instant::LAST)) {
                steps += 1;
                let is_late = || self.clock.now().since(start) > PATIENCE;
                let is_hopeless = steps > MOST || steps > DEADLINES && is_late();
                assert!(
                    deadline.is_some() || !is_hopeless,
                    "deadlock: this wait has gone on for {:?} of virtual time, and nothing has ended it: {}",
                    self.clock.now().since(start),
                    remedy()
                );
                continue;
            }
            // A pushed edge, of a chip's interrupt for instance, moves no clock.
            if let Some(result) = ready() {
                return Some(result);
            }
            let Some(deadline) = deadline else {
                panic!(
                    "deadlock: this wait can never end, as nothing is scheduled on the virtual clock: {}",
                    remedy()
                );
            };
            if self.clock.now() >= deadline.min(Instant::LAST) {
                return None;
            }
            self.clock.move_to(deadline);
        }
    }

    /// Moves the clock to the next deadline, if that is at most `limit`, and fires the tasks due then.
    fn step(&self, limit: Instant) -> bool {
        let mut state = self.state.lock();
        // Before time moves: a pushed edge may create an earlier deadline.
        self.take_inbox(&mut state);
        let next = state.tasks.first_deadline().filter(|at| *at <= limit.min(Instant::LAST));
        if let Some(at) = next {
            self.clock.move_to(at);
        }
        self.finish(Caller::Runtime, state);
        self.catch_up();
        next.is_some()
    }
}
