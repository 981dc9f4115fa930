//! Answers to commands.

use pinzero_core::time::Instant;

/// The result of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A number: zero or more, except for commands whose result is 32 bits.
    Number(i32),
    /// A result with this many bytes behind it.
    Bytes(Vec<u8>),
    /// Zero, at that time. The connection waits.
    At(Instant),
    /// A result that another thread sends later. The connection waits.
    Later,
}

impl From<u32> for Answer {
    fn from(number: u32) -> Self {
        Answer::Number(number as i32)
    }
}
