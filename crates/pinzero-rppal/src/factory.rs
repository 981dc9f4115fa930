//! The factory: the registers of this Raspberry Pi.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pinzero_cdev::{Buses, CdevFactory, SysfsPwm};
use pinzero_core::board::Board;
use pinzero_core::process::PerProcess;
use pinzero_core::{
    Bias, Capabilities, Error, ErrorKind, FlexConfig, FlexPin, GroupConfig, HardwareSpiConfig, Host, I2cBus,
    I2cConfig, InputConfig, InputPins, InputsConfig, Line, LineInfo, OnClose, OutputConfig, OutputGroupPins,
    OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SerialConfig, SerialPort, SpiBus, Support,
};
use rppal::gpio::Gpio;

use crate::banks::Banks;
use crate::error;
use crate::group::RppalGroup;
use crate::input::RppalInput;
use crate::pwm::RppalPwm;
use crate::registers::{OpenLine, Registers, drive, listen, look, turn};

/// The number of lines of a Raspberry Pi of unknown model.
const LINES: u32 = 54;

/// The lines that any factory of this program has taken. The lock is held only while a line is taken or read, for a few
/// register accesses. So a reader never finds a line half taken, and does not get in the way of taking it.
static TAKEN: PerProcess<Mutex<Vec<Weak<Registers>>>> = PerProcess::new(Mutex::default);

/// The lines of this Raspberry Pi, through its registers.
#[derive(Debug)]
pub struct RppalFactory {
    board: Board,
    /// The kernel's view of the same lines: for edges, and to find other holders of a line. `None` without a chip.
    chip: Option<CdevFactory>,
    buses: Buses,
    gpio: Gpio,
    /// The same registers, for several lines at once.
    banks: Arc<Banks>,
}

impl RppalFactory {
    /// The capabilities of the registers, next to a character device that reports edges.
    pub const CAPABILITIES: Capabilities = Capabilities {
        output: Support::Native,
        input: Support::Native,
        bias: Support::Native,
        edges: Support::Native,
        inputs: Support::Native,
        group: Support::Native,
        flex: Support::Native,
        hardware_spi: Support::Native,
        i2c: Support::Native,
        serial: Support::Native,
        keep: Support::Native,
        ..Capabilities::NONE
    };

    /// Opens the registers.
    ///
    /// # Errors
    /// * [`NoChip`](ErrorKind::NoChip) if this is not a Raspberry Pi that rppal knows, or its kernel has no
    ///   `/dev/gpiochip0`.
    /// * [`PermissionDenied`](ErrorKind::PermissionDenied) if the user may not use them.
    /// * [`Io`](ErrorKind::Io) for other errors of the system.
    pub fn new() -> Result<Self> {
        let gpio = registers()?;
        // The chip that the environment names may be another one, so this ignores it.
        let chip = CdevFactory::builder().open().inspect_err(|error| {
            pinzero_core::warn_user(&format!(
                "rppal goes without the character device, and so without edges: {error}"
            ));
        });
        RppalFactory::of(gpio, chip.ok())
    }

    /// Opens the registers alone: inputs are polled, and other holders of a line are not detected. For a kernel without
    /// interrupts for its lines, such as that of an emulated Raspberry Pi.
    ///
    /// # Errors
    /// See [`new`](RppalFactory::new).
    pub fn registers_only() -> Result<Self> {
        RppalFactory::of(registers()?, None)
    }

    fn of(gpio: Gpio, chip: Option<CdevFactory>) -> Result<Self> {
        let banks = Arc::new(Banks::open().map_err(|error| error.with_factory("rppal"))?);
        let board = match &chip {
            // It has asked already.
            Some(chip) => chip.board(),
            None => Board::detect().unwrap_or_else(|| Board::generic(LINES)),
        };
        Ok(RppalFactory { buses: Buses::new("rppal", board.clone()), board, chip, gpio, banks })
    }

    /// Takes a line, and records it.
    fn take(&self, line: Line, open: impl FnOnce(rppal::gpio::Pin) -> Registers) -> Result<OpenLine> {
        let mut taken = TAKEN.get().lock();
        Ok(record(&mut taken, open(get(&self.gpio, line)?)))
    }

    /// Returns the character device, which `what` needs.
    fn chip_for(&self, what: &str) -> Result<&CdevFactory> {
        let missing = || Error::unsupported(format!("{what} without a character device"));
        self.chip.as_ref().ok_or_else(missing)
    }

    /// Fails if another process or a driver holds the line: the registers do not prevent driving it twice.
    fn warn_if_held(&self, line: Line) {
        let holder = self.chip.as_ref().and_then(|chip| chip.holder(line).ok().flatten());
        if let Some(holder) = holder {
            pinzero_core::warn_user(&format!(
                "{line} is held by {holder} and will be driven by registers all the same"
            ));
        }
    }
}

