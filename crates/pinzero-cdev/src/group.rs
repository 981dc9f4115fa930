//! Several outputs that change together: by one system call, and by the driver in one step where it can.

use pinzero_core::{OutputGroupPins, Result};

use crate::request::LineRequest;

impl OutputGroupPins for LineRequest {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        self.set(mask, levels)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        self.levels()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}
