//! Lines that are driven.

use pinzero_core::{Level, OutputPin, Result};

use crate::registers::{OpenLine, raw};

impl OutputPin for OpenLine {
    fn set(&self, level: Level) -> Result<()> {
        self.with(|io| io.write(raw(level)))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}
