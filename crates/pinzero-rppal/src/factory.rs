//! The factory: the registers of this Raspberry Pi.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pinzero_cdev::{CdevFactory, SysfsPwm};
use pinzero_core::board::Board;
use pinzero_core::{
    Bias, Capabilities, Error, ErrorKind, GroupConfig, Host, InputConfig, Line, LineInfo, OnClose,
    OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SpiBus, SpiConfig,
    Support,
};
use rppal::gpio::{Gpio, Mode};

use crate::error;
use crate::input::RppalInput;
use crate::output::RppalOutput;
use crate::pwm::{self, RppalPwm};
use crate::registers::{OpenLine, Registers, drive, look, set_bias};

/// The lines that a Raspberry Pi has, if it is not known which one it is.
const LINES: u32 = 54;

/// The lines that any factory of this program has taken. Its lock is held while one is taken or looked at, and no longer than
/// registers take, so that a look never finds a line half taken, nor gets in the way of taking it.
static TAKEN: Mutex<Vec<Weak<Registers>>> = Mutex::new(Vec::new());

/// The lines of this Raspberry Pi, by its registers.
#[derive(Debug)]
pub struct RppalFactory {
    board: Board,
    /// The kernel's view of the same lines: for edges, and to see who else holds a line. `None` where there is no chip.
    chip: Option<CdevFactory>,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    gpio: Gpio,
    lines: Vec<Weak<Registers>>,
}

impl RppalFactory {
    /// What the registers can do, beside a character device that tells of edges.
    pub const CAPABILITIES: Capabilities = Capabilities {
        output: Support::Native,
        input: Support::Native,
        bias: Support::Native,
        edges: Support::Native,
        keep: Support::Native,
        ..Capabilities::NONE
    };

    /// Opens the registers.
    ///
    /// # Errors
    /// * [`NoChip`](ErrorKind::NoChip) if this is no Raspberry Pi that rppal knows, or one whose kernel has no
    ///   `/dev/gpiochip0`.
    /// * [`PermissionDenied`](ErrorKind::PermissionDenied) if the user may not use them.
    /// * [`Io`](ErrorKind::Io) for whatever else the system says.
    pub fn new() -> Result<Self> {
        let gpio = registers()?;
        // Not the chip that the environment names: that may be another one.
        let chip = CdevFactory::builder().open().inspect_err(|error| {
            log::warn!("rppal goes without the character device, and so without edges: {error}");
        });
        Ok(RppalFactory::of(gpio, chip.ok()))
    }

    /// Opens the registers, and nothing else: inputs are polled, and nobody learns who else holds a line. For a kernel that
    /// raises no interrupts for its lines, as that of an emulated Raspberry Pi.
    ///
    /// # Errors
    /// Those of [`new`](RppalFactory::new).
    pub fn registers_only() -> Result<Self> {
        Ok(RppalFactory::of(registers()?, None))
    }

    fn of(gpio: Gpio, chip: Option<CdevFactory>) -> Self {
        let board = match &chip {
            // It has asked already.
            Some(chip) => chip.board(),
            None => Board::detect().unwrap_or_else(|| Board::generic(LINES)),
        };
        RppalFactory { board, chip, open: Mutex::new(Some(Open { gpio, lines: Vec::new() })) }
    }

    /// Takes a line, and notes it.
    fn take(&self, line: Line, open: impl FnOnce(rppal::gpio::Pin) -> Registers) -> Result<OpenLine> {
        let mut slot = self.open.lock();
        let Open { gpio, lines } = slot.as_mut().ok_or_else(Error::closed)?;
        let mut taken = TAKEN.lock();
        let registers = Arc::new(open(get(gpio, line)?));
        for list in [lines, &mut *taken] {
            list.retain(|line| line.strong_count() > 0);
            list.push(Arc::downgrade(&registers));
        }
        Ok(OpenLine(registers))
    }

    /// Says so if another process or a driver holds the line: the registers do not keep it from being driven twice.
    fn warn_if_held(&self, line: Line) {
        let holder = self.chip.as_ref().and_then(|chip| chip.holder(line).ok().flatten());
        if let Some(holder) = holder {
            log::warn!("{line} is held by {holder} and will be driven by registers all the same");
        }
    }

