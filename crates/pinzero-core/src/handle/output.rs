//! [`Output`]: a driven line.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Close, HandleRef, Lifecycle};
use crate::animation::Animation;
use crate::device::Device;
#[allow(unused_imports, reason = "for the links in the docs")]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::exit;
use crate::factory::{OutputConfig, OutputPin};
use crate::gpio::Gpio;
use crate::line_info::{LineFunction, LineInfo};
use crate::machine::Blink;
use crate::part::{GroupMember, Owner, Ownership, Part, Target};
use crate::pin_spec::PinSpec;
use crate::reserve::Reserver;
use crate::sync::AtomicU8;
use crate::time::Instant;
use crate::trace::ChangeKind;
use crate::types::{Level, Line, OnClose};

/// Builder for an [`Output`]; returned by [`Gpio::output`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct OutputBuilder {
    gpio: Gpio,
    spec: PinSpec,
    device: &'static str,
    initial: Option<Level>,
    on_close: Option<OnClose>,
}

impl OutputBuilder {
    pub(crate) fn new(gpio: Gpio, spec: PinSpec) -> Self {
        OutputBuilder { gpio, spec, device: "Output", initial: Some(Level::Low), on_close: None }
    }

    /// Sets the level from the first instant. Default: low.
    pub fn initial(mut self, level: Level) -> Self {
        self.initial = Some(level);
        self
    }

    /// Keeps the level that is on the line already. Default: [`initial`](OutputBuilder::initial) sets the level.
    pub fn adopt(mut self) -> Self {
        self.initial = None;
        self
    }

    /// Sets the state of the line after close. Default: the setting of the factory's builder.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// Sets the device name in error messages. Default: `Output`.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the line.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse),
    /// [`FixedPull`](ErrorKind::FixedPull), [`Busy`](ErrorKind::Busy), [`Unsupported`](ErrorKind::Unsupported),
    /// [`Closed`](ErrorKind::Closed), and any I/O error.
    #[track_caller]
    pub fn open(self) -> Result<Output> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let gpio = self.gpio.clone();
        let spec = self.spec.clone();
        gpio.context(&spec, self.device, move || self.open_as(reserver))
    }

    fn open_as(self, reserver: Reserver) -> Result<Output> {
        let gpio = self.gpio;
        gpio.capabilities().output.require("an output")?;
        let config = OutputConfig::new(self.initial, self.on_close.unwrap_or(gpio.on_close()));
        let reservation = gpio.reserve(&self.spec, reserver)?;
        let line = reservation.line();
        gpio.check_on_close(line, config.on_close)?;
        let pin = gpio.factory().open_output(line, config)?;
        let level = match config.initial {
            Some(level) => level,
            None => pin.level()?,
        };
        let lifecycle = Arc::new(Lifecycle::new(&gpio, vec![reservation]));
        let shared = Arc::new(OutputLine::new(lifecycle, line, pin, None, level));
        Ok(Output { owner: HandleRef::register(shared.clone())?, shared })
    }
}

/// A line that is driven. Clones share one line; dropping the last clone closes it.
///
/// ```
/// use pinzero::{Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let relay = gpio.output("J8:11").open()?;
/// gpio.advance(ms(5));
/// relay.set(Level::High)?;
/// assert_eq!(gpio.line(17).history(), [(ms(5), Level::High)]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the line is closed when the last handle is dropped"]
pub struct Output {
    shared: Arc<OutputLine>,
    /// Closes the line, and the lines of its group, when their last handle is dropped.
    owner: Arc<dyn Owner>,
}

impl UnwindSafe for Output {}
impl RefUnwindSafe for Output {}

/// An open output.
#[derive(Debug)]
pub(crate) struct OutputLine {
    lifecycle: Arc<Lifecycle>,
    line: Line,
    pin: Box<dyn OutputPin>,
    /// The line's place in a group that can be written together.
    group: Option<GroupMember>,
    ownership: Ownership,
    /// The level last written, as a number.
    level: AtomicU8,
}

impl Output {
    /// Returns a handle for a line of a group, which `owner` closes.
    pub(super) fn member(shared: Arc<OutputLine>, owner: Arc<dyn Owner>) -> Self {
        Output { shared, owner }
    }

    /// Drives the line to `level`, and ends a running blink.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    #[inline]
    pub fn set(&self, level: Level) -> Result<()> {
        let shared: &OutputLine = &self.shared;
        exit::hold(if shared.ownership.is_direct() {
            shared.change(shared.last(), level)
        } else {
            shared.take(move || level)
        })
    }

    /// Drives the line to the other level, and ends a running blink.
    ///
    /// # Errors
    /// See [`set`](Output::set).
    #[inline]
    pub fn toggle(&self) -> Result<()> {
        let shared: &OutputLine = &self.shared;
        let before = shared.last();
        exit::hold(if shared.ownership.is_direct() {
            shared.change(before, !before)
        } else {
            shared.take(|| !shared.last())
        })
    }

    pub(crate) fn shared(&self) -> Arc<OutputLine> {
        self.shared.clone()
    }

    /// Returns the level last written, by a blink or by a call.
    pub fn last(&self) -> Level {
        self.shared.last()
    }

    /// Returns the level on the line now. A short circuit can make it differ from the level last written.
    ///
    /// # Errors
    /// See [`set`](Output::set).
    pub fn level(&self) -> Result<Level> {
        self.shared.lifecycle.check_home()?;
        exit::hold(self.shared.pin.level())
    }

    /// Blinks in the background; `active` is the level that means "on".
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the plan fades or a cycle is shorter than 100 µs; see also
    /// [`set`](Output::set).
    pub fn blink(&self, plan: Blink, active: Level) -> Result<Animation> {
        Animation::start([self.part(active)], plan)
    }

