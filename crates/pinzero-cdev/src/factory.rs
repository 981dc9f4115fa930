//! The factory: one GPIO chip and the lines taken from it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use gpiocdev::line::Direction;
use parking_lot::Mutex;
use pinzero_core::board::Board;
use pinzero_core::{
    Capabilities, Error, ErrorKind, GroupConfig, Host, InputConfig, Line, LineFunction, LineInfo,
    OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SpiBus, SpiConfig,
    Support,
};

use crate::chip::Chip;
use crate::consumer::Consumer;
use crate::group::CdevGroup;
use crate::input::CdevInput;
use crate::output::CdevOutput;
use crate::pwm::CdevPwm;
use crate::request::{LineRequest, bias_of};
use crate::sysfs_pwm::SysfsPwm;

/// The environment variable that names the chip: a path, a name or a label.
const VARIABLE: &str = "PINZERO_GPIOCHIP";

/// The lines of one GPIO chip, by way of the kernel's character device.
///
/// It holds no file of its own: a line that is open is all that others see taken.
#[derive(Debug)]
pub struct CdevFactory {
    chip: Chip,
    board: Board,
    keep: Support,
    /// What is in use; `None` once closed.
    open: Mutex<Option<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    lines: Vec<Weak<LineRequest>>,
    pulses: Vec<Weak<SysfsPwm>>,
}

impl CdevFactory {
    /// What every chip can do. Whether a line that is closed keeps its level is up to the kernel.
    pub const CAPABILITIES: Capabilities = Capabilities {
        output: Support::Native,
        input: Support::Native,
        bias: Support::Native,
        edges: Support::Native,
        group: Support::Native,
        ..Capabilities::NONE
    };

    /// The chip named by the environment variable `PINZERO_GPIOCHIP`, else the one that [`Builder::open`] finds.
    ///
    /// # Errors
    /// Those of [`Builder::open`].
    pub fn new() -> Result<CdevFactory> {
        let wanted = env::var_os(VARIABLE).unwrap_or_default();
        CdevFactory::builder().chip(wanted.to_string_lossy()).open()
    }

    /// A factory to be made with other than the usual settings; it does not look at the environment.
    pub fn builder() -> Builder {
        Builder { dev: PathBuf::from("/dev"), chip: String::new() }
    }

    /// Who holds a line now, as far as can be told: the name that it gives itself, and its process.
    ///
    /// # Errors
    /// Those of the system.
    pub fn holder(&self, line: Line) -> Result<Option<String>> {
        let info = self.chip.line_info(line)?;
        let describe = || match Consumer::find("/proc".as_ref(), &self.chip.name(), line.0) {
            Some(process) => format!("\"{}\", process {process}", info.consumer),
            None => format!("\"{}\"", info.consumer),
        };
        Ok(info.used.then(describe))
    }

    /// Notes a line that has just been taken, unless the factory has been closed meanwhile.
    fn register(&self, request: &Arc<LineRequest>) -> Result<()> {
        let mut slot = self.open.lock();
        let lines = &mut slot.as_mut().ok_or_else(Error::closed)?.lines;
        lines.retain(|line| line.strong_count() > 0);
        lines.push(Arc::downgrade(request));
        Ok(())
    }

    /// As [`register`](CdevFactory::register), of a line with hardware PWM.
    fn register_pulses(&self, pwm: &Arc<SysfsPwm>) -> Result<()> {
        let mut slot = self.open.lock();
        let pulses = &mut slot.as_mut().ok_or_else(Error::closed)?.pulses;
        pulses.retain(|pwm| pwm.strong_count() > 0);
        pulses.push(Arc::downgrade(pwm));
        Ok(())
    }

    fn check_open(&self) -> Result<()> {
        if self.open.lock().is_some() { Ok(()) } else { Err(Error::closed()) }
    }

    fn output(&self, line: Line, config: OutputConfig) -> Result<CdevOutput> {
        self.check_open()?;
        let output = CdevOutput::open(&self.chip, self.keep, line, config)?;
        self.register(output.request())?;
        Ok(output)
    }

    fn group(&self, lines: &[Line], config: GroupConfig) -> Result<CdevGroup> {
        self.check_open()?;
        let group = CdevGroup::open(&self.chip, self.keep, lines, config)?;
        self.register(group.request())?;
        Ok(group)
    }

    fn input(&self, line: Line, config: InputConfig) -> Result<CdevInput> {
        self.check_open()?;
        if config.settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let input = CdevInput::open(&self.chip, self.board.pull(line.0), line, config)?;
        self.register(input.request())?;
        Ok(input)
    }
}

