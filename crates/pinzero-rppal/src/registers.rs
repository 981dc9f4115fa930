//! A line, through its registers.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;
use pinzero_core::{
    Bias, Drive, Error, Found, Level, Line, LineFunction, LineInfo, OnClose, Pin, Release, Result,
};
use rppal::gpio::{self, IoPin, Mode};

/// A line; given back when closed or dropped.
pub(crate) struct Registers {
    number: u32,
    /// The function in which the line was found.
    mode: Mode,
    /// The level at which the line was found.
    level: Level,
    /// The pull to restore, if another was set.
    pull: Bias,
    on_close: OnClose,
    /// `None` once closed. Each line has its own lock, held for one register access.
    io: Mutex<Option<IoPin>>,
}

impl Registers {
    /// Takes a line as it is; `set_up` then changes it.
    pub(crate) fn open(
        pin: gpio::Pin,
        pull: Bias,
        on_close: OnClose,
        set_up: impl FnOnce(&mut IoPin, Level),
    ) -> Self {
        let (number, mode, level) = (u32::from(pin.pin()), pin.mode(), level(pin.read()));
        let mut io = pin.into_io(mode);
        // rppal would switch the pull off, and does not know which pull to set instead.
        io.set_reset_on_drop(false);
        set_up(&mut io, level);
        Registers { number, mode, level, pull, on_close, io: Mutex::new(Some(io)) }
    }

    /// Returns the line's bit in a mask of all lines.
    pub(crate) fn bit(&self) -> u64 {
        1 << self.number
    }

    /// Runs some accesses, unless the line is closed.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut IoPin) -> R) -> Result<R> {
        self.io.lock().as_mut().map(work).ok_or_else(|| Error::closed().with_pin(Line(self.number)))
    }

    /// Returns the present state, if the line is open and is `line`.
    pub(crate) fn look(&self, line: Line) -> Option<LineInfo> {
        let slot = self.io.lock();
        let io = slot.as_ref().filter(|_| self.number == line.0)?;
        Some(seen(io.mode(), io.read()))
    }

    /// Gives the line back in the state for this `OnClose`, instead of the one given at opening; `rest` is the level of
    /// a PWM line that is kept. Idempotent.
    pub(crate) fn close_as(&self, on_close: OnClose, rest: Option<Level>) {
        // The lock is held throughout, so that a second call does not return before the line is free.
        let mut slot = self.io.lock();
        let Some(mut io) = slot.take() else { return };
        if on_close == OnClose::Restore {
            set_bias(&mut io, self.pull);
        }
        match self.found().release(on_close, rest) {
            Release::AsIs => {}
            Release::Input(bias) => listen(&mut io, bias),
            Release::Output(level) => drive(&mut io, level),
            Release::Function => io.set_mode(self.mode),
        }
    }

    fn found(&self) -> Found {
        match self.mode {
            Mode::Input => Found::Input(self.pull),
            Mode::Output => Found::Output(self.level),
            _ => Found::Function,
        }
    }
}

/// Makes the line do this, in one step.
pub(crate) fn turn(io: &mut IoPin, to: Drive) -> Result<()> {
    match to {
        Drive::Output(level) => drive(io, level),
        Drive::Input(bias) => listen(io, bias),
        Drive::Pwm { .. } => return Err(Error::unsupported("PWM by registers")),
    }
    Ok(())
}

/// Makes a line an output, the level first.
pub(crate) fn drive(io: &mut IoPin, level: Level) {
    io.write(raw(level));
    make_output(io);
}

/// Makes a line an output, at the level that its register has.
pub(crate) fn make_output(io: &mut IoPin) {
    if io.mode() != Mode::Output {
        io.set_mode(Mode::Output);
    }
}

/// Makes a line an input, the pull first.
pub(crate) fn listen(io: &mut IoPin, bias: Bias) {
    set_bias(io, bias);
    io.set_mode(Mode::Input);
}

/// Sets a pull; does nothing for [`Bias::AsIs`].
fn set_bias(io: &mut IoPin, bias: Bias) {
    match bias {
        Bias::AsIs => {}
        Bias::Disabled => io.set_bias(gpio::Bias::Off),
        Bias::PullDown => io.set_bias(gpio::Bias::PullDown),
        Bias::PullUp => io.set_bias(gpio::Bias::PullUp),
    }
}

fn level(level: gpio::Level) -> Level {
    Level::from(level == gpio::Level::High)
}

pub(crate) fn raw(level: Level) -> gpio::Level {
    if level.is_high() { gpio::Level::High } else { gpio::Level::Low }
}

/// Returns the state of a line that no one holds.
pub(crate) fn look(pin: &gpio::Pin) -> LineInfo {
    seen(pin.mode(), pin.read())
}

fn seen(mode: Mode, now: gpio::Level) -> LineInfo {
    let function = match mode {
        Mode::Input | Mode::Null => LineFunction::Input,
        Mode::Output => LineFunction::Output,
        Mode::Alt0 => LineFunction::Alternate(0),
        Mode::Alt1 => LineFunction::Alternate(1),
        Mode::Alt2 => LineFunction::Alternate(2),
        Mode::Alt3 => LineFunction::Alternate(3),
        Mode::Alt4 => LineFunction::Alternate(4),
        Mode::Alt5 => LineFunction::Alternate(5),
        Mode::Alt6 => LineFunction::Alternate(6),
        Mode::Alt7 => LineFunction::Alternate(7),
        Mode::Alt8 => LineFunction::Alternate(8),
    };
    // On a Pi 5, a line that is switched off cannot be read either.
    let level = (mode != Mode::Null).then(|| level(now));
    LineInfo { function: Some(function), level, ..LineInfo::default() }
}

/// An open line in any role, as core sees it; given back when dropped. [`RppalFactory`](crate::RppalFactory) reads the
/// line through the same registers.
#[derive(Debug)]
pub(crate) struct OpenLine(pub(crate) Arc<Registers>);

impl Deref for OpenLine {
    type Target = Registers;

    fn deref(&self) -> &Registers {
        &self.0
    }
}

impl Pin for OpenLine {
    fn level(&self) -> Result<Level> {
        self.with(|io| level(io.read()))
    }

    fn close(&self) -> Result<()> {
        self.close_as(self.on_close, None);
        Ok(())
    }
}

impl Drop for OpenLine {
    fn drop(&mut self) {
        self.close_as(self.on_close, None);
    }
}

impl fmt::Debug for Registers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registers")
            .field("number", &self.number)
            .field("found", &self.mode)
            .finish_non_exhaustive()
    }
}