    /// Returns this line's part in an animation of several lines; `active` is the level that means "on".
    pub fn part(&self, active: Level) -> Part {
        Part::new(self.shared.clone(), self.owner.clone(), active)
    }

    /// Returns the line's number on its chip.
    pub fn line(&self) -> Line {
        self.shared.line
    }

    /// Returns the factory that the output belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.shared.lifecycle.gpio()
    }

    /// Fails if the output has been closed.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn check_open(&self) -> Result<()> {
        exit::hold(self.shared.lifecycle.check_open())
    }

    /// Returns whether the output has been closed.
    pub fn is_closed(&self) -> bool {
        self.shared.lifecycle.is_closed()
    }

    /// Ends a blink, and gives the line back in the state that [`on_close`](OutputBuilder::on_close) names. Idempotent, from any
    /// thread. Outputs of one group close together.
    ///
    /// # Errors
    /// Any I/O error; the line is given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.owner.close()
    }
}

impl OutputLine {
    pub(crate) fn line(&self) -> Line {
        self.line
    }

    pub(crate) fn confirm(&self) -> Result<()> {
        self.pin.confirm()
    }

    pub(super) fn new(
        lifecycle: Arc<Lifecycle>,
        line: Line,
        pin: Box<dyn OutputPin>,
        group: Option<GroupMember>,
        level: Level,
    ) -> Self {
        let ownership = Ownership::new(lifecycle.gpio().writes_directly());
        OutputLine { lifecycle, line, pin, group, ownership, level: AtomicU8::new(level.is_high().into()) }
    }

    /// Writes, and tells the recordings.
    pub(crate) fn write(&self, level: Level) -> Result<()> {
        let stamp = self.lifecycle.gpio().stamp();
        self.change(self.last(), level)?;
        stamp.into_iter().for_each(|at| self.record(at));
        Ok(())
    }

    #[inline]
    fn change(&self, before: Level, level: Level) -> Result<()> {
        // Recorded first: the write may trigger a callback, on another thread, that writes again.
        self.note_level(level);
        let result = self.pin.set(level);
        let is_last = self.level.load(Ordering::Relaxed) == u8::from(level.is_high());
        if result.is_ok() && is_last { Ok(()) } else { self.write_again(before, level, result) }
    }

    /// Handles a write that failed, or that another thread's write overlapped.
    #[cold]
    fn write_again(&self, before: Level, mut level: Level, mut result: Result<()>) -> Result<()> {
        loop {
            result.inspect_err(|_| self.note_level(before))?;
            let noted = self.last();
            if noted == level {
                return Ok(());
            }
            // Either write may have reached the pin last: the level recorded last wins.
            level = noted;
            result = self.pin.set(level);
        }
    }

    /// Takes the line out of its animation, and writes.
    #[cold]
    #[inline(never)]
    fn take(&self, level: impl FnOnce() -> Level) -> Result<()> {
        self.lifecycle.check_home()?;
        let before = self.last();
        let gpio = self.lifecycle.gpio();
        let written = self.ownership.take(gpio, || self.write(level()));
        gpio.runtime().catch_up();
        let confirmed = written.and_then(|()| gpio.confirm(|| self.pin.confirm()));
        confirmed.inspect_err(|_| self.note_level(before))
    }

    pub(super) fn note_level(&self, level: Level) {
        self.level.store(level.is_high().into(), Ordering::Relaxed);
    }

    pub(super) fn last(&self) -> Level {
        Level::from(self.level.load(Ordering::Relaxed) != 0)
    }
}

impl Target for OutputLine {
    fn gpio(&self) -> &Gpio {
        self.lifecycle.gpio()
    }

    fn line(&self) -> Line {
        self.line
    }

    fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    fn is_closed(&self) -> bool {
        self.lifecycle.is_closed()
    }

    fn begin(&self) {
        self.lifecycle.begin();
    }

    fn check_open(&self) -> Result<()> {
        self.lifecycle.check_open()
    }

    fn is_digital(&self) -> bool {
        true
    }

    fn last(&self) -> f64 {
        f64::from(u8::from(self.last().is_high()))
    }

    fn note(&self, value: f64) {
        self.note_level(Level::from(value >= 0.5));
    }

    fn record(&self, at: Instant) {
        self.lifecycle.gpio().recorder().note(at, self.line, || ChangeKind::Driven(self.last()));
    }

    fn show(&self, value: f64) -> Result<()> {
        self.write(Level::from(value >= 0.5)).map_err(|error| error.with_pin(self.line))
    }

    fn group(&self) -> Option<&GroupMember> {
        self.group.as_ref()
    }

    fn confirm(&self) -> Result<()> {
        self.pin.confirm()
    }
}

impl Close for OutputLine {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            self.ownership.take(self.lifecycle.gpio(), || ());
            self.pin.close()
        })
    }

    fn in_background(&self) -> Option<&'static str> {
        (!self.ownership.is_free()).then_some("blink")
    }

    fn set_recorded(&self, is_recorded: bool) {
        self.ownership.set_direct(!is_recorded && self.lifecycle.gpio().writes_directly());
    }

    fn present(&self, show: &mut dyn FnMut(Line, ChangeKind)) {
        show(self.line, ChangeKind::Driven(self.last()));
    }

    fn add_line_info(&self, _: Line, seen: &mut LineInfo) {
        seen.function = seen.function.or(Some(LineFunction::Output));
        seen.level = seen.level.or_else(|| self.pin.level().ok());
    }
}

impl Device for Output {
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

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({}, {})", self.line(), self.last())
    }
}
