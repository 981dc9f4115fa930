//! What the genuine pigpiod (version 79) answered to real clients, this daemon answers as well, byte by byte.
//!
//! The frames in `golden/` were recorded between the clients and the genuine daemon. What depends on its hardware is left
//! out: the time, the levels of a whole bank, hardware clocks, pads; and what we refuse.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use client::{Client, mock, serve, without_controllers};
use pinzero_core::mock::{I2cChip, MockGpio};
use pinzero_pigpio::protocol::Command;

/// Asks what was asked and compares the answers; returns how many there were.
fn replay(gpio: &MockGpio, frames: &str) -> usize {
    let daemon = serve(gpio);
    let mut clients: BTreeMap<&str, Client> = BTreeMap::new();
    let lines: Vec<&str> = frames.lines().filter(|line| !line.is_empty()).collect();
    for line in &lines {
        let (name, frames) = line.split_once(' ').unwrap();
        let (request, reply) = frames.split_once(" => ").unwrap();
        let (request, expected) = (bytes(request), bytes(reply));
        let client = clients.entry(name).or_insert_with(|| Client::connect(&daemon));
        let end = Instant::now() + Duration::from_secs(10);
        let mut ask = || {
            client.stream.write_all(&request).unwrap();
            // On a connection that carries reports, some may come before the answer.
            while client.next_word() != request[..4] {
                client.report();
            }
            client.receive_bytes().unwrap_or_else(|error| panic!("{error}: to {line}"))
        };
        let mut actual = ask();
        // Whoever recorded this had waited for a wave or a script to end.
        while actual != expected && takes_time(&request) && Instant::now() < end {
            actual = ask();
        }
        assert_eq!(hex(&actual), hex(&expected), "to {line}");
    }
    lines.len()
}

fn takes_time(request: &[u8]) -> bool {
    use Command::*;
    matches!(Command::from_code(u32::from(request[0])), Some(Wvbsy | Wvtat | Procp))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn gpiozero_is_answered_as_by_pigpiod() {
    let gpio = mock();
    gpio.mcp3008([11, 10, 9, 8]).set(7, 1023);
    assert_eq!(replay(&gpio, include_str!("golden/gpiozero.txt")), 336);
}

#[test]
fn pigpio_py_is_answered_as_by_pigpiod() {
    // The wire is on the pins, so the daemon must drive these.
    let gpio = without_controllers();
    gpio.wire(10, 9);
    assert_eq!(replay(&gpio, include_str!("golden/pigpio_py.txt")), 98);
}

#[test]
fn pigpio_client_is_answered_as_by_pigpiod() {
    assert_eq!(replay(&mock(), include_str!("golden/pigpio_client.txt")), 14);
}

#[test]
fn pigs_is_answered_as_by_pigpiod() {
    assert_eq!(replay(&mock(), include_str!("golden/pigs.txt")), 31);
}

/// The chip of the transcripts: registers, and an answer to a call that is what the call says.
#[derive(Default)]
struct Chip {
    registers: BTreeMap<u8, u8>,
    at: u8,
    message: Vec<u8>,
    answer: Vec<u8>,
}

impl I2cChip for Chip {
    fn start(&mut self, is_read: bool) -> bool {
        let message = std::mem::take(&mut self.message);
        self.answer = if is_read { message.into_iter().skip(1).rev().collect() } else { Vec::new() };
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        if self.message.is_empty() {
            self.at = byte;
        } else {
            self.registers.insert(self.at, byte);
            self.at = self.at.wrapping_add(1);
        }
        self.message.push(byte);
        true
    }

    fn read(&mut self) -> u8 {
        if let Some(byte) = self.answer.pop() {
            return byte;
        }
        let byte = self.registers.get(&self.at).copied().unwrap_or(0);
        self.at = self.at.wrapping_add(1);
        byte
    }

    fn stop(&mut self) {
        self.message.clear();
    }
}

#[test]
fn i2c_is_answered_as_by_pigpiod() {
    let gpio = mock();
    gpio.i2c_chip(1, 0x48, Chip::default());
    let frames = include_str!("golden/i2c.txt");
    let (controller, lines) = frames.split_at(frames.find("A 5a").unwrap());
    assert_eq!(replay(&gpio, controller), 22);
    // Nobody is on these lines.
    assert_eq!(replay(&mock(), lines), 3);
}
