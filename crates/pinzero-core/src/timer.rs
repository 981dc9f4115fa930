//! [`Timer`]: user code that runs by the clock.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::condvar::Condvar;
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

    /// Calls the code in `delay`, instead of at the next beat. Further beats follow from there.
    ///
    /// May be called from anywhere, also by the timer's own code. Does nothing to a timer that has ended.
    ///
    /// ```
    /// use pinzero::{mock, time::{ms, secs}};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.output(17).open()?;
    /// let timer = gpio.every(secs(10), move |_| lamp.toggle())?;
    /// timer.call_in(secs(1));
    /// gpio.advance(secs(12));
    /// let times = gpio.line(17).history().iter().map(|change| change.0).collect::<Vec<_>>();
    /// assert_eq!(times, [secs(1), secs(11)]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn call_in(&self, delay: Duration) {
        if self.is_active() {
            self.0.call_in(delay);
        }
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
    clock: Clock,
    id: TaskId,
    /// The next beat.
    next: Mutex<Instant>,
    period: Duration,
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

    fn call_in(&self, delay: Duration) {
        *self.next.lock() = self.clock.now() + delay;
        self.runtime.enter(|state| state.schedule(self.id));
        // A thread that has read the beat before waits by now.
        drop(self.callback.lock());
        self.changed.notify_all();
    }

    /// Moves on to the first beat after `now`, and returns that beat. Missed beats are skipped.
    fn move_on(&self, now: Instant) -> Instant {
        let mut next = self.next.lock();
        *next = next.next_beat(self.period, now);
        *next
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
struct TimerTask(Arc<TimerShared>);

impl Task for TimerTask {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        let shared = &self.0;
        if *shared.next.lock() > now {
            return;
        }
        shared.move_on(now);
        if !shared.is_due.swap(true, Ordering::AcqRel) {
            outbox.call(shared.clone(), 1);
        }
        if shared.is_once {
            *shared.next.lock() = Instant::MAX;
        }
    }

    fn next(&self) -> Next {
        let next = *self.0.next.lock();
        if next == Instant::MAX { Next::Done } else { Next::At(next) }
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
    let (id, clock) = (runtime.reserve(), runtime.clock());
    let timer = Timer(Arc::new_cyclic(|weak| TimerShared {
        home: Home::here(),
        runtime: runtime.downgrade(),
        clock: clock.clone(),
        id,
        next: Mutex::new(clock.now() + delay),
        period: delay.max(Duration::from_nanos(1)),
        callback: Mutex::new(Some(Box::new(code))),
        is_once,
        is_due: AtomicBool::new(false),
        cancelled: AtomicBool::new(false),
        changed: Condvar::new(),
        weak: weak.clone(),
    }));
    let shared = timer.0.clone();
    if place == Place::OnThread && !clock.is_manual() {
        let reports = runtime.reports().clone();
        spawn("pinzero-timer", move || run(&shared, &reports)).map_err(|error| {
            Error::new(ErrorKind::Io, "the timer's thread cannot be started").with_source(error)
        })?;
    } else {
        runtime.start()?;
        runtime.enter(|state| state.insert(id, Box::new(TimerTask(shared))));
    }
    Ok(timer)
}

/// Runs a timer on its own thread until it is cancelled.
fn run(shared: &TimerShared, reports: &Reports) {
    let _mask = reports.program_mask().wear();
    loop {
        let mut callback = shared.callback.lock();
        while !shared.cancelled.load(Ordering::Acquire) {
            let left = shared.next.lock().since(shared.clock.now());
            if left.is_zero() {
                break;
            }
            shared.changed.wait_for(&mut callback, left);
        }
        drop(callback);
        if shared.cancelled.load(Ordering::Acquire) {
            return;
        }
        let beat = shared.move_on(shared.clock.now());
        shared.call(reports);
        let now = shared.clock.now();
        // Unless `call_in` has set another one.
        if *shared.next.lock() == beat && beat <= now {
            shared.move_on(now);
        }
    }
}
