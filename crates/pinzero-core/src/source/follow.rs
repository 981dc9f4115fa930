//! [`Follower`]: has lines, or user code, take the values of a source.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_listener::Event as Bell;
use parking_lot::Mutex;

use super::notify::{Listen, Pace};
use super::{Source, Step, Subscription, check_period};
use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::gpio::Gpio;
use crate::hub::{Deliver, Delivered, survive};
use crate::outcome::Outcome;
use crate::part::{AnimationEnd, Lead, Owner, Part, Timing};
use crate::process::Home;
use crate::report::Reports;
use crate::runtime::{Next, Outbox, RuntimeRef, State, Task, TaskId};
use crate::sync::AtomicBool;
use crate::time::{Clock, Instant};
use crate::timer::Background;

/// A device that takes the values of a source in the background.
///
/// Dropping a `Follower` does not end it. It ends with its source, by [`stop`](Follower::stop), when the device is closed, and, as a blink does, when a
/// write or another animation takes the device over. It is also a handle of its device, as an [`Animation`](crate::Animation) is.
///
/// An error, of the source or of a write, is told to [`Gpio::on_error`], the first of a series only, and the follower goes on with the
/// next value.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::AnimationEnd;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let (button, led) = (Button::new(2)?, Led::new(17)?);
/// let follower = led.follow(button.values())?;
/// gpio.line(2).press(secs(1));
/// gpio.advance(ms(500));
/// assert!(led.is_lit()?);
/// button.close()?;
/// assert_eq!(follower.wait()?, AnimationEnd::Finished);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
pub struct Follower {
    gpio: Gpio,
    shared: Arc<Shared>,
    /// Keeps the lines open.
    _owners: Arc<[Arc<dyn Owner>]>,
}

impl UnwindSafe for Follower {}
impl RefUnwindSafe for Follower {}

/// Asks the source, and passes a new value on.
type Work = Box<dyn FnMut(Instant) -> Result<Done> + Send>;

/// Whether there is more to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    More,
    Over,
}

struct Shared {
    id: TaskId,
    runtime: RuntimeRef,
    clock: Clock,
    reports: Reports,
    home: Home,
    /// `None` while it runs, and always after the end.
    work: Mutex<Option<Work>>,
    /// Set when the source is to be asked once more.
    again: AtomicBool,
    /// Set while a call waits for its turn.
    is_due: AtomicBool,
    /// Set if the last answer was an error.
    has_failed: AtomicBool,
    subscriptions: Mutex<Vec<Subscription>>,
    finished: AtomicBool,
    /// How it ended; the first to say so counts.
    end: Mutex<Option<AnimationEnd>>,
    bell: Arc<Bell>,
}

impl Shared {
    /// Asks the source on this thread, unless another one is doing so and will ask again.
    fn ask(&self) {
        self.again.store(true, Ordering::Release);
        while self.again.load(Ordering::Acquire) && !self.is_finished() {
            let Some(mut work) = self.work.lock().take() else { return };
            self.again.store(false, Ordering::Release);
            let done = survive(|| work(self.clock.now())).and_then(|done| done);
            let done = match done {
                Ok(done) => {
                    self.has_failed.store(false, Ordering::Release);
                    done
                }
                Err(error) if error.kind() == ErrorKind::Closed => Done::Over,
                Err(error) => {
                    if !self.has_failed.swap(true, Ordering::AcqRel) {
                        let told = Error::new(error.kind(), "a device could not follow its source");
                        self.reports.report(&told.with_source(error));
                    }
                    Done::More
                }
            };
            match done {
                Done::More => *self.work.lock() = Some(work),
                Done::Over => {
                    drop(work);
                    self.finish(AnimationEnd::Finished);
                }
            }
        }
        if self.is_finished() {
            // The end came while the work ran.
            self.release();
        }
    }

    /// Drops what is user code, without a lock. The subscriptions first: the source may be the last to hold a device.
    fn release(&self) {
        let subscriptions = std::mem::take(&mut *self.subscriptions.lock());
        drop(subscriptions);
        let work = self.work.lock().take();
        drop(work);
    }

    fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Ends the follower. The caller does not hold the runtime's lock.
    fn finish(&self, end: AnimationEnd) {
        self.end.lock().get_or_insert(end);
        if self.home.is_elsewhere() || self.finished.swap(true, Ordering::AcqRel) {
            return;
        }
        self.runtime.enter(|state| state.remove(self.id));
        self.release();
        self.bell.notify(usize::MAX);
    }
}

impl Listen for Shared {
    fn ring(&self) {
        if !self.home.is_elsewhere() {
            self.ask();
        }
    }

    fn ring_later(&self) {
        if !self.home.is_elsewhere() && !self.is_finished() {
            self.again.store(true, Ordering::Release);
            self.runtime.reschedule(self.id);
        }
    }
}

impl Background for Shared {
    fn is_active(&self) -> bool {
        !self.home.is_elsewhere() && !self.is_finished()
    }

    fn cancel(&self) {
        self.finish(AnimationEnd::Closed);
    }
}

impl Deliver for Shared {
    fn deliver(&self, _: usize, _: &Reports) -> Delivered {
        self.is_due.store(false, Ordering::Release);
        self.ask();
        Delivered::default()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Has the source asked on its beat, and ends with the lines.
#[derive(Debug)]
struct FollowTask {
    shared: Arc<Shared>,
    lead: Lead,
    /// The time of the next question; `None` if events cause it.
    at: Option<Instant>,
    period: Duration,
}

impl Task for FollowTask {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        if let Some(at) = self.at.filter(|at| *at <= now) {
            self.at = Some(at.next_beat(self.period, now));
        } else if !self.shared.again.load(Ordering::Acquire) {
            return;
        }
        self.shared.again.store(false, Ordering::Release);
        if !self.shared.is_due.swap(true, Ordering::AcqRel) {
            outbox.call(self.shared.clone(), 1);
        }
    }

    fn next(&self) -> Next {
        if self.shared.is_finished() || self.lead.left_by(self.shared.id).is_some() {
            return Next::Done;
        }
        if self.shared.again.load(Ordering::Acquire) && self.shared.work.lock().is_some() {
            return Next::At(Instant::ZERO);
        }
        self.at.map_or(Next::Idle, Next::At)
    }
}

/// The runtime drops an ended task without its lock.
impl Drop for FollowTask {
    fn drop(&mut self) {
        let end = self.lead.left_by(self.shared.id).unwrap_or(AnimationEnd::Closed);
        self.lead.give_back(self.shared.id);
        self.shared.finish(end);
    }
}

impl<T: 'static> Source<T> {
    /// Calls `code` with each value, in the background: where the handlers of devices run, one at a time. A value that equals the one before is
    /// left out.
    ///
    /// The follower ends with the source, by [`Follower::stop`] and with the factory. Code that owns a device keeps the device open
    /// until then.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let button = Button::new(2)?;
    /// button.values().for_each(&gpio, |pressed| println!("{pressed}"))?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// That of the source for its first value; [`InvalidValue`](ErrorKind::InvalidValue) if the source is faster than one value in 100 µs;
    /// [`Closed`](ErrorKind::Closed), and [`Io`](ErrorKind::Io) if the system gives no thread.
    pub fn for_each<R: Outcome>(
        self,
        gpio: &Gpio,
        mut code: impl FnMut(T) -> R + Send + 'static,
    ) -> Result<Follower>
    where
        T: Clone + PartialEq + Send,
    {
        let (lead, owners) = Lead::new([])?;
        self.start(gpio, lead, owners, move |_, value| code(value).into_error().map_or(Ok(()), Err))
    }

