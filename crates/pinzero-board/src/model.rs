//! The Raspberry Pi models, by the type field of a new-style revision code.

use std::borrow::Cow;

use crate::header::{Header, J8, REV1, REV2};

/// The type number of the Model A, which has the 26-pin header.
pub(crate) const A: u32 = 0x00;
/// The type number of the Model B, which has the 26-pin header.
pub(crate) const B: u32 = 0x01;
/// The type number of the Model A+.
pub(crate) const A_PLUS: u32 = 0x02;
/// The type number of the Model B+.
pub(crate) const B_PLUS: u32 = 0x03;
/// The type number of the first compute module.
pub(crate) const CM1: u32 = 0x06;

/// Returns the name of a model, from Raspberry Pi's list of type numbers.
///
/// The 500 and the 500+ share a number; only the 500+ has 16 GB of memory.
pub(crate) fn name(kind: u32, memory_mb: Option<u32>) -> Cow<'static, str> {
    let name = match kind {
        A => "Raspberry Pi A",
        B => "Raspberry Pi B",
        A_PLUS => "Raspberry Pi A+",
        B_PLUS => "Raspberry Pi B+",
        0x04 => "Raspberry Pi 2B",
        CM1 => "Raspberry Pi CM1",
        0x08 => "Raspberry Pi 3B",
        0x09 => "Raspberry Pi Zero",
        0x0a => "Raspberry Pi CM3",
        0x0c => "Raspberry Pi Zero W",
        0x0d => "Raspberry Pi 3B+",
        0x0e => "Raspberry Pi 3A+",
        0x10 => "Raspberry Pi CM3+",
        0x11 => "Raspberry Pi 4B",
        0x12 => "Raspberry Pi Zero 2 W",
        0x13 => "Raspberry Pi 400",
        0x14 => "Raspberry Pi CM4",
        0x15 => "Raspberry Pi CM4S",
        0x17 => "Raspberry Pi 5B",
        0x18 => "Raspberry Pi CM5",
        0x19 if memory_mb == Some(16_384) => "Raspberry Pi 500+",
        0x19 => "Raspberry Pi 500",
        0x1a => "Raspberry Pi CM5 Lite",
        0x1b => "Raspberry Pi CM0",
        _ => return Cow::Owned(format!("unknown type {kind:#04x}")),
    };
    Cow::Borrowed(name)
}

/// Returns the headers of a model, the main one first.
///
/// Types newer than this library get J8: every board since 2014 has it, except the compute modules. CM4 and CM5
/// get the header of their I/O boards. The other modules can be on a carrier of any layout, and get none.
pub(crate) fn headers(kind: u32, pcb_revision: &str) -> &'static [Header] {
    match kind {
        B if pcb_revision == "1.0" => REV1,
        A | B => REV2,
        CM1 | 0x0a | 0x10 | 0x15 | 0x1b => &[],
        _ => J8,
    }
}
