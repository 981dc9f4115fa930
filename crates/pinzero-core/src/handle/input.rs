//! [`Input`]: a line that is read, and whose edges become events.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::events::Events;
use super::input_lines::{InputLine, InputLines, Options};
use crate::device::Device;
#[allow(unused_imports, reason = "for the links in the docs")]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::event::{Event, EventKind, Kinded};
use crate::exit;
use crate::gpio::Gpio;
use crate::hub::Handler;
use crate::outcome::Outcome;
use crate::part::Owner;
use crate::pin_spec::PinSpec;
use crate::reserve::Reserver;
use crate::time::Instant;
use crate::types::{Bias, Level, Line};

const REMEDY: &str = "change the line before you wait";

/// Builder for an [`Input`] or for [`Inputs`](crate::Inputs); returned by [`Gpio::input`] and [`Gpio::inputs`].
#[must_use = "nothing is opened before `open`"]
pub struct InputBuilder<H = Input> {
    pub(super) gpio: Gpio,
    pub(super) specs: Vec<PinSpec>,
    pub(super) device: &'static str,
    pub(super) options: Options,
    handle: PhantomData<fn() -> H>,
}

impl<H> InputBuilder<H> {
    pub(crate) fn new(gpio: &Gpio, specs: Vec<PinSpec>, device: &'static str) -> Self {
        InputBuilder { gpio: gpio.clone(), specs, device, options: Options::default(), handle: PhantomData }
    }

    /// Sets the bias. Default: as it is.
    pub fn bias(mut self, bias: Bias) -> Self {
        self.options.bias = bias;
        self
    }

    /// Sets the level that counts as active. Default: high.
    pub fn active(mut self, level: Level) -> Self {
        self.options.active = level;
        self
    }

    /// Reports [`EventKind::Pressed`] and [`EventKind::Released`], as a button does. Default: [`EventKind::Activated`] and
    /// [`EventKind::Deactivated`].
    pub fn pressed_and_released(mut self) -> Self {
        self.options.kinds = [EventKind::Pressed, EventKind::Released];
        self
    }

    /// Sets how long the level must be steady before a change counts. Default: zero, which is off.
    pub fn settle(mut self, time: Duration) -> Self {
        self.options.settle = Some(time);
        self
    }

    /// Sets how long changes are ignored after one that counted. Default: zero, which is off.
    pub fn lockout(mut self, time: Duration) -> Self {
        self.options.lockout = Some(time);
        self
    }

    /// Reports [`EventKind::Held`] when the input has been active for `time`. Default: never.
    ///
    /// On an input that is active when it is opened, the time counts from then.
    pub fn hold(mut self, time: Duration) -> Self {
        self.options.hold = Some(time);
        self
    }

    /// Reports [`EventKind::Held`] again `every` so often, 10 ms or longer, from the first one on. Default: once. Has no effect
    /// without [`hold`](InputBuilder::hold).
    pub fn hold_repeat(mut self, every: Duration) -> Self {
        self.options.hold_repeat = Some(every);
        self
    }

    /// Reports clicks, double clicks and (with [`hold`](InputBuilder::hold)) long presses. Default: none of them.
    ///
    /// The second press of a double click comes at most `gap` after the first release.
    pub fn clicks(mut self, gap: Duration) -> Self {
        self.options.clicks = Some(gap);
        self
    }

    /// Reports [`EventKind::Sampled`] every `period`, which is at least 1 ms. Default: never.
    ///
    /// A sample is due at an exact instant, and has the level after the last edge before it: the line is not read.
    ///
    /// ```
    /// use pinzero::{EventKind, Level, mock, time::ms};
    ///
    /// let gpio = mock::gpio();
    /// let sensor = gpio.input(24).sample(ms(10)).open()?;
    /// let mut samples = sensor.events().filter(|event| event.kind == EventKind::Sampled);
    /// gpio.line(24).script([(ms(15), Level::High), (ms(16), Level::Low), (ms(29), Level::High)]);
    /// gpio.advance(ms(30));
    /// let levels: Vec<Level> = samples.by_ref().take(3).map(|sample| sample.level).collect();
    /// assert_eq!(levels, [Level::Low, Level::Low, Level::High]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn sample(mut self, period: Duration) -> Self {
        self.options.sample = Some(period);
        self
    }

    /// Sets how often the level is read if the factory reports no edges. Default: 5 ms; at least 100 µs.
    ///
    /// Pulses shorter than this are missed. If the factory reports edges, this has no effect.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.options.poll = interval;
        self
    }

    /// Sets the device name in error messages. Default: the name of the handle.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }
}

