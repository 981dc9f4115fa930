//! Answers to commands.

use pinzero_core::time::Instant;

/// What a command came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A result, which is not below zero unless it is a bare number.
    Number(i32),
    /// A result that is followed by so many bytes.
    Bytes(Vec<u8>),
    /// A zero, at that time. The connection waits.
    At(Instant),
    /// Something that another thread will say. The connection waits.
    Later,
}

impl From<u32> for Answer {
    fn from(number: u32) -> Self {
        Answer::Number(number as i32)
    }
}
