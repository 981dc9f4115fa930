//! What an input tells its user, and how: handlers, iterators and waits.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::Event as Bell;

use crate::sync::{AtomicU8, AtomicU64, Mutex};
use crate::time::Instant;
use crate::types::Level;

/// What happened to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It became active: a button was pressed.
    Activated,
    /// It became inactive: a button was released.
    Deactivated,
    /// It has been active for the hold time, or for a further one with repeat.
    Held,
    /// Activated and deactivated once, and not again within the double-click time.
    Clicked,
    /// Activated and deactivated twice.
    DoubleClicked,
    /// Active for the hold time; no click comes of it.
    LongPressed,
}

/// The words of a button for what happens to an input.
#[allow(non_upper_case_globals, reason = "they are used like variants")]
impl EventKind {
    /// A button was pressed: [`Activated`](EventKind::Activated).
    pub const Pressed: EventKind = EventKind::Activated;
    /// A button was released: [`Deactivated`](EventKind::Deactivated).
    pub const Released: EventKind = EventKind::Deactivated;
}

/// Something that happened to an input, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// When it counted, on the factory's clock.
    pub at: Instant,
    /// The level of the line then.
    pub level: Level,
    /// How long the input had been in its state, the press included: zero for `Activated`; for `Deactivated`, how
    /// long it was active; for `Held` and `LongPressed`, how long it has been.
    pub lasted: Duration,
    /// How many edges or events were lost before this one.
    pub missed: u32,
}

/// What a handler may return: nothing, or a [`Result`] whose error is logged instead of lost.
pub trait Outcome {
    /// Looks at it, once.
    fn report(self);
}

impl Outcome for () {
    fn report(self) {}
}

impl<T, E: fmt::Display> Outcome for Result<T, E> {
    fn report(self) {
        if let Err(error) = self {
            log::error!("a callback failed: {error}");
        }
    }
}

/// A handler that never returns, such as one that ends the program, has this outcome: `!`, which has no name yet.
impl Outcome for <fn() -> ! as Function>::Output {
    fn report(self) {
        self
    }
}

/// What a function returns.
#[doc(hidden)]
pub trait Function {
    /// That.
    type Output;
}

impl<O> Function for fn() -> O {
    type Output = O;
}

type Callback = Box<dyn FnMut(&Event) + Send>;

/// A registered handler. Dropping this leaves it in place.
#[derive(Debug, Clone)]
pub struct Handler {
    hub: Weak<Hub>,
    id: u64,
}

impl Handler {
    /// Takes the handler out: it is not called again, a call that is under way excepted.
    pub fn remove(&self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.remove(|entry| entry.id == self.id);
        }
    }
}

struct Entry {
    id: u64,
    kind: EventKind,
    /// Empty while it is being called, and for good once it has been removed.
    callback: Mutex<Cell>,
}

enum Cell {
    Ready(Callback),
    Running,
    Removed,
}

impl Entry {
    /// The callback, for whoever is to call it; `None` if it has been removed.
    fn take(&self) -> Option<Callback> {
        let mut cell = self.callback.lock();
        if !matches!(*cell, Cell::Ready(_)) {
            return None;
        }
        let Cell::Ready(callback) = std::mem::replace(&mut *cell, Cell::Running) else { return None };
        Some(callback)
    }

    /// Takes it back; one that has been removed meanwhile, perhaps by itself, is dropped. Tells how often that panicked.
    fn put_back(&self, callback: Callback) -> u64 {
        let mut cell = self.callback.lock();
        if matches!(*cell, Cell::Running) {
            *cell = Cell::Ready(callback);
            return 0;
        }
        drop(cell);
        // What it owns may have code of its own to run.
        survive(|| drop(callback))
    }
}

/// The listeners of one input.
#[derive(Default)]
pub(crate) struct Hub {
    bell: Bell,
    listeners: Mutex<Listeners>,
    /// The kinds of events that somebody listens to, and [`QUEUES`]: to be looked at without the lock, for each edge.
    wanted: AtomicU8,
    /// Goes up with each handler that comes or goes, and numbers them. Written under the lock.
    changes: AtomicU64,
}

/// Set in [`Hub::wanted`] while there are iterators.
const QUEUES: u8 = 1 << 7;

fn bit(kind: EventKind) -> u8 {
    1 << kind as u8
}

#[derive(Default)]
struct Listeners {
    closed: bool,
    entries: Arc<Vec<Arc<Entry>>>,
    queues: Vec<Weak<Queue>>,
}

impl Listeners {
    fn wanted(&self) -> u8 {
        let queues = if self.queues.is_empty() { 0 } else { QUEUES };
        self.entries.iter().fold(queues, |wanted, entry| wanted | bit(entry.kind))
    }
}

