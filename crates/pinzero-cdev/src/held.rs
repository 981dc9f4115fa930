//! Lines that are held: asking the kernel for them, using them, and giving them back.

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

/// Lines that the kernel has given us by one request; one, mostly.
#[derive(Debug)]
pub(crate) struct Held {
    chip: Chip,
    lines: Vec<(Line, Leave)>,
    /// `None` once closed. Everyone who uses the lines reads, whoever closes it writes: so the file is not closed,
    /// and its number given to another file, while somebody is about to use it.
    request: RwLock<Option<Request>>,
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
    /// Takes charge of a request for `lines` of `chip`.
    pub(crate) fn new(chip: &Chip, lines: Vec<(Line, Leave)>, request: Request) -> Held {
        Held { chip: chip.clone(), lines, request: RwLock::new(Some(request)) }
    }

    /// Makes one call on the lines, unless they are closed.
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

    /// Brings the lines into the state to leave them in and only then lets go of them.
    ///
    /// The lock is kept throughout, so that a second call does not return before the lines are free.
    pub(crate) fn close(&self) -> Result<()> {
        let mut slot = self.request.write();
        let Some(request) = slot.take() else { return Ok(()) };
        let states: Vec<_> =
            self.lines.iter().filter_map(|(line, leave)| Some((*line, leave.state()?))).collect();
        if states.is_empty() {
            return Ok(());
        }
        reconfigure(&request, &self.chip, &states).map_err(|error| self.tell(error))
    }

    fn tell(&self, error: Error) -> Error {
        let error = error.with_factory("cdev");
        match self.lines.first() {
            Some((line, _)) => error.with_pin(line),
            None => error,
        }
    }
}

impl Leave {
    /// The state to bring the line into, if any.
    fn state(self) -> Option<line::Config> {
        match self {
            Leave::AsItIs => None,
            Leave::Input(bias) => Some(input(bias)),
            Leave::Output(level) => Some(output(level)),
        }
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

/// Asks the kernel for lines in these states; the default state is the one that a line is in.
pub(crate) fn request(chip: &Chip, wanted: &[(Line, line::Config)]) -> Result<Request> {
    let mut builder = Request::from_config(config(wanted));
    builder.on_chip(&chip.path).with_consumer(CONSUMER);
    if wanted.iter().any(|(_, state)| state.edge_detection.is_some()) {
        builder.with_kernel_event_buffer_size(QUEUE);
    }
    builder.request().map_err(|error| error::request(chip, wanted, error::io(error)))
}

/// Brings requested lines into other states, direction and level or pull at once.
pub(crate) fn reconfigure(request: &Request, chip: &Chip, wanted: &[(Line, line::Config)]) -> Result<()> {
    request.reconfigure(&config(wanted)).map_err(|error| error::request(chip, wanted, error::io(error)))
}

fn config(wanted: &[(Line, line::Config)]) -> Config {
    let mut config = Config::default();
    for (line, state) in wanted {
        config.with_line(line.0).from_line_config(state);
    }
    config
}

/// The kernel's word for a level, active being high since no line is ever requested as active low.
pub(crate) fn value(level: Level) -> Value {
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
