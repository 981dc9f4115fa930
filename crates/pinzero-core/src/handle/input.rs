//! A line that is read, and whose edges become events.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::capability::Support;
use crate::device::Device;
use crate::emulate::polling::Polled;
#[allow(unused_imports, reason = "for the links in the docs")]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::event::{Event, EventKind, Handler, Hub, Outcome, Queue};
use crate::factory::{InputConfig, Pin};
use crate::gpio::Gpio;
use crate::handle::line_info::{LineFunction, LineInfo};
use crate::handle::reserve::Reserver;
use crate::handle::{Close, HandleRef, Lifecycle};
use crate::machine::{Change, Click, Debounce, Gesture, Hold};
use crate::pin_spec::PinSpec;
use crate::runtime::{Effects, Next, Task, TaskId};
use crate::time::{Instant, ms};
use crate::types::{Bias, Edge, Level, Line};

/// How to open an [`Input`]; made by [`Gpio::input`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct InputBuilder {
    gpio: Gpio,
    spec: PinSpec,
    device: &'static str,
    bias: Bias,
    active: Level,
    settle: Option<Duration>,
    lockout: Option<Duration>,
    hold: Option<(Duration, bool)>,
    clicks: Option<Duration>,
    poll: Duration,
}

impl InputBuilder {
    pub(crate) fn new(gpio: Gpio, spec: PinSpec) -> Self {
        InputBuilder {
            gpio,
            spec,
            device: "Input",
            bias: Bias::AsIs,
            active: Level::High,
            settle: None,
            lockout: None,
            hold: None,
            clicks: None,
            poll: ms(5),
        }
    }

    /// The resistor to set; as it is if nothing is said.
    pub fn bias(mut self, bias: Bias) -> Self {
        self.bias = bias;
        self
    }

    /// The level that counts as active; high if nothing is said.
    pub fn active(mut self, level: Level) -> Self {
        self.active = level;
        self
    }

    /// How long the level must be steady before a change counts. Zero is off.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settle = Some(time);
        self
    }

    /// How long changes are ignored after one that counted. Zero is off.
    pub fn lockout(mut self, time: Duration) -> Self {
        self.lockout = Some(time);
        self
    }

    /// Reports [`EventKind::Held`] after `time`; with `repeat` after each further `time` too.
    pub fn hold(mut self, time: Duration, repeat: bool) -> Self {
        self.hold = Some((time, repeat));
        self
    }

    /// Reports clicks, double clicks and (with [`hold`](InputBuilder::hold)) long presses; the second press of a double
    /// click comes at most `gap` after the first release.
    pub fn clicks(mut self, gap: Duration) -> Self {
        self.clicks = Some(gap);
        self
    }

    /// How often the level is read where the factory reports no edges; 5 ms if nothing is said, 100 µs at the least.
    ///
    /// Of pulses that are shorter nothing is seen. Where the factory reports edges this has no effect.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = interval;
        self
    }

    /// What error messages call the reserver of the line.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the line. The level at this moment is the first state, and no event.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse),
    /// [`FixedPull`](ErrorKind::FixedPull), [`Busy`](ErrorKind::Busy), [`Unsupported`](ErrorKind::Unsupported),
    /// [`Closed`](ErrorKind::Closed), and those of the system.
    #[track_caller]
    pub fn open(self) -> Result<Input> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let gpio = self.gpio.clone();
        let spec = self.spec.clone();
        gpio.context(&spec, self.device, move || self.open_as(reserver))
    }

    fn open_as(self, reserver: Reserver) -> Result<Input> {
        let gpio = self.gpio;
        let capabilities = gpio.capabilities();
        if !capabilities.input.is_available() {
            return Err(Error::unsupported("an input"));
        }
        let is_polled = capabilities.edges == Support::Emulated;
        let reservation = gpio.reserve(&self.spec, reserver)?;
        let line = reservation.line();
        gpio.check_bias(line, self.bias)?;
        gpio.runtime().start()?;
        let task = gpio.runtime().reserve();
        gpio.runtime().enter(|state, _| state.expect(task));
        let edges = (!is_polled).then(|| gpio.runtime().sink(task));
        // One or the other: twice would be twice as long.
        let is_settled =
            !is_polled && self.settle.is_some_and(|time| !time.is_zero() && time <= capabilities.settle);
        let (far, near) = if is_settled { (self.settle, None) } else { (None, self.settle) };
        let config = InputConfig { bias: self.bias, settle: far, edges };
        let opened = gpio.factory().open_input(line, config).and_then(|pin| {
            let level = pin.level()?;
            Ok((pin, level))
        });
        let (pin, level) = match opened {
            Ok((pin, level)) => (Arc::<dyn Pin>::from(pin), level),
            Err(error) => {
                gpio.runtime().remove(task);
                return Err(error);
            }
        };
        let debounce = Debounce::new(level, near, self.lockout);
        let is_filtered = is_settled || !debounce.is_open();
        let now = gpio.now();
        let status =
            Status { level, since: now, activations: 0, deactivations: 0, is_held: false, missed: 0 };
        let shared = Arc::new(InputShared {
            lifecycle: Lifecycle::new(&gpio, vec![reservation]),
            pin,
            task,
            hub: Arc::default(),
            status: Arc::new(Mutex::new(status)),
            active: self.active,
            bias: self.bias,
            is_filtered,
        });
        let input_task = InputTask {
            pin: shared.pin.clone(),
            debounce,
            hold: self.hold.map(|(time, repeat)| Hold::new(time, repeat)),
            click: self.clicks.map(Click::new),
            active: self.active,
            status,
            shown: shared.status.clone(),
            hub: shared.hub.clone(),
            missed: 0,
            decided: Instant::ZERO,
        };
        let input_task: Box<dyn Task> = match is_polled {
            true => Box::new(Polled::new(input_task, shared.pin.clone(), level, now, self.poll)),
            false => Box::new(input_task),
        };
        shared
            .lifecycle
            .gpio()
            .runtime()
            .enter(|state, effects| state.insert(task, input_task, now, effects));
        Ok(Input(HandleRef::register(shared)?))
    }
}

