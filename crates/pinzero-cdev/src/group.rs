//! Several outputs that change together.

use std::sync::Arc;

use pinzero_core::{GroupConfig, Line, OutputGroupPins, Result, Support};

use crate::chip::Chip;
use crate::output::{all, open};
use crate::request::{LineRequest, levels, set_levels};

/// Several outputs of one request: they change by one system call, and the driver does it in one go where it can.
#[derive(Debug)]
pub(crate) struct CdevGroup {
    request: Arc<LineRequest>,
    /// A bit for each line.
    all: u64,
}

impl CdevGroup {
    /// Takes `lines` as outputs that have their first levels from the instant that they are.
    pub(crate) fn open(chip: &Chip, keep: Support, lines: &[Line], config: GroupConfig) -> Result<CdevGroup> {
        let request = open(chip, keep, lines, Some(config.initial), config.on_close)?;
        Ok(CdevGroup { request: Arc::new(request), all: all(lines) })
    }

    /// Returns the request that holds the lines.
    pub(crate) fn request(&self) -> &Arc<LineRequest> {
        &self.request
    }
}

impl OutputGroupPins for CdevGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        let mask = mask & self.all;
        // The kernel refuses a call on no lines at all.
        if mask == 0 {
            return self.levels().map(drop);
        }
        self.request.call(|request| set_levels(request, mask, levels))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        self.request.call(|request| levels(request, self.all))
    }

    fn close(&self) -> Result<()> {
        self.request.close()
    }
}

impl Drop for CdevGroup {
    fn drop(&mut self) {
        if let Err(error) = self.request.close() {
            log::warn!("lines were not given back as they should be: {error}");
        }
    }
}
