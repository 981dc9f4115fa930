//! The boundary between the devices and the pins: [`PinFactory`] and the pin roles.
//!
//! A backend implements [`PinFactory`] and the pin roles that it supports; core does the rest. The contract:
//!
//! * **One call opens a line with its whole configuration.** The initial level is on the line before the line becomes an
//!   output, or in the same instant. A relay never sees a half-configured state.
//! * **A role that is not declared is never called.** Each role names the field of [`Capabilities`] that guards it, and core
//!   checks that field first. If the backend cannot honour an argument, it returns
//!   [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported); it never ignores one silently.
//! * **Backends never call user code.** They hand edges to the [`EdgeSink`]: they register a file descriptor to watch, or push.
//! * **`close` is idempotent, and once `close` returns the line is free and no edge is reported.** Other calls return
//!   [`ErrorKind::Closed`](crate::ErrorKind::Closed) from then on. Dropping a pin closes the pin. [`Found::release`](crate::Found::release) decides
//!   the state of the closed line; a level that stays is written *before* the line is given back.
//! * **Core closes all pins before it closes the factory**, opens none after that, and drops the factory last. A backend keeps no
//!   list of its open pins for this.
//! * **Core leaves a backend of another process alone.** In a forked child, which has copies of the descriptors and none of the
//!   threads, core touches no pin of the parent's backend, and drops neither pins nor factory.
//! * **`set` never waits for a network.** Core calls `set` with locks held. A backend whose pins are on another computer sends
//!   the commands in the order of the calls, and reports their results in `confirm`; a local backend has nothing to confirm.
//! * **Levels are electrical.** Core does names, reservations, logical levels, debouncing, hold, blink, software PWM, timeouts
//!   and exit handling.
//!
//! **A role that is added later** comes with a field in [`Capabilities`], whose default is `Support::None`, and with a method
//! whose default body only returns [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), as several roles below have. So
//! every existing backend still compiles, and core never calls the new role on it. A backend that *wraps* another must not
//! inherit such a body: put `#[deny(clippy::missing_trait_methods)]` on its `impl`. Configurations are `#[non_exhaustive]`:
//! backends only read them.

use std::time::Duration;

use pinzero_board::Board;

use crate::bus::{
    HardwareSpiConfig, I2cBus, I2cConfig, SerialConfig, SerialPort, SoftI2cConfig, SpiBus, SpiConfig,
};
use crate::capability::Capabilities;
use crate::debug::opaque;
use crate::error::{Error, Result};
use crate::line_info::LineInfo;
use crate::report::Reports;
use crate::runtime::EdgeSink;
use crate::types::{Bias, Drive, Host, Level, Line, OnClose};

