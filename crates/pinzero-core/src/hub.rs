//! [`Hub`]: delivers the events of a device to its listeners: handlers, iterators and waits.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::Event as Bell;

use crate::debug::opaque;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Kinded};
use crate::outcome::Outcome;
use crate::process::Home;
use crate::report::{Reports, warn_user};
use crate::runtime::Runtime;
use crate::sync::{AtomicU32, Mutex};
use crate::types::Line;

/// A registered handler. Dropping a `Handler` leaves the handler in place, for as long as the device is open.
///
/// A `Handler` does not keep the device open: with the last handle of the device, its handlers are gone. A function that sets
/// handlers returns the device.
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
    /// Calls the user code for the first `count` waiting events.
    fn deliver(&self, count: usize, reports: &Reports) -> Delivered;
}

/// The result of a delivery.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) panics: u64,
    /// The number of further events that have to be delivered.
    pub(crate) left: usize,
}

type Callback<E> = Box<dyn FnMut(E) -> Option<Error> + Send>;

/// The most events of one device that wait for its handlers, and for each of its iterators, before the oldest are dropped.
const WAITING: usize = 1024;

/// The most events of one device that are queued together with those of others, in the order of their times. Further ones wait
/// until those are delivered: so a device that floods delays an event of another by no more.
const QUEUED: usize = 64;

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
    waiting: Mutex<Waiting<E>>,
    /// The most events that wait for the handlers before the oldest are dropped.
    room: usize,
    /// The name of the device, and its first line, if there is one.
    device: (&'static str, Option<Line>),
    /// `true` if events come from outside a virtual clock: a wait for them takes real time.
    is_outside: bool,
    /// In a forked child, the hub has ended, and its locks may be held for ever.
    home: Home,
}

/// Events that wait for the handlers.
struct Waiting<E> {
    events: VecDeque<E>,
    /// The number of them that are queued together with those of other devices.
    queued: usize,
}

/// Set in [`Hub::wanted`] while there are iterators.
const QUEUES: u32 = 1 << 31;

struct Listeners<E: Kinded> {
    /// The reason why no further events come.
    ended: Option<Error>,
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
        let listeners = Listeners { ended: None, next_id: 0, entries: Vec::new(), queues: Vec::new() };
        Hub {
            bell: Arc::default(),
            listeners: Mutex::new(listeners),
            wanted: AtomicU32::new(0),
            waiting: Mutex::new(Waiting { events: VecDeque::new(), queued: 0 }),
            room: WAITING,
            device: ("a device", None),
            is_outside: false,
            home: Home::here(),
        }
    }
}

impl<E: Kinded> Hub<E> {
    /// Returns the hub of a device; errors of its handlers name the device and the line.
    pub(crate) fn new(device: &'static str, line: Option<Line>) -> Self {
        Hub { device: (device, line), ..Hub::default() }
    }

    /// Sets how many events may wait for handlers. Default: 1,024.
    pub(crate) fn with_room(self, room: usize) -> Self {
        Hub { room, ..self }
    }

    /// Sets whether events come from outside a virtual clock. Default: no.
    pub(crate) fn with_outside(self, is_outside: bool) -> Self {
        Hub { is_outside, ..self }
    }

