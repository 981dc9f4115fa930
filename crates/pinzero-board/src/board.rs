//! The board: everything that the crate knows about one computer.

use std::borrow::Cow;
use std::path::Path;

use crate::detect;
use crate::facts::Facts;
use crate::header::{Header, PinKind};
use crate::model;
use crate::revision::{self, UnknownRevision};
use crate::soc::{Pull, Soc};

/// The facts about the computer that carries the pins.
///
/// Cloning is cheap: nearly all facts are static tables.
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
    pub(crate) facts: Option<&'static Facts>,
}

impl Board {
    /// Returns the Raspberry Pi with this revision code, old-style or new-style.
    ///
    /// Ignores the flags above bit 23 (warranty, overvoltage, access to the one-time memory). A new-style code
    /// always gives a board: a field newer than this library becomes "unknown", and an unknown type gets
    /// the 40-pin header.
    ///
    /// # Errors
    ///
    /// [`UnknownRevision`] for an old-style code (bit 23 clear) that no board has.
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
        // An invented code may combine a header with a chip that has too few lines for it.
        let carried = headers.iter().map(Header::lines).max().unwrap_or(0);
        let model = model::find(revision.kind, revision.memory_mb);
        Ok(Board {
            revision: Some(revision.code),
            model: model::name(model, revision.kind),
            soc: revision.soc,
            memory_mb: revision.memory_mb,
            manufacturer: revision.manufacturer,
            pcb_revision: revision.pcb_revision,
            headers,
            lines: revision.soc.lines().max(carried),
            facts: model.map(|model| &model.facts),
        })
    }

    /// Returns a board that is not a Raspberry Pi; only its number of lines is known.
    ///
    /// The names of its lines are the numbers from 0 to `lines - 1`, and `GPIOn`.
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
            facts: None,
        }
    }

    /// Returns the Raspberry Pi that this program runs on; `None` on any other computer.
    ///
    /// Reads the revision code from the device tree (`/proc/device-tree/system/linux,revision`), then from
    /// `/proc/cpuinfo`. Returns `None` where Linux provides neither.
    pub fn detect() -> Option<Board> {
        Board::detect_under("/".as_ref())
    }

    /// Returns the Raspberry Pi whose file tree is under `root`, as [`detect`](Board::detect) does for `/`.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// assert_eq!(Board::detect_under("/nowhere".as_ref()), None);
    /// ```
    pub fn detect_under(root: &Path) -> Option<Board> {
        let code = detect::revision(root)?;
        Board::from_revision(code).ok()
    }

    /// Returns the name of the model, such as `"Raspberry Pi 4B"`.
    ///
    /// `"unknown type 0x1c"` for a type newer than this library, `"generic board"` for [`Board::generic`].
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns the revision code without the flags above bit 23; `None` for a board that is not a Raspberry Pi.
    pub fn revision(&self) -> Option<u32> {
        self.revision
    }

    /// Returns the chip of the board.
    pub fn soc(&self) -> Soc {
        self.soc
    }

    /// Returns the size of the memory in mebibytes; `None` if the revision code does not contain it.
    pub fn memory_mb(&self) -> Option<u32> {
        self.memory_mb
    }

    /// Returns the manufacturer, such as `"Sony"`, or `"unknown"`.
    pub fn manufacturer(&self) -> &str {
        self.manufacturer
    }

    /// Returns the revision of the circuit board, such as `"1.4"`, or `"unknown"`.
    pub fn pcb_revision(&self) -> &str {
        self.pcb_revision
    }

    /// Returns the headers that carry GPIO lines, the main one (J8 or P1) first.
    ///
    /// Returns none for generic boards and for compute modules without a common I/O board.
    pub fn headers(&self) -> &[Header] {
        self.headers
    }

    /// Returns the number of GPIO lines that have names, on a header or not.
    pub fn lines(&self) -> u32 {
        self.lines
    }

    /// Returns the pull of a line before any program configures it.
    ///
    /// Pins 3 and 5 of the main header have resistors, according to the schematics. All other pulls are from the datasheet
    /// of the chip.
    pub fn pull(&self, line: u32) -> Pull {
        let fixed = |header: &Header| [3, 5].iter().any(|&pin| header.pin(pin) == Some(PinKind::Gpio(line)));
        if self.main_header().is_some_and(fixed) { Pull::FixedUp } else { self.soc.default_pull(line) }
    }

    /// Returns the header that `BOARDn` refers to.
    pub(crate) fn main_header(&self) -> Option<&Header> {
        self.headers.first()
    }
}
