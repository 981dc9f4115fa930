//! The chips that drive the lines, and the facts of their datasheets about each line.

use std::fmt;

/// The system on chip of a Raspberry Pi, from bits 12 to 15 of its revision code.
///
/// ```
/// use pinzero_board::{Board, Soc};
///
/// assert_eq!(Board::from_revision(0xd04170)?.soc(), Soc::Bcm2712);
/// assert_eq!(Soc::Bcm2712.to_string(), "BCM2712");
/// # Ok::<(), pinzero_board::UnknownRevision>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Soc {
    /// The single core of the first boards and the first Zeros.
    Bcm2835,
    /// The four cores of the first Pi 2.
    Bcm2836,
    /// The chip of the Pi 3, the Zero 2 W and the later Pi 2.
    Bcm2837,
    /// The chip of the Pi 4 and 400.
    Bcm2711,
    /// The chip of the Pi 5 and 500. Their header lines belong to a second chip, the RP1.
    Bcm2712,
    /// A chip newer than this library, or a chip that is on no Raspberry Pi.
    Unknown,
}

impl Soc {
    /// Returns the number of processor cores and their type; `None` for an unknown chip.
    ///
    /// ```
    /// use pinzero_board::Soc;
    ///
    /// assert_eq!(Soc::Bcm2711.cores(), Some((4, "Cortex-A72")));
    /// ```
    pub fn cores(self) -> Option<(u32, &'static str)> {
        match self {
            Soc::Bcm2835 => Some((1, "ARM1176JZF-S")),
            Soc::Bcm2836 => Some((4, "Cortex-A7")),
            Soc::Bcm2837 => Some((4, "Cortex-A53")),
            Soc::Bcm2711 => Some((4, "Cortex-A72")),
            Soc::Bcm2712 => Some((4, "Cortex-A76")),
            Soc::Unknown => None,
        }
    }

    /// Returns the number of lines of the header's GPIO block.
    ///
    /// The numbers are from the peripherals datasheets: 54 on BCM283x, 58 on BCM2711, and 28 in the bank of RP1 that
    /// reaches the header. Every 40-pin header so far has GPIO0 to GPIO27, so an unknown chip gets 28 too.
    pub(crate) fn lines(self) -> u32 {
        match self {
            Soc::Bcm2835 | Soc::Bcm2836 | Soc::Bcm2837 => 54,
            Soc::Bcm2711 => 58,
            Soc::Bcm2712 | Soc::Unknown => 28,
        }
    }

    /// Returns the pull of a line inside the chip after power-on.
    ///
    /// The pulls are from the alternate function tables of the BCM2835 and BCM2711 datasheets, which agree. The table of RP1
    /// agrees for its 28 lines. Lines 28, 29, 44 and 45 have no pull; nothing is published for lines above 53.
    pub(crate) fn default_pull(self, line: u32) -> Pull {
        if self == Soc::Unknown || line >= self.lines() {
            return Pull::Unknown;
        }
        match line {
            0..=8 | 34..=36 | 46..=53 => Pull::DefaultUp,
            9..=27 | 30..=33 | 37..=43 => Pull::DefaultDown,
            _ => Pull::Unknown,
        }
    }
}

impl fmt::Display for Soc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Soc::Bcm2835 => "BCM2835",
            Soc::Bcm2836 => "BCM2836",
            Soc::Bcm2837 => "BCM2837",
            Soc::Bcm2711 => "BCM2711",
            Soc::Bcm2712 => "BCM2712",
            Soc::Unknown => "unknown",
        })
    }
}

/// The pull of an unconnected line before any program configures it.
///
/// ```
/// use pinzero_board::{Board, Pull};
///
/// let board = Board::from_revision(0xa02082)?;
/// assert_eq!(board.pull(2), Pull::FixedUp);
/// assert_eq!(board.pull(17), Pull::DefaultDown);
/// # Ok::<(), pinzero_board::UnknownRevision>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pull {
    /// A 1.8 kΩ resistor on the board pulls the line up; software cannot switch it off.
    FixedUp,
    /// The chip pulls the line up weakly (about 50 kΩ) after power-on; software may change it.
    DefaultUp,
    /// The chip pulls the line down weakly (about 50 kΩ) after power-on; software may change it.
    DefaultDown,
    /// The line floats after power-on, or its pull is unknown.
    Unknown,
}
