//! The pin headers: the lines and the power on each pin.

use std::fmt;

use PinKind::{Gpio, Ground, Power3v3, Power5v};

/// The connection of a header pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PinKind {
    /// A GPIO line, with its number.
    Gpio(u32),
    /// The 3.3 V supply.
    Power3v3,
    /// The 5 V supply.
    Power5v,
    /// Ground.
    Ground,
    /// Another connection, described in a few words.
    Other(&'static str),
}

impl PinKind {
    /// Returns the words for a pin of this kind in an error message.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Gpio(_) => "a GPIO line",
            Power3v3 => "3.3 V power",
            Power5v => "5 V power",
            Ground => "ground",
            PinKind::Other(what) => what,
        }
    }
}

/// Writes the short label of pinout drawings: `GPIO17`, `3V3`, `5V`, `GND`.
impl fmt::Display for PinKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gpio(line) => write!(f, "GPIO{line}"),
            Power3v3 => f.write_str("3V3"),
            Power5v => f.write_str("5V"),
            Ground => f.write_str("GND"),
            PinKind::Other(what) => f.write_str(what),
        }
    }
}

/// One pin of a [`Header`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeaderPin {
    /// The pin number in the board's schematics, from 1.
    pub number: u32,
    /// The connection of the pin.
    pub kind: PinKind,
}

/// A pin header that carries GPIO lines, with the layout of its board's published schematics.
///
/// Pin numbers run along the rows: in two columns, odd numbers are on the left and even numbers on the right.
///
/// ```
/// use pinzero_board::{Board, PinKind};
///
/// let board = Board::from_revision(0xa02082)?;
/// let header = &board.headers()[0];
/// assert_eq!((header.name(), header.rows(), header.columns()), ("J8", 20, 2));
/// assert_eq!(header.pin(11), Some(PinKind::Gpio(17)));
/// assert_eq!(header.pins().filter(|pin| pin.kind == PinKind::Ground).count(), 8);
/// # Ok::<(), pinzero_board::UnknownRevision>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    name: &'static str,
    columns: u32,
    kinds: &'static [PinKind],
}

impl Header {
    /// Returns the name in the schematics: `"J8"`, `"P1"` or `"P5"`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> u32 {
        self.len() / self.columns
    }

    /// Returns the number of columns.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Returns all pins, in the order of their numbers.
    pub fn pins(&self) -> impl Iterator<Item = HeaderPin> + use<> {
        (1..).zip(self.kinds).map(|(number, &kind)| HeaderPin { number, kind })
    }

    /// Returns the connection of the pin with this number; `None` if the header has no such pin.
    pub fn pin(&self, number: u32) -> Option<PinKind> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.kinds.get(index).copied()
    }

    /// Returns the number of pins.
    pub(crate) fn len(&self) -> u32 {
        self.kinds.len() as u32
    }

    /// Returns the highest line on this header, plus one.
    pub(crate) fn lines(&self) -> u32 {
        let lines = self.kinds.iter().map(|&kind| if let Gpio(line) = kind { line + 1 } else { 0 });
        lines.max().unwrap_or(0)
    }

    /// Returns the wiringPi number of a pin of this header.
    pub(crate) fn wiring_pi(&self, number: u32) -> Option<u32> {
        match (self.name, number) {
            ("P5", 3..=6) => Some(number + 14),
            ("P5", _) => None,
            _ => (0..).zip(WIRING_PI).find(|&(_, pin)| pin == number).map(|(wpi, _)| wpi),
        }
    }
}

/// The J8 pin of each wiringPi number. P1 equals the first 26 pins of J8.
///
/// 17 to 20 are pins of P5, so they are zero here. The numbers are from the pin table that wiringPi prints.
#[rustfmt::skip]
const WIRING_PI: [u32; 32] = [
    11, 12, 13, 15, 16, 18, 22, 7, 3, 5, 24, 26, 19, 21, 23, 8,
    10, 0, 0, 0, 0, 29, 31, 33, 35, 37, 32, 36, 38, 40, 27, 28,
];

/// The 40 pins of every board since the B+; the compute modules 4 and 5 have them on their I/O boards.
pub(crate) static J8: &[Header] = &[Header { name: "J8", columns: 2, kinds: &J8_PINS }];

/// The 26 pins of the first Model B.
pub(crate) static REV1: &[Header] = &[Header { name: "P1", columns: 2, kinds: &REV1_P1_PINS }];

/// The 26 and 8 pins of the Model A and the second Model B.
pub(crate) static REV2: &[Header] = &[
    Header { name: "P1", columns: 2, kinds: &REV2_P1_PINS },
    Header { name: "P5", columns: 2, kinds: &REV2_P5_PINS },
];

// The tables below keep the two columns of the real header; rustfmt would not.

#[rustfmt::skip]
const J8_PINS: [PinKind; 40] = [
    Power3v3, Power5v,
    Gpio(2),  Power5v,
    Gpio(3),  Ground,
    Gpio(4),  Gpio(14),
    Ground,   Gpio(15),
    Gpio(17), Gpio(18),
    Gpio(27), Ground,
    Gpio(22), Gpio(23),
    Power3v3, Gpio(24),
    Gpio(10), Ground,
    Gpio(9),  Gpio(25),
    Gpio(11), Gpio(8),
    Ground,   Gpio(7),
    Gpio(0),  Gpio(1),
    Gpio(5),  Ground,
    Gpio(6),  Gpio(12),
    Gpio(13), Ground,
    Gpio(19), Gpio(16),
    Gpio(26), Gpio(20),
    Ground,   Gpio(21),
];

#[rustfmt::skip]
const REV1_P1_PINS: [PinKind; 26] = [
    Power3v3, Power5v,
    Gpio(0),  Power5v,
    Gpio(1),  Ground,
    Gpio(4),  Gpio(14),
    Ground,   Gpio(15),
    Gpio(17), Gpio(18),
    Gpio(21), Ground,
    Gpio(22), Gpio(23),
    Power3v3, Gpio(24),
    Gpio(10), Ground,
    Gpio(9),  Gpio(25),
    Gpio(11), Gpio(8),
    Ground,   Gpio(7),
];

#[rustfmt::skip]
const REV2_P1_PINS: [PinKind; 26] = [
    Power3v3, Power5v,
    Gpio(2),  Power5v,
    Gpio(3),  Ground,
    Gpio(4),  Gpio(14),
    Ground,   Gpio(15),
    Gpio(17), Gpio(18),
    Gpio(27), Ground,
    Gpio(22), Gpio(23),
    Power3v3, Gpio(24),
    Gpio(10), Ground,
    Gpio(9),  Gpio(25),
    Gpio(11), Gpio(8),
    Ground,   Gpio(7),
];

#[rustfmt::skip]
const REV2_P5_PINS: [PinKind; 8] = [
    Power5v,  Power3v3,
    Gpio(28), Gpio(29),
    Gpio(30), Gpio(31),
    Ground,   Ground,
];