impl Hub {
    /// Rung when something happened that a waiter may be waiting for.
    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }

    pub(crate) fn ring(&self) {
        self.bell.notify(usize::MAX);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.listeners.lock().closed
    }

    pub(crate) fn on<R: Outcome>(
        self: &Arc<Self>,
        kind: EventKind,
        mut handler: impl FnMut(&Event) -> R + Send + 'static,
    ) -> Handler {
        let callback: Callback = Box::new(move |event| handler(event).report());
        let mut listeners = self.listeners.lock();
        let id = self.changes.fetch_add(1, Ordering::Release);
        if listeners.closed {
            drop(listeners);
            log::warn!("a handler was given to a device that is closed: it will not be called");
        } else {
            let entry = Arc::new(Entry { id, kind, callback: Mutex::new(Cell::Ready(callback)) });
            let mut entries = Vec::clone(&listeners.entries);
            entries.push(entry);
            listeners.entries = Arc::new(entries);
            self.wanted.store(listeners.wanted(), Ordering::Release);
        }
        Handler { hub: Arc::downgrade(self), id }
    }

    pub(crate) fn forget_handlers(&self) {
        self.remove(|_| true);
    }

    fn remove(&self, matches: impl Fn(&Entry) -> bool) {
        let callbacks: Vec<Cell> = {
            let mut listeners = self.listeners.lock();
            let (removed, kept): (Vec<_>, _) =
                listeners.entries.iter().cloned().partition(|entry| matches(entry));
            listeners.entries = Arc::new(kept);
            self.wanted.store(listeners.wanted(), Ordering::Release);
            self.changes.fetch_add(1, Ordering::Release);
            // Still under the lock: of two that remove the same entry, neither returns before it is not called any more.
            removed
                .iter()
                .map(|entry| std::mem::replace(&mut *entry.callback.lock(), Cell::Removed))
                .collect()
        };
        // Dropped with no lock held: a callback may own devices.
        drop(callbacks);
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        let queue = Arc::new(Queue::default());
        let mut listeners = self.listeners.lock();
        listeners.queues.push(Arc::downgrade(&queue));
        self.wanted.store(listeners.wanted(), Ordering::Release);
        drop(listeners);
        queue
    }

    /// The next event in a queue, or the end of all; `None` if neither has come yet.
    pub(crate) fn next(&self, queue: &Queue) -> Option<Option<Event>> {
        // Asked first: what came before the close is taken before it counts.
        let closed = self.is_closed();
        queue.pop().map(Some).or_else(|| closed.then_some(None))
    }

    /// Whether anybody, handler or iterator, is to be told of events of this kind.
    pub(crate) fn wants(&self, kind: EventKind) -> bool {
        self.wanted.load(Ordering::Acquire) & (bit(kind) | QUEUES) != 0
    }

    /// Puts `events` into the iterators' queues, and leaves those that a handler wants too.
    pub(crate) fn feed(&self, events: &mut Vec<Event>) {
        if self.wanted.load(Ordering::Acquire) & QUEUES == 0 {
            return;
        }
        let mut listeners = self.listeners.lock();
        listeners.queues.retain(|queue| match queue.upgrade() {
            Some(queue) => {
                queue.push_all(events);
                true
            }
            None => false,
        });
        let wanted = listeners.wanted();
        self.wanted.store(wanted, Ordering::Release);
        events.retain(|event| wanted & bit(event.kind) != 0);
    }

    /// Calls the handlers for `events`, one after another; tells how many panicked. Called by one thread at a time.
    pub(crate) fn deliver(&self, events: &[Event]) -> u64 {
        let mut panicked = 0;
        let mut events = events.iter();
        while !events.as_slice().is_empty() {
            let changes = self.changes.load(Ordering::Acquire);
            let entries = self.listeners.lock().entries.clone();
            for event in events.by_ref() {
                for entry in entries.iter().filter(|entry| entry.kind == event.kind) {
                    // Only while it is called: what one owns that is removed is free at once, whatever the others do.
                    if let Some(mut callback) = entry.take() {
                        panicked += survive(|| callback(event));
                        panicked += entry.put_back(callback);
                    }
                }
                if self.changes.load(Ordering::Acquire) != changes {
                    break;
                }
            }
        }
        panicked
    }

    /// Ends all waits and iterators and forgets the handlers.
    pub(crate) fn close(&self) {
        self.listeners.lock().closed = true;
        self.forget_handlers();
        self.ring();
    }
}

/// Runs user code; how often it panicked: once or not at all.
fn survive(work: impl FnOnce()) -> u64 {
    let Err(payload) = catch_unwind(AssertUnwindSafe(work)) else { return 0 };
    // Its drop is user code as well, and may panic again.
    std::mem::forget(payload);
    let _ = catch_unwind(|| log::error!("a callback panicked; others go on"));
    1
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("handlers", &self.listeners.lock().entries.len()).finish_non_exhaustive()
    }
}

/// How many events an iterator may lag behind before the oldest are dropped.
const QUEUE: usize = 1024;

/// The events that an iterator has not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    events: Mutex<VecDeque<Event>>,
}

impl Queue {
    fn push_all(&self, new: &[Event]) {
        let mut events = self.events.lock();
        for event in new {
            if events.len() == QUEUE {
                let lost = events.pop_front().map_or(0, |oldest| oldest.missed) + 1;
                if let Some(oldest) = events.front_mut() {
                    oldest.missed = oldest.missed.saturating_add(lost);
                }
            }
            events.push_back(*event);
        }
    }

    pub(crate) fn pop(&self) -> Option<Event> {
        self.events.lock().pop_front()
    }
}