impl InputBuilder<Input> {
    /// Opens the line. The level at this moment is the first state and causes no event.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse),
    /// [`FixedPull`](ErrorKind::FixedPull), [`Busy`](ErrorKind::Busy), [`Unsupported`](ErrorKind::Unsupported),
    /// [`InvalidValue`](ErrorKind::InvalidValue), [`Closed`](ErrorKind::Closed), and any I/O error.
    #[track_caller]
    pub fn open(self) -> Result<Input> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        self.gpio.context(&self.specs[0], self.device, || {
            let lines = InputLines::open(&self.gpio, &self.specs, &self.options, reserver, false)?;
            Ok(Input::new(lines.lines[0].clone(), lines))
        })
    }
}

impl<H> Clone for InputBuilder<H> {
    fn clone(&self) -> Self {
        let InputBuilder { gpio, specs, device, options, handle } = self;
        InputBuilder {
            gpio: gpio.clone(),
            specs: specs.clone(),
            device,
            options: options.clone(),
            handle: *handle,
        }
    }
}

impl<H> fmt::Debug for InputBuilder<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputBuilder")
            .field("pins", &self.specs)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A line that is read. Clones share one line; dropping the last clone closes it.
///
/// ```
/// use pinzero::{Bias, EventKind, Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let button = gpio.input(2).bias(Bias::PullUp).active(Level::Low).open()?;
/// let mut events = button.events();
/// gpio.advance(ms(30));
/// gpio.line(2).drive(Level::Low);
/// let event = events.next().unwrap();
/// assert_eq!((event.kind, event.at), (EventKind::Activated, gpio.now()));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the line is closed when the last handle is dropped"]
pub struct Input {
    line: Arc<InputLine>,
    /// Closes the line, and the lines opened with it, when their last handle is dropped.
    owner: Arc<dyn Owner>,
}

impl UnwindSafe for Input {}
impl RefUnwindSafe for Input {}

impl Input {
    pub(super) fn new(line: Arc<InputLine>, owner: Arc<dyn Owner>) -> Self {
        Input { line, owner }
    }

