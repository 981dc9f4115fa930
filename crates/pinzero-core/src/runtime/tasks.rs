//! The tasks of a runtime, their deadlines, and the file descriptors that report their edges.

use std::collections::{BTreeSet, HashMap};

use super::batch::{EdgeBatch, LineEdge, hold};
use super::ids::{SourceId, TaskId};
use super::outbox::Outbox;
#[cfg(target_os = "linux")]
use super::poller::Poller;
use crate::debug::opaque;
use crate::error::{Error, Result};
use crate::time::Instant;

/// A background activity. Its methods run with the runtime's lock held: no user code, no blocking.
pub(crate) trait Task: Send {
    /// Processes edges of the task's lines, in order.
    fn edges(&mut self, _edges: &[LineEdge], _outbox: &mut Outbox) {}

    /// Reads the levels again after a loss of edges. All remaining edges have been processed.
    fn resync(&mut self, _now: Instant, _outbox: &mut Outbox) {}

    /// Ends: no further edges come, for this reason. All edges before that have been processed.
    fn lose(&mut self, error: Error, outbox: &mut Outbox) {
        outbox.complain(error);
    }

    /// Processes the deadlines up to `now`.
    fn fire(&mut self, now: Instant, outbox: &mut Outbox);

    /// Returns when to call [`fire`](Task::fire) next.
    fn next(&self) -> Next;
}

opaque!(Task);

/// The next deadline of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    At(Instant),
    /// None until an edge comes.
    Idle,
    /// None: the task has ended.
    Done,
}

/// An open file, of whatever type the backend keeps it in.
#[cfg(target_os = "linux")]
type Fd = Box<dyn std::os::fd::AsFd + Send>;

pub(super) type Drain = Box<dyn FnMut(&mut EdgeBatch) -> Result<()> + Send>;

/// A watched file descriptor, and the backend's closure that reads it. Dropping the source ends the watch.
pub(super) struct Source {
    /// The task that has lost its edges if they can no longer be read.
    task: TaskId,
    #[cfg(target_os = "linux")]
    watch: (std::sync::Arc<Poller>, Fd),
    drain: Drain,
}

#[cfg(target_os = "linux")]
impl Source {
    pub(super) fn new(task: TaskId, poller: std::sync::Arc<Poller>, fd: Fd, drain: Drain) -> Self {
        Source { task, watch: (poller, fd), drain }
    }

    /// Has the poller report the source once more: it was not read to its end.
    fn look_again(&self, id: SourceId) {
        let (poller, fd) = &self.watch;
        poller.look_again(fd, id);
    }
}

