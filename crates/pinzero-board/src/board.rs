//! The board: everything the crate knows of one computer.

use std::borrow::Cow;

use crate::detect;
use crate::header::{Header, PinKind};
use crate::model;
use crate::revision::{self, UnknownRevision};
use crate::soc::{Pull, Soc};

/// What is known of the computer that carries the pins.
///
/// Cheap to clone: nearly all of it is static tables.
///
/// ```
/// use pinzero_board::Board;
///
/// let board = Board::detect().unwrap_or_else(|| Board::generic(32));
/// println!("{} with {} lines", board.model(), board.lines());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    revision: Option<u32>,
    model: Cow<'static, str>,
    soc: Soc,
    memory_mb: Option<u32>,
    manufacturer: &'static str,
    pcb_revision: &'static str,
    headers: &'static [Header],
    lines: u32,
}

impl Board {
    /// The Raspberry Pi with this revision code, of either style.
    ///
    /// The flags above bit 23 (warranty, overvoltage, access to the one-time memory) are ignored. A new-style code
    /// always gives a board: fields newer than this library become "unknown", and an unknown type is taken to have
    /// the 40-pin header.
    ///
    /// # Errors
    ///
    /// [`UnknownRevision`] for an old-style code (bit 23 clear) that no board was ever given.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0x902120)?;
    /// assert_eq!(board.model(), "Raspberry Pi Zero 2 W");
    /// assert_eq!(board.memory_mb(), Some(512));
    /// assert!(Board::from_revision(0x0001).is_err());
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn from_revision(code: u32) -> Result<Board, UnknownRevision> {
        let revision = revision::decode(code)?;
        let headers = model::headers(revision.kind, revision.pcb_revision);
        // A made-up code may pair a header with a chip of fewer lines than it carries.
        let carried = headers.iter().map(Header::lines).max().unwrap_or(0);
        Ok(Board {
            revision: Some(revision.code),
            model: model::name(revision.kind, revision.memory_mb),
            soc: revision.soc,
            memory_mb: revision.memory_mb,
            manufacturer: revision.manufacturer,
            pcb_revision: revision.pcb_revision,
            headers,
            lines: revision.soc.lines().max(carried),
        })
    }

    /// A board that is no Raspberry Pi, of which only the number of lines is known.
    ///
    /// Its lines are named by number or `GPIOn`, from 0 to `lines - 1`.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::generic(8);
    /// assert_eq!(board.find("GPIO7"), Ok(7));
    /// assert!(board.find("GPIO8").is_err());
    /// ```
    pub fn generic(lines: u32) -> Board {
        Board {
            revision: None,
            model: Cow::Borrowed("generic board"),
            soc: Soc::Unknown,
            memory_mb: None,
            manufacturer: "unknown",
            pcb_revision: "unknown",
            headers: &[],
            lines,
        }
    }

    /// The Raspberry Pi this program runs on, `None` if it runs on anything else.
    ///
    /// Reads the revision code from the device tree (`/proc/device-tree/system/linux,revision`), then from
    /// `/proc/cpuinfo`, so it finds nothing where Linux does not provide them.
    pub fn detect() -> Option<Board> {
        let code = detect::revision("/".as_ref())?;
        Board::from_revision(code).ok()
    }

    /// The name of the model, such as `"Raspberry Pi 4B"`.
    ///
    /// `"unknown type 0x1c"` for a type newer than this library, `"generic board"` for [`Board::generic`].
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The revision code without the flags above bit 23, `None` for a board that is no Raspberry Pi.
    pub fn revision(&self) -> Option<u32> {
        self.revision
    }

    /// The chip of the board.
    pub fn soc(&self) -> Soc {
        self.soc
    }

    /// The size of the memory in mebibytes, `None` where the revision code does not tell it.
    pub fn memory_mb(&self) -> Option<u32> {
        self.memory_mb
    }

    /// The company that made the board, such as `"Sony"`, or `"unknown"`.
    pub fn manufacturer(&self) -> &str {
        self.manufacturer
    }

    /// The revision of the circuit board, such as `"1.4"`, or `"unknown"`.
    pub fn pcb_revision(&self) -> &str {
        self.pcb_revision
    }

    /// The headers that carry GPIO lines, the main one (J8 or P1) first.
    ///
    /// Empty where there are none to know: generic boards and the compute modules without a common I/O board.
    pub fn headers(&self) -> &[Header] {
        self.headers
    }

    /// The number of GPIO lines that can be named, on a header or not.
    pub fn lines(&self) -> u32 {
        self.lines
    }

    /// Where a line is pulled before any program configures it.
    ///
    /// From the schematics, which put resistors on pins 3 and 5 of the main header, and otherwise from the datasheet
    /// of the chip.
    pub fn pull(&self, line: u32) -> Pull {
        let fixed = |header: &Header| [3, 5].iter().any(|&pin| header.pin(pin) == Some(PinKind::Gpio(line)));
        if self.main_header().is_some_and(fixed) { Pull::FixedUp } else { self.soc.default_pull(line) }
    }

    /// The header that `BOARDn` counts on.
    pub(crate) fn main_header(&self) -> Option<&Header> {
        self.headers.first()
    }
}