    /// Writes each value to lines: `values` returns a value from 0 to 1 for each part, and they change in one step. For
    /// [`SetValue::follow`](crate::SetValue::follow) of a device made of outputs.
    ///
    /// The lines belong to the follower as to an [`Animation`](crate::Animation): a line that is written directly leaves, the others go on, and the last
    /// handle of the device ends the follower.
    ///
    /// ```
    /// use pinzero::{Level, Source, mock, time::ms};
    ///
    /// let gpio = mock::gpio();
    /// let lamps = gpio.group([17, 27]).open()?.outputs();
    /// let counter = Source::from(0..4).every(ms(10));
    /// let parts: Vec<_> = lamps.iter().map(|lamp| lamp.part(Level::High)).collect();
    /// let count = |n: i32| Ok(vec![f64::from(n & 1), f64::from(n >> 1)]);
    /// counter.write_together(parts, count)?.wait()?;
    /// assert_eq!(gpio.line(17).history().len(), 3);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`for_each`](Self::for_each), and [`Part::write_together`] for the first value.
    pub fn write_together(
        self,
        parts: impl IntoIterator<Item = Part>,
        mut values: impl FnMut(T) -> Result<Vec<f64>> + Send + 'static,
    ) -> Result<Follower>
    where
        T: Clone + PartialEq + Send,
    {
        self.start_on(parts, move |lead, value| {
            let writes: Vec<(usize, f64)> = values(value)?.into_iter().enumerate().collect();
            lead.write(Timing::Together, &writes)
        })
    }

    /// Writes each value to lines, one after the other: `values` returns numbers of parts, and a value from 0 to 1 for each. See
    /// [`write_together`](Self::write_together) and [`Part::write_in_order`].
    ///
    /// # Errors
    /// See [`write_together`](Self::write_together).
    pub fn write_in_order(
        self,
        parts: impl IntoIterator<Item = Part>,
        mut values: impl FnMut(T) -> Result<Vec<(usize, f64)>> + Send + 'static,
    ) -> Result<Follower>
    where
        T: Clone + PartialEq + Send,
    {
        self.start_on(parts, move |lead, value| lead.write(Timing::InOrder, &values(value)?))
    }

    fn start_on(
        self,
        parts: impl IntoIterator<Item = Part>,
        write: impl FnMut(&Leader, T) -> Result<()> + Send + 'static,
    ) -> Result<Follower>
    where
        T: Clone + PartialEq + Send,
    {
        let parts: Vec<Part> = parts.into_iter().collect();
        let Some(gpio) = parts.first().map(|part| part.gpio().clone()) else {
            let message = "a follower has one line at least";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        };
        let (lead, owners) = Lead::new(parts)?;
        self.start(&gpio, lead, owners, write)
    }

    /// Starts to follow. `write` takes the values of what `lead` leads, and `owners` keep that open.
    pub(crate) fn start(
        self,
        gpio: &Gpio,
        lead: Lead,
        owners: Vec<Arc<dyn Owner>>,
        mut write: impl FnMut(&Leader, T) -> Result<()> + Send + 'static,
    ) -> Result<Follower>
    where
        T: Clone + PartialEq + Send,
    {
        gpio.check_open()?;
        let Source { mut pull, pace } = self;
        let period = pace.period;
        period.map_or(Ok(()), check_period)?;
        let runtime = gpio.runtime();
        exit::hold(runtime.start())?;
        let id = runtime.reserve();
        let leader = Leader { lead: lead.clone(), id };
        let mut last = None;
        let work = move |now| {
            let (value, done) = match pull(now)? {
                Step::End => return Ok(Done::Over),
                Step::Nothing => return Ok(Done::More),
                Step::Value(value) => (value, Done::More),
                Step::Last(value) => (value, Done::Over),
            };
            if last.as_ref() != Some(&value) {
                write(&leader, value.clone())?;
                last = Some(value);
            }
            Ok(done)
        };
        let shared = Arc::new(Shared {
            id,
            runtime: runtime.downgrade(),
            clock: runtime.clock().clone(),
            reports: runtime.reports().clone(),
            home: gpio.home(),
            work: Mutex::new(Some(Box::new(work))),
            again: AtomicBool::new(false),
            is_due: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            subscriptions: Mutex::default(),
            finished: AtomicBool::new(false),
            end: Mutex::default(),
            bell: Arc::default(),
        });
        let at = period.map(|period| gpio.now() + period);
        let period = period.unwrap_or_default();
        let task = FollowTask { shared: shared.clone(), lead: lead.clone(), at, period };
        runtime.enter(|state| {
            lead.take(id, state);
            state.insert(id, Box::new(task));
        });
        let follower = Follower { gpio: gpio.clone(), shared, _owners: owners.into() };
        follower.begin(&lead, pace).inspect_err(|_| follower.shared.finish(AnimationEnd::Stopped))?;
        Ok(follower)
    }
}