    fn input(&self, line: Line, config: InputConfig) -> Result<RppalInput> {
        let InputConfig { bias, settle, edges } = config;
        if settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let chip = match (&edges, &self.chip) {
            (Some(_), None) => return Err(Error::unsupported("edge detection without a character device")),
            (None, _) => {
                self.warn_if_held(line);
                None
            }
            (Some(_), Some(chip)) => Some(chip),
        };
        // Asked first, lest the registers be touched on the way to a refusal.
        if let Some(holder) = chip.map_or(Ok(None), |chip| chip.holder(line))? {
            return Err(Error::new(ErrorKind::Busy, format!("it is held by {holder}")));
        }
        // What it was found with cannot be read on most models.
        let back = if bias == Bias::AsIs { Bias::AsIs } else { self.board.pull(line.0).into() };
        let open = self.take(line, |pin| {
            Registers::open(pin, back, OnClose::Restore, |io, _| {
                set_bias(io, bias);
                io.set_mode(Mode::Input);
            })
        })?;
        if let Some(chip) = chip {
            // Refused, the pin gives the line back as it goes.
            open.report(chip.open_input(line, InputConfig { bias: Bias::AsIs, settle: None, edges })?);
        }
        Ok(RppalInput(open))
    }
}

fn registers() -> Result<Gpio> {
    Gpio::new().map_err(|error| error::start(error).with_factory("rppal"))
}

/// Takes a line from rppal.
fn get(gpio: &Gpio, line: Line) -> Result<rppal::gpio::Pin> {
    let number = u8::try_from(line.0)
        .map_err(|_| Error::new(ErrorKind::UnknownPin, "a Raspberry Pi has no such line"))?;
    gpio.get(number).map_err(error::pin)
}

impl PinFactory for RppalFactory {
    fn name(&self) -> &'static str {
        "rppal"
    }

    fn host(&self) -> Host {
        Host::Local
    }

    fn capabilities(&self) -> Capabilities {
        let edges = if self.chip.is_some() { Support::Native } else { Support::None };
        Capabilities { edges, ..RppalFactory::CAPABILITIES }
    }

    fn board(&self) -> Board {
        self.board.clone()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        self.chip.as_ref().map_or(Ok(None), |chip| chip.find_line(name))
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let seen = {
            let slot = self.open.lock();
            let gpio = &slot.as_ref().ok_or_else(Error::closed)?.gpio;
            let taken = TAKEN.lock();
            match taken.iter().filter_map(Weak::upgrade).find_map(|ours| ours.look(line)) {
                Some(seen) => seen,
                // rppal has a line looked at by taking it, which leaves it as it is.
                None => look(&get(gpio, line)?),
            }
        };
        let asked =
            self.chip.as_ref().map_or_else(|| Ok(LineInfo::default()), |chip| chip.line_info(line))?;
        Ok(LineInfo { bias: asked.bias, consumer: asked.consumer, ..seen })
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        self.warn_if_held(line);
        let open = self.take(line, |pin| {
            Registers::open(pin, Bias::AsIs, config.on_close, |io, found| {
                drive(io, config.initial.unwrap_or(found));
            })
        });
        Ok(Box::new(RppalOutput(open?)))
    }

    fn open_group(&self, _: &[Line], _: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        Err(Error::unsupported("a group of outputs by registers"))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        Ok(Box::new(self.input(line, config)?))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        if !config.hardware {
            return Err(Error::unsupported("PWM by registers"));
        }
        self.warn_if_held(line);
        // The line first, as it is: nothing is started for one that cannot be had. Refused its pulses, it goes as it was found.
        let open = self.take(line, |pin| Registers::open(pin, Bias::AsIs, OnClose::Restore, |_, _| {}))?;
        // The channel is given back like any; what becomes of the line is seen to by its registers.
        let pulses = SysfsPwm::open_for(line, PwmConfig { on_close: OnClose::Restore, ..config })?;
        open.carry(pulses, config.on_close, pwm::function(self.board.soc(), line))?;
        Ok(Box::new(RppalPwm(open)))
    }

    fn open_spi(&self, _: SpiConfig) -> Result<Box<dyn SpiBus>> {
        Err(Error::unsupported("SPI by registers"))
    }

    fn close(&self) -> Result<()> {
        // The lock is kept throughout, so that a second call does not return before the lines are free.
        let mut slot = self.open.lock();
        let lines = slot.take().map(|open| open.lines).unwrap_or_default();
        let closed =
            lines.iter().filter_map(Weak::upgrade).map(|line| line.close()).fold(Ok(()), Result::and);
        closed.and(self.chip.as_ref().map_or(Ok(()), PinFactory::close))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_no_raspberry_pi_is_told_so() {
        if Board::detect().is_some() {
            return;
        }
        let error = RppalFactory::new().unwrap_err();
        assert_eq!((error.kind(), error.factory()), (ErrorKind::NoChip, Some("rppal")));
        assert!(error.to_string().contains("no Raspberry Pi"), "{error}");
    }
}
