//! The commands, by subject.

mod lines;
mod scripts;
mod spi;
mod unsupported;
mod waves;

use pinzero_core::Level;
use pinzero_pigpio::protocol::Code;

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
