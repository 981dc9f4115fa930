//! The state in which a line was found, and its restoration.

use pinzero_core::board::Board;
use pinzero_core::{Bias, Found, Level, Line, OnClose, Release, Result};

use crate::connection::Connection;
use crate::edges::LINES;
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;

/// The mode of an input.
const INPUT: u32 = 0;
/// The PWM range of a line if no one has set one.
const DEFAULT_RANGE: u32 = 255;
/// The highest PWM range.
const HIGHEST_RANGE: u32 = 40_000;
/// The mode of an output.
const OUTPUT: u32 = 1;

/// The PWM ranges with which our programs mark their lines, within 25 to 40,000. Other programs are unlikely to use one
/// of these.
///
/// The range of a line without PWM has no effect, and a restarted daemon has forgotten it.
const MARKS: std::ops::Range<u32> = 30_011..39_912;

/// The mark of this program.
pub(crate) fn mark() -> u32 {
    MARKS.start + std::process::id() % (MARKS.end - MARKS.start)
}

/// The state in which a line was found. The daemon cannot report its pull.
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
    pub(crate) fn ask(connection: &Connection, board: &Board, line: Line) -> Result<Self> {
        let answers = connection.pipeline.ask_all(&SavedState::questions(line.0))?;
        SavedState::new(line.0, &answers, board)
    }

    /// Asks for the state of several lines in one go.
    pub(crate) fn ask_all(connection: &Connection, board: &Board, lines: &[Line]) -> Result<Vec<Self>> {
        let questions: Vec<Frame> = lines.iter().flat_map(|line| SavedState::questions(line.0)).collect();
        let answers = connection.pipeline.ask_all(&questions)?;
        let of_each = lines.iter().zip(answers.chunks(3));
        of_each.map(|(line, answers)| SavedState::new(line.0, answers, board)).collect()
    }

    fn questions(line: u32) -> [Frame; 3] {
        [Command::Modeg, Command::Read, Command::Prg].map(|command| Frame::new(command, line, 0))
    }

    fn new(line: u32, answers: &[Answer], board: &Board) -> Result<Self> {
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

    /// Returns the line and the range that marks it, if the line can be marked.
    pub(crate) fn marked(&self) -> Option<(u32, u32)> {
        self.range.filter(|_| self.line < LINES).map(|_| (self.line, mark()))
    }

    /// Gives the line back; `rest` is the level that it keeps.
    pub(crate) fn give_back(&self, on_close: OnClose, rest: Option<Level>) -> Vec<Frame> {
        let found = match self.mode {
            INPUT => Found::Input(Bias::AsIs),
            OUTPUT => Found::Output(self.level),
            _ => Found::Function,
        };
        let mut frames = Vec::new();
        match found.release(on_close, rest) {
            Release::AsIs => {}
            Release::Input(bias) => frames.extend(listen(self.line, bias)),
            Release::Output(level) => frames.push(write(self.line, level)),
            Release::Function => frames.push(Frame::new(Command::Modes, self.line, self.mode)),
        }
        frames.extend(self.range.map(|range| Frame::new(Command::Prs, self.line, range)));
        frames
    }

    /// Sets the pull that the board gives the line, after its own was changed.
    pub(crate) fn give_back_pull(&self) -> Option<Frame> {
        pull(self.line, self.pull)
    }

    pub(crate) fn line(&self) -> u32 {
        self.line
    }
}

/// Returns the range to give a line back with, if it was found with `range`. A mark that was left behind and the range
/// of hardware PWM are not the line's own.
pub(crate) fn range_before(range: u32) -> u32 {
    if MARKS.contains(&range) || range > HIGHEST_RANGE { DEFAULT_RANGE } else { range }
}

/// Drives a line, which makes it an output; the level is set first.
pub(crate) fn write(line: u32, level: Level) -> Frame {
    Frame::new(Command::Write, line, u32::from(level.is_high()))
}

/// Makes a line an input. The pull comes first, so that the line never floats.
pub(crate) fn listen(line: u32, bias: Bias) -> impl Iterator<Item = Frame> {
    pull(line, bias).into_iter().chain([Frame::new(Command::Modes, line, INPUT)])
}

/// Returns the request that sets a pull; `None` for [`Bias::AsIs`].
pub(crate) fn pull(line: u32, bias: Bias) -> Option<Frame> {
    let number = match bias {
        Bias::AsIs => return None,
        Bias::Disabled => 0,
        Bias::PullDown => 1,
        Bias::PullUp => 2,
    };
    Some(Frame::new(Command::Pud, line, number))
}
