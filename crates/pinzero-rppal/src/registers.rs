//! A line by its registers.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use pinzero_cdev::SysfsPwm;
use pinzero_core::{Bias, Error, Level, Line, LineFunction, LineInfo, OnClose, Pin, Result};
use rppal::gpio::{self, IoPin, Mode};

/// A line; given back when closed or dropped.
pub(crate) struct Registers {
    number: u32,
    /// The function in which it was found.
    mode: Mode,
    /// The level at which it was found.
    level: Level,
    /// The pull to go back to, if another has been set.
    pull: Bias,
    on_close: OnClose,
    /// `None` once closed. The lock is the line's own, and held for the length of a register access.
    io: Mutex<Option<IoPin>>,
    /// The kernel's view of it, for edges; closed before the registers are put back.
    edges: OnceLock<Box<dyn Pin>>,
    /// Its hardware PWM; closed after the registers are put back, for what its channel does then is not to be seen.
    pulses: OnceLock<HardwarePwm>,
}

/// The hardware PWM of a line, and what becomes of the line at the end. Without it, that is what it was found as.
struct HardwarePwm {
    pwm: SysfsPwm,
    on_close: OnClose,
}

impl Registers {
    /// Takes a line as it is, and leaves it to `set_up` to make something of it.
    pub(crate) fn open(
        pin: gpio::Pin,
        pull: Bias,
        on_close: OnClose,
        set_up: impl FnOnce(&mut IoPin, Level),
    ) -> Self {
        let (number, mode, level) = (u32::from(pin.pin()), pin.mode(), level(pin.read()));
        let mut io = pin.into_io(mode);
        // It would switch the pull off, and knows nothing of what is wanted in place of that.
        io.set_reset_on_drop(false);
        set_up(&mut io, level);
        Registers {
            number,
            mode,
            level,
            pull,
            on_close,
            io: Mutex::new(Some(io)),
            edges: OnceLock::new(),
            pulses: OnceLock::new(),
        }
    }

    /// Has the line hold what reports its edges; once only.
    pub(crate) fn report(&self, edges: Box<dyn Pin>) {
        let _ = self.edges.set(edges);
    }

    /// Has the line carry pulses, by `mode`, until it is closed; once only.
    pub(crate) fn carry(&self, pwm: SysfsPwm, on_close: OnClose, mode: Option<Mode>) -> Result<()> {
        let _ = self.pulses.set(HardwarePwm { pwm, on_close });
        self.with(|io| mode.into_iter().for_each(|mode| io.set_mode(mode)))
    }

    pub(crate) fn pulses(&self) -> Option<&SysfsPwm> {
        self.pulses.get().map(|pulses| &pulses.pwm)
    }

    fn with<R>(&self, work: impl FnOnce(&mut IoPin) -> R) -> Result<R> {
        self.io.lock().as_mut().map(work).ok_or_else(|| Error::closed().with_pin(Line(self.number)))
    }

    /// Brings the line into the state that it is to be left in.
    fn leave(&self, io: &mut IoPin) {
        set_bias(io, self.pull);
        let on_close = match self.pulses.get() {
            // Without its pulses it is to be driven.
            Some(HardwarePwm { pwm, on_close: OnClose::Keep }) if pwm.resting().is_high() => OnClose::High,
            Some(HardwarePwm { on_close: OnClose::Keep, .. }) => OnClose::Low,
            Some(pulses) => pulses.on_close,
            None => self.on_close,
        };
        match on_close {
            OnClose::Input(bias) => {
                set_bias(io, bias);
                io.set_mode(Mode::Input);
            }
            OnClose::Low => drive(io, Level::Low),
            OnClose::High => drive(io, Level::High),
            OnClose::Keep => {}
            // What was an output is driven as it was.
            _ if self.mode == Mode::Output => drive(io, self.level),
            _ => io.set_mode(self.mode),
        }
    }
}

/// Makes an output of a line, the level first.
pub(crate) fn drive(io: &mut IoPin, level: Level) {
    io.write(if level.is_high() { gpio::Level::High } else { gpio::Level::Low });
    if io.mode() != Mode::Output {
        io.set_mode(Mode::Output);
    }
}

/// Sets a pull, if it is one.
pub(crate) fn set_bias(io: &mut IoPin, bias: Bias) {
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

impl Registers {
    pub(crate) fn level(&self) -> Result<Level> {
        self.with(|io| level(io.read()))
    }

    pub(crate) fn set(&self, level: Level) -> Result<()> {
        self.with(|io| io.write(if level.is_high() { gpio::Level::High } else { gpio::Level::Low }))
    }

    /// What it is now, if it is open and `line`.
    pub(crate) fn look(&self, line: Line) -> Option<LineInfo> {
        let slot = self.io.lock();
        let io = slot.as_ref().filter(|_| self.number == line.0)?;
        Some(seen(io.mode(), io.read()))
    }

    /// Gives the line back. Idempotent.
    pub(crate) fn close(&self) -> Result<()> {
        let edges = self.edges.get().map_or(Ok(()), |edges| edges.close());
        if let Some(mut io) = self.io.lock().take() {
            self.leave(&mut io);
        }
        edges.and(self.pulses().map_or(Ok(()), SysfsPwm::close))
    }
}

/// What a line is that is nobody's.
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
    // A line of a Pi 5 that is switched off is not read either.
    let level = (mode != Mode::Null).then(|| level(now));
    LineInfo { function: Some(function), level, ..LineInfo::default() }
}

/// Keeps a line open; gives the line back when dropped.
#[derive(Debug)]
pub(crate) struct OpenLine(pub(crate) Arc<Registers>);

impl Deref for OpenLine {
    type Target = Registers;

    fn deref(&self) -> &Registers {
        &self.0
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

impl Drop for OpenLine {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}
