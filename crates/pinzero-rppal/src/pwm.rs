//! A line with hardware PWM: the kernel's channel, and the line's function by its register.

use std::time::Duration;

use pinzero_core::board::Soc;
use pinzero_core::{Error, Line, PwmPin, Result};
use rppal::gpio::Mode;

use crate::registers::OpenLine;

/// The function by which a line carries PWM, if it can.
pub(crate) fn function(soc: Soc, line: Line) -> Option<Mode> {
    match (line.0, soc) {
        (12 | 13, _) => Some(Mode::Alt0),
        (18 | 19, Soc::Bcm2712) => Some(Mode::Alt3),
        (18 | 19, _) => Some(Mode::Alt5),
        _ => None,
    }
}

/// A line that has pulses, as core holds it.
#[derive(Debug)]
pub(crate) struct RppalPwm(pub(crate) OpenLine);

impl PwmPin for RppalPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.0.pulses().map_or_else(|| Err(Error::closed()), |pulses| pulses.set(period, pulse))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}