/// A line that is read. A cheap handle: clones read the same line, and the last one to go closes it.
///
/// ```
/// use pinzero_core::{Bias, EventKind, Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let button = gpio.input(2).bias(Bias::PullUp).active(Level::Low).open()?;
/// let mut events = button.events();
/// gpio.advance(ms(30));
/// gpio.line(2).drive(Level::Low);
/// let event = events.next().unwrap();
/// assert_eq!((event.kind, event.at), (EventKind::Activated, gpio.now()));
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Input(Arc<HandleRef<InputShared>>);

#[derive(Debug)]
struct InputShared {
    lifecycle: Lifecycle,
    pin: Arc<dyn Pin>,
    task: TaskId,
    hub: Arc<Hub>,
    status: Arc<Mutex<Status>>,
    active: Level,
    bias: Bias,
    is_filtered: bool,
}

/// What the events so far have come to. Its lock is a leaf.
#[derive(Debug, Clone, Copy)]
struct Status {
    level: Level,
    since: Instant,
    activations: u64,
    deactivations: u64,
    is_held: bool,
    missed: u64,
}

impl Input {
    /// The level on the line now, unfiltered.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and those of the system.
    pub fn level(&self) -> Result<Level> {
        self.0.pin.level().map_err(|error| error.with_pin(self.0.lifecycle.line()))
    }

    /// Whether the input is active: by the line itself, or with a debounce by what has passed that.
    ///
    /// # Errors
    /// As for [`level`](Input::level).
    pub fn is_active(&self) -> Result<bool> {
        let shared: &InputShared = &self.0;
        if !shared.is_filtered {
            return Ok(self.level()? == shared.active);
        }
        self.0.lifecycle.check_open()?;
        Ok(shared.status.lock().level == shared.active)
    }

    /// How long the input has been active; `None` if it is not.
    pub fn active_time(&self) -> Option<Duration> {
        self.time_at(self.0.active)
    }

    /// How long the input has been inactive; `None` if it is not.
    pub fn inactive_time(&self) -> Option<Duration> {
        self.time_at(!self.0.active)
    }

    fn time_at(&self, level: Level) -> Option<Duration> {
        let status = *self.0.status.lock();
        (status.level == level).then(|| self.0.lifecycle.gpio().now() - status.since)
    }

    /// Whether it has been active for the hold time.
    pub fn is_held(&self) -> bool {
        self.0.status.lock().is_held
    }

    /// How many edges have been lost so far.
    pub fn missed(&self) -> u64 {
        self.0.status.lock().missed
    }

    /// Has `handler` called at each event of `kind`, beside the handlers that are there already.
    ///
    /// Handlers run on a thread of the factory (on a virtual clock, of whoever moves it), in the order of the events
    /// and one at a time over the whole factory. They may block, close devices, and panic, without harm to others.
    pub fn on<R: Outcome>(
        &self,
        kind: EventKind,
        handler: impl FnMut(&Event) -> R + Send + 'static,
    ) -> Handler {
        self.0.hub.on(kind, handler)
    }

    /// Forgets all handlers.
    pub fn forget_handlers(&self) {
        self.0.hub.forget_handlers();
    }

    /// All events from now on, as an iterator that ends when the input is closed.
    pub fn events(&self) -> Events {
        Events { gpio: self.0.lifecycle.gpio().clone(), hub: self.0.hub.clone(), queue: self.0.hub.queue() }
    }

