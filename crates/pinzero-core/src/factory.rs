//! The boundary between the devices and whatever drives the pins: [`PinFactory`] and the pin roles.
//!
//! A backend implements [`PinFactory`] and the roles it can play; core does the rest. The contract:
//!
//! * **One call opens a line with its whole configuration.** The initial level is on the line before, or in the
//!   same instant as, it becomes an output; there is no half-configured state that a relay could hear.
//! * **What is not declared is refused.** An argument that the backend cannot honour gives
//!   [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported); nothing is silently ignored. There are no default methods.
//! * **Backends never call user code.** They hand edges to the [`EdgeSink`], either by a pollable source or by a push.
//! * **`close` is idempotent, and once it returns the line is free**; other calls give
//!   [`ErrorKind::Closed`](crate::ErrorKind::Closed) from then on. Dropping a pin closes it. A level that `close` has
//!   to leave behind is written *before* the line is given back.
//! * Levels are electrical. Names, reservations, logical levels, debouncing, hold, blink, software PWM, timeouts
//!   and exit handling are core's.

use std::fmt;
use std::time::Duration;

use pinzero_board::Board;

use crate::capability::Capabilities;
use crate::error::Result;
use crate::runtime::EdgeSink;
use crate::types::{Bias, Host, Level, Line, OnClose};

/// Makes pins: the one trait that a backend is.
pub trait PinFactory: fmt::Debug + Send + Sync + 'static {
    /// The backend's short name, as in `PINZERO_PIN_FACTORY`: `"cdev"`, `"mock"`.
    fn name(&self) -> &'static str;

    /// Whose pins these are.
    fn host(&self) -> Host;

    /// What this backend does by itself.
    fn capabilities(&self) -> Capabilities;

    /// The board that carries the pins; [`Board::generic`] where it is none that is known.
    fn board(&self) -> Board;

    /// The line that the system calls `name` (a kernel line name), if there is one.
    ///
    /// # Errors
    /// Those of the system while looking.
    fn find_line(&self, name: &str) -> Result<Option<Line>>;

    /// Takes a line as an output.
    ///
    /// # Errors
    /// [`Busy`](crate::ErrorKind::Busy) if another program holds it, and those of the system.
    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>>;

    /// Takes several lines as outputs that change together. There are 1 to 64 of them, each once.
    ///
    /// # Errors
    /// As for [`open_output`](PinFactory::open_output).
    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>>;

    /// Takes a line as an input; with a sink in the configuration, edges after this call are reported.
    ///
    /// # Errors
    /// [`Busy`](crate::ErrorKind::Busy) if another program holds it, and those of the system.
    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>>;

    /// Takes a line as a PWM output.
    ///
    /// # Errors
    /// [`Busy`](crate::ErrorKind::Busy) if another program holds it, and those of the system.
    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>>;

    /// Closes every pin that is still open and whatever the factory itself holds. Idempotent.
    ///
    /// # Errors
    /// The first one met; closing goes on all the same.
    fn close(&self) -> Result<()>;
}

/// A line that can be read.
pub trait Pin: fmt::Debug + Send + Sync {
    /// The level on the line now: what is really there, not what was last written.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Pin::close), and those of the system.
    fn level(&self) -> Result<Level>;

    /// Gives the line back in the state that its configuration names. Idempotent.
    ///
    /// # Errors
    /// Those of the system; the line is given back as far as can be all the same.
    fn close(&self) -> Result<()>;
}

/// A line that is driven. [`OutputPin::set`] is the hot path of the whole library.
pub trait OutputPin: Pin {
    /// Drives the line to `level`.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Pin::close), and those of the system.
    fn set(&self, level: Level) -> Result<()>;
}

/// Lines that are driven together. In all masks bit 0 is the first line, bit 1 the second, and so on.
pub trait OutputGroupPins: fmt::Debug + Send + Sync {
    /// Drives the lines whose bit is set in `mask` to the level of their bit in `levels`, all in the same instant.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](OutputGroupPins::close), and those of the system.
    fn set(&self, mask: u64, levels: u64) -> Result<()>;

    /// The levels on the lines now.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](OutputGroupPins::close), and those of the system.
    fn levels(&self) -> Result<u64>;

    /// Gives the lines back in the state that their configuration names. Idempotent.
    ///
    /// # Errors
    /// Those of the system; the lines are given back as far as can be all the same.
    fn close(&self) -> Result<()>;
}

/// A line that carries pulses.
pub trait PwmPin: fmt::Debug + Send + Sync {
    /// Sends pulses of `pulse` every `period` (which is above zero and at least `pulse`); a pulse of zero is a
    /// steady low and a pulse of `period` a steady high, neither ever toggling.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](PwmPin::close), and those of the system.
    fn set(&self, period: Duration, pulse: Duration) -> Result<()>;

    /// Gives the line back in the state that its configuration names. Idempotent.
    ///
    /// # Errors
    /// Those of the system; the line is given back as far as can be all the same.
    fn close(&self) -> Result<()>;
}

/// How an output is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputConfig {
    /// The level from the first instant; `None` adopts the level that is on the line.
    pub initial: Option<Level>,
    /// What the line becomes on close.
    pub on_close: OnClose,
}

/// How a group of outputs is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupConfig {
    /// The levels from the first instant, bit 0 for the first line.
    pub initial: u64,
    /// What the lines become on close.
    pub on_close: OnClose,
}

/// How an input is opened. On close it goes back to the pull that it was found with.
#[derive(Debug)]
pub struct InputConfig {
    /// The resistor to set.
    pub bias: Bias,
    /// Where edges go; `None` if nobody wants them.
    pub edges: Option<EdgeSink>,
}

/// How a PWM output is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PwmConfig {
    /// The length of a cycle, above zero.
    pub period: Duration,
    /// How long the line is high in each cycle, from zero to `period`.
    pub pulse: Duration,
    /// The level at which a wave stops that is running when a line is closed with [`OnClose::Keep`].
    pub rest: Level,
    /// What the line becomes on close.
    pub on_close: OnClose,
}
