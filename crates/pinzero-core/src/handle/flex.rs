//! [`Flex`]: a line that turns from output to input and back without being released.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use super::events::Events;
use super::{Close, Closer, HandleRef, Lifecycle, Tapped};
use crate::capability::Support;
use crate::device::Device;
use crate::emulate::polling::Polled;
use crate::emulate::soft_pwm::{self, SoftPwm};
use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::factory::{FlexConfig, FlexPin, OutputPin, Pin};
use crate::gpio::Gpio;
use crate::hub::{Handler, Hub};
use crate::line_info::{LineFunction, LineInfo};
use crate::outcome::Outcome;
use crate::pin_spec::PinSpec;
use crate::reserve::Reserver;
use crate::runtime::{LineEdge, Next, Outbox, Task, TaskId};
use crate::time::{Instant, ms};
use crate::trace::{ChangeKind, Recorder};
use crate::types::{Bias, Drive, Edge, Level, Line, OnClose};

/// Builder for a [`Flex`]; returned by [`Gpio::flex`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct FlexBuilder {
    gpio: Gpio,
    spec: PinSpec,
    device: &'static str,
    start: Drive,
    on_close: Option<OnClose>,
}

impl FlexBuilder {
    pub(crate) fn new(gpio: Gpio, spec: PinSpec) -> Self {
        FlexBuilder { gpio, spec, device: "Flex", start: Drive::Input(Bias::AsIs), on_close: None }
    }

    /// Sets the line's function from the first instant. Default: an input, with the bias as it is.
    pub fn start(mut self, drive: Drive) -> Self {
        self.start = drive;
        self
    }

    /// Sets the state of the line after close. Default: the setting of the factory's builder.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// Sets the device name in error messages. Default: `Flex`.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the line.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse),
    /// [`FixedPull`](ErrorKind::FixedPull), [`Busy`](ErrorKind::Busy), [`Unsupported`](ErrorKind::Unsupported) where the factory
    /// cannot turn a line round, [`InvalidValue`](ErrorKind::InvalidValue) for a start with PWM,
    /// [`Closed`](ErrorKind::Closed), and any I/O error.
    #[track_caller]
    pub fn open(self) -> Result<Flex> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let gpio = self.gpio.clone();
        let spec = self.spec.clone();
        gpio.context(&spec, self.device, move || self.open_as(reserver))
    }

    fn open_as(self, reserver: Reserver) -> Result<Flex> {
        let gpio = self.gpio;
        let capabilities = gpio.capabilities();
        capabilities.flex.require("a flexible line (`flex`)")?;
        let on_close = self.on_close.unwrap_or(gpio.on_close());
        let reservation = gpio.reserve(&self.spec, reserver)?;
        let line = reservation.line();
        gpio.check_on_close(line, on_close)?;
        check(&gpio, line, self.start)?;
        if matches!(self.start, Drive::Pwm { .. }) {
            let message = "open the line as an input or output first, and turn it to PWM then";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let runtime = gpio.runtime();
        runtime.start()?;
        let task = runtime.reserve();
        runtime.enter(|state| state.tasks.expect(task));
        let mut config = FlexConfig::new(self.start, on_close);
        config.edges = (capabilities.edges == Support::Native).then(|| runtime.sink(task, 0));
        let opened = gpio.factory().open_flex(line, config).and_then(|pin| {
            let level = pin.level()?;
            Ok((Arc::<dyn FlexPin>::from(pin), level))
        });
        let (pin, level) = opened.inspect_err(|_| runtime.remove(task))?;
        let hub = Arc::new(Hub::new(reserver.device, Some(line)).with_room(EDGES));
        let drive = Arc::new(Mutex::new(self.start));
        let lifecycle = Lifecycle::new(&gpio, vec![reservation]);
        let tap = Tapped::new();
        let flex = FlexLine { lifecycle, pin, drive, pwm: OnceLock::new(), hub, tap: tap.clone(), task };
        let flex = Arc::new(flex);
        let polled = (capabilities.edges != Support::Native).then(|| flex.drive.clone());
        let is_polled = polled.is_some();
        let (hub, closer, recorder) = (flex.hub.clone(), Closer::of(&flex), gpio.recorder().clone());
        let flex_task = FlexTask { line, recorder, hub, tap, closer, polled };
        let flex_task: Box<dyn Task> = match is_polled {
            false => Box::new(flex_task),
            true => {
                let pins: Vec<Arc<dyn Pin>> = vec![Arc::new(AsOutput(flex.pin.clone()))];
                Box::new(Polled::new(flex_task, pins, level.is_high().into(), gpio.now(), POLL))
            }
        };
        runtime.enter(|state| state.insert(task, flex_task));
        // Lost meanwhile.
        if let Some(error) = flex.hub.ended() {
            Close::close(&*flex)?;
            return Err(error);
        }
        Ok(Flex(HandleRef::register(flex)?))
    }
}