    /// Blocks until the input is active (or, with `false`, inactive); returns at once if it is.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if it is closed meanwhile, and those of the system.
    ///
    /// # Panics
    /// On a virtual clock, if nothing is scheduled that could end the wait: a script, a time that is running, a blink. That
    /// lines are polled does not count.
    pub fn wait_for(&self, active: bool) -> Result<()> {
        self.wait_until(active, None).map(drop)
    }

    /// As [`wait_for`](Input::wait_for), for at most `timeout`; tells whether it came to that.
    ///
    /// # Errors
    /// As for [`wait_for`](Input::wait_for).
    pub fn wait_for_timeout(&self, active: bool, timeout: Duration) -> Result<bool> {
        self.wait_until(active, Some(self.0.lifecycle.gpio().now() + timeout))
    }

    fn wait_until(&self, active: bool, deadline: Option<Instant>) -> Result<bool> {
        let shared: &InputShared = &self.0;
        let reached = self.reaches(active)?;
        shared.lifecycle.gpio().runtime().wait(shared.hub.bell(), deadline, reached).unwrap_or(Ok(false))
    }

    /// Ends when the input is active (or, with `false`, inactive); for `async` code, on any executor.
    ///
    /// # Errors
    /// As for [`wait_for`](Input::wait_for).
    pub async fn reached(&self, active: bool) -> Result<()> {
        let mut reached = self.reaches(active)?;
        loop {
            let listener = self.0.hub.bell().listen();
            if let Some(result) = reached() {
                return result.map(drop);
            }
            listener.await;
        }
    }

    /// A question that says `Some` once the input is, or has been since now, in that state.
    fn reaches(&self, active: bool) -> Result<impl FnMut() -> Option<Result<bool>> + use<'_>> {
        let shared: &InputShared = &self.0;
        let count = move || {
            let status = shared.status.lock();
            if active { status.activations } else { status.deactivations }
        };
        // Counted first: a short press between this and the look at the line is not missed.
        let before = count();
        let there = self.is_active()? == active;
        Ok(move || {
            if there || count() != before {
                return Some(Ok(true));
            }
            shared.hub.is_closed().then(|| Err(Error::closed().with_pin(shared.lifecycle.line())))
        })
    }

    /// The line's number on its chip.
    pub fn line(&self) -> Line {
        self.0.lifecycle.line()
    }

    /// The factory that it belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.lifecycle.gpio()
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.lifecycle.is_closed()
    }

    /// Gives the line back, forgets the handlers and ends all waits with [`Closed`](ErrorKind::Closed). Idempotent,
    /// from any thread and from the input's own handlers.
    ///
    /// # Errors
    /// Those of the system; the line is given back as far as can be all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
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

impl Close for InputShared {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        let closed = self.lifecycle.end(|| {
            self.lifecycle.gpio().runtime().remove(self.task);
            self.pin.close()
        });
        // Last, as what the handlers own may have code of its own to run, which may close this again.
        self.hub.close();
        closed
    }

    fn add_line_info(&self, _: Line, seen: &mut LineInfo) {
        let bias = (self.bias != Bias::AsIs).then_some(self.bias);
        seen.function = seen.function.or(Some(LineFunction::Input));
        seen.level = seen.level.or_else(|| self.pin.level().ok());
        seen.bias = seen.bias.or(bias);
    }
}

/// The events of an input; made by [`Input::events`]. Ends when the input is closed.
///
/// One that lags by more than 1,024 events loses the oldest, and says so in [`Event::missed`] of the next.
#[derive(Debug)]
pub struct Events {
    gpio: Gpio,
    hub: Arc<Hub>,
    queue: Arc<Queue>,
}

impl Events {
    /// The next event if it comes within `timeout`.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Event> {
        self.wait(Some(self.gpio.now() + timeout))
    }

    /// The next event if it has come already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.queue.pop()
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Option<Event> {
        let next = || self.hub.next(&self.queue);
        self.gpio.runtime().wait(self.hub.bell(), deadline, next).flatten()
    }
}

/// Blocks until there is an event.
impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.wait(None)
    }
}

/// The line's part in the runtime: from edges through the filters to events.
#[derive(Debug)]
struct InputTask {
    pin: Arc<dyn Pin>,
    debounce: Debounce,
    hold: Option<Hold>,
    click: Option<Click>,
    active: Level,
    status: Status,
    /// As others see it: written once all edges that came together are through, before anybody hears of their events.
    shown: Arc<Mutex<Status>>,
    hub: Arc<Hub>,
    /// Edges lost since the last event.
    missed: u32,
    /// How far things are decided: an edge that is told late cannot change what was before.
    decided: Instant,
}