impl PinFactory for CdevFactory {
    fn name(&self) -> &'static str {
        "cdev"
    }

    fn host(&self) -> Host {
        // A Pi's header is the same to every local factory; any other chip has lines of its own.
        match self.chip.pi() {
            Some(_) => Host::Local,
            None => Host::Chip(self.chip.name()),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { keep: self.keep, ..CdevFactory::CAPABILITIES }
    }

    fn board(&self) -> Board {
        self.board.clone()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        let find = || {
            self.check_open()?;
            self.chip.find_line(name)
        };
        find().map_err(|error| error.with_factory("cdev"))
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let line_info = || {
            self.check_open()?;
            let info = self.chip.line_info(line)?;
            let function = match info.direction {
                Direction::Output => LineFunction::Output,
                Direction::Input => LineFunction::Input,
            };
            let bias = info.bias.map(bias_of);
            Ok(LineInfo { function: Some(function), level: None, bias, consumer: self.holder(line)? })
        };
        line_info().map_err(|error: Error| error.with_factory("cdev").with_pin(line))
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        match self.output(line, config) {
            Ok(output) => Ok(Box::new(output)),
            Err(error) => Err(error.with_factory("cdev").with_pin(line)),
        }
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        match self.group(lines, config) {
            Ok(group) => Ok(Box::new(group)),
            Err(error) => Err(error.with_factory("cdev")),
        }
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        match self.input(line, config) {
            Ok(input) => Ok(Box::new(input)),
            Err(error) => Err(error.with_factory("cdev").with_pin(line)),
        }
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        // Another chip's line of that number is none of the header's.
        if !config.hardware || self.chip.pi().is_none() {
            return Err(Error::unsupported("PWM by the kernel's GPIO interface").with_pin(line));
        }
        let open = || -> Result<CdevPwm> {
            self.check_open()?;
            if SysfsPwm::LINES.contains(&line) {
                check_carries_pulses(self.holder(line)?.as_deref(), self.chip.line_info(line)?.direction)?;
            }
            let pwm = Arc::new(SysfsPwm::open(line, config)?);
            self.register_pulses(&pwm)?;
            Ok(CdevPwm(pwm))
        };
        match open() {
            Ok(pwm) => Ok(Box::new(pwm)),
            Err(error) => Err(error.with_factory("cdev").with_pin(line)),
        }
    }

    fn open_spi(&self, _: SpiConfig) -> Result<Box<dyn SpiBus>> {
        Err(Error::unsupported("SPI by the kernel's GPIO interface").with_factory("cdev"))
    }

    fn close(&self) -> Result<()> {
        // The lock is kept throughout, so that a second call does not return before the lines are free.
        let mut slot = self.open.lock();
        let Open { lines, pulses } = slot.take().unwrap_or_default();
        // All of them, whatever comes of each; the first error is the answer.
        let lines = lines.iter().filter_map(Weak::upgrade).map(|request| request.close());
        let pulses = pulses.iter().filter_map(Weak::upgrade).map(|pwm| pwm.close());
        lines.chain(pulses).fold(Ok(()), Result::and)
    }
}

/// Refuses a line that the kernel knows to be GPIO, by its `holder` or its direction: pulses would be made and go nowhere.
///
/// One that is an input cannot be told from one that has another function.
fn check_carries_pulses(holder: Option<&str>, direction: Direction) -> Result<()> {
    match (holder, direction) {
        (Some(holder), _) => Err(Error::new(ErrorKind::Busy, format!("it is held by {holder}"))),
        (None, Direction::Output) => {
            let message = "the line has been used as an output since the board was started, and so carries no pulses: \
                           restart the board, or take rppal";
            Err(Error::new(ErrorKind::Unsupported, message))
        }
        (None, Direction::Input) => Ok(()),
    }
}

/// Makes a [`CdevFactory`].
#[derive(Debug, Clone)]
pub struct Builder {
    dev: PathBuf,
    chip: String,
}

impl Builder {
    /// The chip to take, by path (`/dev/gpiochip4`), name (`gpiochip4`) or label (`pinctrl-rp1`).
    ///
    /// Paths and names may be symbolic links. Empty, as it is at first, stands for the chip that
    /// [`open`](Builder::open) finds.
    #[must_use]
    pub fn chip(mut self, chip: impl Into<String>) -> Builder {
        self.chip = chip.into();
        self
    }