/// A backend: opens pins. The [module](self) has the contract, and the README of this crate a complete example.
///
/// All `open` methods fail with [`Busy`](crate::ErrorKind::Busy) if another program holds a line, with
/// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the user lacks the rights, with
/// [`Unsupported`](crate::ErrorKind::Unsupported) for an argument that the backend cannot honour, and with any I/O error.
pub trait PinFactory: Send + Sync + 'static {
    /// Returns the backend's short name, as in `PINZERO_PIN_FACTORY`: `"cdev"`, `"mock"`.
    fn name(&self) -> &'static str;

    /// Returns the computer or chip that has the pins.
    fn host(&self) -> Host;

    /// Returns the capabilities that this backend has by itself, without core's emulation.
    fn capabilities(&self) -> Capabilities;

    /// Returns the board that carries the pins; [`Board::generic`] if the backend does not know the board.
    fn board(&self) -> Board;

    /// Gives the backend a place for errors that no call returns, such as a lost connection. Core calls this once, before all
    /// other calls. Default: the backend has no such errors.
    fn report_to(&self, reports: &Reports) {
        let _ = reports;
    }

    /// Returns the line with the kernel line name `name`, if there is one.
    ///
    /// # Errors
    /// Any I/O error.
    fn find_line(&self, name: &str) -> Result<Option<Line>>;

    /// Returns the state of a line without claiming or changing it. Fields that the backend cannot read are `None`.
    ///
    /// # Errors
    /// Any I/O error.
    fn line_info(&self, line: Line) -> Result<LineInfo>;

    /// Returns the states of several lines, in the same order. A backend behind a network asks for all of them in one round trip.
    ///
    /// # Errors
    /// Any I/O error.
    fn line_infos(&self, lines: &[Line]) -> Result<Vec<LineInfo>> {
        lines.iter().map(|line| self.line_info(*line)).collect()
    }

    /// Opens a line as an output. Guarded by [`Capabilities::output`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>>;

    /// Opens a line as an input; with a sink in the configuration, reports the edges after this call. Guarded by
    /// [`Capabilities::input`], a sink by [`Capabilities::edges`], a bias by [`Capabilities::bias`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>>;

    /// Opens 1 to 64 distinct lines as inputs whose edges are reported in one order. Guarded by [`Capabilities::inputs`], sinks
    /// by [`Capabilities::edges`], a bias by [`Capabilities::bias`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        let _ = (lines, config);
        Err(Error::unsupported("inputs that belong together"))
    }

    /// Opens 1 to 64 distinct lines as outputs that change together. Guarded by [`Capabilities::group`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let _ = (lines, config);
        Err(Error::unsupported("a group of outputs"))
    }

    /// Opens a line that can turn from output to input and back without being released. Guarded by [`Capabilities::flex`],
    /// a sink by [`Capabilities::edges`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        let _ = (line, config);
        Err(Error::unsupported("a flexible line (`flex`)"))
    }

    /// Opens a line as a PWM output. Guarded by [`Capabilities::pwm`], except that core also calls this with
    /// [`PwmConfig::hardware`] set on backends that do not declare PWM, so that their error can say how to enable it.
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        let _ = (line, config);
        Err(Error::unsupported("PWM"))
    }

    /// Opens any four lines as an SPI bus with one device on it. Guarded by [`Capabilities::spi`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_spi(&self, config: SpiConfig) -> Result<Box<dyn SpiBus>> {
        let _ = config;
        Err(Error::unsupported("SPI on any lines"))
    }

    /// Opens one device on an SPI controller of the chip. Guarded by [`Capabilities::hardware_spi`].
    ///
    /// Core has reserved the lines that the board names for the bus. A backend that cannot find the bus says how to enable it.
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        let _ = config;
        Err(Error::unsupported("hardware SPI"))
    }

    /// Opens an I2C controller of the chip. Guarded by [`Capabilities::i2c`].
    ///
    /// Core has reserved the lines that the board names for the bus. A backend that cannot find the bus says how to enable it.
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_i2c(&self, config: I2cConfig) -> Result<Box<dyn I2cBus>> {
        let _ = config;
        Err(Error::unsupported("I2C"))
    }

    /// Opens any two lines as an I2C bus. Guarded by [`Capabilities::soft_i2c`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_soft_i2c(&self, config: SoftI2cConfig) -> Result<Box<dyn I2cBus>> {
        let _ = config;
        Err(Error::unsupported("I2C on any lines"))
    }

    /// Opens a serial port of the host. Guarded by [`Capabilities::serial`].
    ///
    /// # Errors
    /// See [`PinFactory`].
    fn open_serial(&self, config: SerialConfig) -> Result<Box<dyn SerialPort>> {
        let _ = config;
        Err(Error::unsupported("a serial port"))
    }

    /// Closes the factory's own resources: a chip, a connection. Core has closed all pins before. Idempotent.
    ///
    /// # Errors
    /// The first I/O error; closing goes on all the same.
    fn close(&self) -> Result<()>;
}

/// A line that can be read.
pub trait Pin: Send + Sync {
    /// Returns the level on the line now. A short circuit can make it differ from the level last written.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Pin::close), and any I/O error.
    fn level(&self) -> Result<Level>;