    /// Returns the level on the line now, without debouncing.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn level(&self) -> Result<Level> {
        self.line.lifecycle.check_home()?;
        exit::hold(self.line.pin.level()).map_err(|error| self.line.reason(error))
    }

    /// Returns whether the input is active, after debouncing if a settle or lockout time is set.
    ///
    /// # Errors
    /// See [`level`](Input::level).
    pub fn is_active(&self) -> Result<bool> {
        if !self.line.is_debounced {
            return Ok(self.level()? == self.line.active);
        }
        exit::hold(self.line.lifecycle.check_open()).map_err(|error| self.line.reason(error))?;
        Ok(self.line.status().level == self.line.active)
    }

    /// Returns the level at which the input is active.
    pub fn active_level(&self) -> Level {
        self.line.active
    }

    /// Returns whether the input was active at its last event. Does not read the line.
    pub fn was_active(&self) -> bool {
        self.line.status().level == self.line.active
    }

    /// Returns how long the input has been active; `None` if it is inactive.
    pub fn active_time(&self) -> Option<Duration> {
        self.time_at(self.line.active)
    }

    /// Returns how long the input has been inactive; `None` if it is active.
    pub fn inactive_time(&self) -> Option<Duration> {
        self.time_at(!self.line.active)
    }

    fn time_at(&self, level: Level) -> Option<Duration> {
        let status = self.line.status();
        (status.level == level).then(|| self.gpio().now() - status.since)
    }

    /// Returns whether the input has been active for the hold time.
    pub fn is_held(&self) -> bool {
        self.line.status().is_held
    }

    /// Returns how many edges have been lost so far.
    pub fn missed(&self) -> u64 {
        self.line.status().missed
    }

    /// Calls `handler` on every event of `kind`. Handlers add up; earlier ones stay as long as the input is open.
    ///
    /// Handlers run on a thread of the factory (on a virtual clock: on the thread that moves the clock), in the order of the
    /// events and one at a time over the whole factory. A handler may block, close devices and panic without harm to others.
    /// Its error goes to [`Gpio::on_error`]. While handlers are slow, up to 1,024 events of the input wait for them; older ones
    /// are dropped and counted in [`Event::missed`], but never the last of a kind. A device that floods delays an event of
    /// another by at most 64 of its own; but for that, all events come in the order of their times.
    pub fn on<R: Outcome>(
        &self,
        kind: EventKind,
        handler: impl FnMut(Event) -> R + Send + 'static,
    ) -> Handler {
        self.line.lifecycle.begin();
        self.line.hub.on(kind, handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.line.hub.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the input is closed.
    pub fn events(&self) -> Events {
        Events::new(self.gpio(), &self.line.hub)
    }

    /// Blocks until the input is active (or, with `false`, inactive). Returns at once if the input is in that state already.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the input is closed meanwhile, [`Disconnected`](ErrorKind::Disconnected), and any
    /// I/O error.
    ///
    /// # Panics
    /// On a virtual clock, if nothing scheduled (a script, a timer, a blink) can end the wait.
    #[track_caller]
    pub fn wait_for(&self, active: bool) -> Result<()> {
        self.wait_until(active, None).map(drop)
    }

    /// Blocks until the input is active (or, with `false`, inactive). Returns `false` on timeout.
    ///
    /// # Errors
    /// See [`wait_for`](Input::wait_for).
    #[track_caller]
    pub fn wait_for_timeout(&self, active: bool, timeout: Duration) -> Result<bool> {
        self.wait_until(active, Some(self.gpio().now() + timeout))
    }

    #[track_caller]
    fn wait_until(&self, active: bool, deadline: Option<Instant>) -> Result<bool> {
        let reached = self.reaches(active)?;
        let remedy = || self.line.hub.remedy(REMEDY);
        self.gpio().runtime().wait(self.line.hub.bell(), deadline, remedy, reached).unwrap_or(Ok(false))
    }

    /// Resolves when the input is active (or, with `false`, inactive); for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for`](Input::wait_for).
    ///
    /// # Panics
    /// See [`wait_for`](Input::wait_for).
    #[track_caller]
    pub fn reached(&self, active: bool) -> impl Future<Output = Result<()>> + Send + '_ {
        let place = Location::caller();
        // Here and not in the future: what happens before its first poll counts.
        let reached = self.reaches(active);
        async move {
            let reached = reached?;
            let remedy = || format!("{} (the wait is at {place})", self.line.hub.remedy(REMEDY));
            self.gpio().runtime().until(self.line.hub.bell(), remedy, reached).await.map(drop)
        }
    }

    /// Resolves at the next event of `kind`, counted from this call; for `async` code, on any executor.
    ///
    /// An event between two calls is missed. To see all, take one [`events`](Input::events) and its
    /// [`next_async`](Events::next_async).
    ///
    /// # Errors
    /// See [`wait_for`](Input::wait_for).
    ///
    /// # Panics
    /// See [`wait_for`](Input::wait_for).
    #[track_caller]
    pub fn next_event(&self, kind: EventKind) -> impl Future<Output = Result<Event>> + Send + '_ {
        let place = Location::caller();
        let mut events = self.events();
        let hub = &self.line.hub;
        async move {
            let remedy = || format!("{} (the wait is at {place})", hub.remedy(REMEDY));
            let next = || loop {
                match events.poll()? {
                    Some(event) if Event::bit(event.kind) == Event::bit(kind) => return Some(Ok(event)),
                    Some(_) => {}
                    None => return hub.ended().map(|error| Err(error.with_pin(self.line.line))),
                }
            };
            self.gpio().runtime().until(hub.bell(), remedy, next).await
        }
    }

    /// Returns a closure that gives `Some` once the input is in that state, or has been since this call.
    fn reaches(&self, active: bool) -> Result<impl FnMut() -> Option<Result<bool>> + use<'_>> {
        let line: &InputLine = &self.line;
        let count = move || {
            let status = line.status();
            if active { status.activations } else { status.deactivations }
        };
        line.lifecycle.check_home()?;
        // Counted first, so that a short press between the count and the read is not missed.
        let before = count();
        let there = self.is_active()? == active;
        Ok(move || {
            if there || count() != before {
                return Some(Ok(true));
            }
            line.hub.ended().map(|error| Err(error.with_pin(line.line)))
        })
    }

    /// Returns the line's number on its chip.
    pub fn line(&self) -> Line {
        self.line.line
    }

    /// Returns the factory that the input belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.line.lifecycle.gpio()
    }

    /// Returns whether the input has been closed, or lost: its chip is gone, for instance.
    pub fn is_closed(&self) -> bool {
        self.line.lifecycle.is_closed() || self.line.hub.is_closed()
    }

    /// Gives the line back, removes the handlers and ends all waits with [`Closed`](ErrorKind::Closed). Idempotent, from any
    /// thread and from the input's own handlers. Closes the inputs that were opened together with this one, too.
    ///
    /// # Errors
    /// Any I/O error; the line is given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.owner.close()
    }
}

impl Device for Input {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.gpio()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({}, {})", self.line.line, self.line.status().level)
    }
}
