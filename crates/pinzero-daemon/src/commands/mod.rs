//! The commands, by subject.

mod i2c;
mod lines;
mod operations;
mod scripts;
mod serial;
mod spi;
mod unsupported;
mod waves;

use pinzero_core::Level;
use pinzero_pigpio::protocol::{Code, Command, Request};

use crate::executor::Executor;

/// The most pulses, characters of serial output, and bytes of a script that a command handles in some ten microseconds.
const QUICK_PULSES: usize = 400;
const QUICK_CHARACTERS: usize = 40;
const QUICK_SCRIPT: usize = 1000;

impl Executor {
    /// Returns whether a command may take more than about 100 µs. Such a command is a whole share: others have their turn before
    /// and after it.
    pub(crate) fn is_slow(&self, request: &Request<'_>) -> bool {
        use Command::*;
        let bytes = request.extension.len();
        let has_long_draft = self.waves.draft.len() > QUICK_PULSES;
        match Command::from_code(request.command) {
            // The loop spins for the length of the pulse.
            Some(Trig) => true,
            Some(Wvag) => bytes > 12 * QUICK_PULSES,
            Some(Wvas) => bytes > 12 + QUICK_CHARACTERS,
            Some(Wvnew | Wvcre | Wvcap) => has_long_draft,
            Some(Wvclr) => has_long_draft || self.waves.count() > 10,
            Some(Proc) => bytes > QUICK_SCRIPT,
            Some(Procd) => true,
            // These open lines, or give them to other hands.
            Some(Spio | Bspio | I2co | Bi2co | Sero | Hp) => true,
            _ => false,
        }
    }
}

pub(crate) fn level(number: u32) -> Result<Level, Code> {
    match number {
        0 => Ok(Level::Low),
        1 => Ok(Level::High),
        _ => Err(Code::BAD_LEVEL),
    }
}

pub(crate) fn at_most(number: u32, most: u32, code: Code) -> Result<u64, Code> {
    if number <= most { Ok(number.into()) } else { Err(code) }
}

/// Returns a word of an extension. As in pigpiod, further bytes are ignored.
pub(crate) fn word(extension: &[u8], index: usize) -> Result<u32, Code> {
    let bytes = extension.chunks_exact(4).nth(index).ok_or(Code::BAD_PARAM)?;
    Ok(bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)))
}
