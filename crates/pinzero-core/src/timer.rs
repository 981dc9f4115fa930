//! [`Timer`]: user code that runs by the clock.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::debug::opaque;
use crate::error::{Error, ErrorKind, Result};
use crate::hub::{Deliver, Delivered, survive};
use crate::process::Home;
use crate::report::Reports;
use crate::runtime::{Next, Outbox, Runtime, RuntimeRef, Task, TaskId};
use crate::sync::AtomicBool;
use crate::thread::spawn;
use crate::time::{Clock, Instant};

/// Code that runs by the clock; returned by [`Gpio::every`](crate::Gpio::every), [`Gpio::after`](crate::Gpio::after) and
/// [`Gpio::every_on_thread`](crate::Gpio::every_on_thread).
///
/// A timer ends when it is cancelled, when its factory is closed, and when the last handle of the factory is dropped: a `Gpio` or
/// an open device. Dropping the `Timer` does not end it. Code that owns a device of the factory keeps the device open, and so the
/// factory, until then.
///
/// ```
/// use pinzero::{mock, time::{ms, secs}};
///
/// let gpio = mock::gpio();
/// let lamp = gpio.output(17).open()?;
/// let mut left = 3;
/// let timer = gpio.every(ms(100), {
///     let lamp = lamp.clone();
///     move |timer| {
///         left -= 1;
///         if left == 0 {
///             timer.cancel();
///         }
///         lamp.toggle()
///     }
/// })?;
/// gpio.advance(secs(1));
/// assert!(!timer.is_active());
/// assert_eq!(gpio.line(17).history().len(), 3);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
pub struct Timer(Arc<TimerShared>);

impl UnwindSafe for Timer {}
impl RefUnwindSafe for Timer {}

impl Timer {
    /// Ends the timer. A call in progress finishes; no further one starts. Idempotent.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Returns whether the code may still be called.
    pub fn is_active(&self) -> bool {
        !self.0.home.is_elsewhere() && !self.0.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn downgrade(&self) -> Weak<dyn Background> {
        Arc::<TimerShared>::downgrade(&self.0)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timer({})", if self.is_active() { "active" } else { "ended" })
    }
}

/// Something that runs in the background and ends with its factory: a timer or a follower.
pub(crate) trait Background: Send + Sync {
    fn is_active(&self) -> bool;

    fn cancel(&self);
}

opaque!(Background);

impl Background for TimerShared {
    fn is_active(&self) -> bool {
        !self.cancelled.load(Ordering::Acquire)
    }

    fn cancel(&self) {
        self.cancel();
    }
}

type Callback = Box<dyn FnMut(Timer) -> Option<Error> + Send>;

/// The shortest period, as for a blink.
const SHORTEST: Duration = Duration::from_micros(100);

struct TimerShared {
    home: Home,
    runtime: RuntimeRef,
    id: TaskId,
    /// `None` while the code runs, and always once cancelled.
    callback: Mutex<Option<Callback>>,
    /// `true` if the timer ends after its first call.
    is_once: bool,
    /// `true` while a call waits for its turn or is under way; further calls are skipped until then.
    is_due: AtomicBool,
    cancelled: AtomicBool,
    /// Wakes the timer's thread, if it has one.
    changed: Condvar,
    weak: Weak<TimerShared>,
}

impl TimerShared {
    fn cancel(&self) {
        if self.home.is_elsewhere() {
            return;
        }
        if !self.cancelled.swap(true, Ordering::AcqRel) {
            self.runtime.enter(|state| state.remove(self.id));
        }
        // Dropped without the lock: the code may own devices, which close here.
        let callback = self.callback.lock().take();
        self.changed.notify_all();
        drop(callback);
    }

