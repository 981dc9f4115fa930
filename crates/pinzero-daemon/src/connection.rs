//! One client's connection: bytes in, bytes out.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;
use pinzero_pigpio::protocol::{Code, Command, Reply, Report, Request};

use crate::answer::Answer;

/// The most unsent bytes before the daemon stops reading further requests.
const ENOUGH: usize = 64 * 1024;

/// The most capacity that an empty buffer keeps.
const KEPT: usize = 4 * 1024;

/// The words of a request, for its reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    command: u32,
    p1: u32,
    p2: u32,
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// How many bytes of `output` have been sent.
    sent: usize,
    /// There may be something to read.
    pub(crate) is_readable: bool,
    /// The client has hung up: the end follows the bytes that are left to read, without another event.
    pub(crate) is_hung_up: bool,
    /// The client takes no more bytes: it is gone.
    pub(crate) is_lost: bool,
    /// The client will send no more bytes.
    is_over: bool,
    /// A request whose answer takes time; later requests wait for it.
    pub(crate) pending: Option<Asked>,
    /// The client did not read its reports, so reports were left out: the daemon drops the client.
    pub(crate) is_deaf: bool,
    /// The connection is in the list of those with bytes to send.
    pub(crate) is_dirty: bool,
    /// The connection is in the list of those with more to read or to answer.
    pub(crate) is_queued: bool,
    /// Counts complete requests, to find a connection that makes no progress.
    pub(crate) requests: u64,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Connection {
            stream,
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            is_readable: false,
            is_hung_up: false,
            is_lost: false,
            is_over: false,
            pending: None,
            is_deaf: false,
            is_dirty: false,
            is_queued: false,
            requests: 0,
        }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Returns whether the connection can take another request now.
    pub(crate) fn is_ready(&self) -> bool {
        self.pending.is_none() && self.backlog() < ENOUGH
    }

    /// Returns the number of unsent bytes.
    pub(crate) fn backlog(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Returns whether a request is incomplete.
    pub(crate) fn is_in_request(&self) -> bool {
        !self.input.is_empty()
    }

    /// Returns whether the client's first bytes are no command: it speaks another protocol.
    pub(crate) fn is_foreign(&self, input: &[u8]) -> bool {
        let word = input.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        self.requests == 0 && word.is_some_and(|word| Command::from_code(word).is_none())
    }

    /// Returns whether the client has hung up although its request is pending.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_hung_up && self.pending.is_some()
    }

    /// Returns whether the connection is finished.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_over && self.pending.is_none() && self.backlog() == 0 && !self.is_readable
    }

    /// Reads the received bytes, at most as many as fit into `scratch`.
    ///
    /// # Errors
    /// Any I/O error; the connection is lost then.
    pub(crate) fn read(&mut self, scratch: &mut [u8]) -> io::Result<()> {
        match self.stream.read(scratch) {
            Ok(0) => (self.is_over, self.is_readable) = (true, false),
            Ok(count) => {
                self.input.extend_from_slice(&scratch[..count]);
                // A short read has emptied the socket. More bytes cause a new event, unless this was the end.
                self.is_readable = count == scratch.len() || self.is_hung_up;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes the bytes that have been read, for parsing; [`put_back`](Connection::put_back) returns the rest.
    pub(crate) fn take_input(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.input)
    }

    pub(crate) fn put_back(&mut self, mut input: Vec<u8>, used: usize) {
        input.drain(..used);
        trim(&mut input);
        self.input = input;
    }

    /// Adds the reply to a request.
    pub(crate) fn reply(&mut self, asked: Asked, answer: Result<Answer, Code>) {
        let Asked { command, p1, p2 } = asked;
        let (result, payload) = match &answer {
            Ok(Answer::Number(number)) => (*number, &[][..]),
            Ok(Answer::Bytes(bytes)) => (bytes.len() as i32, &bytes[..]),
            Ok(Answer::At(_) | Answer::Later) => {
                self.pending = Some(asked);
                return;
            }
            Err(code) => (code.0, &[][..]),
        };
        Reply { command, p1, p2, result, payload }.encode(&mut self.output);
    }

    /// Adds a report, unless more than `most` unsent bytes wait: the client does not read then.
    pub(crate) fn report(&mut self, report: &Report, most: usize) {
        if self.backlog() > most && !self.is_deaf {
            self.is_deaf = self.flush().is_err() || self.backlog() > most;
        }
        if !self.is_deaf {
            report.encode(&mut self.output);
        }
    }

    /// Sends as many bytes as the client takes.
    ///
    /// # Errors
    /// Any I/O error; the connection is lost then.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.backlog() > 0 {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output.drain(..self.sent);
        self.sent = 0;
        trim(&mut self.output);
        Ok(())
    }
}

impl From<&Request<'_>> for Asked {
    fn from(request: &Request<'_>) -> Self {
        Asked { command: request.command, p1: request.p1, p2: request.p2 }
    }
}

/// Frees a buffer that a burst made large.
fn trim(buffer: &mut Vec<u8>) {
    if buffer.is_empty() && buffer.capacity() > KEPT {
        *buffer = Vec::new();
    }
}
