//! [`PolledInternalDevice`]: the common part of devices that are asked again and again.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::time::Instant;
use pinzero_core::{
    Device, Edge, Effects, Error, ErrorKind, Event, EventKind, Events, Gpio, Handler, Machine, Notify,
    Outcome, Result, Running, Source, Subscription, Timer,
};

use super::Limit;
use crate::input::Activity;
use crate::time::ms;
use crate::{Builder, Open, Site};

/// A device without a pin that is asked again and again while somebody listens: the common part of [`CpuTemperature`](crate::CpuTemperature),
/// [`DiskUsage`](crate::DiskUsage), [`LoadAverage`](crate::LoadAverage), [`PingServer`](crate::PingServer) and
/// [`TimeOfDay`](crate::TimeOfDay).
///
/// # Readings
/// The methods that return a reading, and [`is_active`](Self::is_active), take a new one on the calling thread.
///
/// While there is a handler, an iterator over events, a wait or a device that follows, the device also takes a reading at once and then every
/// [`event_delay`](Builder::event_delay), on a thread of its own: a reading that hangs delays no button, no blink, and no `close`. Without a
/// listener, nothing wakes up. On a virtual clock, readings are taken where handlers run.
///
/// The first reading causes no event. The `level` of an [`Event`] is high if the device became active, and low if inactive. An error of a reading in the background leaves the state as it is and goes to [`Gpio::on_error`], once
/// until a reading succeeds again.
///
/// Clones are handles of the same device, and dropping the last one closes the device.
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PolledInternalDevice(Arc<Shared>);

/// The options of every device that is asked again and again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Polling {
    /// The time between two readings; 1 ms or longer.
    pub event_delay: Duration,
}

impl Polling {
    pub(super) const fn every(event_delay: Duration) -> Polling {
        Polling { event_delay }
    }
}

/// Options of devices that are asked again and again.
impl<D: Open<O>, O: AsMut<Polling>> Builder<D, O> {
    /// Sets the time between two readings while somebody listens: 1 ms or longer. Default: see the device's `new`.
    pub fn event_delay(mut self, event_delay: Duration) -> Self {
        self.options.as_mut().event_delay = event_delay;
        self
    }
}

/// One reading of a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) value: f64,
    /// When the next reading is due, if not after the `event_delay`.
    pub(super) next: Option<Duration>,
}

impl From<f64> for Reading {
    fn from(value: f64) -> Self {
        Reading { value, next: None }
    }
}

impl From<bool> for Reading {
    fn from(active: bool) -> Self {
        f64::from(u8::from(active)).into()
    }
}

impl Reading {
    /// Fails if the reading says nothing.
    fn check(self) -> Result<Reading> {
        if self.value.is_nan() {
            let message =
                "a reading is no number (NaN): return an error from the `probe` if there is no reading";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        Ok(self)
    }
}

/// Takes a reading, and may block.
pub(super) type Probe = dyn Fn() -> Result<Reading> + Send + Sync;

/// Returns the place of a reading between two others: 0 for `min`, 1 for `max`, and never beyond, so that a LED can follow.
pub(super) fn scale(reading: f64, min: f64, max: f64) -> f64 {
    ((reading - min) / (max - min)).clamp(0.0, 1.0)
}

/// The shortest time between two readings.
const SHORTEST: Duration = ms(1);

struct Shared {
    running: Running<Watch>,
    probe: Arc<Probe>,
    event_delay: Duration,
    /// The name of what is read, for `Debug` and `Display`.
    source: String,
    device: &'static str,
    /// The number of waits and sources under way.
    listeners: AtomicUsize,
    /// Those that are told of each reading.
    followers: Mutex<Vec<Arc<Notify>>>,
    /// Takes the readings while somebody listens.
    timer: Mutex<Option<Timer>>,
}

impl PolledInternalDevice {
    pub(super) fn start(
        site: &Site,
        Polling { event_delay }: Polling,
        limit: Limit,
        source: String,
        probe: impl Fn() -> Result<Reading> + Send + Sync + 'static,
    ) -> Result<Self> {
        if event_delay < SHORTEST {
            let message = format!(
                "readings {event_delay:?} apart are too close: give an event_delay of 1 ms or longer"
            );
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(site.device()));
        }
        let running = site.machine().start(|_, _| Watch {
            limit,
            activity: Activity::default(),
            reading: None,
            taken: 0,
            is_polled: false,
        })?;
        Ok(PolledInternalDevice(Arc::new(Shared {
            running,
            probe: Arc::new(move || probe()?.check()),
            event_delay,
            source,
            device: site.device(),
            listeners: AtomicUsize::new(0),
            followers: Mutex::default(),
            timer: Mutex::new(None),
        })))
    }

