//! How bits go over the wires of an SPI bus.

use crate::types::Level;

/// The four modes of SPI: the level at which the clock rests (CPOL), and the clock edge on which data is read (CPHA).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SpiMode {
    /// The clock rests low, data is read on its first edge.
    #[default]
    Mode0,
    /// The clock rests low, data is read on its second edge.
    Mode1,
    /// The clock rests high, data is read on its first edge.
    Mode2,
    /// The clock rests high, data is read on its second edge.
    Mode3,
}

/// The format of the bits on the wires.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SpiSettings {
    pub(crate) mode: SpiMode,
    pub(crate) lsb_first: bool,
    pub(crate) select_high: bool,
    pub(crate) max_rate: Option<u32>,
}

impl SpiSettings {
    /// Returns the level at which the clock rests.
    pub(crate) fn rest(self) -> Level {
        Level::from(matches!(self.mode, SpiMode::Mode2 | SpiMode::Mode3))
    }

    /// Returns whether data is read on the first edge of the clock, which leaves the rest level.
    pub(crate) fn reads_first(self) -> bool {
        matches!(self.mode, SpiMode::Mode0 | SpiMode::Mode2)
    }
}
