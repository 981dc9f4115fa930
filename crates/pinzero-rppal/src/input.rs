//! Lines that are read.

use pinzero_core::{Level, Pin, Result};

use crate::registers::OpenLine;

/// An input. Without edges, it is only its line.
#[derive(Debug)]
pub(crate) struct RppalInput {
    /// The kernel's view of the line, for edges; closed before the registers are put back.
    pub(crate) edges: Box<dyn Pin>,
    pub(crate) line: OpenLine,
}

impl Pin for RppalInput {
    fn level(&self) -> Result<Level> {
        self.line.level()
    }

    fn close(&self) -> Result<()> {
        let closed = self.edges.close();
        self.line.close().and(closed)
    }
}
