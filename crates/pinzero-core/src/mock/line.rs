//! The other side of a mock pin.

use std::time::Duration;

use super::MockGpio;
use super::script::Script;
use crate::time::Instant;
use crate::types::{Bias, Level, Line};

/// What a mock pin is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Function {
    /// It listens.
    Input,
    /// It drives.
    Output,
    /// It carries pulses.
    Pwm,
}

/// A wave that was put on a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// From when, since the clock's zero.
    pub at: Duration,
    /// The length of a cycle.
    pub period: Duration,
    /// How long it is high in each cycle.
    pub pulse: Duration,
}

impl Pulse {
    /// The level of a wave that never toggles.
    pub(super) fn steady(&self) -> Option<Level> {
        (self.pulse.is_zero() || self.pulse >= self.period).then_some(Level::from(!self.pulse.is_zero()))
    }

    /// The part of the cycle that is high, from 0 to 1.
    pub fn duty(&self) -> f64 {
        self.pulse.as_secs_f64() / self.period.as_secs_f64()
    }
}

/// The other side of a pin: what a finger, a wire or a meter would do there.
#[derive(Debug)]
pub struct MockLine<'a> {
    mock: &'a MockGpio,
    line: Line,
}

impl<'a> MockLine<'a> {
    pub(super) fn new(mock: &'a MockGpio, line: Line) -> Self {
        MockLine { mock, line }
    }

    /// Drives the line from outside, as a button or another chip does.
    pub fn drive(&self, level: Level) {
        self.mock.circuit.change(self.line, |state| state.drive = Some(level));
        self.mock.runtime().catch_up();
    }

    /// Stops driving: pulls decide again.
    pub fn release(&self) {
        self.mock.circuit.change(self.line, |state| state.drive = None);
        self.mock.runtime().catch_up();
    }

    /// Drives the line, or lets go of it, as of `at`, which has just been: the edge has that time, however late this is
    /// called. Not before the line's last change, and not in the future.
    pub fn drive_at(&self, at: Instant, level: Option<Level>) {
        self.mock.circuit.drive_at(at, self.line, level);
        self.mock.runtime().catch_up();
    }

    /// Drives the line at times to come, counted from now: contact bounce, a pulse, a whole conversation.
    ///
    /// # Panics
    /// If the threads of a mock in real time cannot be started.
    pub fn script(&self, steps: impl IntoIterator<Item = (Duration, Level)>) {
        Script::start(self.mock, self.line, steps).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Presses a button that is wired to the line: drives it against its pull (high where there is none), and lets go
    /// after `time`.
    ///
    /// # Panics
    /// As [`script`](MockLine::script).
    pub fn press(&self, time: Duration) {
        let pressed = !self.bias().level().unwrap_or(Level::Low);
        self.script([(Duration::ZERO, pressed), (time, !pressed)]);
    }

    /// The level on the line.
    pub fn level(&self) -> Level {
        self.mock.circuit.look(self.line, |state| state.level)
    }

    /// What the pin is.
    pub fn function(&self) -> Function {
        self.mock.circuit.look(self.line, |state| state.function)
    }

    /// The resistor that is set.
    pub fn bias(&self) -> Bias {
        self.mock.circuit.look(self.line, |state| state.bias)
    }

    /// Every change of the line's level so far, with its time since the clock's zero. Of more than 262,144 the oldest are
    /// forgotten.
    pub fn history(&self) -> Vec<(Duration, Level)> {
        self.mock.circuit.look(self.line, |state| {
            state.history.iter().map(|(at, level)| (*at - Instant::ZERO, *level)).collect()
        })
    }

    /// Every wave that was put on the line so far, the steady ones included.
    pub fn pulses(&self) -> Vec<Pulse> {
        self.mock.circuit.look(self.line, |state| state.pulses.clone())
    }

    /// How often the pin has been written to, whether or not that changed anything.
    pub fn writes(&self) -> u64 {
        self.mock.circuit.look(self.line, |state| state.writes)
    }

    /// Forgets history, pulses and writes.
    pub fn clear(&self) {
        self.mock.circuit.look(self.line, |state| {
            state.history.clear();
            state.pulses.clear();
            state.writes = 0;
        });
    }

    /// Loses the next `count` edges of this input on their way, as a queue that overflows does.
    pub fn lose(&self, count: u32) {
        self.mock.circuit.look(self.line, |state| state.to_lose = count);
    }

    /// Has somebody else hold the line, or nobody again: opening it is refused then.
    pub fn hold_by(&self, consumer: Option<&str>) {
        self.mock.circuit.look(self.line, |state| state.consumer = consumer.map(str::to_owned));
    }
}
