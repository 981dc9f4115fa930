//! A line with hardware PWM: the kernel's channel, and the line's function by its register.

use std::time::Duration;

use pinzero_cdev::SysfsPwm;
use pinzero_core::board::Soc;
use pinzero_core::{Level, Line, OnClose, PwmConfig, PwmPin, Result};
use rppal::gpio::Mode;

use crate::registers::OpenLine;

/// Returns the function with which a line carries PWM, if it can.
fn function(soc: Soc, line: Line) -> Option<Mode> {
    match (line.0, soc) {
        (12 | 13, _) => Some(Mode::Alt0),
        (18 | 19, Soc::Bcm2712) => Some(Mode::Alt3),
        (18 | 19, _) => Some(Mode::Alt5),
        _ => None,
    }
}

/// A line with PWM, as core sees it; closed when dropped.
#[derive(Debug)]
pub(crate) struct RppalPwm {
    line: OpenLine,
    pwm: SysfsPwm,
    rest: Level,
    on_close: OnClose,
}

impl RppalPwm {
    /// Starts the pulses and routes them to the line, on a board with the chip `soc`. On failure, the line goes back as found.
    pub(crate) fn open(line: OpenLine, number: Line, soc: Soc, config: PwmConfig) -> Result<Self> {
        let PwmConfig { period, pulse, rest, on_close, .. } = config;
        let pwm = SysfsPwm::open_for(number, soc, period, pulse)?;
        function(soc, number).map_or(Ok(()), |mode| line.with(|io| io.set_mode(mode)))?;
        Ok(RppalPwm { line, pwm, rest, on_close })
    }
}

impl PwmPin for RppalPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.pwm.set(period, pulse)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        // Give the line back first, so that the channel's changes do not show on it.
        self.line.close_as(self.on_close, Some(self.pwm.steady().unwrap_or(self.rest)));
        self.pwm.stop(Level::Low)
    }
}

impl Drop for RppalPwm {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            pinzero_core::warn_user(&format!("a line was not given back as it should be: {error}"));
        }
    }
}
