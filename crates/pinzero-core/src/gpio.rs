//! [`Gpio`]: a factory in use. It resolves names, reserves lines, checks capabilities and opens the handles.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use pinzero_board::{Board, PinError, Pull};

use crate::capability::Capabilities;
use crate::emulate::soft_pwm::Engine;
use crate::error::{Error, ErrorKind, Result, first_error};
use crate::event::Outcome;
use crate::exit::{self, Home};
use crate::factory::PinFactory;
use crate::handle::flex::FlexBuilder;
use crate::handle::group::GroupBuilder;
use crate::handle::input::InputBuilder;
use crate::handle::inputs::Inputs;
use crate::handle::line_info::LineInfo;
use crate::handle::output::OutputBuilder;
use crate::handle::pwm::PwmBuilder;
use crate::handle::reserve::{Reservation, Reserver};
use crate::handle::spi::SpiBuilder;
use crate::handle::timer::{self, Place, Timer, WeakTimer};
use crate::handle::{Close, Lifecycle};
use crate::pin_spec::{PinSpec, Spec};
use crate::runtime::Runtime;
use crate::sync::{AtomicBool, AtomicU64, Mutex};
use crate::time::{Clock, Instant};
use crate::types::{Bias, Host, Line, OnClose};

/// A factory in use, with its timeline. A cheap handle: clones are the same factory.
///
/// ```
/// use pinzero::{Bias, Level, mock};
///
/// let gpio = mock::gpio();
/// let button = gpio.input(2).bias(Bias::PullUp).open()?;
/// assert_eq!(button.level()?, Level::High);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
pub struct Gpio(Arc<Inner>);

impl UnwindSafe for Gpio {}
impl RefUnwindSafe for Gpio {}

struct Inner {
    runtime: Runtime,
    soft_pwm: OnceLock<Arc<Engine>>,
    tickets: AtomicU64,
    /// What is open, in the order of opening.
    open: Mutex<BTreeMap<Ticket, Weak<dyn Close>>>,
    timers: Mutex<Vec<WeakTimer>>,
    closed: AtomicBool,
    on_close: OnClose,
    home: Home,
    /// Its pins are on another computer: writes are to be confirmed.
    is_remote: bool,
    board: Board,
    /// Last, so that it is dropped when nothing uses it any more.
    factory: Box<dyn PinFactory>,
}

/// How to take a factory into use; made by [`Gpio::builder`].
///
/// ```
/// use pinzero::{Level, OnClose, mock};
///
/// let gpio = mock::builder().on_close(OnClose::Low).exit_guard(false).open();
/// drop(gpio.output(17).initial(Level::High).open()?);
/// assert_eq!(gpio.line(17).history().last().map(|change| change.1), Some(Level::Low));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is taken into use before `open`"]
pub struct GpioBuilder {
    factory: Box<dyn PinFactory>,
    on_close: OnClose,
    is_guarded: bool,
    clock: Clock,
}

impl GpioBuilder {
    /// What outputs become on close if they say nothing themselves; [`OnClose::Restore`] if nothing is said here.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = on_close;
        self
    }

    /// Whether the pins are closed when the program ends: by return, `exit`, panic, SIGINT, SIGTERM or SIGHUP. They are
    /// if nothing is said. `PINZERO_NO_EXIT_GUARD=1` and the feature `exit-guard` switch this off for a whole program.
    pub fn exit_guard(mut self, is_guarded: bool) -> Self {
        self.is_guarded = is_guarded;
        self
    }

    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Takes it into use.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) if the program is ending.
    pub fn open(self) -> Result<Gpio> {
        let is_virtual = self.clock.is_manual();
        let gpio = Gpio(Arc::new(Inner {
            runtime: Runtime::new(self.clock),
            soft_pwm: OnceLock::new(),
            tickets: AtomicU64::new(0),
            open: Mutex::default(),
            timers: Mutex::default(),
            closed: AtomicBool::new(false),
            on_close: self.on_close,
            home: Home::here(),
            is_remote: matches!(self.factory.host(), Host::Remote(_)),
            board: self.factory.board(),
            factory: self.factory,
        }));
        if !is_virtual {
            exit::register(&gpio, self.is_guarded)?;
        }
        Ok(gpio)
    }
}

