//! What a line was before it was ours, and what it becomes after.

use pinzero_core::board::Board;
use pinzero_core::{Bias, Level, OnClose, Result};

use crate::edges::LINES;
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;

/// The mode of an input.
pub(crate) const INPUT: u32 = 0;
/// The PWM range that a line has if nobody has set one.
const DEFAULT_RANGE: u32 = 255;
/// The highest range that a line can be given.
const HIGHEST_RANGE: u32 = 40_000;
/// The mode of an output.
const OUTPUT: u32 = 1;

/// The PWM ranges by which programs of ours mark their lines, within 25 to 40,000: nobody else chooses one of these.
///
/// The range of a line without PWM has no effect, and a daemon that is started anew has forgotten it.
const MARKS: std::ops::Range<u32> = 30_011..39_912;

/// The mark of this program.
pub(crate) fn mark() -> u32 {
    MARKS.start + std::process::id() % (MARKS.end - MARKS.start)
}

/// The state in which a line was found. Its pull cannot be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SavedState {
    line: u32,
    mode: u32,
    pub(crate) level: Level,
    range: Option<u32>,
    /// The pull that the board gives the line at power-up.
    pull: Bias,
}

impl SavedState {
    /// Asks for the state of a line.
    pub(crate) fn questions(line: u32) -> [Frame; 3] {
        [Command::Modeg, Command::Read, Command::Prg].map(|command| Frame::new(command, line, 0))
    }

    /// What the answers say.
    pub(crate) fn new(line: u32, answers: &[Answer], board: &Board) -> Result<Self> {
        let [mode, level, range] = answers else { unreachable!("each question has an answer") };
        Ok(SavedState {
            line,
            mode: mode.value()?,
            level: Level::from(level.value()? != 0),
            // A line that cannot carry PWM has none.
            range: range.value().ok().map(range_before),
            pull: board.pull(line).into(),
        })
    }

    /// Marks the line as ours.
    pub(crate) fn mark(&self) -> Option<Frame> {
        self.marked().map(|(line, range)| Frame::new(Command::Prs, line, range))
    }

    /// The line and the range that it is marked by, if it can be.
    pub(crate) fn marked(&self) -> Option<(u32, u32)> {
        self.range.filter(|_| self.line < LINES).map(|_| (self.line, mark()))
    }

    /// What gives an output back; `last` is its level.
    pub(crate) fn leave_output(&self, on_close: OnClose, last: Level) -> Vec<Frame> {
        let mut frames = Vec::new();
        match on_close {
            OnClose::Low => frames.push(write(self.line, Level::Low)),
            OnClose::High => frames.push(write(self.line, Level::High)),
            OnClose::Keep => frames.push(write(self.line, last)),
            OnClose::Input(bias) => {
                // The pull first: it must be there when nothing drives the line any more.
                frames.extend(pull(self.line, bias));
                frames.push(Frame::new(Command::Modes, self.line, INPUT));
            }
            _ if self.mode == OUTPUT => frames.push(write(self.line, self.level)),
            _ => frames.push(Frame::new(Command::Modes, self.line, self.mode)),
        }
        frames.extend(self.range.map(|range| Frame::new(Command::Prs, self.line, range)));
        frames
    }

    /// What gives an input back, whose pull and filter may have been set.
    pub(crate) fn leave_input(&self, bias: Bias, is_settled: bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        if is_settled {
            frames.push(Frame::new(Command::Fg, self.line, 0));
        }
        frames.extend(self.range.map(|range| Frame::new(Command::Prs, self.line, range)));
        if bias != Bias::AsIs {
            frames.extend(pull(self.line, self.pull));
        }
        match self.mode {
            INPUT => {}
            OUTPUT => frames.push(write(self.line, self.level)),
            mode => frames.push(Frame::new(Command::Modes, self.line, mode)),
        }
        frames
    }
}

/// The range that a line is given back with, if it was found with `range`. Neither a mark that was left behind nor the
/// range of hardware PWM is one that it had of its own.
pub(crate) fn range_before(range: u32) -> u32 {
    if MARKS.contains(&range) || range > HIGHEST_RANGE { DEFAULT_RANGE } else { range }
}

/// Drives a line; this makes it an output, the level first.
pub(crate) fn write(line: u32, level: Level) -> Frame {
    Frame::new(Command::Write, line, u32::from(level.is_high()))
}

/// Sets a pull, if it is one.
pub(crate) fn pull(line: u32, bias: Bias) -> Option<Frame> {
    let number = match bias {
        Bias::AsIs => return None,
        Bias::Disabled => 0,
        Bias::PullDown => 1,
        Bias::PullUp => 2,
    };
    Some(Frame::new(Command::Pud, line, number))
}
