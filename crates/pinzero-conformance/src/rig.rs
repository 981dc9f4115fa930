//! [`Rig`]: the factory to test, and the world around its pins.

use std::any::Any;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Bias, Gpio, Level, Line, PinFactory, Result};

/// A factory, and the world on the other side of its pins.
///
/// Each trial gets a rig of its own and drops it at the end. Four methods are required. Each of the others lets more trials
/// run; by default it returns `None`, and the suite skips those trials.
///
/// An error of any method fails the trial, even where the factory is known to deviate.
pub trait Rig {
    /// Returns the factory to test. Nothing is open on the factory yet, and it shares no state with other rigs.
    fn gpio(&self) -> &Gpio;

    /// Returns the lines that trials may use, one at least.
    ///
    /// The lines are free, their pulls can be set, and nothing is wired to them except for [`drive`](Rig::drive) and
    /// [`observe`](Rig::observe). Best are four, of which some rest high and some low.
    fn lines(&self) -> Vec<Line>;

    /// Drives a line from outside, as a button or another chip does, or releases it with `None`. Returns once the line has its
    /// new level.
    ///
    /// The suite never drives a line that the factory drives.
    ///
    /// # Errors
    /// Any error of the rig.
    fn drive(&self, line: Line, level: Option<Level>) -> Result<()>;

    /// Returns the level on a line, as a meter shows it.
    ///
    /// # Errors
    /// Any error of the rig.
    fn observe(&self, line: Line) -> Result<Level>;

    /// Returns every change of a line's level so far, with its time. Changes before the first call may be missing. Default:
    /// `None`.
    ///
    /// # Errors
    /// Any error of the rig.
    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let _ = line;
        Ok(None)
    }

    /// Returns the pulses on a line that [`observe`](Rig::observe) does not see, such as those that a mock only records.
    /// Default: `None`.
    ///
    /// # Errors
    /// Any error of the rig.
    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        let _ = line;
        Ok(None)
    }

    /// Returns two free lines that a wire joins. Default: `None`.
    ///
    /// # Errors
    /// Any error of the rig.
    fn wire(&self) -> Result<Option<[Line; 2]>> {
        Ok(None)
    }

    /// Returns the bare factory, on the same pins, for trials of the requests that core itself would refuse. Default: `None`.
    ///
    /// # Errors
    /// Any error of the rig.
    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(None)
    }

    /// Makes another process hold a line until the result is dropped; see [`OtherProcess`](crate::OtherProcess). Default:
    /// `None`.
    ///
    /// # Errors
    /// Any error of the rig.
    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        let _ = line;
        Ok(None)
    }

    /// Returns the pulls that the lines can have, if the factory declares any; the suite expects others to be refused. Default: all
    /// three.
    fn pulls(&self) -> Vec<Bias> {
        vec![Bias::PullUp, Bias::PullDown, Bias::Disabled]
    }

    /// Returns the largest error of an edge's timestamp. Default: zero.
    fn precision(&self) -> Duration {
        Duration::ZERO
    }

    /// Returns the steps in which the factory sets pulses. Default: zero, for steps of at most a nanosecond.
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