fn registers() -> Result<Gpio> {
    Gpio::new().map_err(|error| error::start(error).with_factory("rppal"))
}

/// Records a line as taken.
fn record(taken: &mut Vec<Weak<Registers>>, line: Registers) -> OpenLine {
    let registers = Arc::new(line);
    taken.retain(|line| line.strong_count() > 0);
    taken.push(Arc::downgrade(&registers));
    OpenLine(registers)
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
        let by_chip = if self.chip.is_some() { Support::Native } else { Support::None };
        Capabilities { edges: by_chip, inputs: by_chip, ..RppalFactory::CAPABILITIES }
    }

    fn board(&self) -> Board {
        self.board.clone()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        self.chip.as_ref().map_or(Ok(None), |chip| chip.find_line(name))
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let seen = {
            let taken = TAKEN.get().lock();
            match taken.iter().filter_map(Weak::upgrade).find_map(|ours| ours.look(line)) {
                Some(seen) => seen,
                // rppal reads a line only by taking it, which leaves the line as it is.
                None => look(&get(&self.gpio, line)?),
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
        Ok(Box::new(open?))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        let InputConfig { bias, settle, edges, .. } = config;
        if settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let take = || {
            // Most models cannot read the pull that was found.
            let pull = if bias == Bias::AsIs { Bias::AsIs } else { self.board.pull(line.0).into() };
            self.take(line, |pin| Registers::open(pin, pull, OnClose::Restore, |io, _| listen(io, bias)))
        };
        let Some(sink) = edges else {
            self.warn_if_held(line);
            return Ok(Box::new(take()?));
        };
        let chip = self.chip_for("edge detection")?;
        // Check first, so that a refusal leaves the registers untouched.
        if let Some(holder) = chip.holder(line)? {
            return Err(Error::new(ErrorKind::Busy, format!("it is held by {holder}")));
        }
        // If this fails, dropping the line gives it back.
        let line_by_registers = take()?;
        let edges = chip.open_input(line, InputConfig::new(Bias::AsIs).edges(sink))?;
        Ok(Box::new(RppalInput { edges, line: line_by_registers }))
    }

    /// Uses the character device alone, which keeps the order of edges.
    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        self.chip_for("inputs that belong together")?.open_inputs(lines, config)
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        lines.iter().for_each(|line| self.warn_if_held(*line));
        let mut taken = TAKEN.get().lock();
        // No line is changed before all of them are there.
        let pins = lines.iter().map(|line| get(&self.gpio, *line).map_err(|error| error.with_pin(line)));
        let pins = pins.collect::<Result<Vec<_>>>()?;
        let take = |pin| Registers::open(pin, Bias::AsIs, config.on_close, |_, _| {});
        let lines = pins.into_iter().map(|pin| record(&mut taken, take(pin))).collect();
        Ok(Box::new(RppalGroup::open(lines, self.banks.clone(), config.initial)?))
    }

    /// Uses registers without edges, and the character device alone with them.
    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        let FlexConfig { start, ref edges, on_close, .. } = config;
        if edges.is_some() {
            return self.chip_for("edge detection")?.open_flex(line, config);
        }
        self.warn_if_held(line);
        let mut turned = Ok(());
        let open = self.take(line, |pin| {
            let pull = self.board.pull(line.0).into();
            Registers::open(pin, pull, on_close, |io, _| turned = turn(io, start))
        })?;
        turned.map(|()| -> Box<dyn FlexPin> { Box::new(open) })
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        if !config.hardware {
            return Err(Error::unsupported("PWM by registers"));
        }
        if !SysfsPwm::is_by_block(line) {
            // The driver of an overlay holds the line and sets its function; the registers are not needed.
            return self.chip_for("PWM on this line")?.open_pwm(line, config);
        }
        self.warn_if_held(line);
        // Take the line first, as it is: no PWM is started for an unavailable line. If PWM fails, the line goes back as
        // found.
        let open = self.take(line, |pin| Registers::open(pin, Bias::AsIs, OnClose::Restore, |_, _| {}))?;
        Ok(Box::new(RppalPwm::open(open, line, self.board.soc(), config)?))
    }

    /// Uses the kernel's driver, which has the controller: two users of its registers would be one too many.
    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        self.buses.open_spi(config)
    }

    /// Uses the kernel's driver, as hardware SPI does.
    fn open_i2c(&self, config: I2cConfig) -> Result<Box<dyn I2cBus>> {
        self.buses.open_i2c(config)
    }

    fn open_serial(&self, config: SerialConfig) -> Result<Box<dyn SerialPort>> {
        self.buses.open_serial(config)
    }

    fn close(&self) -> Result<()> {
        Ok(())
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
