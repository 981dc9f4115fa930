//! Descriptors that a backend has the runtime's threads poll.

use std::os::fd::OwnedFd;
use std::sync::Weak;
use std::sync::atomic::Ordering;

#[allow(unused_imports, reason = "for the links in the docs")]
use super::EdgeSink;
use super::state::{Effects, Next, Task, TaskId};
use super::threads::Drain;
use super::{Caller, Shared};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Instant;
use crate::types::Edge;

/// The threads of a factory that see to edges and deadlines.
///
/// A backend that is told of the edges of several lines by one descriptor can have that polled by them: an edge then comes to
/// its callback without another thread in between. A backend gets at this with its first input, by [`EdgeSink::timeline`].
///
/// ```
/// use pinzero_core::EdgeSink;
///
/// // A sink without a factory has none, nor has one on a virtual clock: then a thread of the backend pushes the edges.
/// assert!(EdgeSink::nowhere().timeline().is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Reactor(Weak<Shared>);

impl Reactor {
    pub(super) fn new(shared: Weak<Shared>) -> Self {
        Reactor(shared)
    }

    /// Has `fd` polled, and `read` called whenever it is readable, until what this returns is dropped.
    ///
    /// `read` runs with the runtime's lock held: it must read until nothing is left, never block, log nothing, and put edges
    /// into their sinks by [`EdgeSink::queue`]; they need not be woken. `fd` is to be a duplicate if others use it too.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the descriptor cannot be polled, [`Unsupported`](ErrorKind::Unsupported) on a virtual clock,
    /// [`Closed`](ErrorKind::Closed) if the factory is gone.
    pub fn watch(&self, fd: OwnedFd, mut read: impl FnMut() + Send + 'static) -> Result<Registration> {
        let Some(shared) = self.0.upgrade() else { return Err(Error::closed()) };
        let id = TaskId(shared.ids.fetch_add(1, Ordering::Relaxed));
        shared.poll_once(Caller::User, |state, effects| {
            state.insert(id, Box::new(Nobody), shared.clock.now(), effects);
        });
        let registration = Registration { timeline: self.clone(), id };
        let drain = move |_: &mut Vec<Edge>| {
            read();
            Ok(())
        };
        self.attach(id, fd, Box::new(drain))?;
        Ok(registration)
    }

    /// Has `fd` polled for a task, for as long as that is there.
    pub(super) fn attach(&self, id: TaskId, fd: OwnedFd, drain: Drain) -> Result<()> {
        let Some(shared) = self.0.upgrade() else { return Err(Error::closed()) };
        let Some(threads) = &shared.threads else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "a descriptor cannot be watched on a virtual clock",
            ));
        };
        // With the lock held, lest a thread be woken for it and find nothing to read by.
        shared.poll_once(Caller::User, |state, _| {
            state.attach(id, threads.watch(fd, id, drain)?);
            Ok(())
        })
    }
}

/// A descriptor that is polled by a [`Reactor`]; dropping this ends that.
#[derive(Debug)]
pub struct Registration {
    timeline: Reactor,
    id: TaskId,
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(shared) = self.timeline.0.upgrade() {
            shared.poll_once(Caller::User, |state, effects| state.remove(self.id, effects));
        }
    }
}

/// The task of a descriptor whose edges are those of other tasks.
#[derive(Debug)]
struct Nobody;

impl Task for Nobody {
    fn edges(&mut self, _: &[Edge], _: &mut Effects) {}

    fn resync(&mut self, _: Instant, _: &mut Effects) {}

    fn fire(&mut self, _: Instant, _: &mut Effects) {}

    fn next(&self) -> Next {
        Next::Idle
    }
}