    /// Calls the code, and reports its error. Returns the number of panics.
    fn call(&self, reports: &Reports) -> u64 {
        let Some(timer) = self.weak.upgrade().map(Timer) else { return 0 };
        let Some(mut callback) = self.callback.lock().take() else { return 0 };
        let called = survive(|| callback(timer));
        if self.is_once {
            self.cancel();
        }
        let mut slot = self.callback.lock();
        let removed = if self.cancelled.load(Ordering::Acquire) {
            Some(callback)
        } else {
            *slot = Some(callback);
            None
        };
        drop(slot);
        // The callback's captures may have user code in their drop.
        let dropped = survive(|| {
            drop(removed);
            None
        });
        reports.report_all([called, dropped], |error| error.with_device("Timer"))
    }
}

impl Deliver for TimerShared {
    fn deliver(&self, _: usize, reports: &Reports) -> Delivered {
        let panics = self.call(reports);
        // Only now: a beat that passes meanwhile is left out, or code slower than its beat would never let go of a virtual clock.
        self.is_due.store(false, Ordering::Release);
        Delivered { panics, left: 0 }
    }
}

impl fmt::Debug for TimerShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerShared").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Queues a call of the timer's code at each deadline.
#[derive(Debug)]
struct TimerTask {
    shared: Arc<TimerShared>,
    next: Instant,
    period: Duration,
}

impl Task for TimerTask {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        if self.next > now {
            return;
        }
        // Missed beats are skipped.
        self.next = self.next.next_beat(self.period, now);
        if !self.shared.is_due.swap(true, Ordering::AcqRel) {
            outbox.call(self.shared.clone(), 1);
        }
        if self.shared.is_once {
            self.next = Instant::MAX;
        }
    }

    fn next(&self) -> Next {
        if self.next == Instant::MAX { Next::Done } else { Next::At(self.next) }
    }
}

/// The thread that runs a timer's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The thread that runs the devices' handlers, one at a time.
    WithHandlers,
    /// A thread of its own; on a virtual clock, as [`WithHandlers`](Place::WithHandlers).
    OnThread,
}

/// Starts a timer that is due after `delay` and, unless `is_once`, every further `delay`.
pub(crate) fn start(
    runtime: &Runtime,
    delay: Duration,
    is_once: bool,
    place: Place,
    code: impl FnMut(Timer) -> Option<Error> + Send + 'static,
) -> Result<Timer> {
    if delay < SHORTEST && !is_once {
        let message = format!("a period of {delay:?} is too short: give at least {SHORTEST:?}");
        return Err(Error::new(ErrorKind::InvalidValue, message));
    }
    let id = runtime.reserve();
    let timer = Timer(Arc::new_cyclic(|weak| TimerShared {
        home: Home::here(),
        runtime: runtime.downgrade(),
        id,
        callback: Mutex::new(Some(Box::new(code))),
        is_once,
        is_due: AtomicBool::new(false),
        cancelled: AtomicBool::new(false),
        changed: Condvar::new(),
        weak: weak.clone(),
    }));
    let next = runtime.clock().now() + delay;
    let period = delay.max(Duration::from_nanos(1));
    let task = TimerTask { shared: timer.0.clone(), next, period };
    let clock = runtime.clock();
    if place == Place::OnThread && !clock.is_manual() {
        let (clock, reports) = (clock.clone(), runtime.reports().clone());
        spawn("pinzero-timer", move || run(&clock, &reports, task)).map_err(|error| {
            Error::new(ErrorKind::Io, "the timer's thread cannot be started").with_source(error)
        })?;
    } else {
        runtime.start()?;
        runtime.enter(|state| state.insert(id, Box::new(task)));
    }
    Ok(timer)
}

/// Runs a timer on its own thread until it is cancelled.
fn run(clock: &Clock, reports: &Reports, mut task: TimerTask) {
    let _mask = reports.program_mask().wear();
    loop {
        let shared = &task.shared;
        let mut callback = shared.callback.lock();
        while !shared.cancelled.load(Ordering::Acquire) {
            let left = task.next.since(clock.now());
            if left.is_zero() {
                break;
            }
            shared.changed.wait_for(&mut callback, left);
        }
        drop(callback);
        if shared.cancelled.load(Ordering::Acquire) {
            return;
        }
        shared.call(reports);
        task.next = task.next.next_beat(task.period, clock.now());
    }
}
