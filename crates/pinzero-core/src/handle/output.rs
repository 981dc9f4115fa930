//! A driven line.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::animation::{Animation, Ownership, Target};
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::factory::{OutputConfig, OutputPin};
use crate::gpio::Gpio;
use crate::handle::line_info::{LineFunction, LineInfo};
use crate::handle::reserve::Reserver;
use crate::handle::{Close, HandleRef, Lifecycle};
use crate::machine::Blink;
use crate::pin_spec::PinSpec;
use crate::sync::AtomicU8;
use crate::types::{Level, Line, OnClose};

/// How to open an [`Output`]; made by [`Gpio::output`].
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

    /// The level from the first instant; low if nothing is said.
    pub fn initial(mut self, level: Level) -> Self {
        self.initial = Some(level);
        self
    }

    /// Starts with the level that is on the line already.
    pub fn adopt(mut self) -> Self {
        self.initial = None;
        self
    }

    /// What the line becomes when it is closed; what the factory's builder says if nothing is said here.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// What error messages call the reserver of the line.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the line.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin), [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse),
    /// [`FixedPull`](ErrorKind::FixedPull), [`Busy`](ErrorKind::Busy), [`Unsupported`](ErrorKind::Unsupported),
    /// [`Closed`](ErrorKind::Closed), and those of the system.
    #[track_caller]
    pub fn open(self) -> Result<Output> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let gpio = self.gpio.clone();
        let spec = self.spec.clone();
        gpio.context(&spec, self.device, move || self.open_as(reserver))
    }

    fn open_as(self, reserver: Reserver) -> Result<Output> {
        let gpio = self.gpio;
        if !gpio.capabilities().output.is_available() {
            return Err(Error::unsupported("an output"));
        }
        let config =
            OutputConfig { initial: self.initial, on_close: self.on_close.unwrap_or(gpio.on_close()) };
        let reservation = gpio.reserve(&self.spec, reserver)?;
        let line = reservation.line();
        gpio.check_on_close(line, config.on_close)?;
        let pin = gpio.factory().open_output(line, config)?;
        let level = match config.initial {
            Some(level) => level,
            None => pin.level()?,
        };
        let shared = Arc::new(OutputShared {
            lifecycle: Lifecycle::new(&gpio, vec![reservation]),
            pin,
            ownership: Ownership::new(gpio.is_plain()),
            level: AtomicU8::new(level.is_high().into()),
        });
        Ok(Output(HandleRef::register(shared)?))
    }
}

/// A line that is driven. A cheap handle: clones drive the same line, and the last one to go closes it.
///
/// ```
/// use pinzero_core::{Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let relay = gpio.output("J8:11").open()?;
/// gpio.advance(ms(5));
/// relay.set(Level::High)?;
/// assert_eq!(gpio.line(17).history(), [(ms(5), Level::High)]);
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Output(Arc<HandleRef<OutputShared>>);

#[derive(Debug)]
struct OutputShared {
    lifecycle: Lifecycle,
    pin: Box<dyn OutputPin>,
    /// It is plain where a write is over once the pin has it: the clock is real, so that nothing runs on this thread, and the pin
    /// is not elsewhere.
    ownership: Ownership,
    /// The level last written, as a number.
    level: AtomicU8,
}

impl Output {
    /// Drives the line to `level`, and ends a blink that runs.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and those of the system.
    #[inline]
    pub fn set(&self, level: Level) -> Result<()> {
        let shared: &OutputShared = &self.0;
        if shared.ownership.is_plain() { shared.write(level) } else { shared.take(move || level) }
    }

    /// Drives the line to the other level, and ends a blink that runs.
    ///
    /// # Errors
    /// As for [`set`](Output::set).
    #[inline]
    pub fn toggle(&self) -> Result<()> {
        let shared: &OutputShared = &self.0;
        let before = shared.last();
        if shared.ownership.is_plain() {
            shared.change(before, !before)
        } else {
            shared.take(|| !shared.last())
        }
    }

