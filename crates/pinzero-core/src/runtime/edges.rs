//! The way of edges from a backend to the tasks of the runtime.

#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::sync::Weak;

use super::Shared;
use super::batch::{EdgeBatch, LineEdge};
#[cfg(target_os = "linux")]
use super::ids::SourceId;
use super::ids::TaskId;
#[cfg(target_os = "linux")]
use super::tasks::Source;
use crate::error::Error;
#[cfg(target_os = "linux")]
use crate::error::{ErrorKind, Result};
use crate::types::Edge;

/// Receives the edges of one line from a backend.
///
/// A backend either registers a file descriptor with `watch` (on Linux), or calls [`push`](EdgeSink::push) on a thread of its
/// own. Neither runs user code. Clones share one sink. The default sink discards pushed edges and watches nothing.
///
/// ```
/// use pinzero_core::time::Instant;
/// use pinzero_core::{Edge, EdgeSink, Level};
///
/// /// The callback of a vendor's library: runs on the library's thread at each change of the line.
/// fn on_change(sink: &EdgeSink, nanos: u64, is_high: bool) {
///     sink.push([Edge { at: Instant::from_nanos(nanos), level: Level::from(is_high), missed: 0 }]);
/// }
/// # on_change(&EdgeSink::default(), 5, true);
/// ```
#[derive(Debug, Clone, Default)]
pub struct EdgeSink {
    shared: Weak<Shared>,
    task: TaskId,
    /// The index of the line within the task.
    index: u8,
}

impl EdgeSink {
    pub(super) fn new(shared: Weak<Shared>, task: TaskId, index: u8) -> Self {
        EdgeSink { shared, task, index }
    }

    /// Returns whether this is the default sink, to which nobody listens.
    pub fn is_nowhere(&self) -> bool {
        self.task == TaskId::default()
    }

    /// Reports edges that arrived together, in order. Deadlines between them are processed only when all of them are known.
    ///
    /// Never blocks for long; may be called with any lock held. If 16,384 edges wait already, because they are pushed faster than
    /// the runtime takes them, a later edge takes the place of the line's last one, and counts that as missed. After a loss ([`Edge::missed`]), the backend reads the level again
    /// and pushes that too, if it differs: only the backend knows which edges are still on their way.
    pub fn push(&self, edges: impl IntoIterator<Item = Edge>) {
        if let Some(shared) = self.shared.upgrade() {
            let mut inbox = shared.inbox.lock();
            for edge in edges {
                inbox.edges.hold(self.task, LineEdge { index: self.index, edge });
            }
            drop(inbox);
            shared.wake();
        }
    }

    /// Ends the line: no further edges come, for instance because the chip is gone. Waits and iterators end with this error, and the
    /// line is closed. The first call counts.
    ///
    /// Never blocks for long; may be called with any lock held.
    pub fn lose(&self, error: Error) {
        if let Some(shared) = self.shared.upgrade() {
            shared.inbox.lock().lost.push((self.task, error));
            shared.wake();
        }
    }

    /// Watches `fd`, and calls `drain` whenever `fd` is readable, until the returned registration is dropped.
    ///
    /// `drain` adds edges to an [`EdgeBatch`], of this line or of others: one file descriptor may report many lines. `drain` must
    /// read until nothing is left, or say with [`EdgeBatch::cut_short`] that something is: the watch is edge-triggered. `drain` runs
    /// with the runtime's lock held, so it must neither block nor log. An error of `drain` ends the line of this sink, as
    /// [`lose`](EdgeSink::lose) does. `fd` may be an `Arc<File>` that other code uses too; it is let go of when the watch ends.
    ///
    /// ```
    /// use std::io::Read;
    /// use std::os::fd::OwnedFd;
    /// use std::os::unix::net::UnixStream;
    ///
    /// use pinzero_core::time::Clock;
    /// use pinzero_core::{Edge, EdgeSink, Level, Registration, Result};
    ///
    /// /// Watches a non-blocking socket that reports each change of a line as one byte.
    /// fn watch(sink: &EdgeSink, fd: OwnedFd, mut reports: UnixStream) -> Result<Registration> {
    ///     let line = sink.clone();
    ///     sink.watch(fd, move |batch| {
    ///         let mut byte = [0];
    ///         while reports.read(&mut byte).is_ok_and(|count| count == 1) {
    ///             let level = Level::from(byte[0] == 1);
    ///             batch.push(&line, Edge { at: Clock::real().now(), level, missed: 0 });
    ///         }
    ///         Ok(())
    ///     })
    /// }
    /// # let (reports, _) = UnixStream::pair().unwrap();
    /// # watch(&EdgeSink::default(), reports.try_clone().unwrap().into(), reports).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if the file descriptor cannot be polled, [`Unsupported`](ErrorKind::Unsupported) on a virtual clock,
    /// [`Closed`](ErrorKind::Closed) if the factory is gone.
    #[cfg(target_os = "linux")]
    pub fn watch(
        &self,
        fd: impl AsFd + Send + 'static,
        drain: impl FnMut(&mut EdgeBatch) -> Result<()> + Send + 'static,
    ) -> Result<Registration> {
        if self.is_nowhere() {
            return Ok(Registration { shared: Weak::new(), id: SourceId(0) });
        }
        let shared = self.shared.upgrade().ok_or_else(Error::closed)?;
        let Some(threads) = &shared.threads else {
            let message = "a descriptor cannot be watched on a virtual clock";
            return Err(Error::new(ErrorKind::Unsupported, message));
        };
        let poller = threads.poller()?;
        let id = SourceId(shared.next_id());
        let source = Source::new(self.task, poller, Box::new(fd), Box::new(drain));
        let runtime = self.shared.as_ptr() as usize;
        shared.enter(|state| state.tasks.add_source(id, source, runtime))?;
        Ok(Registration { shared: self.shared.clone(), id })
    }
}

/// A watched file descriptor; returned by [`EdgeSink::watch`]. Dropping the registration ends the watch.
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
            // Dropped without the lock: the source owns the backend's closure.
            drop(shared.enter(|state| state.tasks.remove_source(self.id)));
        }
    }
}

impl EdgeBatch {
    /// Adds an edge of the line that `sink` belongs to.
    pub fn push(&mut self, sink: &EdgeSink, edge: Edge) {
        // A backend may serve several factories by one descriptor: their tasks have numbers of their own.
        if self.runtime == sink.shared.as_ptr() as usize {
            self.add(sink.task, LineEdge { index: sink.index, edge }, true);
        } else {
            sink.push([edge]);
        }
    }
}
