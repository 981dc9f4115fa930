//! A line with hardware PWM. The kernel's GPIO interface does not touch the line; only its channel is used.

use std::time::Duration;

use pinzero_core::board::Soc;
use pinzero_core::{Error, Found, Level, Line, OnClose, PwmConfig, PwmPin, Release, Result};

use crate::sysfs_pwm::SysfsPwm;

/// A line with hardware PWM, as core sees it; closed when dropped.
#[derive(Debug)]
pub(crate) struct CdevPwm {
    pwm: SysfsPwm,
    rest: Level,
    on_close: OnClose,
}

impl CdevPwm {
    /// Starts hardware PWM on `line`, on a board with the chip `soc`.
    pub(crate) fn open(line: Line, soc: Soc, config: PwmConfig) -> Result<CdevPwm> {
        let PwmConfig { period, pulse, rest, on_close, .. } = config;
        last_level(on_close, rest)?;
        Ok(CdevPwm { pwm: SysfsPwm::open(line, soc, period, pulse)?, rest, on_close })
    }
}

/// Returns the level at which the channel leaves the line; `rest` is the level for [`OnClose::Keep`].
fn last_level(on_close: OnClose, rest: Level) -> Result<Level> {
    match Found::Function.release(on_close, Some(rest)) {
        Release::Output(level) => Ok(level),
        Release::Function | Release::AsIs => Ok(Level::Low),
        Release::Input(_) => Err(Error::unsupported("making an input of a line with hardware PWM")),
    }
}

impl PwmPin for CdevPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.pwm.set(period, pulse)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        let rest = self.pwm.steady().unwrap_or(self.rest);
        self.pwm.stop(last_level(self.on_close, rest)?)
    }
}

impl Drop for CdevPwm {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            pinzero_core::warn_user(&format!("a line was not given back as it should be: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use pinzero_core::{Bias, ErrorKind};

    use super::*;

    #[test]
    fn a_line_is_left_at_the_level_asked_for() {
        let cases = [
            (OnClose::Restore, Level::Low),
            (OnClose::Low, Level::Low),
            (OnClose::High, Level::High),
            (OnClose::Keep, Level::High),
        ];
        for (on_close, level) in cases {
            assert_eq!(last_level(on_close, Level::High).unwrap(), level, "{on_close:?}");
        }
        assert_eq!(last_level(OnClose::Keep, Level::Low).unwrap(), Level::Low);
        let input = last_level(OnClose::Input(Bias::PullUp), Level::Low);
        assert_eq!(input.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
