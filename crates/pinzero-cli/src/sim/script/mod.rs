//! Scenarios for tests: presses and checks, one a line.

mod check;
mod parse;
mod play;

use std::fmt;
use std::time::Duration;

pub(crate) use check::Check;
pub(crate) use parse::parse;
pub(crate) use play::play;

use super::state::Action;

/// A line of a script.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    /// The number of the line, from 1.
    pub(crate) line: usize,
    /// The text of the line.
    pub(crate) text: String,
    pub(crate) doing: Doing,
}

/// The action of a step.
#[derive(Debug, PartialEq)]
pub(crate) enum Doing {
    Wait(Duration),
    Act(Action),
    /// Does the first, and after a time the second.
    ActFor(Action, Duration, Action),
    /// Waits for a state, at most this long, and then checks that the state lasts.
    Expect {
        part: usize,
        check: Check,
        within: Duration,
        lasting: Duration,
    },
}

/// A mistake in a script, with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}
