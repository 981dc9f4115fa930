//! A mock in real time, and the daemon that serves it.

use std::thread;
use std::time::{Duration, Instant};

use pinzero::board::Board;
use pinzero::mock::{self, MockGpio, MockLine};
use pinzero::time::ms;
use pinzero::{Level, LineFunction};
use pinzero_daemon::{Daemon, DaemonBuilder};

use crate::client::Client;

/// A Raspberry Pi 3B, as `pinzero serve --factory mock` plays it.
pub(crate) const REVISION: u32 = 0x00a0_2082;

/// How long anything may take. Only a test that fails takes as long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Bench {
    pub(crate) mock: MockGpio,
    port: u16,
    _daemon: Daemon,
}

impl Bench {
    /// Everything can be read from the start, as on pigpiod and on `pinzero serve --factory mock`.
    pub(crate) fn new() -> Self {
        Bench::with(|daemon| daemon.adopt_all(true))
    }

    /// Lines are left alone until a client asks for them, as on a board.
    pub(crate) fn hesitant() -> Self {
        Bench::with(|daemon| daemon)
    }

    pub(crate) fn with(options: impl FnOnce(DaemonBuilder) -> DaemonBuilder) -> Self {
        let board = Board::from_revision(REVISION).unwrap();
        let mock = mock::builder().board(board).realtime().exit_guard(false).open();
        let daemon = options(Daemon::builder(&mock).port(0)).start().unwrap();
        Bench { port: daemon.addrs()[0].port(), mock, _daemon: daemon }
    }

    /// Starts a program in Python.
    pub(crate) fn python(&self, program: &str) -> Client {
        Client::python(program, self.port)
    }

    /// Starts a program in Node.
    pub(crate) fn node(&self, program: &str, arguments: &[&str]) -> Client {
        Client::node(program, arguments, self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn line(&self, gpio: u32) -> MockLine<'_> {
        self.mock.line(gpio)
    }

    pub(crate) fn level(&self, gpio: u32) -> u8 {
        self.line(gpio).level().is_high().into()
    }

    /// Drives a line through levels that last for a moment each.
    pub(crate) fn drive(&self, gpio: u32, levels: &[u8]) {
        for level in levels {
            self.line(gpio).drive(Level::from(*level == 1));
            thread::sleep(ms(1));
        }
    }

    /// The time in microseconds, as clients know it.
    pub(crate) fn ticks(&self) -> u32 {
        self.mock.elapsed().as_micros() as u32
    }

    /// The changes of a line: microseconds as ticks count them, and levels.
    pub(crate) fn changes(&self, gpio: u32) -> Vec<(u32, u8)> {
        let change = |(at, level): &(Duration, Level)| (at.as_micros() as u32, u8::from(level.is_high()));
        self.line(gpio).history().iter().map(change).collect()
    }

    /// The levels that a line has changed to.
    pub(crate) fn levels(&self, gpio: u32) -> Vec<u8> {
        self.changes(gpio).iter().map(|(_, level)| *level).collect()
    }

    /// The wave on a line: the microseconds of a cycle, and of its pulse.
    pub(crate) fn wave(&self, gpio: u32) -> (u128, u128) {
        let wave = *self.line(gpio).pulses().last().expect("there is a wave");
        (wave.period.as_micros(), wave.pulse.as_micros())
    }

    /// Returns the pulse on a line that has had PWM, in microseconds: zero once the line is an output at low again.
    pub(crate) fn pulse(&self, gpio: u32) -> u128 {
        let is_low = self.line(gpio).function() == LineFunction::Output && self.level(gpio) == 0;
        if is_low { 0 } else { self.wave(gpio).1 }
    }
}

/// Waits until `condition` holds.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "{what} did not happen");
        thread::sleep(ms(1));
    }
}