    /// Takes a reading on this thread.
    pub(super) fn read(&self) -> Result<f64> {
        self.take_reading().map(|(reading, _)| reading)
    }

    /// Returns whether the device is active by a new reading.
    ///
    /// # Errors
    /// Any error of the reading, and [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        self.take_reading().map(|(_, is_active)| is_active)
    }

    fn take_reading(&self) -> Result<(f64, bool)> {
        let shared = &*self.0;
        shared.running.look(|_| ())?;
        let reading = (shared.probe)().map_err(|error| error.with_device(shared.device))?.value;
        Ok((reading, shared.take(reading)?))
    }

    /// Returns the time between two readings while somebody listens.
    pub fn event_delay(&self) -> Duration {
        self.0.event_delay
    }

    /// Returns how long the device has been active, as of its last reading; `None` if that was inactive, and before the first.
    pub fn active_time(&self) -> Option<Duration> {
        self.time(true)
    }

    /// Returns how long the device has been inactive, as of its last reading; `None` if that was active, and before the first.
    pub fn inactive_time(&self) -> Option<Duration> {
        self.time(false)
    }

    fn time(&self, active: bool) -> Option<Duration> {
        let now = self.gpio().now();
        self.0.running.peek(|watch| watch.activity.time(active, now)).flatten()
    }

    /// Calls `handler` whenever the device becomes active, as [Readings](Self#readings) says; see also
    /// [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_activated<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when(EventKind::Activated, handler)
    }

    /// Calls `handler` whenever the device becomes inactive, as [Readings](Self#readings) says; see also
    /// [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_deactivated<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when(EventKind::Deactivated, handler)
    }

    fn when<R: Outcome>(&self, kind: EventKind, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        let handler = self.0.running.on(kind, handler);
        self.0.poll_for_listener();
        handler
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.0.running.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events {
        let events = self.0.running.events();
        self.0.poll_for_listener();
        events
    }

    /// Blocks until the device is active; returns at once if a new reading says so.
    ///
    /// An error of a reading does not end the wait: the error goes to [`Gpio::on_error`], and the next reading is taken after the
    /// [`event_delay`](Builder::event_delay). So the wait has no end if no reading succeeds; see
    /// [`wait_for_active_timeout`](Self::wait_for_active_timeout).
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), also if the device is closed meanwhile.
    #[track_caller]
    pub fn wait_for_active(&self) -> Result<()> {
        self.wait(true, None).map(drop)
    }

    /// Blocks until the device is active, for at most `timeout`. Returns whether the device became active.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_active_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait(true, Some(timeout))
    }

    /// Blocks until the device is inactive; returns at once if a new reading says so.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_inactive(&self) -> Result<()> {
        self.wait(false, None).map(drop)
    }

    /// Blocks until the device is inactive, for at most `timeout`. Returns whether the device became inactive.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_inactive_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait(false, Some(timeout))
    }

    #[track_caller]
    fn wait(&self, active: bool, timeout: Option<Duration>) -> Result<bool> {
        let before = self.0.count(active);
        let listener = Listener::begin(&self.0)?;
        let reached = self.0.running.wait_until(timeout, listener.reaches(active, before))?;
        Ok(reached.is_some())
    }

    /// Waits until the device is active; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn activated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.reaches(true)
    }

    /// Waits until the device is inactive; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn deactivated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.reaches(false)
    }

    #[track_caller]
    fn reaches(&self, active: bool) -> impl Future<Output = Result<()>> + Send + '_ {
        let before = self.0.count(active);
        let listener = Listener::begin(&self.0);
        async move {
            // Readings are taken for as long as the future lives.
            let listener = listener?;
            self.0.running.until(listener.reaches(active, before)).await
        }
    }

    /// Returns the factory that the device was opened on, whose clock and threads it uses.
    pub fn gpio(&self) -> &Gpio {
        self.0.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.0.running.is_closed()
    }

    /// Closes the device and all its clones. Idempotent, from any thread.
    ///
    /// Ends all waits and all event iterators. Does not wait for a reading under way.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        let closed = self.0.running.close();
        self.0.rest();
        closed
    }

    /// Returns the values from now on: `convert` of each reading that differs from the one before. See [`Source`].
    pub(super) fn values<T: 'static>(&self, convert: impl Fn(f64) -> T + Send + 'static) -> Source<T> {
        let (device, own) = (self.0.clone(), self.0.clone());
        let mut listener = None;
        let read = move || {
            let number = match &listener {
                Some(Listener { number, .. }) => *number,
                // Readings are taken from the first question on, for as long as the source lives.
                None => listener.insert(Listener::begin(&device)?).number,
            };
            let fresh = device.running.look(|watch| watch.reading.filter(|_| watch.taken >= number))?;
            Ok(fresh.map(&convert))
        };
        Source::on_change(read, move |_, notify| Ok(own.tell(notify)))
    }

    /// Returns the name of what is read.
    pub(super) fn source(&self) -> &str {
        &self.0.source
    }

    /// Returns the last reading.
    pub(super) fn last(&self) -> Option<f64> {
        self.0.running.peek(|watch| watch.reading).flatten()
    }
}

