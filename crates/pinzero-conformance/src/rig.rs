//! [`Rig`]: implemented by the author of a backend, so that the suite can judge it.

use std::any::Any;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Gpio, Level, Line, PinFactory, Result};

/// A factory, and the world on the other side of its pins.
///
/// Each trial gets a rig of its own and drops it at the end. Four methods are required. Each of the others lets more
/// trials run. Default: "not available".
///
/// An error from any method fails the trial, whether or not the factory has a known deviation there.
pub trait Rig {
    /// Returns the factory under test. Nothing is open on it yet, and its fate does not affect other rigs.
    fn gpio(&self) -> &Gpio;

    /// Returns the lines that trials may use, at least one.
    ///
    /// The lines must be free, with nothing wired to them except for [`drive`](Rig::drive) and
    /// [`observe`](Rig::observe), and with settable pulls. Four lines are best, some of which rest high and some low.
    fn lines(&self) -> Vec<Line>;

    /// Drives a line from outside, as a button or another chip does, or stops driving it. The line has changed on
    /// return.
    ///
    /// The suite never calls this on a line that the factory drives.
    ///
    /// # Errors
    /// Any error of the rig.
    fn drive(&self, line: Line, level: Option<Level>) -> Result<()>;

    /// Returns the level of a line, as a meter shows it.
    ///
    /// # Errors
    /// Any error of the rig.
    fn observe(&self, line: Line) -> Result<Level>;

    /// Returns every level that a line has changed to so far, with the times. Changes before the first call may be
    /// missing.
    ///
    /// # Errors
    /// Any error of the rig.
    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let _ = line;
        Ok(None)
    }

    /// Returns the pulses on a line whose pulses [`observe`](Rig::observe) cannot see, such as those that a mock only
    /// records.
    ///
    /// # Errors
    /// Any error of the rig.
    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        let _ = line;
        Ok(None)
    }

    /// Returns two lines that are joined by a wire, with nothing open on them.
    ///
    /// # Errors
    /// Any error of the rig.
    fn wire(&self) -> Result<Option<[Line; 2]>> {
        Ok(None)
    }

    /// Returns another bare factory on the same pins: its refusals show only without core around it.
    ///
    /// # Errors
    /// Any error of the rig.
    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(None)
    }

    /// Makes another process hold a line until the result is dropped; see [`OtherProcess`](crate::OtherProcess).
    ///
    /// # Errors
    /// Any error of the rig.
    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        let _ = line;
        Ok(None)
    }

    /// Returns the tolerance of an edge's timestamp. Default: zero.
    fn precision(&self) -> Duration {
        Duration::ZERO
    }

    /// Returns the resolution with which the factory sets pulses. Default: one nanosecond.
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
