//! [`Hub`]: delivers the events of a device to its listeners: handlers, iterators and waits.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use event_listener::Event as Bell;

use crate::debug::opaque;
use crate::event::{Event, Kinded};
use crate::outcome::Outcome;
use crate::sync::{AtomicU32, Mutex};

/// A registered handler. Dropping a `Handler` leaves the handler in place.
///
/// ```
/// use pinzero::{EventKind, mock, time::{ms, secs}};
///
/// let gpio = mock::gpio();
/// let button = gpio.input(24).open()?;
/// let lamp = gpio.output(17).open()?;
/// let handler = button.on(EventKind::Pressed, {
///     let lamp = lamp.clone();
///     move |_| lamp.toggle()
/// });
/// gpio.line(24).press(ms(80));
/// gpio.advance(secs(1));
/// handler.remove();
/// gpio.line(24).press(ms(80));
/// gpio.advance(secs(1));
/// assert_eq!(gpio.line(17).history().len(), 1);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Handler {
    hub: Weak<dyn Handlers>,
    id: u64,
}

impl UnwindSafe for Handler {}
impl RefUnwindSafe for Handler {}

impl Handler {
    /// Removes the handler. A call in progress finishes; no further one starts.
    pub fn remove(&self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.remove(self.id);
        }
    }
}

/// A [`Hub`] with any type of events.
trait Handlers: Send + Sync {
    fn remove(&self, id: u64);
}

opaque!(Handlers Deliver);

/// User code that waits to be called.
pub(crate) trait Deliver: Send + Sync {
    /// Calls the user code for the first `count` waiting events. Returns the number of panics.
    fn deliver(&self, count: usize) -> u64;
}

type Callback<E> = Box<dyn FnMut(E) + Send>;

struct Entry<E: Kinded> {
    id: u64,
    kind: E::Kind,
    /// `None` while the callback runs.
    callback: Option<Callback<E>>,
}

/// The listeners of one device: handlers, iterators and waits.
pub(crate) struct Hub<E: Kinded = Event> {
    bell: Arc<Bell>,
    listeners: Mutex<Listeners<E>>,
    /// The kinds of events that have listeners, and [`QUEUES`]; read for each edge, without the lock.
    wanted: AtomicU32,
    /// Events that wait for the handlers.
    waiting: Mutex<VecDeque<E>>,
}

/// Set in [`Hub::wanted`] while there are iterators.
const QUEUES: u32 = 1 << 31;

struct Listeners<E: Kinded> {
    closed: bool,
    /// The id of the next handler. Handlers are called in the order of their ids.
    next_id: u64,
    entries: Vec<Entry<E>>,
    queues: Vec<Weak<Queue<E>>>,
}

impl<E: Kinded> Listeners<E> {
    fn wanted(&self) -> u32 {
        let queues = if self.queues.is_empty() { 0 } else { QUEUES };
        self.entries.iter().fold(queues, |wanted, entry| wanted | bit::<E>(entry.kind))
    }
}

fn bit<E: Kinded>(kind: E::Kind) -> u32 {
    // The last bit is that of the iterators. Kinds that share one cost a lock for nothing, and no more.
    1 << E::bit(kind).min(30)
}

impl<E: Kinded> Default for Hub<E> {
    fn default() -> Self {
        let listeners = Listeners { closed: false, next_id: 0, entries: Vec::new(), queues: Vec::new() };
        Hub {
            bell: Arc::default(),
            listeners: Mutex::new(listeners),
            wanted: AtomicU32::new(0),
            waiting: Mutex::new(VecDeque::new()),
        }
    }
}

