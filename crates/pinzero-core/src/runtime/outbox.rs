//! What comes of a pass of the runtime and is done without its lock: callbacks, wake-ups, log lines.

use std::collections::VecDeque;
use std::sync::Arc;

use event_listener::Event as Bell;

use super::tasks::Over;
use crate::debug::opaque;
use crate::event::{Hub, Kinded};

/// User code that waits for its turn.
pub(crate) trait Deliver: Send + Sync {
    /// Calls the user's code for the first `count` events that wait; returns how often the code panicked.
    fn deliver(&self, count: usize) -> u64;
}

opaque!(Deliver);

/// One turn of a device or a timer.
#[derive(Debug)]
pub(super) struct Call {
    to: Arc<dyn Deliver>,
    /// So many events in a row are of this device.
    count: usize,
}

impl Call {
    pub(super) fn run(self) -> u64 {
        self.to.deliver(self.count)
    }
}

/// Results of tasks. Whoever has held the runtime's lock sees to them after letting go.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    calls: VecDeque<Call>,
    /// Some thread is running callbacks.
    calling: bool,
    wakes: Vec<Arc<Bell>>,
    complaints: Vec<String>,
    over: Vec<Over>,
}

/// What is done without the lock at the end of a pass.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    pub(super) wakes: Vec<Arc<Bell>>,
    pub(super) complaints: Vec<String>,
    /// Tasks that have ended; they may own handles.
    pub(super) over: Vec<Over>,
}

impl Outbox {
    /// Tells the handlers, iterators and waiters of `hub` about `event`.
    pub(crate) fn emit<E: Kinded>(&mut self, hub: &Arc<Hub<E>>, event: E) {
        if hub.feed(event) {
            self.call(hub.clone());
        }
        self.wake(hub.bell());
    }

    /// Has `to` called once; calls are made in their order.
    pub(crate) fn call(&mut self, to: Arc<dyn Deliver>) {
        match self.calls.back_mut() {
            Some(last) if Arc::ptr_eq(&last.to, &to) => last.count += 1,
            _ => self.calls.push_back(Call { to, count: 1 }),
        }
    }

    /// Logs an error, later: a logger is the program's code.
    pub(crate) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// Wakes all that wait on `bell`.
    pub(crate) fn wake(&mut self, bell: &Arc<Bell>) {
        if self.wakes.last().is_none_or(|last| !Arc::ptr_eq(last, bell)) {
            self.wakes.push(bell.clone());
        }
    }

    pub(super) fn bury(&mut self, over: Over) {
        self.over.push(over);
    }

    /// Whether callbacks wait and no thread is at them.
    pub(super) fn wants_caller(&self) -> bool {
        !self.calls.is_empty() && !self.calling
    }

    /// Moves all calls to `batch`, which is empty, for the caller to make; none while another thread makes some.
    pub(super) fn take_calls(&mut self, batch: &mut VecDeque<Call>) {
        if !self.calling {
            // The room goes to and fro, and is made only once.
            std::mem::swap(batch, &mut self.calls);
            self.calling = !batch.is_empty();
        }
    }

    /// Notes that the calls taken have been made.
    pub(super) fn end_calls(&mut self) {
        self.calling = false;
    }

    pub(super) fn aftermath(&mut self) -> Aftermath {
        Aftermath {
            wakes: std::mem::take(&mut self.wakes),
            complaints: std::mem::take(&mut self.complaints),
            over: std::mem::take(&mut self.over),
        }
    }
}
