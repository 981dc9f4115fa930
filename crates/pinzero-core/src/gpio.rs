//! [`Gpio`]: resolves names, reserves lines, checks capabilities and opens the handles.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, SystemTime};

use pinzero_board::{Board, PinError, Pull};

use crate::capability::Capabilities;
use crate::emulate::pwm_engine::Engine;
use crate::error::{Error, ErrorKind, Result, first_error};
use crate::exit;
use crate::factory::PinFactory;
use crate::line_info::LineInfo;
use crate::pin_spec::{PinSpec, Spec};
use crate::process::Home;
use crate::report::Reports;
use crate::reserve::{Reservation, Reserver};
use crate::runtime::Runtime;
use crate::sync::{AtomicBool, AtomicU64, Mutex};
use crate::time::{Clock, Instant};
use crate::timer::Background;
use crate::trace::{ChangeKind, Recorder};
use crate::types::{Bias, Host, Line, OnClose};

/// A connection to a set of pins, with its background threads. Cloning is cheap; clones share one factory.
///
/// | what | is opened by |
/// |---|---|
/// | pins | [`output`](Gpio::output), [`input`](Gpio::input), [`pwm`](Gpio::pwm), [`flex`](Gpio::flex), [`open_drain`](Gpio::open_drain) |
/// | pins that belong together | [`group`](Gpio::group), [`inputs`](Gpio::inputs), [`machine`](Gpio::machine) |
/// | buses of a controller | [`i2c`](Gpio::i2c), [`hardware_spi`](Gpio::hardware_spi), [`serial`](Gpio::serial) |
/// | buses on any pins | [`soft_i2c`](Gpio::soft_i2c), [`spi`](Gpio::spi) |
/// | time | [`every`](Gpio::every), [`after`](Gpio::after), [`sleep`](Gpio::sleep), [`delay`](Gpio::delay) |
///
/// A factory belongs to the process that opened it. The child of a `fork` sees the factory and its devices closed, and opens a
/// factory of its own.
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
    /// The open handles, in the order of opening.
    open: Mutex<BTreeMap<Ticket, Weak<dyn OpenHandle>>>,
    background: Mutex<Vec<Weak<dyn Background>>>,
    common: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    recorder: Arc<Recorder>,
    closed: AtomicBool,
    on_close: OnClose,
    home: Home,
    /// `true` if the pins are on another computer: writes must be confirmed.
    is_remote: bool,
    board: Board,
    /// The factory through which these pins are reached.
    base: Option<Base>,
    /// The last field, so that the factory is dropped after all users of it.
    factory: Box<dyn PinFactory>,
}

/// A factory through which the pins of another are reached, and the place of that other among its handles.
struct Base {
    gpio: Gpio,
    ticket: Ticket,
}

/// An open handle, as its factory knows it.
pub(crate) trait OpenHandle: Send + Sync {
    fn lines(&self) -> &[Line];

    fn is_closed(&self) -> bool;

    /// Gives the lines back. The caller has checked that this process is not a fork.
    fn close(&self) -> Result<()>;

    /// Adds what the handle knows of one of its lines and the factory does not tell.
    fn add_line_info(&self, line: Line, seen: &mut LineInfo);

    /// Begins or ends to tell the factory's recordings of all writes, with the runtime's lock held.
    fn set_recorded(&self, _is_recorded: bool) {}

    /// Shows the devices on its lines and what the lines carry now, with the runtime's lock held.
    fn present(&self, _show: &mut dyn FnMut(Line, ChangeKind)) {}
}