impl Device for PolledInternalDevice {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.0.running]
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

// A panic elsewhere leaves no device half changed: its state is written under locks that do not poison.
impl UnwindSafe for PolledInternalDevice {}
impl RefUnwindSafe for PolledInternalDevice {}

impl fmt::Debug for PolledInternalDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.0.device, self.0.source)
    }
}

impl Shared {
    /// Passes a reading on, and returns whether the device is active by that.
    fn take(&self, reading: f64) -> Result<bool> {
        let is_active = self.running.change(|watch, effects| Ok(watch.take(reading, effects)))?;
        // Also of a reading like the last one: a source may wait for its first value.
        let followers = self.followers.lock().clone();
        followers.iter().for_each(|follower| follower.ring());
        Ok(is_active)
    }

    /// Tells a source of each reading, and of the end of the device.
    fn tell(self: &Arc<Self>, notify: &Notify) -> Vec<Subscription> {
        let (device, follower) = (Arc::downgrade(self), Arc::new(notify.clone()));
        self.followers.lock().push(follower.clone());
        let forget = Subscription::new(move || {
            if let Some(device) = device.upgrade() {
                device.followers.lock().retain(|other| !Arc::ptr_eq(other, &follower));
            }
        });
        // A handler is dropped with the device.
        vec![forget, self.running.on(EventKind::Activated, notify.handler()).into()]
    }

    /// Returns how often the device has entered a state.
    fn count(&self, active: bool) -> Option<u64> {
        self.running.peek(|watch| watch.activity.count(active))
    }

    /// Has readings taken from now on, until nobody listens. Returns the number of the first reading that is fresh.
    fn poll(self: &Arc<Self>) -> Result<u64> {
        let (is_polled, number) = self.running.change(|watch, _| {
            let is_polled = std::mem::replace(&mut watch.is_polled, true);
            // Between two readings the last one is fresh.
            let is_fresh = is_polled && watch.taken > 0;
            Ok((is_polled, watch.taken + u64::from(!is_fresh)))
        })?;
        if !is_polled {
            self.start().inspect_err(|_| self.forget_polling())?;
        }
        Ok(number)
    }

    /// Has readings taken for a handler or an iterator, whose caller gets no error.
    fn poll_for_listener(self: &Arc<Self>) {
        if let Err(error) = self.poll() {
            // A handler of a closed device has been reported already.
            if error.kind() != ErrorKind::Closed {
                self.running.report(error);
            }
        }
    }