    /// The level last written, by a blink or by hand.
    pub fn last(&self) -> Level {
        self.0.last()
    }

    /// The level on the line now, which a short circuit may hold elsewhere than the one last written.
    ///
    /// # Errors
    /// As for [`set`](Output::set).
    pub fn level(&self) -> Result<Level> {
        self.0.pin.level()
    }

    /// Blinks in the background; `active` is the level that means "on".
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the plan fades or has too short a cycle, and those of writing.
    pub fn blink(&self, plan: Blink, active: Level) -> Result<Animation> {
        let shared: &Arc<OutputShared> = &self.0;
        shared.lifecycle.check_open()?;
        if plan.has_fades() {
            let message = "a digital output cannot fade: use a PWM device";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_pin(shared.lifecycle.line()));
        }
        let before = shared.last();
        let run = Ownership::start(shared.lifecycle.gpio(), shared.clone(), plan, active)
            .map_err(|error| error.with_pin(shared.lifecycle.line()))?;
        // One whose first step has not got there is not left running.
        shared
            .finish(Ok(()))
            .inspect_err(|_| shared.ownership.take(shared.lifecycle.gpio(), || shared.note(before)))?;
        let device = self.clone();
        Ok(Animation::new(shared.lifecycle.gpio().clone(), run, move || device.set(!active)))
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

    /// Ends a blink, and gives the line back in the state that was asked for. Idempotent, from any thread.
    ///
    /// # Errors
    /// Those of the system; the line is given back as far as can be all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl OutputShared {
    #[inline]
    fn write(&self, level: Level) -> Result<()> {
        self.change(self.last(), level)
    }

    #[inline]
    fn change(&self, before: Level, level: Level) -> Result<()> {
        // Noted first: the write may set off a callback, on another thread, that writes again.
        self.note(level);
        let result = self.pin.set(level);
        let is_last = self.level.load(Ordering::Relaxed) == u8::from(level.is_high());
        if result.is_ok() && is_last { Ok(()) } else { self.write_again(before, level, result) }
    }

    /// Sees to a write that has failed, or that another thread's has come between.
    #[cold]
    fn write_again(&self, before: Level, mut level: Level, mut result: Result<()>) -> Result<()> {
        loop {
            result.inspect_err(|_| self.note(before))?;
            let noted = self.last();
            if noted == level {
                return Ok(());
            }
            // Either write may have reached the pin last: the later note counts.
            level = noted;
            result = self.pin.set(level);
        }
    }

    /// Writes as the user's own act, and ends an animation that runs.
    #[cold]
    #[inline(never)]
    fn take(&self, level: impl FnOnce() -> Level) -> Result<()> {
        let before = self.last();
        let result = self.ownership.take(self.lifecycle.gpio(), || self.write(level()));
        self.finish(result).inspect_err(|_| self.note(before))
    }

    /// Sees to what a write has set off, and whether it has got to the pin.
    fn finish(&self, written: Result<()>) -> Result<()> {
        let gpio = self.lifecycle.gpio();
        gpio.runtime().catch_up();
        written?;
        gpio.confirm(|| self.pin.confirm())
    }

    fn note(&self, level: Level) {
        self.level.store(level.is_high().into(), Ordering::Relaxed);
    }

    fn last(&self) -> Level {
        Level::from(self.level.load(Ordering::Relaxed) != 0)
    }
}

impl Target for OutputShared {
    fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    fn show(&self, value: f64) -> Result<()> {
        self.write(Level::from(value >= 0.5))
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

impl Close for OutputShared {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            self.ownership.take(self.lifecycle.gpio(), || ());
            self.pin.close()
        })
    }

    fn add_line_info(&self, _: Line, seen: &mut LineInfo) {
        seen.function = seen.function.or(Some(LineFunction::Output));
        seen.level = seen.level.or_else(|| self.pin.level().ok());
    }
}
