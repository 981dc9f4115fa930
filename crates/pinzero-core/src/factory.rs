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
//! * **`set` waits for no network.** It is called with locks held. A backend whose pins are elsewhere sends off what is to
//!   be done, in the order of the calls, and tells in `confirm` what has come of it; a local one has done it on return,
//!   and has nothing to confirm.
//! * Levels are electrical. Names, reservations, logical levels, debouncing, hold, blink, software PWM, timeouts
//!   and exit handling are core's.

use std::time::Duration;

use pinzero_board::Board;

use crate::capability::Capabilities;
use crate::debug::opaque;
use crate::error::Result;
use crate::handle::line_info::LineInfo;
use crate::handle::spi::SpiMode;
use crate::runtime::EdgeSink;
use crate::types::{Bias, Host, Level, Line, OnClose};

/// Makes pins: the one trait that a backend is.
pub trait PinFactory: Send + Sync + 'static {
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

    /// What a line is now. Nothing is taken or changed; what cannot be told that way is left out.
    ///
    /// # Errors
    /// Those of the system.
    fn line_info(&self, line: Line) -> Result<LineInfo>;

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

    /// Takes four lines as an SPI bus with one device on it.
    ///
    /// # Errors
    /// [`Busy`](crate::ErrorKind::Busy) if another program holds one, and those of the system.
    fn open_spi(&self, config: SpiConfig) -> Result<Box<dyn SpiBus>>;

    /// Closes every pin that is still open and whatever the factory itself holds. Idempotent.
    ///
    /// # Errors
    /// The first one met; closing goes on all the same.
    fn close(&self) -> Result<()>;
}

/// A line that can be read.
pub trait Pin: Send + Sync {
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

    /// Waits until every [`set`](OutputPin::set) so far is done. Called only where the host is
    /// [`Remote`](Host::Remote), with no lock held.
    ///
    /// # Errors
    /// [`Disconnected`](crate::ErrorKind::Disconnected), and what one of them met.
    fn confirm(&self) -> Result<()>;
}

/// Lines that are driven together. In all masks bit 0 is the first line, bit 1 the second, and so on.
pub trait OutputGroupPins: Send + Sync {
    /// Drives the lines whose bit is set in `mask` to the level of their bit in `levels`, all in the same instant.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](OutputGroupPins::close), and those of the system.
    fn set(&self, mask: u64, levels: u64) -> Result<()>;

    /// Waits until every [`set`](OutputGroupPins::set) so far is done, as [`OutputPin::confirm`] does.
    ///
    /// # Errors
    /// As for [`OutputPin::confirm`].
    fn confirm(&self) -> Result<()>;

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
pub trait PwmPin: Send + Sync {
    /// Sends pulses of `pulse` every `period` (which is above zero and at least `pulse`); a pulse of zero is a
    /// steady low and a pulse of `period` a steady high, neither ever toggling.
    ///
    /// A wave that runs may go on to the end of its cycle first.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](PwmPin::close), and those of the system.
    fn set(&self, period: Duration, pulse: Duration) -> Result<()>;

    /// Waits until every [`set`](PwmPin::set) so far is done, as [`OutputPin::confirm`] does.
    ///
    /// # Errors
    /// As for [`OutputPin::confirm`].
    fn confirm(&self) -> Result<()>;

    /// Gives the line back in the state that its configuration names. Idempotent.
    ///
    /// # Errors
    /// Those of the system; the line is given back as far as can be all the same.
    fn close(&self) -> Result<()>;
}

/// An SPI bus with one device on it.
pub trait SpiBus: Send + Sync {
    /// Sends `data`, and puts what has come back in its place; the device is selected for this time.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](SpiBus::close), and those of the system.
    fn transfer(&self, data: &mut [u8]) -> Result<()>;

    /// Gives the lines back. Idempotent.
    ///
    /// # Errors
    /// Those of the system; the lines are given back as far as can be all the same.
    fn close(&self) -> Result<()>;
}

opaque!(PinFactory Pin OutputPin OutputGroupPins PwmPin SpiBus);

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
    /// How long the level must be steady before an edge is reported, with the time at which it had been for so long. Not
    /// longer than what [`Capabilities::settle`] offers; `None` if core sees to it.
    pub settle: Option<Duration>,
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
    /// The pulses are to be the hardware's own, and nothing else will do.
    pub hardware: bool,
    /// The level at which a wave stops that is running when a line is closed with [`OnClose::Keep`].
    pub rest: Level,
    /// What the line becomes on close.
    pub on_close: OnClose,
}

/// How an SPI bus is opened. Lines go back to what they were found as on close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpiConfig {
    /// The line that carries the clock.
    pub clock: Line,
    /// The line that data goes out by.
    pub mosi: Line,
    /// The line that data comes in by.
    pub miso: Line,
    /// The line that selects the device for the length of a transfer.
    pub select: Line,
    /// Polarity and phase of the clock.
    pub mode: SpiMode,
    /// The lowest bit of each byte goes first.
    pub lsb_first: bool,
    /// The device is selected by a high level.
    pub select_high: bool,
    /// The most clock cycles a second; `None` leaves it to the backend.
    pub max_rate: Option<u32>,
}
