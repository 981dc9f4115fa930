//! The events of a device, and their listeners: handlers, iterators and waits.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::Event as Bell;

use crate::debug::opaque;
use crate::sync::{AtomicU32, Mutex};
use crate::time::Instant;
use crate::types::{Edge, Level};

/// The kind of an input's [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// The input became active.
    Activated,
    /// The input became inactive.
    Deactivated,
    /// The input has been active for the hold time or, with repeat, for a further hold time.
    Held,
    /// The input became active and inactive once, and not again within the double-click time.
    Clicked,
    /// The input became active and inactive twice, the second time within the double-click time.
    DoubleClicked,
    /// The input has been active for the hold time. Such a press is not a click.
    LongPressed,
    /// A sample was due; see [`InputBuilder::sample`](crate::InputBuilder::sample).
    Sampled,
    /// A button was pressed. Handlers for `Pressed` and for [`Activated`](EventKind::Activated) are called alike; the event has
    /// the kind that suits its device.
    Pressed,
    /// A button was released, as [`Deactivated`](EventKind::Deactivated).
    Released,
}

/// One event of an input, with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The kind of the event.
    pub kind: EventKind,
    /// The time of the event on the factory's clock; with debouncing, the time at which the change counted.
    pub at: Instant,
    /// The level of the line at that time.
    pub level: Level,
    /// How long the input had been in its state: zero for `Activated`; the length of the press for `Deactivated`; the time since
    /// the press for `Held` and `LongPressed`.
    pub lasted: Duration,
    /// The number of edges or events lost before this one.
    pub missed: u32,
    /// `true` if this is a further `Held` of the same press.
    pub repeat: bool,
}

/// An event type whose events have kinds; handlers listen to one kind.
pub trait Kinded: Copy + fmt::Debug + Send + 'static {
    /// The type of the kinds.
    type Kind: Copy + PartialEq + Send + 'static;

    /// Returns the event's kind.
    fn kind(&self) -> Self::Kind;

    /// Returns the kind's number. Two kinds may share a number: a handler for one is then called for both.
    fn bit(kind: Self::Kind) -> u32;

    /// Returns the count of edges or events lost before this one, to be added to.
    fn missed(&mut self) -> &mut u32;

    /// Returns whether the event may be dropped while an earlier event of its kind still waits for the handlers.
    fn is_repeat(&self) -> bool {
        false
    }
}

impl Kinded for Event {
    type Kind = EventKind;

    fn kind(&self) -> EventKind {
        self.kind
    }

    fn bit(kind: EventKind) -> u32 {
        match kind {
            EventKind::Pressed => EventKind::Activated as u32,
            EventKind::Released => EventKind::Deactivated as u32,
            kind => kind as u32,
        }
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }

    fn is_repeat(&self) -> bool {
        self.repeat
    }
}

/// All edges have one kind.
impl Kinded for Edge {
    type Kind = ();

    fn kind(&self) {}

    fn bit((): ()) -> u32 {
        0
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }
}

/// The return type of a handler: nothing, or a [`Result`] whose error is logged.
pub trait Outcome {
    /// Logs the error, if there is one.
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

/// The outcome of a handler that never returns, such as `|_| exit(0)`.
///
/// Stable Rust can name the type `!` only as the return type of such a function. Without this impl, the closure's return type
/// would, in edition 2024, fall back to `!`, which would not be an outcome.
impl Outcome for <fn() -> ! as Function>::Output {
    fn report(self) {
        self
    }
}

/// Names the type that a function returns.
#[doc(hidden)]
pub trait Function {
    /// The return type.
    type Output;
}

impl<O> Function for fn() -> O {
    type Output = O;
}

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
