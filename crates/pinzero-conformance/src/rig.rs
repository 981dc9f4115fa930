//! What the suite asks of whoever wants a factory judged: [`Rig`].

use std::any::Any;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Gpio, Level, Line, PinFactory, Result};

/// A factory in use, and the world on the other side of its pins.
///
/// Each trial gets a rig of its own and drops it at the end. Four methods have to be there; each of the others, which
/// answer "not here" if nothing is said, lets more trials run.
///
/// An error of any of them fails the trial, whether or not the factory is known to deviate there.
pub trait Rig {
    /// The factory that is judged. Nothing is open on it yet, and whatever happens to it is of no concern to other rigs.
    fn gpio(&self) -> &Gpio;

    /// The lines that trials may use, one at least.
    ///
    /// They are free, nothing is wired to them but what [`drive`](Rig::drive) and [`observe`](Rig::observe) take, and their
    /// pulls can be set. Best are four, of which some rest high and some low.
    fn lines(&self) -> Vec<Line>;

    /// Drives a line from outside, as a button or another chip does, or lets go of it; it has come to that on return.
    ///
    /// It is never asked to drive a line that the factory drives.
    ///
    /// # Errors
    /// Whatever comes in the way.
    fn drive(&self, line: Line, level: Option<Level>) -> Result<()>;

    /// The level on a line, as a meter shows it.
    ///
    /// # Errors
    /// Whatever comes in the way.
    fn observe(&self, line: Line) -> Result<Level>;

    /// Every level that a line has changed to so far, and when; what comes before the first call may be missing.
    ///
    /// # Errors
    /// Whatever comes in the way.
    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let _ = line;
        Ok(None)
    }

    /// The pulses on a line of which [`observe`](Rig::observe) sees nothing, such as those that a mock just notes.
    ///
    /// # Errors
    /// Whatever comes in the way.
    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        let _ = line;
        Ok(None)
    }

    /// Two lines that are joined by a wire, and that nothing is open on.
    ///
    /// # Errors
    /// Whatever comes in the way.
    fn wire(&self) -> Result<Option<[Line; 2]>> {
        Ok(None)
    }

    /// The bare factory once more, on the same pins: what it refuses is seen only without core around it.
    ///
    /// # Errors
    /// Whatever comes in the way.
    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(None)
    }

    /// Has another process hold a line until the result is dropped; see [`OtherProcess`](crate::OtherProcess).
    ///
    /// # Errors
    /// Whatever comes in the way.
    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        let _ = line;
        Ok(None)
    }

    /// By how much the stamp of an edge may be off; not at all if nothing is said.
    fn precision(&self) -> Duration {
        Duration::ZERO
    }

    /// The steps in which the factory sets pulses; no coarser than a nanosecond if nothing is said.
    fn resolution(&self) -> Duration {
        Duration::ZERO
    }
}

/// A wave that is on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulses {
    /// The length of a cycle.
    pub period: Duration,
    /// How long the line is high in each cycle.
    pub pulse: Duration,
}
