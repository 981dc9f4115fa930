//! [`Port`]: the registers of a chip whose pins are inputs and outputs.

use std::fmt;

use pinzero_core::board::{Board, PinError};
use pinzero_core::{Bias, Capabilities, Error, ErrorKind, Found, Level, Line, Result};

/// The state of all pins of a chip, as the registers are to hold it. Bit 0 is line 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pins {
    /// The levels that outputs drive.
    pub(crate) levels: u64,
    pub(crate) inputs: u64,
    pub(crate) pulled_up: u64,
    /// The inputs whose changes interrupt.
    pub(crate) watched: u64,
}

impl Pins {
    /// Returns the state of a line.
    pub(crate) fn found(&self, bit: u64) -> Found {
        if self.inputs & bit == 0 {
            Found::Output(Level::from(self.levels & bit != 0))
        } else if self.pulled_up & bit != 0 {
            Found::Input(Bias::PullUp)
        } else {
            Found::Input(Bias::Disabled)
        }
    }

    /// Makes lines outputs at these levels. They are not watched any more.
    pub(crate) fn drive(&mut self, bits: u64, levels: u64) {
        self.inputs &= !bits;
        self.watched &= !bits;
        self.levels = self.levels & !bits | levels & bits;
    }

    /// Makes a line an output at this level.
    pub(crate) fn drive_to(&mut self, bit: u64, level: Level) {
        self.drive(bit, if level.is_high() { bit } else { 0 });
    }

    /// Makes lines inputs. The bias is one that the chip has; a pull that cannot be switched off is left alone.
    pub(crate) fn listen(&mut self, bits: u64, bias: Bias) {
        self.inputs |= bits;
        match bias {
            Bias::PullUp => self.pulled_up |= bits,
            Bias::Disabled => self.pulled_up &= !bits,
            Bias::AsIs | Bias::PullDown => {}
        }
    }
}

/// What a chip read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    pub(crate) levels: u64,
    /// The lines whose change has interrupted, and the levels at that moment.
    pub(crate) flags: u64,
    pub(crate) captured: u64,
}

/// A kind of chip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    /// The name of the factory.
    pub(crate) name: &'static str,
    pub(crate) capabilities: Capabilities,
    /// The pulls that its pins have.
    pub(crate) biases: &'static [Bias],
    /// Why it has no others.
    pub(crate) no_other_bias: &'static str,
    /// Returns the name of a line in the data sheet.
    pub(crate) name_of: fn(Line) -> String,
    /// A line has a weak pull-up whenever it is high. So an input that something outside holds low looks like a low output.
    pub(crate) is_quasi_bidirectional: bool,
}

/// The registers of a chip. Each call is as few transactions as the chip allows; a write of levels is one.
pub(crate) trait Port: fmt::Debug + Send {
    /// Takes the chip into use, and returns the state in which its pins are.
    fn begin(&mut self) -> Result<Pins>;

    /// Writes the registers that differ, in an order that shows no other level on the way.
    fn change(&mut self, from: &Pins, to: &Pins) -> Result<()>;

    /// Writes all registers: the chip may have lost its supply. A line that drives shows no other level on the way.
    fn restore(&mut self, pins: &Pins) -> Result<()>;

    /// Reads the levels of all lines in one transaction. On a chip that has flags, this clears them.
    fn read(&mut self, pins: &Pins) -> Result<Reading>;
}

/// Returns the line with a name of the data sheet, or `None` for a name that core knows: `GPIO9`, or `GND`.
pub(crate) fn find_line(name: &str, lines: u32, name_of: fn(Line) -> String) -> Result<Option<Line>> {
    let found = (0..lines).map(Line).find(|line| name_of(*line).eq_ignore_ascii_case(name));
    if found.is_none() && matches!(Board::generic(lines).find(name), Err(PinError::Unknown { .. })) {
        let message = format!("unknown pin \"{name}\": the pins of this chip are {}", names(lines, name_of));
        return Err(Error::new(ErrorKind::UnknownPin, message));
    }
    Ok(found)
}

/// Returns the names of all lines: `"QA to QH, QA2 to QH2"`.
pub(crate) fn names(lines: u32, name_of: fn(Line) -> String) -> String {
    let eights = (0..lines).step_by(8).map(|first| (Line(first), Line(first + 7)));
    let names = eights.map(|(first, last)| format!("{} to {}", name_of(first), name_of(last)));
    names.collect::<Vec<_>>().join(", ")
}

/// Returns the indices of the bits that are set.
pub(crate) fn bits(mask: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).filter(move |index| mask >> index & 1 == 1)
}