    /// Returns the bell that rings on every event and on close.
    pub(crate) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.home.is_elsewhere() || self.listeners.lock().ended.is_some()
    }

    /// Returns the reason why no further events come; `None` as long as they may.
    pub(crate) fn ended(&self) -> Option<Error> {
        self.home.check().err().or_else(|| self.listeners.lock().ended.clone())
    }

    /// Ends all waits and iterators for this reason, unless they have ended. Handlers stay.
    ///
    /// Rings no bell: the caller may hold a lock.
    pub(crate) fn end(&self, error: Error) {
        self.listeners.lock().ended.get_or_insert(error);
    }

    pub(crate) fn on<R: Outcome>(
        self: &Arc<Self>,
        kind: E::Kind,
        mut handler: impl FnMut(E) -> R + Send + 'static,
    ) -> Handler {
        let hub: Weak<Self> = Arc::downgrade(self);
        let too_late = |device: &str| {
            let message = format!("a handler was given to {device}: nobody will call it");
            warn_user(&self.name(Error::new(ErrorKind::Closed, message)).to_string());
        };
        if self.home.is_elsewhere() {
            too_late("a device of another process");
            return Handler { hub, id: 0 };
        }
        let callback: Callback<E> = Box::new(move |event| handler(event).into_error());
        let mut listeners = self.listeners.lock();
        let id = listeners.next_id;
        listeners.next_id += 1;
        if listeners.ended.is_some() {
            drop(listeners);
            too_late("a closed device");
        } else {
            listeners.entries.push(Entry { id, kind, callback: Some(callback) });
            self.wanted.store(listeners.wanted(), Ordering::Release);
        }
        Handler { hub, id }
    }

    pub(crate) fn clear_handlers(&self) {
        self.remove_where(|_| true);
    }

    pub(crate) fn has_handlers(&self) -> bool {
        !self.listeners.lock().entries.is_empty()
    }

    /// Returns whether there is a handler, or an iterator that has not been dropped.
    pub(crate) fn is_heard(&self) -> bool {
        let listeners = self.listeners.lock();
        !listeners.entries.is_empty() || listeners.queues.iter().any(|queue| queue.strong_count() > 0)
    }

    fn remove_where(&self, matches: impl Fn(&Entry<E>) -> bool) {
        if self.home.is_elsewhere() {
            return;
        }
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
        if self.home.is_elsewhere() {
            return queue;
        }
        let mut listeners = self.listeners.lock();
        listeners.queues.push(Arc::downgrade(&queue));
        self.wanted.store(listeners.wanted(), Ordering::Release);
        drop(listeners);
        queue
    }

    /// Returns `Some(Some(event))` if the queue has an event, `Some(None)` if it is empty and the hub closed, else `None`.
    pub(crate) fn next(&self, queue: &Queue<E>) -> Option<Option<E>> {
        // Read first, so that events from before the close are all taken before the end.
        if self.home.is_elsewhere() {
            return Some(None);
        }
        let closed = self.is_closed();
        queue.pop().map(Some).or_else(|| closed.then_some(None))
    }

    /// Returns what could end a wait that hangs on virtual time.
    pub(crate) fn remedy(&self, what: &str) -> String {
        let device = self.device();
        let how = self
            .device
            .1
            .map_or(String::new(), |line| format!(": `gpio.line({}).press(ms(80))`, or `script`", line.0));
        format!(
            "{device} gets no event. In a test, {what}{how}. If another thread, or another future of a `join!` or `select!`, is to \
             do that, build the mock with `time_by_hand()`"
        )
    }

    /// Blocks until `ready` returns `Some`, for at most `timeout` if there is one. `what` could end the wait in a test.
    #[track_caller]
    pub(crate) fn wait<T>(
        &self,
        runtime: &Runtime,
        timeout: Option<Duration>,
        what: &str,
        ready: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        if self.is_outside {
            return Runtime::wait_outside(&self.bell, timeout, ready);
        }
        let deadline = timeout.map(|timeout| runtime.clock().now() + timeout);
        runtime.wait(&self.bell, deadline, || self.remedy(what), ready)
    }

    /// Resolves when `ready` returns `Some`. `what` could end the wait in a test, which is at `place`.
    pub(crate) async fn until<T>(
        &self,
        runtime: &Runtime,
        what: &str,
        place: &Location<'static>,
        ready: impl FnMut() -> Option<T>,
    ) -> T {
        if self.is_outside {
            return Runtime::until_outside(&self.bell, ready).await;
        }
        let remedy = || format!("{} (the wait is at {place})", self.remedy(what));
        runtime.until(&self.bell, remedy, ready).await
    }

    /// Returns whether a wait on this thread moves the clock.
    #[cfg(feature = "stream")]
    pub(crate) fn moves_clock_here(&self, runtime: &Runtime) -> bool {
        !self.is_outside && runtime.moves_clock_here()
    }

    /// Returns whether a handler or an iterator listens to events of this kind.
    pub(crate) fn wants(&self, kind: E::Kind) -> bool {
        self.wanted.load(Ordering::Acquire) & (bit::<E>(kind) | QUEUES) != 0
    }

    /// Adds an event to the iterators' queues and, if the event has handlers, to those that wait for them. Returns whether a
    /// delivery has to be queued.
    pub(crate) fn feed(&self, event: E) -> bool {
        let mut wanted = self.wanted.load(Ordering::Acquire);
        if wanted & QUEUES != 0 {
            let mut listeners = self.listeners.lock();
            listeners.queues.retain(|queue| match queue.upgrade() {
                Some(queue) => {
                    queue.push(event.clone());
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
            let mut events = waiting.events.iter_mut().rev();
            if let Some(before) = events.find(|before| event.replaces(before)) {
                add_missed(before, event.clone().missed().saturating_add(1));
                return false;
            }
        }
        waiting.events.push_back(event);
        if waiting.events.len() > self.room {
            drop_oldest(&mut waiting.events);
        }
        let is_queued = waiting.queued < QUEUED;
        waiting.queued += usize::from(is_queued);
        is_queued
    }

    /// Returns the first line of the device, if there is one.
    pub(crate) fn line(&self) -> Option<Line> {
        self.device.1
    }

    /// Returns the name of the device, with its first line if there is one: `Button on GPIO2`.
    pub(crate) fn device(&self) -> String {
        match self.device {
            (device, Some(line)) => format!("{device} on {line}"),
            (device, None) => device.to_owned(),
        }
    }

    /// Adds the device to an error.
    pub(crate) fn name(&self, error: Error) -> Error {
        let (device, line) = self.device;
        let error = error.with_device(device);
        match line {
            Some(line) => error.with_pin(line),
            None => error,
        }
    }

    /// Takes out the first callback for `kind` whose id is in `from..below`.
    fn take(&self, kind: E::Kind, from: u64, below: u64) -> Option<(u64, Callback<E>)> {
        let mut listeners = self.listeners.lock();
        let mut later = listeners.entries.iter_mut().filter(|entry| (from..below).contains(&entry.id));
        later.find_map(|entry| {
            if E::bit(entry.kind) == E::bit(kind) { Some((entry.id, entry.callback.take()?)) } else { None }
        })
    }

    /// Calls a callback, and puts it back or, if its handler has been removed meanwhile, drops it. Returns the number of panics.
    fn call(&self, id: u64, mut callback: Callback<E>, event: E, reports: &Reports) -> u64 {
        let called = survive(|| callback(event));
        let mut listeners = self.listeners.lock();
        let entry = listeners.entries.iter_mut().find(|entry| entry.id == id);
        let removed = match entry {
            Some(entry) => {
                entry.callback = Some(callback);
                None
            }
            None => Some(callback),
        };
        drop(listeners);
        // The callback's captures may have user code in their drop.
        let dropped = survive(|| {
            drop(removed);
            None
        });
        reports.report_all([called, dropped], |error| self.name(error))
    }

    /// Ends all waits and iterators and removes the handlers.
    pub(crate) fn close(&self) {
        self.end(Error::closed());
        self.clear_handlers();
        self.bell.notify(usize::MAX);
    }
}

/// Drops the oldest event that a later one replaces. So the last of each kind stays, and with it the state that remains.
fn drop_oldest<E: Kinded>(events: &mut VecDeque<E>) {
    let is_replaced = |index: &usize| events.range(index + 1..).any(|later| later.replaces(&events[*index]));
    let oldest = (0..events.len()).find(is_replaced);
    let Some((oldest, mut event)) = oldest.and_then(|oldest| Some((oldest, events.remove(oldest)?))) else {
        return;
    };
    if let Some(next) = events.get_mut(oldest) {
        add_missed(next, event.missed().saturating_add(1));
    }
}

fn add_missed(event: &mut impl Kinded, missed: u32) {
    *event.missed() = event.missed().saturating_add(missed);
}

impl<E: Kinded> Deliver for Hub<E> {
    fn deliver(&self, count: usize, reports: &Reports) -> Delivered {
        let mut panics = 0;
        for _ in 0..count {
            let Some(event) = self.waiting.lock().events.pop_front() else { break };
            // A handler that one of them adds gets later events only.
            let below = self.listeners.lock().next_id;
            let mut from = 0;
            while let Some((id, callback)) = self.take(event.kind(), from, below) {
                panics += self.call(id, callback, event.clone(), reports);
                from = id + 1;
            }
        }
        let mut waiting = self.waiting.lock();
        waiting.queued -= count;
        let left = waiting.events.len().min(QUEUED) - waiting.queued;
        waiting.queued += left;
        Delivered { panics, left }
    }
}

impl<E: Kinded> Handlers for Hub<E> {
    fn remove(&self, id: u64) {
        self.remove_where(|entry| entry.id == id);
    }
}

/// Runs user code, and returns a panic as an error.
pub(crate) fn survive<R>(work: impl FnOnce() -> R) -> Result<R> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = match text {
            Some(text) => format!("a handler panicked, and others go on: {text}"),
            None => "a handler panicked, and others go on".to_owned(),
        };
        // The payload's drop is user code as well and may panic again.
        std::mem::forget(payload);
        Error::new(ErrorKind::Handler, message)
    })
}

impl<E: Kinded> fmt::Debug for Hub<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("device", &self.device).finish_non_exhaustive()
    }
}

/// The events that an iterator has not yielded yet.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    events: Mutex<VecDeque<E>>,
}

impl<E: Kinded> Queue<E> {
    fn push(&self, event: E) {
        let mut events = self.events.lock();
        if events.len() == WAITING {
            let lost = events.pop_front().map_or(0, |mut oldest| *oldest.missed());
            if let Some(oldest) = events.front_mut() {
                add_missed(oldest, lost.saturating_add(1));
            }
        }
        events.push_back(event);
    }

    pub(crate) fn pop(&self) -> Option<E> {
        self.events.lock().pop_front()
    }
}