    /// Gives the line back in the state that its configuration names. Idempotent.
    ///
    /// # Errors
    /// Any I/O error; the line is given back as far as possible all the same.
    fn close(&self) -> Result<()>;
}

/// A line that is driven. [`OutputPin::set`] is the hot path of the whole library.
pub trait OutputPin: Pin {
    /// Drives the line to `level`.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Pin::close), and any I/O error.
    fn set(&self, level: Level) -> Result<()>;

    /// Blocks until every [`set`](OutputPin::set) so far is done. Core calls this only if the host is
    /// [`Remote`](Host::Remote), with no lock held.
    ///
    /// # Errors
    /// [`Disconnected`](crate::ErrorKind::Disconnected), and the error of an earlier `set`.
    fn confirm(&self) -> Result<()>;
}

/// A line that turns from output to input and back without being released: no glitch, and no other program can take the line
/// in between.
///
/// Edges are reported only while the line is an input.
pub trait FlexPin: Pin {
    /// Switches the line to `drive`, level or bias included, in one step. On a line that drives already, this is a write.
    ///
    /// Core asks for [`Drive::Pwm`] only where [`Capabilities::pwm`] is native.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Pin::close), and any I/O error.
    fn turn(&self, drive: Drive) -> Result<()>;

    /// Blocks until every [`turn`](FlexPin::turn) so far is done, as [`OutputPin::confirm`] does.
    ///
    /// # Errors
    /// See [`OutputPin::confirm`].
    fn confirm(&self) -> Result<()>;
}

/// Lines that are read together. In all masks bit 0 is the first line, bit 1 the second, and so on.
pub trait InputPins: Send + Sync {
    /// Returns the levels on the lines now, in one system call if the backend can.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](InputPins::close), and any I/O error.
    fn levels(&self) -> Result<u64>;

    /// Gives the lines back with the bias in which they were found. Idempotent.
    ///
    /// # Errors
    /// Any I/O error; the lines are given back as far as possible all the same.
    fn close(&self) -> Result<()>;
}

/// Lines that are driven together. In all masks bit 0 is the first line, bit 1 the second, and so on.
pub trait OutputGroupPins: Send + Sync {
    /// Drives the lines whose bit is set in `mask` to the level of their bit in `levels`, all in the same instant.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](OutputGroupPins::close), and any I/O error.
    fn set(&self, mask: u64, levels: u64) -> Result<()>;

    /// Blocks until every [`set`](OutputGroupPins::set) so far is done, as [`OutputPin::confirm`] does.
    ///
    /// # Errors
    /// See [`OutputPin::confirm`].
    fn confirm(&self) -> Result<()>;

    /// Returns the levels on the lines now.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](OutputGroupPins::close), and any I/O error.
    fn levels(&self) -> Result<u64>;

    /// Gives the lines back in the state that their configuration names. Idempotent.
    ///
    /// # Errors
    /// Any I/O error; the lines are given back as far as possible all the same.
    fn close(&self) -> Result<()>;
}

/// A line that carries a PWM signal.
pub trait PwmPin: Send + Sync {
    /// Sends pulses of `pulse` every `period`. A pulse of zero is a steady low and a pulse of `period` a steady high; neither ever
    /// toggles.
    ///
    /// Core guarantees that `period` is above zero and at least `pulse`. The backend may finish the current cycle first.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](PwmPin::close), and any I/O error.
    fn set(&self, period: Duration, pulse: Duration) -> Result<()>;

    /// Blocks until every [`set`](PwmPin::set) so far is done, as [`OutputPin::confirm`] does.
    ///
    /// # Errors
    /// See [`OutputPin::confirm`].
    fn confirm(&self) -> Result<()>;

    /// Gives the line back in the state that its configuration names. Idempotent.
    ///
    /// # Errors
    /// Any I/O error; the line is given back as far as possible all the same.
    fn close(&self) -> Result<()>;
}

opaque!(PinFactory Pin OutputPin FlexPin InputPins OutputGroupPins PwmPin);

