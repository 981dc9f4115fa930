//! Lines that are held: asking the kernel for them, using them, and giving them back.

use std::fs::File;
use std::io;

use gpiocdev::line::{self, Value};
use gpiocdev_uapi::v2::{
    LineAttributeValue, LineConfig, LineFlags, LineRequest, LineValues, get_line, get_line_values,
    set_line_config, set_line_values,
};
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
    /// In the order in which they were asked for.
    lines: Vec<(Line, Leave)>,
    /// `None` once closed. Everyone who uses the lines reads, whoever closes it writes: so the file is not closed,
    /// and its number given to another file, while somebody is about to use it.
    request: RwLock<Option<File>>,
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
    pub(crate) fn new(chip: &Chip, lines: Vec<(Line, Leave)>, request: File) -> Held {
        Held { chip: chip.clone(), lines, request: RwLock::new(Some(request)) }
    }

    /// Makes one call on the lines, unless they are closed.
    pub(crate) fn call<T>(&self, call: impl FnOnce(&File) -> io::Result<T>) -> Result<T> {
        match &*self.request.read() {
            Some(request) => call(request).map_err(|error| self.tell(error::chip(&self.chip.path, error))),
            None => Err(self.tell(Error::closed())),
        }
    }

    /// The level on the line: one system call.
    pub(crate) fn level(&self) -> Result<Level> {
        self.call(|request| levels(request, 1)).map(|levels| Level::from(levels == 1))
    }

    /// Drives the line, which is an output: one system call.
    pub(crate) fn set(&self, level: Level) -> Result<()> {
        self.call(|request| set_levels(request, 1, u64::from(level.is_high())))
    }

    /// Brings the lines into the state to leave them in and only then lets go of them.
    ///
    /// The lock is kept throughout, so that a second call does not return before the lines are free.
    pub(crate) fn close(&self) -> Result<()> {
        let mut slot = self.request.write();
        let Some(request) = slot.take() else { return Ok(()) };
        if self.lines.iter().all(|(_, leave)| *leave == Leave::AsItIs) {
            return Ok(());
        }
        let states: Vec<_> = self.lines.iter().map(|(line, leave)| (*line, leave.state())).collect();
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
    /// The state to bring the line into.
    fn state(self) -> line::Config {
        match self {
            Leave::AsItIs => line::Config::default(),
            Leave::Input(bias) => input(bias),
            Leave::Output(level) => output(level),
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
    // Active is high, since no line is ever requested as active low.
    state.as_output(Value::from(level.is_high()));
    state
}

/// Asks the kernel for lines in these states, by the open file of their chip; the default state is the one that a line
/// is in.
pub(crate) fn request(chip: &Chip, file: &File, wanted: &[(Line, line::Config)]) -> Result<File> {
    let mut request =
        LineRequest { consumer: CONSUMER.into(), config: config(wanted), ..LineRequest::default() };
    for (offset, (line, _)) in request.offsets.0.iter_mut().zip(wanted) {
        *offset = line.0;
        request.num_lines += 1;
    }
    if wanted.iter().any(|(_, state)| state.edge_detection.is_some()) {
        request.event_buffer_size = QUEUE;
    }
    get_line(file, request).map_err(|error| error::request(chip, wanted, error::uapi(error)))
}

/// Brings requested lines into other states, direction and level or pull at once. They are all the lines of the request,
/// in its order.
pub(crate) fn reconfigure(request: &File, chip: &Chip, wanted: &[(Line, line::Config)]) -> Result<()> {
    set_line_config(request, config(wanted)).map_err(|error| error::request(chip, wanted, error::uapi(error)))
}

/// The states in the kernel's words: the flags of the first line are those of all, less the lines that have others.
fn config(wanted: &[(Line, line::Config)]) -> LineConfig {
    let mut config = LineConfig::default();
    let mut values = LineValues::default();
    for (index, (_, state)) in wanted.iter().enumerate() {
        let flags = LineFlags::from(state);
        let others = &mut config.attrs.0[..config.num_attrs as usize];
        let same = LineAttributeValue::Flags(flags);
        if index == 0 {
            config.flags = flags;
        } else if let Some(other) = others.iter_mut().find(|other| other.attr.to_value() == Some(same)) {
            other.mask |= 1 << index;
        } else if flags != config.flags {
            config.add_flags(flags, 1 << index);
        }
        if let Some(value) = state.value {
            values.set(index, value == Value::Active);
        }
    }
    if values.mask != 0 {
        config.add_values(&values);
    }
    config
}

/// The levels of the lines in `mask`; bit 0 is the line that was asked for first.
pub(crate) fn levels(request: &File, mask: u64) -> io::Result<u64> {
    let mut values = LineValues { bits: 0, mask };
    get_line_values(request, &mut values).map_err(error::uapi)?;
    Ok(values.bits)
}

/// Drives the lines in `mask`, which are outputs; bit 0 is the line that was asked for first.
pub(crate) fn set_levels(request: &File, mask: u64, levels: u64) -> io::Result<()> {
    set_line_values(request, &LineValues { bits: levels, mask }).map_err(error::uapi)
}

/// The pull behind the kernel's word.
pub(crate) fn bias_of(bias: line::Bias) -> Bias {
    match bias {
        line::Bias::Disabled => Bias::Disabled,
        line::Bias::PullDown => Bias::PullDown,
        line::Bias::PullUp => Bias::PullUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags of each line, as the kernel takes them from a request, and the levels of the outputs.
    fn told(states: &[line::Config]) -> (Vec<LineFlags>, LineValues) {
        let wanted: Vec<_> = (0..).map(Line).zip(states.iter().cloned()).collect();
        let config = config(&wanted);
        let attributes = &config.attrs.0[..config.num_attrs as usize];
        let mut flags = vec![config.flags; states.len()];
        let mut values = LineValues::default();
        for attribute in attributes {
            match attribute.attr.to_value().unwrap() {
                LineAttributeValue::Values(bits) => values = LineValues { bits, mask: attribute.mask },
                LineAttributeValue::Flags(other) => {
                    for (index, flags) in flags.iter_mut().enumerate() {
                        *flags = if attribute.mask >> index & 1 == 1 { other } else { *flags };
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        (flags, values)
    }

    #[test]
    fn each_line_of_a_request_has_its_own_state() {
        let states = [
            input(Bias::PullUp),
            output(Level::High),
            input(Bias::PullDown),
            output(Level::Low),
            line::Config::default(),
            input(Bias::PullUp),
            input(Bias::Disabled),
            output(Level::High),
            input(Bias::AsIs),
            input(Bias::PullDown),
        ];
        let (flags, values) = told(&states);
        assert_eq!(flags, states.each_ref().map(LineFlags::from));
        assert_eq!(values, LineValues { bits: 0b1000_0010, mask: 0b1000_1010 });
    }

    #[test]
    fn the_last_of_64_lines_has_the_last_bit() {
        let mut states = vec![output(Level::Low); 64];
        states[63] = output(Level::High);
        let (flags, values) = told(&states);
        assert_eq!(flags, vec![LineFlags::OUTPUT; 64]);
        assert_eq!(values, LineValues { bits: 1 << 63, mask: u64::MAX });
    }
}
