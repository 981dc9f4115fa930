//! A line that is held: asking the kernel for it, using it, and giving it back.

use std::io;

use gpiocdev::Request;
use gpiocdev::line::{self, Value};
use gpiocdev::request::Config;
use parking_lot::RwLock;
use pinzero_core::{Bias, Error, Level, Line, Result};

use crate::chip::Chip;
use crate::error;

/// What the kernel shows to others as the user of a line.
const CONSUMER: &str = "pinzero";

/// How many edges the kernel keeps for us: the most that it can be asked for.
const QUEUE: u32 = 1024;

/// A line that the kernel has given us.
#[derive(Debug)]
pub(crate) struct Held {
    chip: Chip,
    line: Line,
    /// `None` once closed. Everyone who uses the line reads, whoever closes it writes: so the file is not closed,
    /// and its number given to another file, while somebody is about to use it.
    request: RwLock<Option<Request>>,
    leave: Leave,
}

/// What becomes of a line when it is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// What it happens to be.
    AsItIs,
    /// An input with this pull.
    Input(Bias),
    /// An output at this level.
    Output(Level),
}

impl Held {
    /// Takes charge of a request for `line` of `chip`.
    pub(crate) fn new(chip: &Chip, line: Line, request: Request, leave: Leave) -> Held {
        Held { chip: chip.clone(), line, request: RwLock::new(Some(request)), leave }
    }

    /// Makes one call on the line, unless it is closed.
    pub(crate) fn call<T>(&self, call: impl FnOnce(&Request) -> io::Result<T>) -> Result<T> {
        match &*self.request.read() {
            Some(request) => call(request).map_err(|error| self.tell(error::chip(&self.chip.path, error))),
            None => Err(self.tell(Error::closed())),
        }
    }

    /// The level on the line: one system call.
    pub(crate) fn level(&self) -> Result<Level> {
        self.call(|request| request.lone_value().map_err(error::io)).map(level_of)
    }

    /// Drives the line, which is an output: one system call.
    pub(crate) fn set(&self, level: Level) -> Result<()> {
        self.call(|request| request.set_lone_value(value(level)).map_err(error::io))
    }

    /// Brings the line into the state to leave it in and only then lets go of it.
    ///
    /// The lock is kept throughout, so that a second call does not return before the line is free.
    pub(crate) fn close(&self) -> Result<()> {
        let mut slot = self.request.write();
        let Some(request) = slot.take() else { return Ok(()) };
        let state = match self.leave {
            Leave::AsItIs => return Ok(()),
            Leave::Input(bias) => input(bias),
            Leave::Output(level) => output(level),
        };
        reconfigure(&request, &self.chip, self.line, &state).map_err(|error| self.tell(error))
    }

    fn tell(&self, error: Error) -> Error {
        error.with_factory("cdev").with_pin(self.line)
    }
}

/// The state of an input with this pull, without edges.
pub(crate) fn input(bias: Bias) -> line::Config {
    let mut state = line::Config::default();
    state.as_input().bias = match bias {
        Bias::AsIs => None,
        Bias::Disabled => Some(line::Bias::Disabled),
        Bias::PullDown => Some(line::Bias::PullDown),
        Bias::PullUp => Some(line::Bias::PullUp),
    };
    state
}

/// The state of an output at this level.
pub(crate) fn output(level: Level) -> line::Config {
    let mut state = line::Config::default();
    state.as_output(value(level));
    state
}

/// Asks the kernel for a line in the state `wanted`; the default state is the one that the line is in.
pub(crate) fn request(chip: &Chip, line: Line, wanted: &line::Config) -> Result<Request> {
    let mut builder = Request::builder();
    builder.on_chip(&chip.path).with_consumer(CONSUMER).with_line(line.0).from_line_config(wanted);
    if wanted.edge_detection.is_some() {
        builder.with_kernel_event_buffer_size(QUEUE);
    }
    builder.request().map_err(|error| error::request(chip, line, wanted, error::io(error)))
}

/// Brings a requested line into another state, direction and level or pull at once.
pub(crate) fn reconfigure(request: &Request, chip: &Chip, line: Line, wanted: &line::Config) -> Result<()> {
    let mut config = Config::default();
    config.with_line(line.0).from_line_config(wanted);
    request.reconfigure(&config).map_err(|error| error::request(chip, line, wanted, error::io(error)))
}

/// The kernel's word for a level, active being high since no line is ever requested as active low.
fn value(level: Level) -> Value {
    if level.is_high() { Value::Active } else { Value::Inactive }
}

/// The level behind the kernel's word.
pub(crate) fn level_of(value: Value) -> Level {
    Level::from(value == Value::Active)
}

/// The pull behind the kernel's word.
pub(crate) fn bias_of(bias: line::Bias) -> Bias {
    match bias {
        line::Bias::Disabled => Bias::Disabled,
        line::Bias::PullDown => Bias::PullDown,
        line::Bias::PullUp => Bias::PullUp,
    }
}
