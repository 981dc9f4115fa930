//! The smallest client that there is.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use fake_pigpiod::Fake;

/// A connection.
pub(crate) struct Client(pub(crate) TcpStream);

/// A report: sequence number, flags, tick, levels.
pub(crate) type Report = (u16, u16, u32, u32);

#[allow(dead_code, reason = "each test program uses some of them")]
impl Client {
    pub(crate) fn new(fake: &Fake) -> Self {
        let stream = TcpStream::connect(fake.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client(stream)
    }

    pub(crate) fn send(&mut self, command: u32, p1: u32, p2: u32, extension: &[u8]) {
        let head = [command, p1, p2, extension.len() as u32].map(u32::to_le_bytes).concat();
        self.0.write_all(&[&head, extension].concat()).unwrap();
    }

    /// The result of the next reply.
    pub(crate) fn result(&mut self) -> i32 {
        let mut reply = [0; 16];
        self.0.read_exact(&mut reply).unwrap();
        i32::from_le_bytes(reply[12..].try_into().unwrap())
    }

    pub(crate) fn call(&mut self, command: u32, p1: u32, p2: u32) -> i32 {
        self.call_with(command, p1, p2, &[])
    }

    pub(crate) fn call_with(&mut self, command: u32, p1: u32, p2: u32, words: &[u32]) -> i32 {
        let extension: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.send(command, p1, p2, &extension);
        self.result()
    }

    /// A command whose reply has a payload.
    pub(crate) fn exchange(&mut self, command: u32, p1: u32, p2: u32, extension: &[u8]) -> Vec<u8> {
        self.send(command, p1, p2, extension);
        let mut payload = vec![0; self.result() as usize];
        self.0.read_exact(&mut payload).unwrap();
        payload
    }

    pub(crate) fn report(&mut self) -> Report {
        let mut report = [0; 12];
        self.0.read_exact(&mut report).unwrap();
        let half = |at| u16::from_le_bytes([report[at], report[at + 1]]);
        let word = |at: usize| u32::from_le_bytes(report[at..at + 4].try_into().unwrap());
        (half(0), half(2), word(4), word(8))
    }

    /// Whether nothing comes for a while.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.0.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        let result = self.0.read(&mut [0]);
        self.0.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        matches!(result, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Whether the other end is gone.
    pub(crate) fn is_over(&mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(length) => length == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}