/// A [`Gpio`] that keeps nothing alive.
#[derive(Debug, Clone)]
pub(crate) struct WeakGpio(Weak<Inner>);

impl WeakGpio {
    pub(crate) fn upgrade(&self) -> Option<Gpio> {
        self.0.upgrade().map(Gpio)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// A handle's place in the order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

impl Gpio {
    /// Takes a factory into use, on the machine's clock.
    ///
    /// No thread of its own is started before something happens by itself: a blink, an edge, a wave. The exit guard has
    /// one for the whole program.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) if the program is ending.
    pub fn new(factory: impl PinFactory) -> Result<Self> {
        Gpio::builder(factory).open()
    }

    /// Prepares to take a factory into use with other settings.
    pub fn builder(factory: impl PinFactory) -> GpioBuilder {
        GpioBuilder {
            factory: Box::new(factory),
            on_close: OnClose::default(),
            is_guarded: true,
            clock: Clock::real(),
        }
    }

    /// Returns a builder for an output.
    pub fn output(&self, pin: impl Into<PinSpec>) -> OutputBuilder {
        OutputBuilder::new(self.clone(), pin.into())
    }

    /// Returns a builder for an input.
    pub fn input(&self, pin: impl Into<PinSpec>) -> InputBuilder {
        InputBuilder::new(self, vec![pin.into()], "Input")
    }

    /// Returns a builder for inputs that belong together: their edges come in order, and they close as one.
    pub fn inputs<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> InputBuilder<Inputs> {
        InputBuilder::new(self, pins.into_iter().map(Into::into).collect(), "Inputs")
    }

    /// Returns a builder for a line that turns from output to input and back without being let go of.
    pub fn flex(&self, pin: impl Into<PinSpec>) -> FlexBuilder {
        FlexBuilder::new(self.clone(), pin.into())
    }

    /// Calls `code` every `period`, first one `period` from now, until the returned timer is cancelled or the factory closed.
    ///
    /// The code runs where the handlers of devices run, one at a time, so it must not take long: give slow code to
    /// [`every_on_thread`](Gpio::every_on_thread). A beat that passes while the code runs
    /// or waits for its turn is left out, and later calls keep the beat.
    ///
    /// ```
    /// use pinzero::{Level, mock, time::{ms, secs}};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.output(17).open()?;
    /// let timer = gpio.every(secs(1), move |_| lamp.toggle())?;
    /// gpio.advance(ms(2500));
    /// assert_eq!(gpio.line(17).history(), [(secs(1), Level::High), (secs(2), Level::Low)]);
    /// timer.cancel();
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for a period of zero, [`Closed`](ErrorKind::Closed), and
    /// [`Io`](ErrorKind::Io) if the system gives no thread.
    pub fn every<R: Outcome>(
        &self,
        period: Duration,
        code: impl FnMut(&Timer) -> R + Send + 'static,
    ) -> Result<Timer> {
        timer::start(self, period, false, Place::WithHandlers, code)
    }

    /// Calls `code` once, `delay` from now, where the handlers of devices run.
    ///
    /// ```
    /// use pinzero::{mock, time::{ms, secs}};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.output(17).open()?;
    /// lamp.toggle()?;
    /// gpio.after(secs(3), move || lamp.toggle())?;
    /// gpio.advance(secs(10));
    /// assert_eq!(gpio.line(17).history().last().map(|change| change.0), Some(secs(3)));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`every`](Gpio::every).
    pub fn after<R: Outcome>(
        &self,
        delay: Duration,
        code: impl FnOnce() -> R + Send + 'static,
    ) -> Result<Timer> {
        let mut code = Some(code);
        // It is called once.
        timer::start(self, delay, true, Place::WithHandlers, move |_| {
            if let Some(code) = code.take() {
                code().report();
            }
        })
    }

    /// Calls `code` every `period` on a thread of its own: for slow work, such as a ping or a file system that hangs.
    ///
    /// However long the code takes, handlers, blinks and other timers go on. The next call comes at the next beat after the code
    /// has returned. On a virtual clock the code runs with the handlers, on the thread that moves the clock.
    ///
    /// # Errors
    /// See [`every`](Gpio::every).
    pub fn every_on_thread<R: Outcome>(
        &self,
        period: Duration,
        code: impl FnMut(&Timer) -> R + Send + 'static,
    ) -> Result<Timer> {
        timer::start(self, period, false, Place::OnThread, code)
    }

    /// Returns a builder for outputs that change together.
    pub fn group<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> GroupBuilder {
        GroupBuilder::new(self.clone(), pins.into_iter().map(Into::into).collect())
    }

    /// Returns a builder for an SPI bus on any pins.
    pub fn spi(&self, clock: impl Into<PinSpec>) -> SpiBuilder {
        SpiBuilder::new(self.clone(), clock.into())
    }

    /// Returns a builder for a PWM output.
    pub fn pwm(&self, pin: impl Into<PinSpec>) -> PwmBuilder {
        PwmBuilder::new(self.clone(), pin.into())
    }

    /// The name of the factory: `"cdev"`, `"mock"`.
    pub fn name(&self) -> &'static str {
        self.0.factory.name()
    }

    /// Whose pins these are.
    pub fn host(&self) -> Host {
        self.0.factory.host()
    }

    /// What can be done here, core's emulation included.
    pub fn capabilities(&self) -> Capabilities {
        self.0.factory.capabilities().with_emulation()
    }

    /// The board that carries the pins.
    pub fn board(&self) -> &Board {
        &self.0.board
    }

    /// The line that goes by this name.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), and those of the system.
    pub fn resolve(&self, pin: impl Into<PinSpec>) -> Result<Line> {
        let spec = pin.into();
        self.resolve_spec(&spec).map_err(|error| error.with_pin(&spec).with_factory(self.name()))
    }

    fn resolve_spec(&self, spec: &PinSpec) -> Result<Line> {
        let board = &self.0.board;
        match &spec.0 {
            Spec::Number(number) => match u32::try_from(*number) {
                Ok(number) if number < board.lines() => Ok(Line(number)),
                _ => {
                    let pins = match board.lines() {
                        0 => "no pins".to_owned(),
                        lines => format!("GPIO0 to GPIO{}", lines - 1),
                    };
                    let message = format!("there is no such pin: this board has {pins}");
                    Err(Error::new(ErrorKind::UnknownPin, message))
                }
            },
            // What the kernel calls a line is the better name where the board is not known.
            Spec::Name(name) if board.headers().is_empty() => match self.0.factory.find_line(name)? {
                Some(line) => Ok(line),
                None => board.find(name).map(Line).map_err(unknown),
            },
            Spec::Name(name) => match board.find(name) {
                Ok(line) => Ok(Line(line)),
                Err(error @ PinError::NotGpio { .. }) => Err(unknown(error)),
                Err(error) => self.0.factory.find_line(name)?.ok_or_else(|| unknown(error)),
            },
        }
    }

    /// What a pin is at the moment: its function, level, pull and reserver, as far as can be told. Nothing is taken or changed, and
    /// it does not matter who holds the pin.
    ///
    /// What the factory does not tell of an output, an input or a PWM output of this `Gpio`, its handle does: the level on the
    /// character device, the pull where registers do not show it. Of any other pin that stays out; see [`LineInfo`].
    ///
    /// ```
    /// use pinzero::{Level, LineFunction, mock};
    ///
    /// let gpio = mock::gpio();
    /// let relay = gpio.output(17).initial(Level::High).open()?;
    /// let seen = gpio.line_info("J8:11")?;
    /// assert_eq!((seen.function, seen.level), (Some(LineFunction::Output), Some(Level::High)));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`resolve`](Gpio::resolve), [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected).
    pub fn line_info(&self, pin: impl Into<PinSpec>) -> Result<LineInfo> {
        let spec = pin.into();
        let line_info = || {
            let line = self.resolve_spec(&spec)?;
            let mut seen = self.0.factory.line_info(line)?;
            self.add_line_info(line, &mut seen);
            Ok(seen)
        };
        let seen = if self.is_closed() { Err(Error::closed()) } else { line_info() };
        seen.map_err(|error| error.with_pin(&spec).with_factory(self.name()))
    }

    /// Adds what the handle of a line knows, if it is open.
    fn add_line_info(&self, line: Line, seen: &mut LineInfo) {
        let open: Vec<_> = self.0.open.lock().values().filter_map(Weak::upgrade).collect();
        let is_its = |lifecycle: &Lifecycle| !lifecycle.is_closed() && lifecycle.lines().contains(&line);
        if let Some(handle) = open.iter().find(|handle| is_its(handle.lifecycle())) {
            handle.add_line_info(line, seen);
        }
    }

    /// The time now on this factory's clock.
    pub fn now(&self) -> Instant {
        self.0.runtime.clock().now()
    }

    /// Lets time pass: the calling thread sleeps, or the mock's virtual clock is moved on.
    pub fn sleep(&self, duration: Duration) {
        self.0.runtime.sleep(duration);
    }

    /// How many callbacks of this factory's devices have panicked.
    pub fn panics(&self) -> u64 {
        self.0.runtime.panics()
    }

    /// How many threads the timeline has now: none before they are needed, then two, and never more.
    pub fn threads(&self) -> usize {
        self.0.runtime.thread_count()
    }

    /// Closes what is open on these pins, the last opened first; a pin that nothing is open on is passed over.
    ///
    /// ```
    /// use pinzero::{Level, mock};
    ///
    /// let gpio = mock::gpio();
    /// let relay = gpio.output(17).initial(Level::High).open()?;
    /// gpio.close_pins([17, 18])?;
    /// assert!(relay.is_closed());
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin) and [`NotGpio`](ErrorKind::NotGpio), and nothing is closed then; else the
    /// first one met while closing, which goes on all the same.
    pub fn close_pins<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> Result<()> {
        let lines = pins.into_iter().map(|pin| self.resolve(pin)).collect::<Result<Vec<Line>>>()?;
        if self.home().is_elsewhere() {
            return Ok(());
        }
        let open: Vec<_> = self.0.open.lock().values().rev().filter_map(Weak::upgrade).collect();
        let is_meant =
            |handle: &&Arc<dyn Close>| handle.lifecycle().lines().iter().any(|line| lines.contains(line));
        first_error(open.iter().filter(is_meant).map(|handle| handle.close()))
    }

