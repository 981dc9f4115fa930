//! What the lock of a runtime guards: tasks, their deadlines, and the callbacks that wait for their turn.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::threads::Source;
use crate::debug::opaque;
use crate::event::{Event, EventKind, Hub};
use crate::time::Instant;
use crate::types::Edge;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(pub(super) u64);

impl TaskId {
    /// The task of this number; 0 is the name of none.
    pub(crate) fn from_raw(raw: u64) -> Self {
        TaskId(raw)
    }

    pub(crate) fn raw(self) -> u64 {
        self.0
    }
}

/// Something that happens by itself. Its methods run with the runtime's lock held: no user code, no blocking.
pub(crate) trait Task: Send {
    /// Takes edges of its line, in their order.
    fn edges(&mut self, edges: &[Edge], effects: &mut Effects);

    /// The line reported that edges were lost, and all that was left has been taken: look at the level.
    fn resync(&mut self, now: Instant, effects: &mut Effects);

    /// Does what is due at `now`.
    fn fire(&mut self, now: Instant, effects: &mut Effects);

    /// What it wants next.
    fn next(&self) -> Next;
}

opaque!(Task);

/// When a task wants to be fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    At(Instant),
    /// Then, too, but only to look whether something has happened elsewhere.
    Look(Instant),
    /// When an edge comes.
    Idle,
    /// Never: it is over.
    Done,
}

/// Events of one device, one after another: they go to its listeners as one.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) hub: Arc<Hub>,
    pub(super) events: Vec<Event>,
}

fn is_held(event: &Event) -> bool {
    event.kind == EventKind::Held
}

/// Whether `event` is one for "held again": then `before`, one for the same press, takes over what it says of losses.
fn is_again(event: &Event, before: &mut Event) -> bool {
    let is_again = is_held(event)
        && is_held(before)
        && (event.at - before.at).checked_add(before.lasted) == Some(event.lasted);
    if is_again {
        before.missed = before.missed.saturating_add(event.missed);
    }
    is_again
}

/// What comes of a turn and is seen to without the lock.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(super) calls: Vec<Run>,
    pub(super) wakes: Vec<Arc<Hub>>,
    /// What is to be logged: a logger is the program's code.
    pub(super) complaints: Vec<String>,
    /// What is over; dropped without the lock, as it may own handles, and before callbacks run.
    over: Vec<Slot>,
}

impl Effects {
    /// Tells the callbacks and iterators of `hub` about `event`.
    pub(crate) fn emit(&mut self, hub: &Arc<Hub>, event: Event) {
        if hub.wants(event.kind) {
            match self.calls.last_mut() {
                // It is to be woken already.
                Some(run) if Arc::ptr_eq(&run.hub, hub) => return run.events.push(event),
                _ => self.calls.push(Run { hub: hub.clone(), events: vec![event] }),
            }
        }
        self.wake(hub);
    }

    /// Logs an error, later.
    pub(crate) fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// Wakes whoever waits on `hub`.
    pub(crate) fn wake(&mut self, hub: &Arc<Hub>) {
        if self.wakes.last().is_none_or(|last| !Arc::ptr_eq(last, hub)) {
            self.wakes.push(hub.clone());
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    slots: HashMap<TaskId, Slot>,
    deadlines: BTreeSet<(Instant, TaskId)>,
    pub(super) calls: VecDeque<Run>,
    /// Somebody is running callbacks.
    pub(super) calling: bool,
    /// What the poller's timer is set to.
    pub(super) armed: Option<Instant>,
    buffer: Vec<Edge>,
}

#[derive(Debug, Default)]
struct Slot {
    task: Option<Box<dyn Task>>,
    /// Edges that came before the task.
    early: Vec<Edge>,
    source: Option<Source>,
    /// The source had something to read before there was a task: the poller does not report that again.
    is_ready: bool,
    deadline: Option<Instant>,
    /// All that is to be done then is to look.
    is_look: bool,
}

impl State {
    pub(crate) fn insert(&mut self, id: TaskId, task: Box<dyn Task>, now: Instant, effects: &mut Effects) {
        let slot = self.slots.entry(id).or_default();
        let task = slot.task.insert(task);
        task.edges(&std::mem::take(&mut slot.early), effects);
        if slot.is_ready {
            self.drain(id, now, effects);
        }
        self.schedule(id, effects);
    }

    /// Keeps the edges of a task that is to come.
    pub(crate) fn expect(&mut self, id: TaskId) {
        self.slots.entry(id).or_default();
    }

    #[cfg(target_os = "linux")]
    pub(super) fn attach(&mut self, id: TaskId, source: Source) {
        self.slots.entry(id).or_default().source = Some(source);
    }

    /// Ends a task, if it is there. It neither writes nor queues anything any more.
    pub(crate) fn remove(&mut self, id: TaskId, effects: &mut Effects) {
        let Some(slot) = self.slots.remove(&id) else { return };
        if let Some(at) = slot.deadline {
            self.deadlines.remove(&(at, id));
        }
        effects.over.push(slot);
    }

    /// Hands edges to a task.
    pub(super) fn edges(&mut self, id: TaskId, edges: impl Iterator<Item = Edge>, effects: &mut Effects) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        match &mut slot.task {
            Some(task) => {
                self.buffer.clear();
                self.buffer.extend(edges);
                task.edges(&self.buffer, effects);
            }
            None => slot.early.extend(edges),
        }
        self.schedule(id, effects);
    }

    /// Reads whatever the source of a task has.
    pub(super) fn drain(&mut self, id: TaskId, now: Instant, effects: &mut Effects) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        slot.is_ready = slot.task.is_none();
        let (Some(task), Some(source)) = (&mut slot.task, &mut slot.source) else { return };
        self.buffer.clear();
        if let Err(error) = source.drain(&mut self.buffer) {
            effects.complain(format!("edges can no longer be read: {error}"));
            slot.source = None;
        }
        task.edges(&self.buffer, effects);
        if self.buffer.iter().any(|edge| edge.missed > 0) {
            task.resync(now, effects);
        }
        self.schedule(id, effects);
    }