impl<E: Kinded> Hub<E> {
    /// Returns the bell that rings on every event and on close.
    pub(crate) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.listeners.lock().closed
    }

    pub(crate) fn on<R: Outcome>(
        self: &Arc<Self>,
        kind: E::Kind,
        mut handler: impl FnMut(E) -> R + Send + 'static,
    ) -> Handler {
        let callback: Callback<E> = Box::new(move |event| handler(event).report());
        let mut listeners = self.listeners.lock();
        let id = listeners.next_id;
        listeners.next_id += 1;
        if listeners.closed {
            drop(listeners);
            log::warn!("a handler was given to a device that is closed: it will not be called");
        } else {
            listeners.entries.push(Entry { id, kind, callback: Some(callback) });
            self.wanted.store(listeners.wanted(), Ordering::Release);
        }
        let hub: Weak<Self> = Arc::downgrade(self);
        Handler { hub, id }
    }

    pub(crate) fn clear_handlers(&self) {
        self.remove_where(|_| true);
    }

    fn remove_where(&self, matches: impl Fn(&Entry<E>) -> bool) {
        let mut listeners = self.listeners.lock();
        let (removed, kept) =
            std::mem::take(&mut listeners.entries).into_iter().partition::<Vec<_>, _>(matches);
        listeners.entries = kept;
        self.wanted.store(listeners.wanted(), Ordering::Release);
        drop(listeners);
        // Dropped without the lock: a callback may own devices, which close here.
        drop(removed);
    }

    pub(crate) fn queue(&self) -> Arc<Queue<E>> {
        let queue = Arc::new(Queue { events: Mutex::new(VecDeque::new()) });
        let mut listeners = self.listeners.lock();
        listeners.queues.push(Arc::downgrade(&queue));
        self.wanted.store(listeners.wanted(), Ordering::Release);
        drop(listeners);
        queue
    }

    /// Returns `Some(Some(event))` if the queue has an event, `Some(None)` if it is empty and the hub closed, else `None`.
    pub(crate) fn next(&self, queue: &Queue<E>) -> Option<Option<E>> {
        // Read first, so that events from before the close are all taken before the end.
        let closed = self.is_closed();
        queue.pop().map(Some).or_else(|| closed.then_some(None))
    }

    /// Returns whether a handler or an iterator listens to events of this kind.
    pub(crate) fn wants(&self, kind: E::Kind) -> bool {
        self.wanted.load(Ordering::Acquire) & (bit::<E>(kind) | QUEUES) != 0
    }

    /// Adds an event to the iterators' queues and, if the event has handlers, to `waiting`. Returns whether it was added there.
    pub(crate) fn feed(&self, mut event: E) -> bool {
        let mut wanted = self.wanted.load(Ordering::Acquire);
        if wanted & QUEUES != 0 {
            let mut listeners = self.listeners.lock();
            listeners.queues.retain(|queue| match queue.upgrade() {
                Some(queue) => {
                    queue.push(event);
                    true
                }
                None => false,
            });
            wanted = listeners.wanted();
            self.wanted.store(wanted, Ordering::Release);
        }
        if wanted & bit::<E>(event.kind()) == 0 {
            return false;
        }
        let mut waiting = self.waiting.lock();
        if event.is_repeat() {
            // Handlers that lag behind a held button must not be called again for every repeat they missed.
            let mut waiting = waiting.iter_mut().rev();
            if let Some(before) = waiting.find(|before| before.kind() == event.kind()) {
                *before.missed() = before.missed().saturating_add(*event.missed());
                return false;
            }
        }
        waiting.push_back(event);
        true
    }

    /// Takes out the first callback for `kind` whose id is in `from..below`.
    fn take(&self, kind: E::Kind, from: u64, below: u64) -> Option<(u64, Callback<E>)> {
        let mut listeners = self.listeners.lock();
        let mut later = listeners.entries.iter_mut().filter(|entry| (from..below).contains(&entry.id));
        later.find_map(|entry| {
            if E::bit(entry.kind) == E::bit(kind) { Some((entry.id, entry.callback.take()?)) } else { None }
        })
    }

    /// Puts a callback back, or drops it if its handler has been removed meanwhile. Returns how often the drop panicked.
    fn put_back(&self, id: u64, callback: Callback<E>) -> u64 {
        let mut listeners = self.listeners.lock();
        if let Some(entry) = listeners.entries.iter_mut().find(|entry| entry.id == id) {
            entry.callback = Some(callback);
            return 0;
        }
        drop(listeners);
        // The callback's captures may have user code in their drop.
        survive(|| drop(callback))
    }

    /// Ends all waits and iterators and removes the handlers.
    pub(crate) fn close(&self) {
        self.listeners.lock().closed = true;
        self.clear_handlers();
        self.bell.notify(usize::MAX);
    }
}

impl<E: Kinded> Deliver for Hub<E> {
    fn deliver(&self, count: usize) -> u64 {
        let mut panicked = 0;
        for _ in 0..count {
            let Some(event) = self.waiting.lock().pop_front() else { break };
            // A handler that one of them adds gets later events only.
            let below = self.listeners.lock().next_id;
            let mut from = 0;
            while let Some((id, mut callback)) = self.take(event.kind(), from, below) {
                panicked += survive(|| callback(event));
                panicked += self.put_back(id, callback);
                from = id + 1;
            }
        }
        panicked
    }
}

impl<E: Kinded> Handlers for Hub<E> {
    fn remove(&self, id: u64) {
        self.remove_where(|entry| entry.id == id);
    }
}

/// Runs user code and catches a panic. Returns the number of panics: 0 or 1.
pub(crate) fn survive(work: impl FnOnce()) -> u64 {
    let Err(payload) = catch_unwind(AssertUnwindSafe(work)) else { return 0 };
    // The payload's drop is user code as well and may panic again.
    std::mem::forget(payload);
    let _ = catch_unwind(|| log::error!("a callback panicked; others go on"));
    1
}

impl<E: Kinded> fmt::Debug for Hub<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("handlers", &self.listeners.lock().entries.len()).finish_non_exhaustive()
    }
}

/// The most events that an iterator may lag behind before the oldest are dropped.
const QUEUE: usize = 1024;

/// The events that an iterator has not yielded yet.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    events: Mutex<VecDeque<E>>,
}

impl<E: Kinded> Queue<E> {
    fn push(&self, event: E) {
        let mut events = self.events.lock();
        if events.len() == QUEUE {
            let lost = events.pop_front().map_or(0, |mut oldest| *oldest.missed()) + 1;
            if let Some(oldest) = events.front_mut() {
                *oldest.missed() = oldest.missed().saturating_add(lost);
            }
        }
        events.push_back(event);
    }

    pub(crate) fn pop(&self) -> Option<E> {
        self.events.lock().pop_front()
    }
}
