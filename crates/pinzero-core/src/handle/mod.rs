//! What all handles have in common: lines that are theirs until they are closed.

pub(crate) mod group;
pub(crate) mod input;
pub(crate) mod line_info;
pub(crate) mod output;
pub(crate) mod pwm;
pub(crate) mod reserve;
pub(crate) mod spi;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use event_listener::{Event as Bell, Listener};

use crate::error::{Error, Result};
use crate::gpio::{Gpio, Ticket};
use crate::handle::line_info::LineInfo;
use crate::handle::reserve::Reservation;
use crate::sync::thread::{self, ThreadId};
use crate::sync::{AtomicBool, Mutex};
use crate::types::Line;

/// What an open handle is to its factory.
pub(crate) trait Close: Send + Sync + 'static {
    fn lifecycle(&self) -> &Lifecycle;

    /// Gives the lines back. Whoever calls it has seen that this is no fork: that costs a system call.
    fn close(&self) -> Result<()>;

    /// Adds what it knows by itself of one of its lines and is not told there.
    fn add_line_info(&self, _: Line, _: &mut LineInfo) {}
}

/// The lines of a handle, and whether it is closed.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    gpio: Gpio,
    ticket: Ticket,
    lines: Vec<Line>,
    reservations: Mutex<Vec<Reservation>>,
    /// Closing or closed: nothing new begins.
    closed: AtomicBool,
    phase: Mutex<Phase>,
    /// Rung when the lines are free.
    freed: Bell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// By this thread.
    Closing(ThreadId),
    Closed,
}

impl Lifecycle {
    pub(crate) fn new(gpio: &Gpio, reservations: Vec<Reservation>) -> Self {
        Lifecycle {
            gpio: gpio.clone(),
            ticket: gpio.ticket(),
            lines: reservations.iter().map(Reservation::line).collect(),
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

    /// The first line, which is the only one of most handles.
    pub(crate) fn line(&self) -> Line {
        self.lines[0]
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if self.is_closed() { Err(Error::closed().with_pin(self.line())) } else { Ok(()) }
    }

    /// Gives the lines back by `give_back`, and then frees them for others; only the first time.
    ///
    /// Whoever comes second waits for the first, for once this returns the lines are free.
    pub(crate) fn end(&self, give_back: impl FnOnce() -> Result<()>) -> Result<()> {
        debug_assert!(!self.gpio.home().is_elsewhere(), "the pins of another process");
        if !self.begin_to_close() {
            return Ok(());
        }
        let result = give_back();
        self.reservations.lock().clear();
        self.gpio.unregister(self.ticket);
        *self.phase.lock() = Phase::Closed;
        self.freed.notify(usize::MAX);
        self.gpio.runtime().catch_up();
        result
    }

    /// Whether closing falls to the caller; if not, it is done when this returns.
    fn begin_to_close(&self) -> bool {
        let this = thread::current().id();
        loop {
            let listener = self.freed.listen();
            {
                let mut phase = self.phase.lock();
                match *phase {
                    Phase::Open => {
                        *phase = Phase::Closing(this);
                        self.closed.store(true, Ordering::Release);
                        return true;
                    }
                    // A callback that runs on the way, as on a virtual clock, must not wait for itself.
                    Phase::Closing(thread) if thread == this => return false,
                    Phase::Closing(_) => {}
                    Phase::Closed => return false,
                }
            }
            listener.wait();
        }
    }
}

/// What the clones of a handle share: closed when the last of them goes.
///
/// It is apart from the handle's own state, which tasks of the runtime hold as well.
#[derive(Debug)]
pub(crate) struct HandleRef<T: Close>(Arc<T>);

impl<T: Close> HandleRef<T> {
    /// Makes the handle known to its factory; refuses it if that has been closed meanwhile.
    pub(crate) fn register(handle: Arc<T>) -> Result<Arc<Self>> {
        let gpio = handle.lifecycle().gpio().clone();
        gpio.register(&handle)?;
        let owner = Arc::new(HandleRef(handle));
        gpio.runtime().catch_up();
        Ok(owner)
    }

    /// Closes the handle; not in a fork, as the pins are another process's.
    pub(crate) fn close(&self) -> Result<()> {
        if self.0.lifecycle().gpio().home().is_elsewhere() { Ok(()) } else { self.0.close() }
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
            // The pins are another process's: not even the backend's own drop may touch them.
            std::mem::forget(self.0.clone());
        } else if let Err(error) = self.0.close() {
            log::error!("{} was not closed properly: {error}", lifecycle.line());
        }
    }
}