/// Fails if the line or the factory cannot do this.
fn check(gpio: &Gpio, line: Line, drive: Drive) -> Result<()> {
    match drive {
        Drive::Output(_) => Ok(()),
        Drive::Input(bias) => gpio.check_bias(line, bias),
        Drive::Pwm { period, pulse } => {
            if period.is_zero() || pulse > period {
                let message = format!("a pulse of {pulse:?} every {period:?} is not possible");
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            match gpio.capabilities().pwm {
                Support::Native => Ok(()),
                Support::Emulated => soft_pwm::check(period),
                Support::None => Err(Error::unsupported("PWM")),
            }
        }
    }
}

/// A line that drives, listens or carries PWM, and switches between these without being released.
///
/// A turn is one step: the line has no other level on the way, and no other program can take it. Clones share one line;
/// dropping the last clone closes it.
///
/// ```
/// use pinzero::{Bias, Drive, Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let data = gpio.flex(4).start(Drive::Output(Level::Low)).open()?;
/// let mut edges = data.edges();
/// gpio.advance(ms(18));
/// data.turn(Drive::Input(Bias::PullUp))?; // the line rises, and a sensor answers
/// gpio.line(4).script([(ms(1), Level::Low), (ms(2), Level::High)]);
/// gpio.advance(ms(5));
/// let levels: Vec<Level> = edges.by_ref().take(3).map(|edge| edge.level).collect();
/// assert_eq!(levels, [Level::High, Level::Low, Level::High]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the line is closed when the last handle is dropped"]
pub struct Flex(Arc<HandleRef<FlexLine>>);

impl UnwindSafe for Flex {}
impl RefUnwindSafe for Flex {}

#[derive(Debug)]
pub(crate) struct FlexLine {
    lifecycle: Lifecycle,
    pin: Arc<dyn FlexPin>,
    /// The last turn. The lock is held while the line turns, so that the value matches the pin.
    drive: Arc<Mutex<Drive>>,
    /// Software PWM, if the factory has no PWM; created on first use.
    pwm: OnceLock<SoftPwm>,
    hub: Arc<Hub<Edge>>,
    tap: Tapped<Edge>,
    task: TaskId,
}

impl Flex {
    /// Switches the line to `drive`, level or bias included, in one step. On a line that drives already, this is a write.
    ///
    /// # Errors
    /// [`FixedPull`](ErrorKind::FixedPull), [`Unsupported`](ErrorKind::Unsupported) if the factory lacks bias or PWM,
    /// [`InvalidValue`](ErrorKind::InvalidValue) and [`InvalidFrequency`](ErrorKind::InvalidFrequency) for impossible pulses,
    /// [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn turn(&self, drive: Drive) -> Result<()> {
        let line = self.line();
        let before = exit::hold(self.0.turn(drive)).map_err(|error| error.with_pin(line))?;
        self.gpio().runtime().catch_up();
        let confirmed = self.gpio().confirm(|| self.0.pin.confirm());
        exit::hold(confirmed).map_err(|error| {
            *self.0.drive.lock() = before;
            error.with_pin(line)
        })
    }

    /// Returns the function that the line was last switched to.
    pub fn drive(&self) -> Drive {
        self.0.drive()
    }

    /// Returns the level on the line now.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn level(&self) -> Result<Level> {
        self.0.lifecycle.check_home()?;
        exit::hold(self.0.pin.level()).map_err(|error| error.with_pin(self.line()))
    }

    /// Calls `handler` on every edge while the line is an input. Handlers add up; earlier ones stay.
    ///
    /// If the factory reports no edges, the level is read every 5 ms. While handlers are slow, up to 65,536 edges wait for them;
    /// older ones are dropped, and [`Edge::missed`] counts them. Handlers run on the thread that
    /// [`Input::on`](crate::Input::on) describes.
    pub fn on_edge<R: Outcome>(&self, handler: impl FnMut(Edge) -> R + Send + 'static) -> Handler {
        self.0.hub.on((), handler)
    }

    /// Returns an iterator over the edges from now on, while the line is an input. The iterator ends when the line is closed.
    pub fn edges(&self) -> Events<Edge> {
        Events::new(self.gpio(), &self.0.hub)
    }

    pub(crate) fn shared(&self) -> Arc<FlexLine> {
        (**self.0).clone()
    }

    pub(crate) fn tap(&self) -> &Tapped<Edge> {
        &self.0.tap
    }

    /// Returns the line's number on its chip.
    pub fn line(&self) -> Line {
        self.0.lifecycle.line()
    }

    /// Returns the factory that the line belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.gpio()
    }

    /// Returns whether the line has been closed, or lost: its chip is gone, for instance.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed() || self.0.hub.is_closed()
    }

    /// Gives the line back in the state that [`on_close`](FlexBuilder::on_close) names. Idempotent, from any thread.
    ///
    /// # Errors
    /// Any I/O error; the line is given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl FlexLine {
    pub(crate) fn line(&self) -> Line {
        self.lifecycle.line()
    }

    pub(crate) fn confirm(&self) -> Result<()> {
        self.pin.confirm()
    }

    fn drive(&self) -> Drive {
        self.lifecycle.look(&self.drive).unwrap_or(Drive::Input(Bias::AsIs))
    }

    /// Switches the line, and returns its function before that.
    pub(crate) fn turn(&self, drive: Drive) -> Result<Drive> {
        self.lifecycle.check_open()?;
        let gpio = self.lifecycle.gpio();
        check(gpio, self.lifecycle.line(), drive)?;
        let is_pulsed = matches!(drive, Drive::Pwm { .. }) && gpio.capabilities().pwm == Support::Emulated;
        if is_pulsed && self.pwm.get().is_none() {
            let pwm = SoftPwm::over(gpio, Arc::new(AsOutput(self.pin.clone())))?;
            // Fails if another thread was faster, which is fine.
            if let Err(pwm) = self.pwm.set(pwm) {
                pwm.stop();
            }
        }
        let mut noted = self.drive.lock();
        // Under this lock: a close that comes later finds the pulses.
        if self.lifecycle.is_closed() {
            // Without this lock: a task of the runtime may wait for it, and `stop` may wait for the task.
            drop(noted);
            self.pwm.get().into_iter().for_each(SoftPwm::stop);
            return Err(Error::closed());
        }
        let stamp = gpio.stamp();
        match (drive, self.pwm.get()) {
            // What fails is not left running.
            (Drive::Pwm { period, pulse }, Some(pwm)) => {
                pwm.set_wave(period, pulse).inspect_err(|_| pwm.pause())?;
            }
            (drive, pwm) => {
                pwm.into_iter().for_each(SoftPwm::pause);
                self.pin.turn(drive)?;
            }
        }
        stamp
            .into_iter()
            .for_each(|at| gpio.recorder().note(at, self.line(), || ChangeKind::of_drive(drive)));
        Ok(std::mem::replace(&mut *noted, drive))
    }
}

