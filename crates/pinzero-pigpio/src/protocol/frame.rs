//! Frames and reports as bytes.

use std::fmt;

use super::Command;

/// The longest extension of a request; pigpiod hangs up on a longer one.
pub const MAX_EXTENSION: usize = 65_535;

/// The longest payload of a reply that the decoder accepts.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// The length of a request or reply without extension or payload.
const HEAD: usize = 16;

/// A client's request. The last word of the frame holds the length of the extension.
///
/// ```
/// use pinzero_pigpio::protocol::{Command, Request};
/// let write = Request::new(Command::Write, 17, 1);
/// let mut bytes = Vec::new();
/// write.encode(&mut bytes);
/// assert_eq!(Request::decode(&bytes), Ok(Some((write, 16))));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The code; may be an unknown one.
    pub command: u32,
    /// The first parameter.
    pub p1: u32,
    /// The second parameter.
    pub p2: u32,
    /// The extension, at most [`MAX_EXTENSION`] bytes.
    pub extension: &'a [u8],
}

impl<'a> Request<'a> {
    /// Returns a request without an extension.
    pub fn new(command: Command, p1: u32, p2: u32) -> Self {
        Request { command: command.code(), p1, p2, extension: &[] }
    }

    /// Returns the request with an extension.
    #[must_use]
    pub fn with(self, extension: &'a [u8]) -> Self {
        Request { extension, ..self }
    }

    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        words(out, [self.command, self.p1, self.p2, self.extension.len() as u32]);
        out.extend_from_slice(self.extension);
    }

    /// Decodes the frame at the start of `bytes`; returns it and its length, or `None` if it is incomplete.
    ///
    /// # Errors
    /// [`BadFrame`] if the extension is too long.
    pub fn decode(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, BadFrame> {
        let Some([command, p1, p2, length]) = head(bytes) else { return Ok(None) };
        let length = length as usize;
        if length > MAX_EXTENSION {
            return Err(BadFrame);
        }
        let extension = bytes.get(HEAD..HEAD + length);
        Ok(extension.map(|extension| (Request { command, p1, p2, extension }, HEAD + length)))
    }
}

/// A daemon's reply: the words of the request, the result, and a payload for some commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The code of the request.
    pub command: u32,
    /// The first parameter of the request.
    pub p1: u32,
    /// The second parameter of the request.
    pub p2: u32,
    /// The result, or the [`Code`](super::Code) of an error.
    pub result: i32,
    /// The bytes that the result announces, for commands with a payload.
    pub payload: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        words(out, [self.command, self.p1, self.p2, self.result as u32]);
        out.extend_from_slice(self.payload);
    }

    /// Decodes the frame at the start of `bytes`; returns it and its length, or `None` if it is incomplete.
    ///
    /// # Errors
    /// [`BadFrame`] if the payload is too long.
    pub fn decode(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, BadFrame> {
        let Some([command, p1, p2, result]) = head(bytes) else { return Ok(None) };
        let result = result as i32;
        let carries = Command::from_code(command).is_some_and(Command::has_payload);
        let length = if carries { usize::try_from(result).unwrap_or(0) } else { 0 };
        if length > MAX_PAYLOAD {
            return Err(BadFrame);
        }
        let payload = bytes.get(HEAD..HEAD + length);
        Ok(payload.map(|payload| (Reply { command, p1, p2, result, payload }, HEAD + length)))
    }
}

/// A frame that no client or daemon sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFrame;

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame announces more bytes than the protocol allows")
    }
}

impl std::error::Error for BadFrame {}

/// A report on a notification connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Counts the reports of a handle from 0; a gap means that some were lost.
    pub sequence: u16,
    /// The flags; see [`Report::kind`].
    pub flags: u16,
    /// The time, in the daemon's microseconds.
    pub tick: u32,
    /// The levels of GPIO 0 to 31.
    pub levels: u32,
}

/// The kind of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// Levels have changed.
    Levels,
    /// The watchdog of this GPIO has timed out without a change.
    Watchdog(u8),
    /// A keep-alive.
    KeepAlive,
    /// This event was triggered.
    Event(u8),
}

impl Report {
    /// The length on the wire.
    pub const LENGTH: usize = 12;

    /// Returns `true` if the flags are those of one kind, and no others. Daemons send no other reports.
    pub fn is_known(&self) -> bool {
        self.flags == u16::from(self.kind())
    }

    /// Returns the kind. If several flags are set, the highest counts, as in pigpio's own clients.
    pub fn kind(&self) -> ReportKind {
        let number = (self.flags & 0x1f) as u8;
        match self.flags {
            flags if flags & 0x80 != 0 => ReportKind::Event(number),
            flags if flags & 0x40 != 0 => ReportKind::KeepAlive,
            flags if flags & 0x20 != 0 => ReportKind::Watchdog(number),
            _ => ReportKind::Levels,
        }
    }

    /// Appends the report to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.flags.to_le_bytes());
        words(out, [self.tick, self.levels]);
    }

    /// Decodes the report at the start of `bytes`; returns `None` if it is incomplete.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<{ Self::LENGTH }>()?;
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Some(Report { sequence: half(0), flags: half(2), tick: word(bytes, 4), levels: word(bytes, 8) })
    }
}

impl From<ReportKind> for u16 {
    fn from(kind: ReportKind) -> u16 {
        match kind {
            ReportKind::Levels => 0,
            ReportKind::Watchdog(gpio) => 0x20 | u16::from(gpio),
            ReportKind::KeepAlive => 0x40,
            ReportKind::Event(event) => 0x80 | u16::from(event),
        }
    }
}

fn words<const N: usize>(out: &mut Vec<u8>, words: [u32; N]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn head(bytes: &[u8]) -> Option<[u32; 4]> {
    let bytes = bytes.first_chunk::<HEAD>()?;
    Some([word(bytes, 0), word(bytes, 4), word(bytes, 8), word(bytes, 12)])
}
