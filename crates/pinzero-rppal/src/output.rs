//! Lines that are driven.

use pinzero_core::{Level, OutputPin, Pin, Result};

use crate::registers::OpenLine;

/// An output, as core holds it.
#[derive(Debug)]
pub(crate) struct RppalOutput(pub(crate) OpenLine);

impl Pin for RppalOutput {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl OutputPin for RppalOutput {
    fn set(&self, level: Level) -> Result<()> {
        self.0.set(level)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}
