//! Handles of open lines, and their common parts: reservations, and closing once.

pub(crate) mod bus;
pub(crate) mod events;
pub(crate) mod flex;
pub(crate) mod group;
pub(crate) mod i2c;
pub(crate) mod input;
pub(crate) mod input_lines;
pub(crate) mod inputs;
pub(crate) mod open_drain;
pub(crate) mod output;
pub(crate) mod presence;
pub(crate) mod pwm;
pub(crate) mod serial;
pub(crate) mod spi;
pub(crate) mod turn;

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use event_listener::{Event as Bell, Listener};

use crate::error::{Error, Result};
use crate::gpio::{Gpio, OpenHandle, Ticket};
use crate::hub::{Deliver, Delivered};
use crate::line_info::LineInfo;
use crate::part::Owner;
use crate::report::{Reports, warn_user};
use crate::reserve::Reservation;
use crate::runtime::Outbox;
use crate::sync::thread::{self, ThreadId};
use crate::sync::{AtomicBool, Mutex};
use crate::time::{Instant, ms};
use crate::trace::ChangeKind;
use crate::types::{Level, Line};

/// The most lines opened together: the limit of one kernel request (`GPIO_V2_LINES_MAX`), and the bits of a mask.
const MOST: usize = 64;

/// Returns the levels of single pins as bits, bit 0 for the first.
fn bits(levels: impl Iterator<Item = Result<Level>>) -> Result<u64> {
    levels.enumerate().try_fold(0, |bits, (index, level)| Ok(bits | u64::from(level?.is_high()) << index))
}

/// A device that is dropped so soon after something began in the background was hardly meant to be.
const YOUNG: Duration = ms(100);

/// Warns if a device is dropped right after something `began` in the background, such as a blink or handlers, which is `lost` with it.
pub(crate) fn warn_of_drop(gpio: &Gpio, began: Instant, device: &str, lost: &str) {
    if gpio.is_realtime() && gpio.now() - began < YOUNG {
        warn_user(&format!(
            "{device} is closed at once with its {lost}, as the last handle is dropped: return the device from the function \
             that opens it, and end `main` with `pinzero::pause()`"
        ));
    }
}

/// A machine that takes the edges of a handle, whether or not the handle has listeners.
pub(crate) trait Tap<E>: Send + Sync {
    /// Takes an event, with the runtime's lock held.
    fn event(&self, event: E, outbox: &mut Outbox);

    /// Ends, with the runtime's lock held: no further events come, for this reason.
    fn lose(&self, error: &Error, outbox: &mut Outbox);

    /// Ends, without the runtime's lock.
    fn close(&self);
}

/// The place for the tap of a handle, which its task sees too.
pub(crate) struct Tapped<E>(Arc<OnceLock<Box<dyn Tap<E>>>>);

impl<E> Tapped<E> {
    /// Returns a place without a tap.
    fn new() -> Self {
        Tapped(Arc::new(OnceLock::new()))
    }

    /// Sets the tap, which is the only one.
    pub(crate) fn set(&self, tap: impl Tap<E> + 'static) {
        // The caller has checked that there is none.
        drop(self.0.set(Box::new(tap)));
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    fn get(&self) -> Option<&dyn Tap<E>> {
        self.0.get().map(|tap| &**tap)
    }
}

impl<E> Clone for Tapped<E> {
    fn clone(&self) -> Self {
        Tapped(self.0.clone())
    }
}

impl<E> fmt::Debug for Tapped<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tapped({})", self.is_set())
    }
}

/// An open handle, as its factory sees it.
pub(crate) trait Close: Send + Sync + 'static {
    fn lifecycle(&self) -> &Lifecycle;

    /// Gives the lines back. The caller has checked that this process is not a fork.
    fn close(&self) -> Result<()>;

    /// Returns what goes on in the background and ends with the handle: `"handlers"`.
    fn in_background(&self) -> Option<&'static str> {
        None
    }

    /// Fills in the fields of one of its lines that the handle knows and the factory does not.
    fn add_line_info(&self, _: Line, _: &mut LineInfo) {}

    /// Begins or ends to tell the factory's recordings of all writes, with the runtime's lock held. Default: the handle always does.
    fn set_recorded(&self, _is_recorded: bool) {}

    /// Shows what its lines carry now, with the runtime's lock held. Default: the lines of a bus are not recorded.
    fn present(&self, _show: &mut dyn FnMut(Line, ChangeKind)) {}
}