/// What a follower leads, as its work writes it.
pub(crate) struct Leader {
    lead: Lead,
    id: TaskId,
}

impl Leader {
    fn write(&self, timing: Timing, writes: &[(usize, f64)]) -> Result<()> {
        self.lead.write(self.id, timing, writes)
    }

    /// Runs `write` with the runtime's lock held, unless something else leads by now.
    pub(crate) fn write_by(
        &self,
        runtime: &RuntimeRef,
        write: impl FnOnce(&mut State) -> Result<()>,
    ) -> Result<()> {
        let mut written = Ok(());
        runtime.enter(|state| {
            if self.lead.is_led_by(self.id) {
                written = write(state);
            }
        });
        written
    }
}

impl Follower {
    /// Subscribes, and passes the first value on; the caller gets its error.
    fn begin(&self, lead: &Lead, pace: Pace) -> Result<()> {
        let shared = &self.shared;
        let weak: Weak<Shared> = Arc::downgrade(shared);
        let subscriptions = pace.subscribe(&self.gpio, weak)?;
        *shared.subscriptions.lock() = subscriptions;
        let background: Weak<dyn Background> = Arc::<Shared>::downgrade(shared);
        self.gpio.register_background(background)?;
        let Some(mut work) = shared.work.lock().take() else { return Ok(()) };
        let first = survive(|| work(self.gpio.now())).and_then(|first| first);
        *shared.work.lock() = Some(work);
        if shared.is_finished() {
            shared.release();
        }
        self.gpio.runtime().catch_up();
        match exit::hold(first)? {
            Done::Over => shared.finish(AnimationEnd::Finished),
            Done::More if shared.again.load(Ordering::Acquire) => shared.ask(),
            Done::More => {}
        }
        exit::hold(lead.confirm())
    }

    /// Returns whether the follower is running.
    pub fn is_running(&self) -> bool {
        self.shared.is_active()
    }

    /// Ends the follower. The device keeps the value that it has. Idempotent, from any thread.
    pub fn stop(&self) {
        self.shared.finish(AnimationEnd::Stopped);
    }

    /// Blocks until the follower ends, and returns how: [`Finished`](AnimationEnd::Finished) with its source.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) in a forked child of the process that opened the device.
    ///
    /// # Panics
    /// On a virtual clock, if nothing scheduled can end the wait.
    #[track_caller]
    pub fn wait(&self) -> Result<AnimationEnd> {
        let ended = self.gpio.runtime().wait(&self.shared.bell, None, remedy, || self.ended());
        ended.unwrap_or(Ok(AnimationEnd::Closed))
    }

    /// Blocks until the follower ends, for at most `timeout`. Returns `None` on timeout.
    ///
    /// # Errors
    /// See [`wait`](Follower::wait).
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<Option<AnimationEnd>> {
        let deadline = Some(self.gpio.now() + timeout);
        self.gpio.runtime().wait(&self.shared.bell, deadline, remedy, || self.ended()).transpose()
    }

    /// Resolves when the follower ends, and tells how; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait`](Follower::wait).
    ///
    /// # Panics
    /// See [`wait`](Follower::wait).
    #[track_caller]
    pub fn finished(&self) -> impl Future<Output = Result<AnimationEnd>> + Send + '_ {
        let place = Location::caller();
        let remedy = move || format!("{} (the wait is at {place})", remedy());
        self.gpio.runtime().until(&self.shared.bell, remedy, || self.ended())
    }

    fn ended(&self) -> Option<Result<AnimationEnd>> {
        if let Err(elsewhere) = self.gpio.home().check() {
            return Some(Err(elsewhere));
        }
        let end = || (*self.shared.end.lock()).unwrap_or(AnimationEnd::Closed);
        self.shared.is_finished().then(|| Ok(end()))
    }
}

fn remedy() -> String {
    "the source has no end: give it one by `take`, or stop the follower from a timer or a handler".to_owned()
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Follower({})", if self.is_running() { "running" } else { "ended" })
    }
}
