//! Lines that are read.

use pinzero_core::{Level, Pin, Result};

use crate::registers::OpenLine;

/// An input, as core holds it.
#[derive(Debug)]
pub(crate) struct RppalInput(pub(crate) OpenLine);

impl Pin for RppalInput {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}
