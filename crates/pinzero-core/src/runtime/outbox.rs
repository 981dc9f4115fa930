//! The results of a pass of the runtime that need its lock released: callbacks, wake-ups, errors.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use event_listener::Event as Bell;

use super::ids::TaskId;
use crate::error::Error;
use crate::event::Kinded;
use crate::hub::{Deliver, Hub};
use crate::sync::thread::{self, ThreadId};

/// A queued call of a device's handlers or of a timer.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) to: Arc<dyn Deliver>,
    /// The number of consecutive events of this device.
    pub(super) count: usize,
}

/// Results of tasks. The thread that held the runtime's lock processes them after releasing the lock.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    calls: VecDeque<Call>,
    /// The thread that is running callbacks.
    calling: Option<ThreadId>,
    wakes: Vec<Arc<Bell>>,
    complaints: Vec<Error>,
    /// Tasks whose deadline has changed.
    rescheduled: Vec<TaskId>,
    over: Vec<Box<dyn Any + Send>>,
}

/// The part of the outbox that every thread processes at the end of a pass, without the lock.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    pub(super) wakes: Vec<Arc<Bell>>,
    pub(super) complaints: Vec<Error>,
    /// Ended tasks and sources, to be dropped: they may own handles.
    pub(super) over: Vec<Box<dyn Any + Send>>,
}

impl Outbox {
    /// Passes `event` to the handlers, iterators and waiters of `hub`.
    pub(crate) fn emit<E: Kinded>(&mut self, hub: &Arc<Hub<E>>, event: E) {
        if hub.feed(event) {
            self.call(hub.clone(), 1);
        }
        self.wake(hub.bell());
    }

    /// Ends the waits and iterators of `hub` with an error.
    pub(crate) fn end<E: Kinded>(&mut self, hub: &Arc<Hub<E>>, error: &Error) {
        hub.end(hub.name(error.clone()));
        self.wake(hub.bell());
    }

    /// Queues a call of `to` for `count` events. Calls are made in order.
    pub(crate) fn call(&mut self, to: Arc<dyn Deliver>, count: usize) {
        match self.calls.back_mut() {
            Some(last) if Arc::ptr_eq(&last.to, &to) => last.count += count,
            _ => self.calls.push_back(Call { to, count }),
        }
    }

    /// Has the deadline of a task looked at again at the end of this step.
    pub(crate) fn reschedule(&mut self, id: TaskId) {
        self.rescheduled.push(id);
    }

    pub(super) fn take_rescheduled(&mut self) -> Option<TaskId> {
        self.rescheduled.pop()
    }

    /// Queues an error that no caller receives. Not reported here: that runs user code.
    pub(crate) fn complain(&mut self, complaint: Error) {
        self.complaints.push(complaint);
    }

    /// Queues a wake-up of all waiters on `bell`.
    pub(crate) fn wake(&mut self, bell: &Arc<Bell>) {
        if self.wakes.last().is_none_or(|last| !Arc::ptr_eq(last, bell)) {
            self.wakes.push(bell.clone());
        }
    }

    pub(super) fn bury(&mut self, over: Box<dyn Any + Send>) {
        self.over.push(over);
    }

    /// Returns whether callbacks wait and no thread is running any.
    pub(super) fn wants_caller(&self) -> bool {
        !self.calls.is_empty() && self.calling.is_none()
    }

    /// Returns whether this thread is running callbacks.
    pub(super) fn is_calling_here(&self) -> bool {
        self.calling == Some(thread::current().id())
    }

    /// Moves all calls to the empty `batch` for the caller to make. Moves none while another thread is making calls.
    pub(super) fn take_calls(&mut self, batch: &mut VecDeque<Call>) {
        if self.calling.is_none() {
            // Swapped, so that both allocations are reused.
            std::mem::swap(batch, &mut self.calls);
            self.calling = (!batch.is_empty()).then(|| thread::current().id());
        }
    }

    /// Records that the calls taken have been made. Queues `left`, which wait for a further call.
    pub(super) fn end_calls(&mut self, left: impl IntoIterator<Item = Call>) {
        self.calling = None;
        left.into_iter().for_each(|Call { to, count }| self.call(to, count));
    }

    pub(super) fn aftermath(&mut self) -> Aftermath {
        Aftermath {
            wakes: std::mem::take(&mut self.wakes),
            complaints: std::mem::take(&mut self.complaints),
            over: std::mem::take(&mut self.over),
        }
    }
}