/// The configuration of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputConfig {
    /// The level from the first instant; `None` adopts the level on the line.
    pub initial: Option<Level>,
    /// The state of the line after close.
    pub on_close: OnClose,
}

impl OutputConfig {
    /// Returns a configuration with this level from the first instant; `None` adopts the level on the line.
    pub fn new(initial: impl Into<Option<Level>>, on_close: OnClose) -> Self {
        OutputConfig { initial: initial.into(), on_close }
    }
}

/// The configuration of a group of outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupConfig {
    /// The levels from the first instant, bit 0 for the first line.
    pub initial: u64,
    /// The state of the lines after close.
    pub on_close: OnClose,
}

impl GroupConfig {
    /// Returns a configuration with these levels from the first instant.
    pub fn new(initial: u64, on_close: OnClose) -> Self {
        GroupConfig { initial, on_close }
    }
}

/// The configuration of an input. On close the backend restores the bias in which the line was found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InputConfig {
    /// The bias to set.
    pub bias: Bias,
    /// How long the level must be steady before an edge is reported; the edge's time is the end of that interval. Never above
    /// [`Capabilities::settle`]; `None` if core debounces.
    pub settle: Option<Duration>,
    /// The sink for edges; `None` if no edges are wanted.
    pub edges: Option<EdgeSink>,
}

impl InputConfig {
    /// Returns a configuration with this bias, and without edges.
    pub fn new(bias: Bias) -> Self {
        InputConfig { bias, settle: None, edges: None }
    }

    /// Returns the configuration with a sink for edges.
    #[must_use]
    pub fn edges(mut self, sink: EdgeSink) -> Self {
        self.edges = Some(sink);
        self
    }
}

/// The configuration of inputs that belong together. On close the backend restores the bias in which the lines were found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InputsConfig {
    /// The bias to set on each line.
    pub bias: Bias,
    /// A sink for each line, in the order of the lines; empty if no edges are wanted.
    ///
    /// The backend must report edges in the order in which they happened, over all sinks.
    pub edges: Vec<EdgeSink>,
}

impl InputsConfig {
    /// Returns a configuration with this bias, and without edges.
    pub fn new(bias: Bias) -> Self {
        InputsConfig { bias, edges: Vec::new() }
    }

    /// Returns the configuration with a sink for the edges of each line.
    #[must_use]
    pub fn edges(mut self, sinks: Vec<EdgeSink>) -> Self {
        self.edges = sinks;
        self
    }
}

/// The configuration of a flexible line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FlexConfig {
    /// The line's function from the first instant; never [`Drive::Pwm`].
    pub start: Drive,
    /// The sink for the edges while the line is an input; `None` if no edges are wanted.
    pub edges: Option<EdgeSink>,
    /// The state of the line after close.
    pub on_close: OnClose,
}

impl FlexConfig {
    /// Returns a configuration that starts with this function, without edges.
    pub fn new(start: Drive, on_close: OnClose) -> Self {
        FlexConfig { start, edges: None, on_close }
    }

    /// Returns the configuration with a sink for edges.
    #[must_use]
    pub fn edges(mut self, sink: EdgeSink) -> Self {
        self.edges = Some(sink);
        self
    }
}

/// The configuration of a PWM output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PwmConfig {
    /// The length of a cycle, above zero.
    pub period: Duration,
    /// How long the line is high in each cycle, from zero to `period`.
    pub pulse: Duration,
    /// `true` requires hardware PWM.
    pub hardware: bool,
    /// The level the pin is left at when a running signal is closed with [`OnClose::Keep`].
    pub rest: Level,
    /// The state of the line after close.
    pub on_close: OnClose,
}

impl PwmConfig {
    /// Returns a configuration with pulses of `pulse` every `period`. Defaults: not necessarily by hardware, and rests low.
    pub fn new(period: Duration, pulse: Duration) -> Self {
        PwmConfig { period, pulse, hardware: false, rest: Level::Low, on_close: OnClose::default() }
    }
}
