//! A line with hardware PWM, as core holds it.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::{PwmPin, Result};

use crate::sysfs_pwm::SysfsPwm;

/// A line with hardware PWM, as core holds it.
#[derive(Debug)]
pub(crate) struct CdevPwm(pub(crate) Arc<SysfsPwm>);

impl PwmPin for CdevPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.0.set(period, pulse)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}
