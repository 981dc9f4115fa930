//! A line with hardware PWM: the kernel's channel, and the line's function by its register.

use std::time::Duration;

use pinzero_cdev::KernelPwm;
use pinzero_core::board::Soc;
use pinzero_core::{Line, Pin, PwmPin, Result};
use rppal::gpio::Mode;

use crate::pin::RppalPin;

/// The function by which a line carries PWM, if it can.
pub(crate) fn function(soc: Soc, line: Line) -> Option<Mode> {
    match (line.0, soc) {
        (12 | 13, _) => Some(Mode::Alt0),
        (18 | 19, Soc::Bcm2712) => Some(Mode::Alt3),
        (18 | 19, _) => Some(Mode::Alt5),
        _ => None,
    }
}

/// A line with pulses; given back when closed or dropped.
#[derive(Debug)]
pub(crate) struct RppalPwm {
    pub(crate) kernel: KernelPwm,
    pub(crate) pin: RppalPin,
}

impl PwmPin for RppalPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.kernel.set(period, pulse)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        // The line first: what its channel does then is not to be seen on it.
        let line = self.pin.close();
        line.and(self.kernel.close())
    }
}

impl Drop for RppalPwm {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}