impl Close for FlexLine {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        let closed = self.lifecycle.end(|| {
            let noted = self.drive.lock();
            let pwm = self.pwm.get();
            drop(noted);
            pwm.into_iter().for_each(SoftPwm::stop);
            self.lifecycle.gpio().runtime().remove(self.task);
            self.pin.close()
        });
        self.hub.close();
        self.tap.get().iter().for_each(|tap| tap.close());
        closed
    }

    fn present(&self, show: &mut dyn FnMut(Line, ChangeKind)) {
        let drive = self.drive();
        show(self.line(), ChangeKind::of_drive(drive));
        // Not over a network, with the runtime's lock held: there, the level shows with the first edge.
        let can_read = matches!(drive, Drive::Input(_)) && !self.lifecycle.gpio().is_remote();
        if let Some(level) = can_read.then(|| self.pin.level().ok()).flatten() {
            show(self.line(), ChangeKind::Edge { level, missed: 0 });
        }
    }

    fn add_line_info(&self, _: Line, seen: &mut LineInfo) {
        let drive = *self.drive.lock();
        let function = match drive {
            Drive::Output(_) => LineFunction::Output,
            Drive::Input(_) => LineFunction::Input,
            Drive::Pwm { .. } => LineFunction::Pwm,
        };
        seen.function = Some(function);
        seen.level = seen.level.or_else(|| self.pin.level().ok());
        if let Drive::Input(bias) = drive {
            seen.bias = seen.bias.or((bias != Bias::AsIs).then_some(bias));
        }
    }
}