    fn start(self: &Arc<Self>) -> Result<()> {
        let (device, probe) = (Arc::downgrade(self), self.probe.clone());
        let mut is_failing = false;
        let timer = self.running.gpio().every_on_thread(self.event_delay, move |timer| {
            is_failing = poll(&device, &*probe, &timer, is_failing);
        })?;
        // Stored first: on a virtual clock the first reading is taken within the next call.
        *self.timer.lock() = Some(timer.clone());
        timer.call_in(Duration::ZERO);
        Ok(())
    }

    /// Returns whether somebody listens. If not, the next listener starts anew.
    fn is_heard(&self) -> bool {
        let is_heard = || self.listeners.load(Ordering::Acquire) > 0 || self.running.is_heard();
        let checked = self.running.change(|watch, _| {
            watch.is_polled = is_heard();
            Ok(watch.is_polled)
        });
        // An error says that the device is closed.
        checked.unwrap_or(false)
    }

    fn forget_polling(&self) {
        // A closed device is not polled.
        let _ = self.running.change(|watch, _| {
            watch.is_polled = false;
            Ok(())
        });
    }

    /// Takes no further readings.
    fn rest(&self) {
        let timer = self.timer.lock().take();
        timer.iter().for_each(Timer::cancel);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.rest();
    }
}

/// Takes a reading in the background, or ends the timer if nobody listens. Returns whether the reading has failed. Reports the error
/// unless the reading before has failed too.
fn poll(device: &Weak<Shared>, probe: &Probe, timer: &Timer, was_failing: bool) -> bool {
    if !device.upgrade().is_some_and(|device| device.is_heard()) {
        timer.cancel();
        return false;
    }
    // The device may be closed, or its last handle dropped, during the reading.
    let reading = probe();
    let Some(device) = device.upgrade().filter(|device| !device.running.is_closed()) else { return false };
    match reading {
        Ok(Reading { value, next }) => {
            // An error says that the device has been closed just now.
            let _ = device.take(value);
            if let Some(next) = next {
                timer.call_in(next.max(SHORTEST));
            }
            false
        }
        Err(error) => {
            if !was_failing {
                device.running.report(error);
            }
            true
        }
    }
}

/// A wait or a source: readings are taken until it is dropped.
struct Listener {
    device: Arc<Shared>,
    /// The number of the first reading that is fresh.
    number: u64,
}

impl Listener {
    fn begin(device: &Arc<Shared>) -> Result<Self> {
        device.listeners.fetch_add(1, Ordering::AcqRel);
        let mut listener = Listener { device: device.clone(), number: 0 };
        listener.number = device.poll()?;
        Ok(listener)
    }

    /// Returns a closure that gives `Some` once the device is in that state by a fresh reading, or has entered the state since it had done
    /// so `before` times.
    fn reaches(&self, active: bool, before: Option<u64>) -> impl FnMut(&Watch) -> Option<()> + Send + use<> {
        let number = self.number;
        move |watch| (watch.taken >= number && watch.activity.has_reached(active, before)).then_some(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.device.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The state of a device, by its readings.
#[derive(Debug)]
struct Watch {
    limit: Limit,
    activity: Activity,
    reading: Option<f64>,
    /// The number of readings so far.
    taken: u64,
    /// Whether readings are taken in the background.
    is_polled: bool,
}

impl Watch {
    /// Takes note of a reading, and returns whether the device is active by that.
    fn take(&mut self, reading: f64, effects: &mut Effects<'_, Event>) -> bool {
        let is_active = self.limit.is_active(reading, self.activity.is_active());
        self.reading = Some(reading);
        self.taken += 1;
        let changed = self.activity.set(is_active, effects.now());
        if let Some(mut event) = changed {
            event.level = is_active.into();
            effects.emit(event);
        }
        // Waits look for the first state too, of which there is no event.
        effects.ring();
        is_active
    }
}

/// Without lines and deadlines: all comes by readings.
impl Machine for Watch {
    type Event = Event;

    fn edge(&mut self, _: usize, _: Edge, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}
