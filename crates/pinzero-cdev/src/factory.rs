//! The factory: one GPIO chip and the lines taken from it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use gpiocdev::line::Direction;
use pinzero_core::board::Board;
use pinzero_core::{
    Capabilities, Error, ErrorKind, FlexConfig, FlexPin, GroupConfig, HardwareSpiConfig, Host, I2cBus,
    I2cConfig, InputConfig, InputPins, InputsConfig, Line, LineFunction, LineInfo, OutputConfig,
    OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SerialConfig, SerialPort, SpiBus,
    Support,
};

use crate::buses::Buses;
use crate::chip::Chip;
use crate::consumer::Consumer;
use crate::flex::CdevFlex;
use crate::line_config::bias_of;
use crate::pwm::CdevPwm;
use crate::sysfs_pwm::SysfsPwm;
use crate::{input, output};

/// The environment variable that names the chip: a path, a name or a label.
const VARIABLE: &str = "PINZERO_GPIOCHIP";

/// The lines of one GPIO chip, through the kernel's character device.
///
/// The factory keeps no file open. Others see only its open lines as taken.
#[derive(Debug)]
pub struct CdevFactory {
    chip: Chip,
    board: Board,
    buses: Buses,
    keep: Support,
}

impl CdevFactory {
    /// The capabilities of every chip. The kernel decides whether a closed line keeps its level.
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
        ..Capabilities::NONE
    };

    /// Opens the chip that the environment variable `PINZERO_GPIOCHIP` names. Default: the chip that [`CdevBuilder::open`]
    /// finds.
    ///
    /// # Errors
    /// See [`CdevBuilder::open`].
    pub fn new() -> Result<CdevFactory> {
        let wanted = env::var_os(VARIABLE).unwrap_or_default();
        CdevFactory::builder().chip(wanted.to_string_lossy()).open()
    }

    /// Returns a builder. The builder does not read the environment.
    pub fn builder() -> CdevBuilder {
        CdevBuilder { dev: PathBuf::from("/dev"), chip: String::new() }
    }

    /// Returns the holder of a line, where the kernel shows it: the name that the holder gave, and its process.
    ///
    /// # Errors
    /// The errors of the system.
    pub fn holder(&self, line: Line) -> Result<Option<String>> {
        let info = self.chip.line_info(line)?;
        let describe = || match Consumer::find("/proc".as_ref(), &self.chip.name, line.0) {
            Some(process) => format!("\"{}\", process {process}", info.consumer),
            None => format!("\"{}\"", info.consumer),
        };
        Ok(info.used.then(describe))
    }

    /// Refuses the lines of a bus that its controller does not reach. Chip selects are the kernel's, as outputs.
    fn check_are_reached(&self, lines: &[u32]) -> Result<()> {
        lines.iter().map(|line| Line(*line)).try_for_each(|line| {
            let check = || {
                let info = self.chip.line_info(line)?;
                // A holder without a name may be the controller's own driver.
                let holder = if info.consumer.is_empty() { None } else { self.holder(line)? };
                check_is_no_gpio(holder.as_deref(), info.direction, "restart the board")
            };
            about(line, check())
        })
    }
}

/// Adds the factory and the pin to an error.
fn about<T>(line: Line, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.with_factory("cdev").with_pin(line))
}