impl<T: Close> OpenHandle for T {
    fn lines(&self) -> &[Line] {
        self.lifecycle().lines()
    }

    fn is_closed(&self) -> bool {
        self.lifecycle().is_closed()
    }

    fn close(&self) -> Result<()> {
        Close::close(self)
    }

    fn add_line_info(&self, line: Line, seen: &mut LineInfo) {
        Close::add_line_info(self, line, seen);
    }

    fn set_recorded(&self, is_recorded: bool) {
        Close::set_recorded(self, is_recorded);
    }

    fn present(&self, show: &mut dyn FnMut(Line, ChangeKind)) {
        let device = self.lifecycle().device;
        Close::present(self, &mut |line, kind| {
            show(line, ChangeKind::Opened(device));
            show(line, kind);
        });
    }
}

/// The lines of a handle, and its phase: open, closing or closed.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    gpio: Gpio,
    /// When something began in the background last, such as a blink.
    began: Mutex<Instant>,
    ticket: Ticket,
    /// The name of the device.
    device: &'static str,
    lines: Vec<Line>,
    reservations: Mutex<Vec<Reservation>>,
    /// `true` while closing as well: nothing new may begin.
    closed: AtomicBool,
    phase: Mutex<Phase>,
    /// Rung when the lines are free.
    freed: Bell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// This thread is closing the handle.
    Closing(ThreadId),
    Closed,
}

impl Lifecycle {
    pub(crate) fn new(gpio: &Gpio, reservations: Vec<Reservation>) -> Self {
        let device = reservations.first().map_or("a device", Reservation::device);
        let lines = reservations.iter().map(Reservation::line).collect();
        Lifecycle::on_bus(gpio, device, lines, reservations)
    }

    /// Returns the lifecycle of a handle that shares lines with others, or has none that are known. The reservations are its own.
    pub(crate) fn on_bus(
        gpio: &Gpio,
        device: &'static str,
        lines: Vec<Line>,
        reservations: Vec<Reservation>,
    ) -> Self {
        Lifecycle {
            gpio: gpio.clone(),
            began: Mutex::new(Instant::ZERO),
            ticket: gpio.ticket(),
            device,
            lines,
            reservations: Mutex::new(reservations),
            closed: AtomicBool::new(false),
            phase: Mutex::new(Phase::Open),
            freed: Bell::new(),
        }
    }

    pub(crate) fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the first line, which is the only one of most handles. Only a bus and a device without pins have none.
    pub(crate) fn line(&self) -> Line {
        self.lines[0]
    }

    /// Returns whether the handle is closed; for a forked child, all handles of its parent are.
    pub(crate) fn is_closed(&self) -> bool {
        self.gpio.home().is_elsewhere() || self.closed.load(Ordering::Acquire)
    }

    /// Records that something begins in the background, which ends with the last handle.
    pub(crate) fn begin(&self) {
        *self.began.lock() = self.gpio.now();
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        self.check_home()?;
        if self.is_closed() { Err(self.on_its_line(Error::closed())) } else { Ok(()) }
    }

    /// Fails in a forked child. Call this before a lock is taken, which may be held for ever there, and before any I/O.
    pub(crate) fn check_home(&self) -> Result<()> {
        self.gpio.home().check().map_err(|error| self.on_its_line(error))
    }

    /// Adds the first line to an error, if there is one.
    fn on_its_line(&self, error: Error) -> Error {
        match self.lines.first() {
            Some(line) => error.with_pin(line),
            None => error,
        }
    }

    /// Returns a copy of what `lock` guards, or `None` in a forked child in which the lock is held for ever.
    pub(crate) fn look<T: Copy>(&self, lock: &parking_lot::Mutex<T>) -> Option<T> {
        if self.gpio.home().is_elsewhere() { lock.try_lock().map(|value| *value) } else { Some(*lock.lock()) }
    }

    /// Runs `give_back` and then frees the reservations. Later calls do nothing.
    ///
    /// A second caller waits for the first, so that the lines are free once this returns.
    pub(crate) fn end(&self, give_back: impl FnOnce() -> Result<()>) -> Result<()> {
        debug_assert!(!self.gpio.home().is_elsewhere(), "the pins of another process");
        if !self.begin_to_close() {
            return Ok(());
        }
        let stamp = self.gpio.stamp();
        let result = give_back();
        if let Some(at) = stamp {
            self.lines.iter().for_each(|line| self.gpio.recorder().note(at, *line, || ChangeKind::Closed));
        }
        self.reservations.lock().clear();
        self.gpio.unregister(self.ticket);
        *self.phase.lock() = Phase::Closed;
        self.freed.notify(usize::MAX);
        self.gpio.runtime().catch_up();
        result
    }

