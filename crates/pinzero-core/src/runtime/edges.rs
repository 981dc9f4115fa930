//! How edges come from a backend to the tasks of the runtime.

use std::sync::Weak;

use super::Shared;
use super::tasks::TaskId;
#[cfg(target_os = "linux")]
use super::tasks::{Source, SourceId};
#[cfg(target_os = "linux")]
use crate::error::{Error, ErrorKind, Result};
use crate::time::Instant;
use crate::types::Edge;

/// Where a backend puts the edges of one line.
///
/// A backend either hands over a descriptor to watch (on Linux), or pushes edges from a thread of its own. Neither runs user
/// code. Clones are the same sink. The default sink leads nowhere: edges that are pushed into it are lost, and it watches nothing.
#[derive(Debug, Clone, Default)]
pub struct EdgeSink {
    shared: Weak<Shared>,
    task: TaskId,
    /// Which of the task's lines this one is.
    index: u8,
}

impl EdgeSink {
    pub(super) fn new(shared: Weak<Shared>, task: TaskId, index: u8) -> Self {
        EdgeSink { shared, task, index }
    }

    /// Reports edges that came together, in their order; no deadline between them is decided before all are in.
    ///
    /// After a loss ([`Edge::missed`]) core reads the level again by itself.
    pub fn push(&self, edges: impl IntoIterator<Item = Edge>) {
        if let Some(shared) = self.shared.upgrade() {
            let mut inbox = shared.inbox.lock();
            for edge in edges {
                inbox.edges.push(self, edge);
            }
            drop(inbox);
            shared.wake();
        }
    }

    /// Watches `fd`, and calls `drain` whenever `fd` is readable, until the returned registration is dropped.
    ///
    /// `drain` puts edges into an [`EdgeBatch`], of this line or of others: one descriptor may report many lines. `drain` runs
    /// with the runtime's lock held, so it must read until nothing is left, never block, and log nothing. Give a duplicate of a
    /// descriptor that others use too.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the descriptor cannot be polled, [`Unsupported`](ErrorKind::Unsupported) on a virtual clock,
    /// [`Closed`](ErrorKind::Closed) if the factory is gone.
    #[cfg(target_os = "linux")]
    pub fn watch(
        &self,
        fd: std::os::fd::OwnedFd,
        drain: impl FnMut(&mut EdgeBatch) -> Result<()> + Send + 'static,
    ) -> Result<Registration> {
        if self.task == TaskId::default() {
            return Ok(Registration { shared: Weak::new(), id: SourceId(0) });
        }
        let shared = self.shared.upgrade().ok_or_else(Error::closed)?;
        let Some(threads) = &shared.threads else {
            let message = "a descriptor cannot be watched on a virtual clock";
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        let poller = threads.poller()?;
        let id = SourceId(shared.next_id());
        let source = Source::new(poller, fd, Box::new(drain));
        shared.enter(|state| state.tasks.add_source(id, self.task, source))?;
        Ok(Registration { shared: self.shared.clone(), id })
    }
}

/// A descriptor that is watched; dropping this ends the watch.
#[cfg(target_os = "linux")]
#[derive(Debug)]
#[must_use = "dropping a registration ends the watch"]
pub struct Registration {
    shared: Weak<Shared>,
    id: SourceId,
}

#[cfg(target_os = "linux")]
impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            // Dropped without the lock: the source owns what the backend gave it.
            drop(shared.enter(|state| state.tasks.remove_source(self.id)));
        }
    }
}

/// Edges of any lines, on their way to the tasks.
#[derive(Debug, Default)]
pub struct EdgeBatch {
    edges: Vec<Entry>,
}

/// An edge, and the line of the task that it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineEdge {
    pub(crate) index: u8,
    pub(crate) edge: Edge,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) task: TaskId,
    pub(super) edge: LineEdge,
    /// The edge's time, or that of an earlier edge of the task if that is later.
    time: Instant,
}

impl EdgeBatch {
    /// Adds an edge of the line that `sink` belongs to.
    pub fn push(&mut self, sink: &EdgeSink, edge: Edge) {
        // A backend's own order counts for the lines of one task, whatever the stamps are.
        let last = self.edges.iter().rev().find(|entry| entry.task == sink.task);
        let time = last.map_or(edge.at, |last| last.time.max(edge.at));
        self.edges.push(Entry { task: sink.task, edge: LineEdge { index: sink.index, edge }, time });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Moves all of `other` to the end.
    pub(super) fn append(&mut self, other: EdgeBatch) {
        if self.edges.is_empty() {
            self.edges = other.edges;
        } else {
            for Entry { task, edge, .. } in other.edges {
                self.push(&EdgeSink { shared: Weak::new(), task, index: edge.index }, edge.edge);
            }
        }
    }

    /// Takes the edges out in the order of their time; those of one task stay in the order in which they were added.
    pub(super) fn take_sorted(&mut self) -> Vec<Entry> {
        let mut edges = std::mem::take(&mut self.edges);
        edges.sort_by_key(|entry| entry.time);
        edges
    }

    /// Gives back the room of an earlier [`take_sorted`](EdgeBatch::take_sorted).
    pub(super) fn reuse(&mut self, mut room: Vec<Entry>) {
        room.clear();
        self.edges = room;
    }
}