    /// The directory with the chips' device files: `/dev` unless told otherwise, as in a container that has the
    /// machine's elsewhere.
    #[must_use]
    pub fn dev(mut self, directory: impl Into<PathBuf>) -> Builder {
        self.dev = directory.into();
        self
    }

    /// Finds the chip.
    ///
    /// Without a chip named, it is the one behind the header of a Raspberry Pi, known by its label and never by its
    /// number; where there is none such, the only chip of the machine.
    ///
    /// # Errors
    /// * [`NoChip`](pinzero_core::ErrorKind::NoChip) if there is no such chip, or several to choose from.
    /// * [`PermissionDenied`](pinzero_core::ErrorKind::PermissionDenied) if the chip may not be opened, or a chip
    ///   that may be the right one.
    /// * [`Unsupported`](pinzero_core::ErrorKind::Unsupported) with a kernel older than 5.10.
    /// * [`Io`](pinzero_core::ErrorKind::Io) for whatever else the kernel says.
    pub fn open(self) -> Result<CdevFactory> {
        let wanted = Some(self.chip.as_str()).filter(|chip| !chip.is_empty());
        let find = || {
            let chip = Chip::find(&self.dev, wanted)?;
            chip.check_interface()?;
            Ok(chip)
        };
        let chip = find().map_err(|error: Error| error.with_factory("cdev"))?;
        let keep = keep(Path::new("/sys"), &chip);
        Ok(CdevFactory { board: board(&chip), keep, chip, open: Mutex::new(Some(Open::default())) })
    }
}

/// The board that carries the chip: the one that the machine says it is, or one with the usual header if the machine
/// does not say, as in a container that hides its device tree.
fn board(chip: &Chip) -> Board {
    let generic = || Board::generic(chip.lines);
    match chip.pi() {
        Some(pi) => Board::detect().or_else(|| Board::from_revision(pi.board).ok()).unwrap_or_else(generic),
        None => generic(),
    }
}

/// Whether a released output stays as it is: a setting of the drivers of the Raspberry Pi's kernel.
///
/// The kernel promises nothing of the kind for other drivers.
fn keep(sys: &Path, chip: &Chip) -> Support {
    let Some(pi) = chip.pi() else { return Support::None };
    let parameter = sys.join("module").join(pi.module).join("parameters/persist_gpio_outputs");
    let on = fs::read_to_string(parameter).is_ok_and(|text| text.trim_end() == "Y");
    if on { Support::Native } else { Support::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip(label: &str) -> Chip {
        Chip { path: PathBuf::from("/dev/gpiochip0"), label: label.to_owned(), lines: 12 }
    }

    #[test]
    fn outputs_are_kept_where_the_driver_says_so() {
        let sys = env::temp_dir().join(format!("pinzero-cdev-sys-{}", std::process::id()));
        for (module, value) in [("pinctrl_rp1", "Y\n"), ("pinctrl_bcm2835", "N\n")] {
            let parameters = sys.join("module").join(module).join("parameters");
            fs::create_dir_all(&parameters).unwrap();
            fs::write(parameters.join("persist_gpio_outputs"), value).unwrap();
        }
        let labels = ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835", "gpio-mockup"];
        let kept = labels.map(|label| keep(&sys, &chip(label)));
        fs::remove_dir_all(&sys).unwrap();

        assert_eq!(kept, [Support::Native, Support::None, Support::None, Support::None]);
        assert_eq!(keep(&sys, &chip("pinctrl-rp1")), Support::None);
    }

    #[test]
    fn a_chip_of_a_raspberry_pi_has_a_header() {
        for label in ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"] {
            assert_eq!(board(&chip(label)).find("J8:11"), Ok(17), "{label}");
        }
        assert_eq!(board(&chip("gpio-mockup")), Board::generic(12));
    }

    #[test]
    fn a_line_that_is_gpio_carries_no_pulses() {
        let error = |holder, direction| check_carries_pulses(holder, direction).unwrap_err();
        let busy = error(Some("\"gpioset\", process 7"), Direction::Input);
        assert_eq!(busy.kind(), ErrorKind::Busy);
        assert!(busy.to_string().contains("gpioset"), "{busy}");
        assert_eq!(error(None, Direction::Output).kind(), ErrorKind::Unsupported);
        check_carries_pulses(None, Direction::Input).unwrap();
    }

    #[test]
    fn errors_name_the_factory() {
        let nowhere = env::temp_dir().join("pinzero-cdev-nowhere");
        let error = CdevFactory::builder().dev(nowhere).open().unwrap_err();
        assert_eq!((error.kind(), error.factory()), (ErrorKind::NoChip, Some("cdev")));
    }
}
