//! Requests as they come, and what is sent back.

use std::io::{self, Read};

/// A request that a client has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which connection it came on; they are counted from 0 and no number is used twice.
    pub connection: usize,
    /// The code of the command.
    pub command: u32,
    /// The first parameter.
    pub p1: u32,
    /// The second parameter.
    pub p2: u32,
    /// What follows the four words.
    pub extension: Vec<u8>,
}

impl Frame {
    /// Reads the next request; an error also if it is one that the daemon hangs up on.
    pub(crate) fn read(from: &mut impl Read, connection: usize) -> io::Result<Frame> {
        let mut head = [0; 16];
        from.read_exact(&mut head)?;
        let [command, p1, p2, length] = [0, 4, 8, 12].map(|at| word(&head, at));
        if length > 0xffff {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut extension = vec![0; length as usize];
        from.read_exact(&mut extension)?;
        Ok(Frame { connection, command, p1, p2, extension })
    }

    /// A word of the extension, or 0 if that is too short: the daemon takes whatever is in its buffer.
    pub(crate) fn word(&self, index: usize) -> u32 {
        let missing = (index * 4 + 4).saturating_sub(self.extension.len());
        if missing == 0 { word(&self.extension, index * 4) } else { 0 }
    }

    /// The whole words of the extension.
    pub(crate) fn words(&self) -> impl Iterator<Item = u32> {
        self.extension.chunks_exact(4).map(|bytes| word(bytes, 0))
    }

    /// The reply that says `outcome`.
    pub(crate) fn reply(&self, outcome: &Outcome) -> Vec<u8> {
        let (result, payload): (u32, &[u8]) = match outcome {
            Ok(Answer::Value(value)) => (*value, &[]),
            Ok(Answer::Bytes(bytes)) => (bytes.len() as u32, bytes),
            Err(code) => (*code as u32, &[]),
        };
        let mut reply: Vec<u8> =
            [self.command, self.p1, self.p2, result].iter().flat_map(|word| word.to_le_bytes()).collect();
        reply.extend_from_slice(payload);
        reply
    }
}

/// What a command gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Value(u32),
    Bytes(Vec<u8>),
}

/// What comes of a command: an answer or the code of an error.
pub(crate) type Outcome = Result<Answer, i32>;

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
