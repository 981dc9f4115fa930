//! Decodes revision codes: the firmware's number for a board.
//!
//! The codes are from Raspberry Pi's document "Revision codes".

use std::error::Error;
use std::fmt;

use crate::model::{A, A_PLUS, B, B_PLUS, CM1};
use crate::soc::Soc;

/// The error for a number that is not the revision code of any Raspberry Pi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnknownRevision {
    code: u32,
}

impl UnknownRevision {
    /// The given code.
    pub fn code(self) -> u32 {
        self.code
    }
}

impl fmt::Display for UnknownRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x} is not the revision code of a known Raspberry Pi", self.code)
    }
}

impl Error for UnknownRevision {}

/// The contents of a revision code.
#[derive(Debug)]
pub(crate) struct Revision {
    /// The code without the flags above bit 23.
    pub(crate) code: u32,
    /// The type number of a new-style code. An old-style code gets the type number that its model has today.
    pub(crate) kind: u32,
    pub(crate) soc: Soc,
    pub(crate) memory_mb: Option<u32>,
    pub(crate) manufacturer: &'static str,
    pub(crate) pcb_revision: &'static str,
}

/// Bit 23 marks a new-style code.
const NEW_STYLE: u32 = 1 << 23;

/// Bits 24 and up do not describe the board: they record a warranty voided by overclocking, and old firmware put
/// `100` or `1000` in front of the code.
const BOARD_BITS: u32 = (1 << 24) - 1;

/// Decodes a revision code of either style.
pub(crate) fn decode(code: u32) -> Result<Revision, UnknownRevision> {
    let board = code & BOARD_BITS;
    let decoded = if board & NEW_STYLE != 0 { Some(new_style(board)) } else { old_style(board) };
    decoded.ok_or(UnknownRevision { code })
}

/// Decodes the bit fields. A value that is not in use yet gives an unknown field.
fn new_style(code: u32) -> Revision {
    let field = |shift: u32, bits: u32| (code >> shift) & ((1 << bits) - 1);
    let kind = field(4, 8);
    Revision {
        code,
        kind,
        soc: match field(12, 4) {
            0 => Soc::Bcm2835,
            1 => Soc::Bcm2836,
            2 => Soc::Bcm2837,
            3 => Soc::Bcm2711,
            4 => Soc::Bcm2712,
            _ => Soc::Unknown,
        },
        // 7 means a size that only the firmware knows.
        memory_mb: Some(field(20, 3)).filter(|&size| size < 7).map(|size| 256 << size),
        manufacturer: match field(16, 4) {
            0 => "Sony",
            1 => "Egoman",
            2 | 4 => "Embest",
            3 => "Sony Japan",
            5 => "Stadium",
            _ => "unknown",
        },
        pcb_revision: pcb_revision(kind, field(0, 4)),
    }
}

/// Returns the revision field as printed on the circuit board.
fn pcb_revision(kind: u32, field: u32) -> &'static str {
    const MINOR: [&str; 16] = [
        "1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "1.11", "1.12", "1.13",
        "1.14", "1.15",
    ];
    match (kind, field) {
        // The boards with 26 pins had other numbers before new-style codes existed.
        (A | B, 0 | 1) => "1.0",
        (A | B, 2) => "2.0",
        (A | B, _) => "unknown",
        _ => MINOR.get(field as usize).copied().unwrap_or("unknown"),
    }
}

/// Looks up an old-style code: these were counted from 2, and the list is complete.
fn old_style(code: u32) -> Option<Revision> {
    let (kind, pcb_revision, manufacturer, memory_mb) = match code {
        0x02 | 0x03 => (B, "1.0", "Egoman", 256),
        0x04 => (B, "2.0", "Sony", 256),
        0x05 => (B, "2.0", "Qisda", 256),
        0x06 => (B, "2.0", "Egoman", 256),
        0x07 => (A, "2.0", "Egoman", 256),
        0x08 => (A, "2.0", "Sony", 256),
        0x09 => (A, "2.0", "Qisda", 256),
        0x0d => (B, "2.0", "Egoman", 512),
        0x0e => (B, "2.0", "Sony", 512),
        0x0f => (B, "2.0", "Qisda", 512),
        0x10 => (B_PLUS, "1.2", "Sony", 512),
        0x11 => (CM1, "1.1", "Sony", 512),
        0x12 => (A_PLUS, "1.1", "Sony", 256),
        0x13 => (B_PLUS, "1.2", "Egoman", 512),
        0x14 => (CM1, "1.1", "Embest", 512),
        0x15 => (A_PLUS, "1.1", "Embest", 256),
        _ => return None,
    };
    Some(Revision { code, kind, soc: Soc::Bcm2835, memory_mb: Some(memory_mb), manufacturer, pcb_revision })
}
