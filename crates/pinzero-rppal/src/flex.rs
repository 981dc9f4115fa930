//! Flexible lines.

use pinzero_core::{Drive, FlexPin, Result};

use crate::registers::{OpenLine, turn};

impl FlexPin for OpenLine {
    fn turn(&self, drive: Drive) -> Result<()> {
        self.with(|io| turn(io, drive))?
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}