    pub(super) fn first_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// When the last of the deadlines is, if at all of them there is only something to look at.
    pub(super) fn last_look(&self) -> Option<Instant> {
        let is_look = |id| self.slots.get(id).is_some_and(|slot| slot.is_look);
        let (at, _) = self.deadlines.last()?;
        self.deadlines.iter().all(|(_, id)| is_look(id)).then_some(*at)
    }

    /// Fires the first task that is due at `now`, if one is.
    pub(super) fn fire(&mut self, now: Instant, effects: &mut Effects) -> bool {
        let Some((_, id)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) else {
            return false;
        };
        // An edge that is older than the deadline must not be overtaken by it.
        self.drain(id, now, effects);
        if let Some(task) = self.slots.get_mut(&id).and_then(|slot| slot.task.as_mut()) {
            task.fire(now, effects);
        }
        self.schedule(id, effects);
        true
    }

    /// Puts events into iterators' queues, and queues them for callbacks. One for "held again" is left out while the one
    /// before still waits for its turn.
    pub(super) fn queue(&mut self, mut run: Run) {
        run.hub.feed(&mut run.events);
        run.events.dedup_by(|event, before| is_again(event, before));
        match self.calls.back_mut() {
            Some(last) if Arc::ptr_eq(&last.hub, &run.hub) => {
                let before = last.events.last_mut();
                let is_again =
                    before.zip(run.events.first()).is_some_and(|(before, event)| is_again(event, before));
                last.events.extend(run.events.drain(..).skip(usize::from(is_again)));
            }
            _ if run.events.is_empty() => {}
            _ => self.calls.push_back(run),
        }
    }

    /// Moves calls to `batch`, which is empty, for the caller to make; none while somebody else makes some.
    ///
    /// All that wait, but for the last if it is one for "held again", which is looked for as long as it waits.
    pub(super) fn take_calls(&mut self, batch: &mut VecDeque<Run>) {
        if self.calling {
            return;
        }
        let last = self.calls.back_mut().filter(|run| run.events.last().is_some_and(is_held));
        let held =
            last.map(|run| Run { hub: run.hub.clone(), events: run.events.split_off(run.events.len() - 1) });
        // The room goes to and fro, and is made only once.
        std::mem::swap(batch, &mut self.calls);
        if batch.back().is_some_and(|run| run.events.is_empty()) {
            batch.pop_back();
        }
        if batch.is_empty() {
            batch.extend(held);
        } else {
            self.calls.extend(held);
        }
        self.calling = !batch.is_empty();
    }

    /// Sets the deadline of a task anew, after something it depends on has changed.
    pub(crate) fn schedule(&mut self, id: TaskId, effects: &mut Effects) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let next = slot.task.as_ref().map_or(Next::Idle, |task| task.next());
        let deadline = if let Next::At(at) | Next::Look(at) = next { Some(at) } else { None };
        slot.is_look = matches!(next, Next::Look(_));
        if slot.deadline != deadline {
            if let Some(at) = std::mem::replace(&mut slot.deadline, deadline) {
                self.deadlines.remove(&(at, id));
            }
            self.deadlines.extend(deadline.map(|at| (at, id)));
        }
        if next == Next::Done {
            self.remove(id, effects);
        }
    }
}
