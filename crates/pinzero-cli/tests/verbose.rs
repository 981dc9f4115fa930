//! What `pinzero serve --verbose` shows of clients and pins.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use pinzero_pigpio::protocol::{Command as Word, Request};

/// A server on the mock, with GPIO22 wired to GPIO27.
struct Server {
    child: Child,
    addr: String,
    stderr: Lines<BufReader<ChildStderr>>,
    /// The lines that no test has asked for yet: messages and pins come from different threads, so their order may vary.
    shown: Vec<String>,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinzero"));
        command.args(["serve", "--port", "0", "--factory", "mock", "--wire", "22:27"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addr = line.trim().rsplit(' ').next().unwrap().to_owned();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Server { child, addr, stderr, shown: Vec::new() }
    }

    /// Waits for a line with all these words.
    fn shows(&mut self, words: &[&str]) {
        let is_it = |line: &String| words.iter().all(|word| line.contains(word));
        let index = loop {
            if let Some(index) = self.shown.iter().position(is_it) {
                break index;
            }
            self.shown.push(self.stderr.next().unwrap().unwrap());
        };
        self.shown.remove(index);
    }

    /// Ends the server, and returns the other lines.
    fn end(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.shown.extend(self.stderr.by_ref().map_while(Result::ok));
        std::mem::take(&mut self.shown)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(stream: &mut TcpStream, command: Word, p1: u32, p2: u32) -> i32 {
    let mut frame = Vec::new();
    Request::new(command, p1, p2).encode(&mut frame);
    stream.write_all(&frame).unwrap();
    stream.read_exact(&mut frame).unwrap();
    i32::from_le_bytes(frame[12..].try_into().unwrap())
}

#[test]
fn it_shows_connections_pins_and_refusals() {
    let mut server = Server::start(&["-v"]);
    let mut client = TcpStream::connect(&server.addr).unwrap();
    let peer = client.local_addr().unwrap().to_string();
    server.shows(&["info", &peer, "has connected", "connections: 1"]);
    assert_eq!(ask(&mut client, Word::Write, 22, 1), 0);
    server.shows(&["GPIO22 -> ● high"]);
    server.shows(&["GPIO27 <- ● high"]);
    assert!(ask(&mut client, Word::Write, 99, 1) < 0);
    server.shows(&["info", &peer, "is refused WRITE 99 1", "not a GPIO from 0 to 53 (-3)"]);
    ask(&mut client, Word::Pfs, 22, 1000);
    ask(&mut client, Word::Pwm, 22, 51);
    server.shows(&["GPIO22 ->", "20.0 % of 1000 Hz"]);
    server.shows(&["GPIO27 <-", "20.0 % of 1000 Hz"]);
    // Thousands of edges, and nothing is shown of them.
    std::thread::sleep(Duration::from_millis(1500));
    drop(client);
    server.shows(&["info", &peer, "has left", "connections: 0"]);
    assert_eq!(server.end(), [""; 0]);
}

#[test]
fn a_pin_that_a_client_never_rests_does_not_flood_the_log() {
    let mut server = Server::start(&["-v"]);
    let mut client = TcpStream::connect(&server.addr).unwrap();
    server.shows(&["has connected"]);
    let start = std::time::Instant::now();
    for write in 0..2000 {
        ask(&mut client, Word::Write, 22, write % 2);
    }
    let seconds = start.elapsed().as_secs_f64().ceil() as usize + 1;
    let shown = server.end();
    assert!(shown.len() <= 2 * 11 * seconds, "{} lines in {seconds} seconds", shown.len());
}

#[test]
fn without_it_nothing_is_shown() {
    let server = Server::start(&[]);
    let mut client = TcpStream::connect(&server.addr).unwrap();
    ask(&mut client, Word::Write, 22, 1);
    ask(&mut client, Word::Write, 99, 1);
    assert_eq!(server.end(), [""; 0]);
}
