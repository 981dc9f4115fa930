//! Splits the bytes of a client into messages: lines, or frames with their length before them.

use pinzero_core::{Error, ErrorKind, Result};

/// Where a message ends and the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Each message ends with LF or CRLF.
    Lines,
    /// Before each message comes its length, as 32 bits with the highest byte first.
    Frames,
}

impl Framing {
    /// Appends a message to `output`, as it goes over the wire.
    pub(super) fn encode(self, message: &[u8], output: &mut Vec<u8>) -> Result<()> {
        match self {
            Framing::Lines => {
                output.extend_from_slice(message);
                output.push(b'\n');
            }
            Framing::Frames => {
                let length = u32::try_from(message.len()).map_err(|_| {
                    let message = format!("a frame of {} bytes is too long: send it in parts", message.len());
                    Error::new(ErrorKind::InvalidValue, message)
                })?;
                output.extend_from_slice(&length.to_be_bytes());
                output.extend_from_slice(message);
            }
        }
        Ok(())
    }
}

/// The bytes of one client that are no message yet.
#[derive(Debug)]
pub(super) struct Splitter {
    framing: Framing,
    /// The most bytes of a message.
    limit: usize,
    bytes: Vec<u8>,
    /// Where the next message begins.
    start: usize,
    /// Up to where there is no end of a line: a client that sends byte by byte must not cost a search of all for each.
    searched: usize,
}

/// The bytes before a frame that tell its length.
const HEAD: usize = 4;

impl Splitter {
    pub(super) fn new(framing: Framing, limit: usize) -> Self {
        Splitter { framing, limit, bytes: Vec::new(), start: 0, searched: 0 }
    }

    /// Adds bytes that have come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns whether neither a message nor the beginning of one is there.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Takes the next message out; `None` if it is not complete. Fails for a message above the limit.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self.framing {
            Framing::Lines => self.next_line(),
            Framing::Frames => self.next_frame(),
        }
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>> {
        let end = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(end) = end.map(|end| self.searched + end) else {
            self.searched = self.bytes.len();
            // One more, which may be the CR.
            let is_too_long = self.bytes.len() - self.start > self.limit + 1;
            return if is_too_long { Err(self.too_long(None)) } else { Ok(None) };
        };
        let line = &self.bytes[self.start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.limit {
            return Err(self.too_long(Some(line.len())));
        }
        let line = line.to_vec();
        (self.start, self.searched) = (end + 1, end + 1);
        Ok(Some(line))
    }

    fn next_frame(&mut self) -> Result<Option<Vec<u8>>> {
        let Some((head, rest)) = self.bytes[self.start..].split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        // Loses nothing: a system with sockets has pointers of 32 bits and more.
        let length = u32::from_be_bytes(*head) as usize;
        if length > self.limit {
            return Err(self.too_long(Some(length)));
        }
        let Some(frame) = rest.get(..length) else { return Ok(None) };
        let frame = frame.to_vec();
        self.start += HEAD + length;
        self.searched = self.start;
        Ok(Some(frame))
    }

    /// Takes out what is left at the end of the stream: a last line without its end. Fails for a frame that is not complete.
    pub(super) fn last(&mut self) -> Result<Option<Vec<u8>>> {
        if self.is_empty() {
            return Ok(None);
        }
        match self.framing {
            Framing::Lines => {
                self.bytes.push(b'\n');
                self.next_line()
            }
            Framing::Frames => {
                Err(Error::new(ErrorKind::Disconnected, "the client has gone in the middle of a frame"))
            }
        }
    }

    #[cold]
    fn too_long(&self, length: Option<usize>) -> Error {
        let length = length.map_or_else(String::new, |length| format!("of {length} bytes "));
        let message = format!(
            "a message {length}is longer than the {} bytes that `max_message` allows, so the client was dropped",
            self.limit
        );
        Error::new(ErrorKind::InvalidValue, message)
    }
}