/// A weak reference to a [`Gpio`].
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
    /// Takes a factory into use on this clock.
    pub(crate) fn with_clock(factory: Box<dyn PinFactory>, on_close: OnClose, clock: Clock) -> Self {
        Gpio::on_runtime(factory, on_close, Runtime::new(clock, Reports::default()), None)
    }

    /// Takes a factory into use whose pins are reached through another one: closing that one closes this one first.
    ///
    /// A transfer to such a pin holds the lock of its runtime, so both share one on a virtual clock only: in real time, the pins of
    /// the other one must not wait for the transfer.
    pub(crate) fn through(factory: Box<dyn PinFactory>, on_close: OnClose, base: &Gpio) -> Result<Self> {
        base.check_open()?;
        let runtime = match base.runtime().clock() {
            clock if clock.is_manual() => base.runtime().share(),
            clock => Runtime::new(clock.clone(), Reports::default()),
        };
        let base = Base { gpio: base.clone(), ticket: base.ticket() };
        let gpio = Gpio::on_runtime(factory, on_close, runtime, Some(base));
        if let Some(base) = &gpio.0.base {
            let handle: Weak<Inner> = Arc::downgrade(&gpio.0);
            base.gpio.register(base.ticket, handle);
            base.gpio.check_open()?;
        }
        Ok(gpio)
    }

    fn on_runtime(
        factory: Box<dyn PinFactory>,
        on_close: OnClose,
        runtime: Runtime,
        base: Option<Base>,
    ) -> Self {
        factory.report_to(runtime.reports());
        Gpio(Arc::new(Inner {
            runtime,
            soft_pwm: OnceLock::new(),
            tickets: AtomicU64::new(0),
            open: Mutex::default(),
            background: Mutex::default(),
            common: Mutex::default(),
            recorder: Arc::default(),
            closed: AtomicBool::new(false),
            on_close,
            home: Home::here(),
            is_remote: matches!(factory.host(), Host::Remote(_)),
            board: factory.board(),
            base,
            factory,
        }))
    }

    /// Returns the name of the factory: `"cdev"`, `"mock"`.
    pub fn name(&self) -> &'static str {
        self.0.factory.name()
    }

    /// Returns the computer or chip that has the pins.
    pub fn host(&self) -> Host {
        self.0.factory.host()
    }

    /// Returns the capabilities of the factory, with core's emulation.
    pub fn capabilities(&self) -> Capabilities {
        self.0.factory.capabilities().with_emulation()
    }

    /// Returns the board that carries the pins.
    pub fn board(&self) -> &Board {
        &self.0.board
    }

    /// Returns the line with this number or name.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), and any I/O error.
    pub fn resolve(&self, pin: impl Into<PinSpec>) -> Result<Line> {
        let spec = pin.into();
        self.check_home()
            .and_then(|()| self.resolve_spec(&spec))
            .map_err(|error| error.with_pin(&spec).with_factory(self.name()))
    }

    fn resolve_spec(&self, spec: &PinSpec) -> Result<Line> {
        let board = &self.0.board;
        match &spec.0 {
            Spec::Number(number) => match u32::try_from(*number) {
                Ok(number) => board.find_number(number).map(Line).map_err(unknown),
                Err(_) => Err(beyond(board)),
            },
            Spec::Line(line) if line.0 < board.lines() => Ok(*line),
            Spec::Line(_) => Err(beyond(board)),
            // On an unknown board the kernel's line names are the better ones.
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

    /// Returns a pin's current function, level, pull and consumer without claiming or changing it.
    ///
    /// Fields that the factory cannot read are `None`, unless this `Gpio` has the pin open: then the handle fills in the level
    /// (which the character device cannot read) and the pull (which pigpio and registers cannot read). See [`LineInfo`].
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
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`Closed`](ErrorKind::Closed),
    /// [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn line_info(&self, pin: impl Into<PinSpec>) -> Result<LineInfo> {
        let spec = pin.into();
        let line_info = || {
            let line = self.resolve_spec(&spec)?;
            let mut seen = self.0.factory.line_info(line)?;
            self.add_line_info(line, &mut seen);
            Ok(seen)
        };
        let seen = self.check_open().and_then(|()| line_info());
        exit::hold(seen).map_err(|error| error.with_pin(&spec).with_factory(self.name()))
    }

    /// Returns the states of several pins, in the same order, as [`line_info`](Gpio::line_info) has them.
    ///
    /// On pigpio, one round trip of the network answers for all pins.
    ///
    /// ```
    /// use pinzero::{Level, mock};
    ///
    /// let gpio = mock::gpio();
    /// let relay = gpio.output(17).initial(Level::High).open()?;
    /// let seen = gpio.line_infos([17, 18])?;
    /// assert_eq!((seen[0].level, seen[1].level), (Some(Level::High), Some(Level::Low)));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`line_info`](Gpio::line_info). An error of one pin is the error of all.
    pub fn line_infos<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> Result<Vec<LineInfo>> {
        let line_infos = || {
            let lines: Vec<Line> = pins.into_iter().map(|pin| self.resolve(pin)).collect::<Result<_>>()?;
            let mut seen = self.0.factory.line_infos(&lines)?;
            for (line, seen) in lines.iter().zip(&mut seen) {
                self.add_line_info(*line, seen);
            }
            Ok(seen)
        };
        let seen = self.check_open().and_then(|()| line_infos());
        exit::hold(seen).map_err(|error| error.with_factory(self.name()))
    }

    /// Fills in the fields that the line's handle knows, if the line is open.
    fn add_line_info(&self, line: Line, seen: &mut LineInfo) {
        let open = self.open_handles();
        let is_its = |handle: &&Arc<dyn OpenHandle>| !handle.is_closed() && handle.lines().contains(&line);
        if let Some(handle) = open.iter().find(is_its) {
            handle.add_line_info(line, seen);
        }
    }

    /// Returns the current time on this factory's clock.
    pub fn now(&self) -> Instant {
        self.0.runtime.clock().now()
    }

    /// Returns the time of day and date: of this computer, also if the pins are on another one. On the virtual clock of a mock, returns
    /// the wall time that [`MockBuilder::wall_time`](crate::mock::MockBuilder::wall_time) gives it.
    pub fn wall_time(&self) -> SystemTime {
        self.0.runtime.clock().wall_time()
    }

    /// Returns whether time passes by itself; `false` on the virtual clock of a mock.
    pub fn is_realtime(&self) -> bool {
        !self.0.runtime.clock().is_manual()
    }

    /// Sleeps for `duration`. On a virtual clock, moves the clock forward instead.
    pub fn sleep(&self, duration: Duration) {
        self.0.runtime.sleep(duration);
    }

    /// Calls `on_error` with each error that no caller receives: of a handler or a timer's code (also a panic), of a blink in the
    /// background, of a lost connection, of a chip that has gone, of a device that is dropped. The latest function counts.
    ///
    /// Default: the logger of the `log` crate gets the error. Without a logger, the first error of each kind in the program goes
    /// to standard error. `gpio.on_error(|_| {})` silences both.
    ///
    /// The function runs on the thread on which the error arose, perhaps on several at once.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let button = Button::builder(2).gpio(&gpio).open()?;
    /// let led = Led::builder(17).gpio(&gpio).open()?;
    /// let (sender, errors) = mpsc::channel();
    /// gpio.on_error(move |error| drop(sender.send(error.to_string())));
    /// led.close()?;
    /// button.when_pressed(move |_| led.on());
    /// gpio.line(2).press(ms(80));
    /// gpio.advance(secs(1));
    /// assert_eq!(errors.try_recv().unwrap(), "Button on GPIO2: a handler failed: GPIO17: the device is closed");
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn on_error(&self, on_error: impl Fn(&Error) + Send + Sync + 'static) {
        // In a forked child, nothing of this factory runs, and the lock may be held for ever.
        if !self.home().is_elsewhere() {
            self.0.runtime.reports().set(on_error);
        }
    }

    /// Returns this factory's value of a type, which devices of one kind share. The first call creates the value.
    #[doc(hidden)]
    pub fn common<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let mut common = self.0.common.lock();
        let value = common.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        // The key is the type.
        value.clone().downcast().unwrap_or_default()
    }

    /// Returns how many callbacks of this factory's devices have panicked.
    pub fn panics(&self) -> u64 {
        self.0.runtime.panics()
    }

    /// Returns the number of background threads that handle edges and deadlines: none until they are needed, then two.
    pub fn threads(&self) -> usize {
        self.0.runtime.thread_count()
    }

    /// Closes the handles that are open on these pins, the last opened first. Skips pins that are not open.
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
    /// [`UnknownPin`](ErrorKind::UnknownPin) and [`NotGpio`](ErrorKind::NotGpio), and then nothing is closed; else the first I/O
    /// error, and closing goes on all the same.
    pub fn close_pins<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> Result<()> {
        if self.home().is_elsewhere() {
            return Ok(());
        }
        let lines = pins.into_iter().map(|pin| self.resolve(pin)).collect::<Result<Vec<Line>>>()?;
        let open = self.open_handles();
        let is_meant = |handle: &&Arc<dyn OpenHandle>| handle.lines().iter().any(|line| lines.contains(line));
        first_error(open.iter().rev().filter(is_meant).map(|handle| handle.close()))
    }

    /// Closes all handles of this factory, the last opened first, and then the factory. Idempotent.
    ///
    /// # Errors
    /// The first I/O error; closing goes on all the same.
    pub fn close(&self) -> Result<()> {
        if self.home().is_elsewhere() {
            return Ok(());
        }
        OpenHandle::close(&*self.0)
    }

    /// Returns whether the factory has been closed. A forked child of the process that opened the factory sees it closed.
    pub fn is_closed(&self) -> bool {
        OpenHandle::is_closed(&*self.0)
    }

    /// Fails in a forked child. Call this before a lock is taken, which may be held for ever there, and before any I/O.
    fn check_home(&self) -> Result<()> {
        if !self.home().is_elsewhere() {
            return Ok(());
        }
        let message = "the factory was opened by another process: open one in this process, after `fork()` or `daemon()`, and name it \
                       by `.gpio(..)` or `set_default`";
        Err(Error::new(ErrorKind::Closed, message))
    }

    /// Refuses what is asked of a factory that is closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        self.check_home()?;
        if self.is_closed() { Err(Error::new(ErrorKind::Closed, "the factory is closed")) } else { Ok(()) }
    }

    pub(crate) fn factory(&self) -> &dyn PinFactory {
        &*self.0.factory
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    /// Calls `confirm`, which blocks until writes are done, if the pins are on another computer. Call this with no lock held.
    pub(crate) fn confirm(&self, confirm: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.0.is_remote { confirm() } else { Ok(()) }
    }

    /// Returns whether a write to the pin needs no confirmation and no [`catch_up`](Runtime::catch_up).
    pub(crate) fn writes_directly(&self) -> bool {
        !self.0.is_remote && !self.0.runtime.clock().is_manual()
    }

    /// Returns the engine of software PWM, which is created on the first call.
    pub(crate) fn soft_pwm(&self) -> Arc<Engine> {
        self.0
            .soft_pwm
            .get_or_init(|| Engine::new(self.0.runtime.clock().clone(), self.0.runtime.reports().clone()))
            .clone()
    }

    /// Runs `open`, and adds pin, device and factory to its error.
    pub(crate) fn context<T>(
        &self,
        spec: &PinSpec,
        device: &'static str,
        open: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let result = exit::hold(self.check_open().and_then(|()| open()));
        result.map_err(|error| error.with_pin(spec).with_device(device).with_factory(self.name()))
    }

    /// Resolves a name and reserves the line for `reserver`.
    pub(crate) fn reserve(&self, spec: &PinSpec, reserver: Reserver) -> Result<Reservation> {
        let line = self.resolve_spec(spec)?;
        Reservation::take(self.0.factory.host(), line, reserver).map_err(|error| error.with_pin(line))
    }

    /// Takes several lines for `reserver`: all of them, or none. Each is shown to `check`.
    pub(crate) fn reserve_all(
        &self,
        specs: &[PinSpec],
        reserver: Reserver,
        check: impl Fn(Line) -> Result<()>,
    ) -> Result<Vec<Reservation>> {
        let mut taken: Vec<Reservation> = Vec::new();
        for spec in specs {
            let reservation = self.context(spec, reserver.device, || {
                let line = self.resolve_spec(spec)?;
                if taken.iter().any(|other| other.line() == line) {
                    return Err(Error::new(ErrorKind::InvalidValue, "it is given twice"));
                }
                check(line)?;
                self.reserve(spec, reserver)
            })?;
            taken.push(reservation);
        }
        Ok(taken)
    }

    /// Fails if the factory cannot set this pull or a resistor on the board overrules it.
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

    /// Fails if the line cannot have this pull after close.
    pub(crate) fn check_on_close(&self, line: Line, on_close: OnClose) -> Result<()> {
        match on_close {
            OnClose::Input(bias) => self.check_bias(line, bias),
            _ => Ok(()),
        }
    }

    /// Returns whether any handle is open.
    #[cfg(all(unix, feature = "exit-guard"))]
    pub(crate) fn has_open(&self) -> bool {
        !self.0.open.lock().is_empty()
    }

    pub(crate) fn downgrade(&self) -> WeakGpio {
        WeakGpio(Arc::downgrade(&self.0))
    }

    /// Returns the state of closed outputs that have no `on_close` of their own.
    pub(crate) fn on_close(&self) -> OnClose {
        self.0.on_close
    }

    /// Returns the process that opened the pins.
    #[doc(hidden)]
    pub fn home(&self) -> Home {
        self.0.home
    }

    /// Returns whether both have the same time: that of the machine, or of one virtual clock.
    #[doc(hidden)]
    pub fn shares_clock(&self, other: &Gpio) -> bool {
        let one_runtime = || self.runtime().downgrade().is_same(&other.runtime().downgrade());
        self.is_realtime() == other.is_realtime() && (self.is_realtime() || one_runtime())
    }

    /// Returns the open handles, in the order of opening.
    pub(crate) fn open_handles(&self) -> Vec<Arc<dyn OpenHandle>> {
        self.0.open.lock().values().filter_map(Weak::upgrade).collect()
    }

    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.0.recorder
    }

    /// Returns whether the pins are on another computer.
    pub(crate) fn is_remote(&self) -> bool {
        self.0.is_remote
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.0.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Puts a handle on the list of what [`close`](Gpio::close) closes.
    pub(crate) fn register(&self, ticket: Ticket, handle: Weak<dyn OpenHandle>) {
        self.0.open.lock().insert(ticket, handle);
    }

    /// Registers a timer or a follower to cancel when the factory is closed.
    pub(crate) fn register_background(&self, background: Weak<dyn Background>) -> Result<()> {
        let mut all = self.0.background.lock();
        all.retain(|one| one.upgrade().is_some_and(|one| one.is_active()));
        all.push(background.clone());
        drop(all);
        if self.is_closed() {
            background.upgrade().into_iter().for_each(|one| one.cancel());
            return Err(Error::closed().with_factory(self.name()));
        }
        Ok(())
    }

    /// Returns whether both are handles of one factory.
    #[doc(hidden)]
    pub fn is_same(&self, other: &Gpio) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn unregister(&self, ticket: Ticket) {
        self.0.open.lock().remove(&ticket);
    }
}

