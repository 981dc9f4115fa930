//! The chips that drive the lines, and what their datasheets say of every line.

use std::fmt;

/// The system on chip of a Raspberry Pi, as bits 12 to 15 of its revision code tell it.
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
    /// The chip of the Pi 5 and 500, whose header lines belong to the RP1 beside it.
    Bcm2712,
    /// A chip newer than this library, or one that no Raspberry Pi carries.
    Unknown,
}

impl Soc {
    /// How many lines the GPIO block behind the header has.
    ///
    /// From the peripherals datasheets: 54 on BCM283x, 58 on BCM2711, and 28 in the bank of RP1 that reaches the
    /// header. Every 40-pin header so far carried GPIO0 to GPIO27, so 28 is also what an unknown chip gets.
    pub(crate) fn lines(self) -> u32 {
        match self {
            Soc::Bcm2835 | Soc::Bcm2836 | Soc::Bcm2837 => 54,
            Soc::Bcm2711 => 58,
            Soc::Bcm2712 | Soc::Unknown => 28,
        }
    }

    /// The pull a line has inside the chip after power-on.
    ///
    /// From the alternate function tables of the BCM2835 and BCM2711 datasheets, which agree, and that of RP1, which
    /// agrees on the 28 lines it has. Lines 28, 29, 44 and 45 have none; nothing is published for those above 53.
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

/// Where an unconnected line is pulled before any program configures it.
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
    /// The line floats after power-on, or nothing is known of it.
    Unknown,
}