#[cfg(target_os = "linux")]
impl Drop for Source {
    fn drop(&mut self) {
        let (poller, fd) = &self.watch;
        poller.forget(fd);
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tasks {
    slots: HashMap<TaskId, Slot>,
    deadlines: BTreeSet<(Instant, TaskId)>,
    sources: HashMap<SourceId, Source>,
    batch: EdgeBatch,
    edges: Vec<LineEdge>,
    /// Tasks whose edges have ended, to be told after the edges of the batch.
    lost: Vec<(TaskId, Error)>,
}

#[derive(Debug, Default)]
struct Slot {
    task: Option<Box<dyn Task>>,
    /// Edges that arrived before the task was inserted, a bounded number of them.
    early: Vec<LineEdge>,
    /// The loss of the line, if that came before the task as well.
    early_loss: Option<Error>,
    deadline: Option<Instant>,
}

impl Tasks {
    /// Adds a task, and passes it the edges that arrived earlier.
    pub(crate) fn insert(&mut self, id: TaskId, task: Box<dyn Task>, outbox: &mut Outbox) {
        let slot = self.slots.entry(id).or_default();
        let task = slot.task.insert(task);
        let early = std::mem::take(&mut slot.early);
        if !early.is_empty() {
            task.edges(&early, outbox);
        }
        if let Some(error) = slot.early_loss.take() {
            task.lose(error, outbox);
        }
        self.schedule(id, outbox);
    }

    /// Keeps the edges of a task that is not inserted yet.
    pub(crate) fn expect(&mut self, id: TaskId) {
        self.slots.entry(id).or_default();
    }

    /// Ends a task, if it exists. The task neither writes nor queues anything any more.
    pub(crate) fn remove(&mut self, id: TaskId, outbox: &mut Outbox) {
        let Some(slot) = self.slots.remove(&id) else { return };
        if let Some(at) = slot.deadline {
            self.deadlines.remove(&(at, id));
        }
        outbox.bury(Box::new(slot));
    }

    /// Updates the deadline of a task after its state has changed.
    pub(crate) fn schedule(&mut self, id: TaskId, outbox: &mut Outbox) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let next = slot.task.as_ref().map_or(Next::Idle, |task| task.next());
        let deadline = if let Next::At(at) = next { Some(at) } else { None };
        if slot.deadline != deadline {
            if let Some(at) = std::mem::replace(&mut slot.deadline, deadline) {
                self.deadlines.remove(&(at, id));
            }
            self.deadlines.extend(deadline.map(|at| (at, id)));
        }
        if next == Next::Done {
            self.remove(id, outbox);
        }
    }

    pub(super) fn first_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Watches a source that reports the edges of `task`, and maybe of others.
    #[cfg(target_os = "linux")]
    pub(super) fn add_source(&mut self, id: SourceId, source: Source, runtime: usize) -> Result<()> {
        self.batch.runtime = runtime;
        let (poller, fd) = &source.watch;
        poller.watch(fd, id)?;
        self.sources.insert(id, source);
        Ok(())
    }

    #[cfg(target_os = "linux")]
    pub(super) fn remove_source(&mut self, id: SourceId) -> Option<Source> {
        self.sources.remove(&id)
    }

    /// Returns how many descriptors bring edges.
    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Reads the edges of a source into the batch, for [`dispatch`](Tasks::dispatch).
    pub(super) fn read(&mut self, id: SourceId, outbox: &mut Outbox) {
        let Some(source) = self.sources.get_mut(&id) else { return };
        let read = (source.drain)(&mut self.batch);
        #[cfg(target_os = "linux")]
        if self.batch.take_cut_short() {
            source.look_again(id);
        }
        if let Err(error) = read {
            let lost = Error::new(error.kind(), "the line is lost, as its edges can no longer be read");
            self.lost.push((source.task, lost.with_source(error)));
            if let Some(source) = self.sources.remove(&id) {
                outbox.bury(Box::new(source));
            }
        }
    }

    /// Adds edges that were pushed, before those that have been read in this pass: of a task whose edges come both ways, the
    /// pushed ones are what was held back until the task's level was known.
    pub(super) fn take_in(&mut self, edges: EdgeBatch, lost: Vec<(TaskId, Error)>) {
        self.batch.prepend(edges);
        self.lost.extend(lost);
    }

    /// Passes the edges of the batch to their tasks, in the order of their times over all lines, and then tells those that get no
    /// more.
    pub(super) fn dispatch(&mut self, now: Instant, outbox: &mut Outbox) {
        if !self.batch.is_empty() {
            self.dispatch_edges(now, outbox);
        }
        for (id, error) in std::mem::take(&mut self.lost) {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            match &mut slot.task {
                Some(task) => task.lose(error, outbox),
                None => slot.early_loss = Some(error),
            }
            self.schedule(id, outbox);
        }
    }

    fn dispatch_edges(&mut self, now: Instant, outbox: &mut Outbox) {
        let entries = self.batch.take_sorted();
        for of_one in entries.chunk_by(|one, other| one.task == other.task) {
            let id = of_one[0].task;
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            let Some(task) = &mut slot.task else {
                of_one.iter().for_each(|entry| hold(&mut slot.early, entry.edge));
                continue;
            };
            self.edges.clear();
            self.edges.extend(of_one.iter().map(|entry| entry.edge));
            task.edges(&self.edges, outbox);
            if of_one.iter().any(|entry| entry.is_read && entry.edge.edge.missed > 0) {
                task.resync(now, outbox);
            }
            self.schedule(id, outbox);
        }
        self.batch.reuse(entries);
        self.reschedule(outbox);
    }

    /// Looks at the deadlines of the tasks that another task has fed.
    fn reschedule(&mut self, outbox: &mut Outbox) {
        while let Some(id) = outbox.take_rescheduled() {
            self.schedule(id, outbox);
        }
    }

    /// Fires the first task that is due at `now`, if one is.
    pub(super) fn fire(&mut self, now: Instant, outbox: &mut Outbox) -> bool {
        let Some((_, id)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) else {
            return false;
        };
        if let Some(task) = self.slots.get_mut(&id).and_then(|slot| slot.task.as_mut()) {
            task.fire(now, outbox);
        }
        self.schedule(id, outbox);
        self.reschedule(outbox);
        true
    }
}