/// Returns the error for a line beyond the last.
fn beyond(board: &Board) -> Error {
    let pins = match board.lines() {
        0 => "no pins".to_owned(),
        lines => format!("GPIO0 to GPIO{}", lines - 1),
    };
    Error::new(ErrorKind::UnknownPin, format!("there is no such pin: this board has {pins}"))
}

fn unknown(error: PinError) -> Error {
    let kind = match error {
        PinError::NotGpio { .. } => ErrorKind::NotGpio,
        _ => ErrorKind::UnknownPin,
    };
    Error::new(kind, error.to_string())
}

/// A factory whose pins are reached through another one is a handle of that one.
impl OpenHandle for Inner {
    fn lines(&self) -> &[Line] {
        &[]
    }

    fn is_closed(&self) -> bool {
        self.home.is_elsewhere() || self.closed.load(Ordering::Acquire)
    }

    fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        self.cancel_background();
        // Handles are left on the list until they are closed: another thread may close one and must be waited for.
        let open: Vec<_> = self.open.lock().values().rev().filter_map(Weak::upgrade).collect();
        first_error(open.iter().map(|handle| handle.close())).and(self.factory.close())
    }

    fn add_line_info(&self, _: Line, _: &mut LineInfo) {}
}

impl Inner {
    fn cancel_background(&self) {
        let all = std::mem::take(&mut *self.background.lock());
        all.iter().filter_map(Weak::upgrade).for_each(|one| one.cancel());
    }
}

/// Leaks the factory in a forked child: not even the backend's own drop may touch what belongs to the parent.
impl Drop for Gpio {
    fn drop(&mut self) {
        if self.home().is_elsewhere() {
            std::mem::forget(Arc::clone(&self.0));
        }
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
        self.cancel_background();
        if let Some(Base { gpio, ticket }) = &self.base {
            gpio.unregister(*ticket);
        }
        if let Err(error) = self.factory.close() {
            let unclosed = Error::new(error.kind(), "the factory was not closed properly");
            self.runtime.reports().report(&unclosed.with_factory(self.factory.name()).with_source(error));
        }
    }
}