    /// Returns `true` if the caller must close the lines. On `false`, they are closed already.
    fn begin_to_close(&self) -> bool {
        let this = thread::current().id();
        loop {
            let listener = {
                let mut phase = self.phase.lock();
                match *phase {
                    Phase::Open => {
                        *phase = Phase::Closing(this);
                        self.closed.store(true, Ordering::Release);
                        return true;
                    }
                    // A callback that runs during the close, as on a virtual clock, must not wait for itself.
                    Phase::Closing(thread) if thread == this => return false,
                    // Listen before the lock is released: the other thread takes the lock and then rings.
                    Phase::Closing(_) => self.freed.listen(),
                    Phase::Closed => return false,
                }
            };
            listener.wait();
        }
    }
}

/// Closes a handle whose line is lost, without the runtime's lock.
#[derive(Debug)]
pub(crate) struct Closer<T>(Weak<T>);

impl<T: Close> Closer<T> {
    fn of(handle: &Arc<T>) -> Arc<Self> {
        Arc::new(Closer(Arc::downgrade(handle)))
    }
}

impl<T: Close> Deliver for Closer<T> {
    fn deliver(&self, _: usize, _: &Reports) -> Delivered {
        if let Some(Err(error)) = self.0.upgrade().map(|handle| handle.close()) {
            // The loss itself has been reported.
            log::debug!("a lost line was not given back: {error}");
        }
        Delivered::default()
    }
}

/// The shared part of a handle's clones; closes the handle when the last clone is dropped.
///
/// Tasks of the runtime hold the `Arc<T>` inside, and so do not keep the handle open.
#[derive(Debug)]
pub(crate) struct HandleRef<T: Close>(Arc<T>);

impl<T: Close> HandleRef<T> {
    /// Registers the handle with its factory. Fails if the factory has been closed meanwhile.
    pub(crate) fn register(handle: Arc<T>) -> Result<Arc<Self>> {
        let gpio = handle.lifecycle().gpio().clone();
        let weak: Weak<T> = Arc::downgrade(&handle);
        gpio.register(handle.lifecycle().ticket(), weak);
        gpio.show_to_recordings(&*handle);
        if gpio.is_closed() {
            handle.close()?;
            return Err(Error::closed());
        }
        let owner = Arc::new(HandleRef(handle));
        gpio.runtime().catch_up();
        Ok(owner)
    }

    pub(crate) fn gpio(&self) -> &Gpio {
        self.0.lifecycle().gpio()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.lifecycle().is_closed()
    }

    /// Closes the handle. Does nothing in a forked child: the pins belong to the parent.
    pub(crate) fn close(&self) -> Result<()> {
        if self.gpio().home().is_elsewhere() { Ok(()) } else { self.0.close() }
    }
}

impl<T: Close> Deref for HandleRef<T> {
    type Target = Arc<T>;

    fn deref(&self) -> &Arc<T> {
        &self.0
    }
}

impl<T: Close> Drop for HandleRef<T> {
    fn drop(&mut self) {
        let lifecycle = self.0.lifecycle();
        if lifecycle.gpio().home().is_elsewhere() {
            // A forked child: the pins belong to the parent, so not even the backend's own drop may touch them.
            std::mem::forget(self.0.clone());
            return;
        }
        let began = *lifecycle.began.lock();
        if let Some(lost) = self.0.in_background().filter(|_| !lifecycle.is_closed()) {
            let device = format!("{} on {}", lifecycle.device, lifecycle.line());
            warn_of_drop(lifecycle.gpio(), began, &device, lost);
        }
        if let Err(error) = self.0.close() {
            let unclosed = Error::new(error.kind(), "the device was not closed properly");
            lifecycle.gpio().runtime().reports().report(&lifecycle.on_its_line(unclosed).with_source(error));
        }
    }
}

impl<T: Close + fmt::Debug> Owner for HandleRef<T> {
    fn close(&self) -> Result<()> {
        self.close()
    }
}
