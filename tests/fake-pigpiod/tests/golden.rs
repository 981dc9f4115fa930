//! The fake answers what the genuine daemon has answered.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

#[path = "../../../crates/pinzero-pigpio/tests/golden/mod.rs"]
mod golden;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use fake_pigpiod::{Fake, Options};
use golden::{Frame, Kind};

/// What the fake does not model, so that its replies differ: a script that has run, and the I2C slave of a machine without.
const DIFFERENT: [&str; 2] = ["PROCP 44", "BSCX 516"];

/// A session in progress. The fake's time stands still, and is moved to where it was when each thing happened.
struct Replay {
    fake: Fake,
    connections: BTreeMap<&'static str, TcpStream>,
    /// The glitch filters, which delay reports.
    glitch: [u32; 32],
}

impl Replay {
    fn new(frames: &[Frame], options: Options) -> Self {
        let tick = frames.iter().find_map(|frame| match (frame.kind, &frame.words[..]) {
            (Kind::Reply, ["TICK", tick]) | (Kind::Report, [_, _, tick, _]) => tick.parse().ok(),
            _ => None,
        });
        let tick = tick.unwrap_or(1_000_000) - 100_000;
        let fake = Fake::with(Options { is_frozen: true, tick, ..options });
        Replay { fake, connections: BTreeMap::new(), glitch: [0; 32] }
    }

    fn connection(&mut self, name: &'static str) -> &mut TcpStream {
        self.connections.entry(name).or_insert_with(|| {
            let stream = TcpStream::connect(self.fake.address()).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream
        })
    }

    /// Moves the time on to `tick`, if it is not later already.
    fn advance(&self, tick: u32) -> bool {
        let left = tick.wrapping_sub(self.fake.tick());
        let is_ahead = left < 1 << 31;
        if is_ahead {
            self.fake.advance(Duration::from_micros(left.into()));
        }
        is_ahead
    }

    fn run(&mut self, frames: &[Frame]) {
        for frame in frames {
            match frame.kind {
                Kind::Request => {
                    // The time is in the reply to come.
                    let is_reply =
                        |other: &&Frame| other.kind == Kind::Reply && other.connection == frame.connection;
                    let reply = frames.iter().skip_while(|other| other.place != frame.place).find(is_reply);
                    if let ["TICK", tick] = reply.unwrap().words[..] {
                        self.advance(tick.parse().unwrap());
                    }
                    if let ["FG", gpio, micros] = frame.words[..] {
                        self.glitch[gpio.parse::<usize>().unwrap()] = micros.parse().unwrap();
                    }
                    self.connection(frame.connection).write_all(&frame.bytes).unwrap();
                }
                Kind::Reply => {
                    if DIFFERENT.contains(&frame.text().as_str()) {
                        self.skip_reply(frame);
                        continue;
                    }
                    let seen = self.read(frame.connection, frame.bytes.len());
                    assert_eq!(seen, frame.bytes, "{}: {}", frame.place, frame.text());
                }
                Kind::Report => self.report(frame),
            }
        }
        // Nothing more comes.
        std::thread::sleep(Duration::from_millis(20));
        for (name, stream) in &mut self.connections {
            stream.set_nonblocking(true).unwrap();
            let more = stream.read(&mut [0; 100]).map_err(|error| error.kind());
            assert_eq!(more, Err(std::io::ErrorKind::WouldBlock), "{name}");
        }
    }

    fn read(&mut self, connection: &'static str, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.connection(connection).read_exact(&mut bytes).unwrap();
        bytes
    }

    fn skip_reply(&mut self, frame: &Frame) {
        let head = self.read(frame.connection, 16);
        assert_eq!(head[..12], frame.bytes[..12]);
        let length = u32::from_le_bytes(head[12..].try_into().unwrap());
        self.read(frame.connection, length as usize);
    }

    /// Does what has led to the report, and expects it.
    fn report(&mut self, frame: &Frame) {
        let [_, kind, tick, levels] = frame.words[..] else { panic!("{}", frame.place) };
        let tick: u32 = tick.parse().unwrap();
        let mut is_exact = false;
        if kind == "levels" {
            let levels = u32::from_str_radix(levels, 16).unwrap();
            let changes: Vec<_> = (0..32)
                .map(|gpio| (gpio, levels >> gpio & 1 == 1))
                .filter(|&(gpio, level)| self.fake.level(gpio) != level)
                .collect();
            let glitch = changes.first().map_or(0, |&(gpio, _)| self.glitch[gpio as usize]);
            is_exact = self.advance(tick - glitch) && !changes.is_empty();
            let drives: Vec<_> = changes.into_iter().map(|(gpio, level)| (gpio, Some(level))).collect();
            self.fake.drive_all(&drives);
            self.advance(tick);
        } else if kind.starts_with("watchdog") {
            // All of them in the recordings have a tenth of a second.
            self.fake.advance(Duration::from_millis(100));
        }
        let seen = self.read(frame.connection, 12);
        let same = |bytes: &[u8]| if is_exact { bytes.to_vec() } else { [&bytes[..4], &bytes[8..]].concat() };
        assert_eq!(same(&seen), same(&frame.bytes), "{}: {}", frame.place, frame.text());
    }
}

fn frames(name: &str) -> Vec<Frame> {
    golden::sessions().into_iter().find(|(other, _)| *other == name).unwrap().1
}

/// Plays a session to a fake that nothing is connected to.
fn play(name: &str, options: Options) {
    let frames = frames(name);
    Replay::new(&frames, options).run(&frames);
}

#[test]
fn gpiozero() {
    let frames = frames("gpiozero");
    let mut replay = Replay::new(&frames, Options { late_reports: true, ..Options::default() });
    // What was around the pins.
    replay.fake.drive_all(&[(4, Some(true)), (24, Some(true)), (25, Some(true)), (27, Some(false))]);
    replay.fake.drive_all(&[(5, Some(false)), (6, Some(false))]);
    replay.fake.spi_device(0, |_| vec![0, 3, 0xff]);
    replay.run(&frames);
}

#[test]
fn python() {
    play("python", Options::default());
}

#[test]
fn node() {
    play("node", Options::default());
}

#[test]
fn pigs() {
    play("pigs", Options::default());
}

#[test]
fn all_in_pieces() {
    for (seed, name) in (0..).zip(["python", "node", "pigs"]) {
        play(name, Options { piece: Some(7), delay: Duration::from_micros(200), seed, ..Options::default() });
    }
}