/// Adapts a flexible line to the output that software PWM writes to.
#[derive(Debug)]
struct AsOutput(Arc<dyn FlexPin>);

impl Pin for AsOutput {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl OutputPin for AsOutput {
    fn set(&self, level: Level) -> Result<()> {
        self.0.turn(Drive::Output(level))
    }

    fn confirm(&self) -> Result<()> {
        self.0.confirm()
    }
}

/// The most edges that wait for handlers: bare edges are small, and those who take them want each.
const EDGES: usize = 1 << 16;

/// How often the level is read where the factory reports no edges.
const POLL: Duration = ms(5);

/// Passes the line's edges to its listeners.
#[derive(Debug)]
struct FlexTask {
    line: Line,
    recorder: Arc<Recorder>,
    hub: Arc<Hub<Edge>>,
    tap: Tapped<Edge>,
    closer: Arc<Closer<FlexLine>>,
    /// What the line does, if the level is polled: a poll also sees what the line drives itself.
    polled: Option<Arc<Mutex<Drive>>>,
}

impl FlexTask {
    fn record(&self, Edge { at, level, missed }: Edge) {
        self.recorder.note(at, self.line, || ChangeKind::Edge { level, missed });
    }
}

impl Task for FlexTask {
    fn edges(&mut self, edges: &[LineEdge], outbox: &mut Outbox) {
        if self.polled.as_ref().is_none_or(|drive| matches!(*drive.lock(), Drive::Input(_))) {
            for LineEdge { edge, .. } in edges {
                self.record(*edge);
                outbox.emit(&self.hub, *edge);
                self.tap.get().iter().for_each(|tap| tap.event(*edge, outbox));
            }
        }
    }

    fn lose(&mut self, error: Error, outbox: &mut Outbox) {
        if !self.hub.is_closed() {
            outbox.complain(self.hub.name(error.clone()));
        }
        outbox.end(&self.hub, &error);
        self.tap.get().iter().for_each(|tap| tap.lose(&error, outbox));
        outbox.call(self.closer.clone(), 1);
    }

    fn fire(&mut self, _: Instant, _: &mut Outbox) {}

    fn next(&self) -> Next {
        Next::Idle
    }
}

impl Device for Flex {
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

impl fmt::Debug for Flex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flex({}, {})", self.line(), self.drive())
    }
}