    /// Closes everything that is open on this factory, the last opened first, and then the factory. Idempotent.
    ///
    /// # Errors
    /// The first one met; closing goes on all the same.
    pub fn close(&self) -> Result<()> {
        if self.home().is_elsewhere() {
            return Ok(());
        }
        self.0.closed.store(true, Ordering::Release);
        self.0.cancel_timers();
        // Each takes itself off the list, when it is closed and not before: another thread may be waiting for that.
        let open: Vec<_> = self.0.open.lock().values().rev().filter_map(Weak::upgrade).collect();
        first_error(open.iter().map(|handle| handle.close())).and(self.0.factory.close())
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    pub(crate) fn factory(&self) -> &dyn PinFactory {
        &*self.0.factory
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    /// Waits by `confirm` for what has been written, where that is done elsewhere. To be called with no lock held.
    pub(crate) fn confirm(&self, confirm: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.0.is_remote { confirm() } else { Ok(()) }
    }

    /// Returns whether a write is over once the pin has it: there is nothing to catch up with and nothing to confirm.
    pub(crate) fn writes_directly(&self) -> bool {
        !self.0.is_remote && !self.0.runtime.clock().is_manual()
    }

    /// The engine of software PWM, made when it is first wanted.
    pub(crate) fn soft_pwm(&self) -> Arc<Engine> {
        self.0.soft_pwm.get_or_init(|| Engine::new(self.0.runtime.clock().clone())).clone()
    }

    /// Runs an opening, and says in its error what it was about.
    pub(crate) fn context<T>(
        &self,
        spec: &PinSpec,
        device: &'static str,
        open: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let result = if self.is_closed() { Err(Error::closed()) } else { open() };
        result.map_err(|error| error.with_pin(spec).with_device(device).with_factory(self.name()))
    }

    /// Resolves a name and takes the line for `reserver`.
    pub(crate) fn reserve(&self, spec: &PinSpec, reserver: Reserver) -> Result<Reservation> {
        let line = self.resolve_spec(spec)?;
        Reservation::take(self.0.factory.host(), line, reserver).map_err(|error| error.with_pin(line))
    }

    /// Refuses a pull that the factory cannot set or that a resistor on the board overrules.
    pub(crate) fn check_bias(&self, line: Line, bias: Bias) -> Result<()> {
        if bias != Bias::AsIs {
            self.capabilities().bias.require(bias)?;
        }
        let fixed = self.0.board.pull(line.0) == Pull::FixedUp;
        if fixed && matches!(bias, Bias::PullDown | Bias::Disabled) {
            let message = format!("the board has a pull-up resistor on this pin, so {bias} is not possible");
            return Err(Error::new(ErrorKind::FixedPull, message).with_pin(line));
        }
        Ok(())
    }

    /// Refuses a pull that is to be left behind and cannot be.
    pub(crate) fn check_on_close(&self, line: Line, on_close: OnClose) -> Result<()> {
        match on_close {
            OnClose::Input(bias) => self.check_bias(line, bias),
            _ => Ok(()),
        }
    }

    /// Whether anything is open.
    #[cfg(all(unix, feature = "exit-guard"))]
    pub(crate) fn has_open(&self) -> bool {
        !self.0.open.lock().is_empty()
    }

    pub(crate) fn downgrade(&self) -> WeakGpio {
        WeakGpio(Arc::downgrade(&self.0))
    }

    /// What outputs become on close if they say nothing themselves.
    pub(crate) fn on_close(&self) -> OnClose {
        self.0.on_close
    }

    /// The process that opened the pins.
    pub(crate) fn home(&self) -> Home {
        self.0.home
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.0.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Puts a handle on the list of what [`close`](Gpio::close) closes; refuses it if that has happened meanwhile.
    pub(crate) fn register<T: Close>(&self, handle: &Arc<T>) -> Result<()> {
        let weak: Weak<T> = Arc::downgrade(handle);
        self.0.open.lock().insert(handle.lifecycle().ticket(), weak);
        if self.is_closed() {
            handle.close()?;
            return Err(Error::closed());
        }
        Ok(())
    }

    /// Notes a timer, which is cancelled when the factory is closed.
    pub(crate) fn register_timer(&self, timer: &Timer) -> Result<()> {
        let mut timers = self.0.timers.lock();
        timers.retain(WeakTimer::is_alive);
        timers.push(timer.downgrade());
        drop(timers);
        if self.is_closed() {
            timer.cancel();
            return Err(Error::closed().with_factory(self.name()));
        }
        Ok(())
    }

    /// Returns whether both are the same factory in use.
    pub(crate) fn is_same(&self, other: &Gpio) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn unregister(&self, ticket: Ticket) {
        self.0.open.lock().remove(&ticket);
    }
}

fn unknown(error: PinError) -> Error {
    let kind = match error {
        PinError::NotGpio { .. } => ErrorKind::NotGpio,
        _ => ErrorKind::UnknownPin,
    };
    Error::new(kind, error.to_string())
}

impl Inner {
    fn cancel_timers(&self) {
        let timers = std::mem::take(&mut *self.timers.lock());
        timers.iter().for_each(WeakTimer::cancel);
    }
}

impl fmt::Debug for Gpio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpio({})", self.name())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpio({})", self.factory.name())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.home.is_elsewhere() {
            return;
        }
        self.cancel_timers();
        if let Err(error) = self.factory.close() {
            log::error!("the factory {} was not closed properly: {error}", self.factory.name());
        }
    }
}
