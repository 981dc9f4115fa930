//! A client that speaks the protocol byte by byte, and a daemon for it.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::mock::{self, MockGpio};
use pinzero_core::{Capabilities, Support};
use pinzero_daemon::{Daemon, DaemonBuilder};
use pinzero_pigpio::protocol::{Command, Reply, Report, Request};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The board of the transcripts, in real time.
pub(crate) fn mock() -> MockGpio {
    mock::builder().board(Board::from_revision(0x00a0_2082).unwrap()).realtime().open()
}

/// The same board, whose factory reaches no controllers: the daemon drives the pins of SPI.
pub(crate) fn without_controllers() -> MockGpio {
    let capabilities =
        Capabilities { hardware_spi: Support::None, i2c: Support::None, ..mock().capabilities() };
    let board = Board::from_revision(0x00a0_2082).unwrap();
    mock::builder().board(board).capabilities(capabilities).realtime().open()
}

/// A daemon on a port of its own, with the lines open from the start.
pub(crate) fn builder(gpio: &MockGpio) -> DaemonBuilder {
    Daemon::builder(gpio).port(0).adopt_all(true)
}

pub(crate) fn serve(gpio: &MockGpio) -> Daemon {
    builder(gpio).start().unwrap()
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

impl Client {
    pub(crate) fn connect(daemon: &Daemon) -> Client {
        let stream = TcpStream::connect(daemon.addrs()[0]).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { stream }
    }

    pub(crate) fn send(&mut self, request: Request<'_>) {
        let mut frame = Vec::new();
        request.encode(&mut frame);
        self.stream.write_all(&frame).unwrap();
    }

    /// The bytes of the next reply.
    pub(crate) fn receive_bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut frame = vec![0; 16];
        self.stream.read_exact(&mut frame)?;
        let command = Command::from_code(u32::from_le_bytes(frame[..4].try_into().unwrap()));
        let result = i32::from_le_bytes(frame[12..].try_into().unwrap());
        if command.is_some_and(Command::has_payload) && result > 0 {
            let mut payload = vec![0; result as usize];
            self.stream.read_exact(&mut payload)?;
            frame.extend(payload);
        }
        Ok(frame)
    }

    /// The first four of the bytes that come next.
    pub(crate) fn next_word(&mut self) -> [u8; 4] {
        let mut word = [0; 4];
        while self.stream.peek(&mut word).unwrap() < 4 {}
        word
    }

    /// The result of the next reply, and its payload.
    pub(crate) fn receive(&mut self) -> (i32, Vec<u8>) {
        let bytes = self.receive_bytes().unwrap();
        let (reply, _) = Reply::decode(&bytes).unwrap().unwrap();
        (reply.result, reply.payload.to_vec())
    }

    /// Asks, and waits for the result.
    pub(crate) fn ask(&mut self, command: Command, p1: u32, p2: u32) -> i32 {
        self.ask_with(command, p1, p2, &[]).0
    }

    pub(crate) fn ask_with(
        &mut self,
        command: Command,
        p1: u32,
        p2: u32,
        extension: &[u8],
    ) -> (i32, Vec<u8>) {
        self.send(Request::new(command, p1, p2).with(extension));
        self.receive()
    }

    /// Asks for what must succeed.
    pub(crate) fn must(&mut self, command: Command, p1: u32, p2: u32) -> u32 {
        let result = self.ask(command, p1, p2);
        assert!(result >= 0, "{} {p1} {p2} gave {result}", command.name());
        result as u32
    }

    /// The next report on a connection that carries them.
    pub(crate) fn report(&mut self) -> Report {
        let mut bytes = [0; Report::LENGTH];
        self.stream.read_exact(&mut bytes).unwrap();
        Report::decode(&bytes).unwrap()
    }

    /// Whether nothing has come: known by an answer to a question that is asked after everything else.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.send(Request::new(Command::Pigpv, 0, 0));
        let mut bytes = [0; 16];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes == *b"\x1a\0\0\0\0\0\0\0\0\0\0\0\x4f\0\0\0"
    }

    /// Whether something has come that was not read yet.
    pub(crate) fn has_answer(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let has_bytes = self.stream.peek(&mut [0]).is_ok_and(|count| count > 0);
        self.stream.set_nonblocking(false).unwrap();
        has_bytes
    }

    /// Whether the other side has hung up.
    pub(crate) fn is_dropped(&mut self) -> bool {
        let mut sink = [0; 4096];
        loop {
            match self.stream.read(&mut sink) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    }
}

/// Words as the extension of a request.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