impl InputTask {
    /// Does all that is due by `now`, in its order.
    fn fire_until(&mut self, now: Instant, effects: &mut Effects) {
        while let Some(first) = self.deadline().filter(|at| *at <= now) {
            self.fire_at(first, effects);
        }
    }

    /// Does the first thing that is due, which is so at `first`. Apart, so that to look whether anything is stays short.
    #[inline(never)]
    fn fire_at(&mut self, first: Instant, effects: &mut Effects) {
        self.decided = self.decided.max(first);
        // What is due at the moment of a change came before it.
        if self.click.as_mut().and_then(|click| click.expire(first)).is_some() {
            self.gesture(Gesture::Click, first, effects);
        } else if self.hold.as_mut().and_then(|hold| hold.expire(first)).is_some() {
            self.held(first, effects);
        } else {
            let mut changed = None;
            self.debounce.expire(first, &mut |change| changed = Some(change));
            self.changed(changed, effects);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let gesture = self.click.as_ref().and_then(Click::deadline);
        let held = self.hold.as_ref().and_then(Hold::deadline);
        Instant::first(Instant::first(gesture, held), self.debounce.deadline())
    }

    fn changed(&mut self, change: Option<Change>, effects: &mut Effects) {
        let Some(Change { at, level }) = change else { return };
        let active = level == self.active;
        let status = &mut self.status;
        let lasted = at - status.since;
        (status.level, status.since, status.is_held) = (level, at, false);
        if active {
            status.activations += 1;
        } else {
            status.deactivations += 1;
        }
        if active {
            self.emit(EventKind::Activated, at, level, Duration::ZERO, effects);
            if let Some(hold) = &mut self.hold {
                hold.press(at);
            }
            if let Some(click) = &mut self.click {
                click.press();
            }
        } else {
            self.emit(EventKind::Deactivated, at, level, lasted, effects);
            if let Some(hold) = &mut self.hold {
                hold.release();
            }
            if let Some(gesture) = self.click.as_mut().and_then(|click| click.release(at)) {
                self.gesture(gesture, at, effects);
            }
        }
    }

    fn held(&mut self, at: Instant, effects: &mut Effects) {
        self.status.is_held = true;
        let Status { since, level, .. } = self.status;
        self.emit(EventKind::Held, at, level, at - since, effects);
        for gesture in self.click.as_mut().map_or(&[][..], Click::long) {
            self.gesture(*gesture, at, effects);
        }
    }

    fn gesture(&mut self, gesture: Gesture, at: Instant, effects: &mut Effects) {
        let kind = match gesture {
            Gesture::Click => EventKind::Clicked,
            Gesture::DoubleClick => EventKind::DoubleClicked,
            Gesture::LongPress => EventKind::LongPressed,
        };
        let Status { since, level, .. } = self.status;
        self.emit(kind, at, level, at - since, effects);
    }

    fn emit(&mut self, kind: EventKind, at: Instant, level: Level, lasted: Duration, effects: &mut Effects) {
        // Kept for an event that somebody hears of.
        let missed = if self.hub.wants(kind) { std::mem::take(&mut self.missed) } else { 0 };
        effects.emit(&self.hub, Event { kind, at, level, lasted, missed });
    }

    fn edge(&mut self, edge: Edge, effects: &mut Effects) {
        if edge.missed > 0 {
            self.missed = self.missed.saturating_add(edge.missed);
            self.status.missed += u64::from(edge.missed);
        }
        // A deadline before the edge is decided first, even if nobody woke for it.
        self.fire_until(edge.at, effects);
        self.decided = self.decided.max(edge.at);
        let mut changed = None;
        self.debounce.edge(self.decided, edge.level, &mut |change| changed = Some(change));
        self.changed(changed, effects);
    }

    fn show(&self) {
        *self.shown.lock() = self.status;
    }
}

impl Task for InputTask {
    fn edges(&mut self, edges: &[Edge], effects: &mut Effects) {
        for edge in edges {
            self.edge(*edge, effects);
        }
        self.show();
    }

    fn resync(&mut self, now: Instant, effects: &mut Effects) {
        match self.pin.level() {
            Ok(level) if level != self.debounce.raw() => {
                self.edges(&[Edge { at: now, level, missed: 0 }], effects);
            }
            Ok(_) => {}
            Err(error) => effects.complain(format!("edges were lost, and the level cannot be read: {error}")),
        }
    }

    fn fire(&mut self, now: Instant, effects: &mut Effects) {
        self.fire_until(now, effects);
        self.show();
    }

    fn next(&self) -> Next {
        self.deadline().map_or(Next::Idle, Next::At)
    }
}