impl PinFactory for CdevFactory {
    fn name(&self) -> &'static str {
        "cdev"
    }

    fn host(&self) -> Host {
        // The header's chip is the same for every local factory; any other chip has lines of its own.
        match self.chip.pi() {
            Some(_) => Host::Local,
            None => Host::Chip(self.chip.name.clone()),
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { keep: self.keep, ..CdevFactory::CAPABILITIES }
    }

    fn board(&self) -> Board {
        self.board.clone()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        self.chip.find_line(name).map_err(|error| error.with_factory("cdev"))
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let line_info = || {
            let info = self.chip.line_info(line)?;
            let function = match info.direction {
                Direction::Output => LineFunction::Output,
                Direction::Input => LineFunction::Input,
            };
            let bias = info.bias.map(bias_of);
            Ok(LineInfo { function: Some(function), level: None, bias, consumer: self.holder(line)? })
        };
        about(line, line_info())
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let initial = config.initial.map(|level| u64::from(level.is_high()));
        let output = output::open(&self.chip, self.keep, &[line], initial, config.on_close);
        Ok(Box::new(about(line, output)?))
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let group = output::open(&self.chip, self.keep, lines, Some(config.initial), config.on_close);
        Ok(Box::new(group.map_err(|error| error.with_factory("cdev"))?))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        let InputConfig { bias, settle, edges, .. } = config;
        if settle.is_some() {
            return about(line, Err(Error::unsupported("a settle time")));
        }
        let input = input::open(&self.chip, &self.board, &[line], bias, edges.into_iter().collect());
        Ok(Box::new(about(line, input)?))
    }

    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        let inputs = input::open(&self.chip, &self.board, lines, config.bias, config.edges);
        Ok(Box::new(inputs.map_err(|error| error.with_factory("cdev"))?))
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        let flex = CdevFlex::open(&self.chip, &self.board, self.keep, line, config);
        Ok(Box::new(about(line, flex)?))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        let open = || {
            // A line with that number on another chip is not a line of the header.
            if !config.hardware || self.chip.pi().is_none() {
                return Err(Error::unsupported("PWM by the kernel's GPIO interface"));
            }
            // The driver of an overlay holds the line itself.
            if SysfsPwm::is_by_block(line) {
                let (holder, info) = (self.holder(line)?, self.chip.line_info(line)?);
                let remedy = "restart the board, or take rppal";
                check_is_no_gpio(holder.as_deref(), info.direction, remedy)?;
            }
            CdevPwm::open(line, self.board.soc(), config)
        };
        Ok(Box::new(about(line, open())?))
    }

    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        self.check_are_reached(self.board.spi_lines(config.bus).as_slice().as_flattened())?;
        self.buses.open_spi(config)
    }

    fn open_i2c(&self, config: I2cConfig) -> Result<Box<dyn I2cBus>> {
        self.check_are_reached(self.board.i2c_lines(config.bus).as_slice().as_flattened())?;
        self.buses.open_i2c(config)
    }

    fn open_serial(&self, config: SerialConfig) -> Result<Box<dyn SerialPort>> {
        self.buses.open_serial(config)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Refuses a line that the kernel knows as GPIO, by its `holder` or its direction: its controller does not reach the line.
///
/// An input cannot be distinguished from a line with another function.
fn check_is_no_gpio(holder: Option<&str>, direction: Direction, remedy: &str) -> Result<()> {
    match (holder, direction) {
        (Some(holder), _) => Err(Error::new(ErrorKind::Busy, format!("it is held by {holder}"))),
        (None, Direction::Output) => {
            let message = format!(
                "the line has been used as an output since the board was started, and its controller does not reach it any \
                 more: {remedy}"
            );
            Err(Error::new(ErrorKind::Unsupported, message))
        }
        (None, Direction::Input) => Ok(()),
    }
}

/// Builder for a [`CdevFactory`].
#[derive(Debug, Clone)]
pub struct CdevBuilder {
    dev: PathBuf,
    chip: String,
}

impl CdevBuilder {
    /// Sets the chip, by path (`/dev/gpiochip4`), name (`gpiochip4`) or label (`pinctrl-rp1`).
    ///
    /// Paths and names may be symbolic links, and device files of any name. Several chips may share a label; then the error
    /// lists them. Default: empty, which means the chip that [`open`](CdevBuilder::open) finds.
    #[must_use]
    pub fn chip(mut self, chip: impl Into<String>) -> CdevBuilder {
        self.chip = chip.into();
        self
    }

    /// Sets the directory with the chips' device files, for a container that has the machine's elsewhere. Default:
    /// `/dev`.
    #[must_use]
    pub fn dev(mut self, directory: impl Into<PathBuf>) -> CdevBuilder {
        self.dev = directory.into();
        self
    }

    /// Finds the chip.
    ///
    /// If no chip is named, this is the chip behind a Raspberry Pi's header, found by its label and never by its
    /// number. Without such a chip, this is the only chip of the machine.
    ///
    /// # Errors
    /// * [`NoChip`](pinzero_core::ErrorKind::NoChip) if there is no such chip, or several to choose from, with a list of them.
    /// * [`PermissionDenied`](pinzero_core::ErrorKind::PermissionDenied) if the user may not open the chip, or a chip
    ///   that may be the right one.
    /// * [`Unsupported`](pinzero_core::ErrorKind::Unsupported) with a kernel older than 5.10.
    /// * [`Io`](pinzero_core::ErrorKind::Io) for other errors of the kernel.
    pub fn open(self) -> Result<CdevFactory> {
        let wanted = Some(self.chip.as_str()).filter(|chip| !chip.is_empty());
        let find = || {
            let chip = Chip::find(&self.dev, wanted)?;
            chip.check_interface()?;
            Ok(chip)
        };
        let chip = find().map_err(|error: Error| error.with_factory("cdev"))?;
        let keep = keep(Path::new("/sys"), &chip);
        let board = board(&chip);
        let buses = Buses::new("cdev", board.clone()).dev(self.dev);
        Ok(CdevFactory { board, buses, keep, chip })
    }
}

/// Returns the board with the chip: the machine's own answer, or a board with the usual header if the machine gives
/// none, as in a container that hides the device tree.
fn board(chip: &Chip) -> Board {
    let generic = || Board::generic(chip.lines);
    match chip.pi() {
        Some(pi) => Board::detect().or_else(|| Board::from_revision(pi.board).ok()).unwrap_or_else(generic),
        None => generic(),
    }
}

/// Returns whether a released output keeps its level: a setting of the drivers in the Raspberry Pi's kernel.
///
/// The kernel does not promise this for other drivers.
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
        let path = PathBuf::from("/dev/gpiochip0");
        Chip { path, name: "gpiochip0".to_owned(), label: label.to_owned(), lines: 12 }
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
    fn a_line_that_is_gpio_is_out_of_reach_of_its_controller() {
        let error = |holder, direction| check_is_no_gpio(holder, direction, "restart").unwrap_err();
        let busy = error(Some("\"gpioset\", process 7"), Direction::Input);
        assert_eq!(busy.kind(), ErrorKind::Busy);
        assert!(busy.to_string().contains("gpioset"), "{busy}");
        assert_eq!(error(None, Direction::Output).kind(), ErrorKind::Unsupported);
        check_is_no_gpio(None, Direction::Input, "restart").unwrap();
    }

    #[test]
    fn errors_name_the_factory() {
        let nowhere = env::temp_dir().join("pinzero-cdev-nowhere");
        let error = CdevFactory::builder().dev(nowhere).open().unwrap_err();
        assert_eq!((error.kind(), error.factory()), (ErrorKind::NoChip, Some("cdev")));
    }
}
