//! [`MockLine`]: the outside of a mock pin.

use std::fmt;
use std::time::Duration;

use super::MockGpio;
use super::pulse::Pulse;
use super::script::Script;
use crate::line_info::LineFunction;
use crate::time::Instant;
use crate::types::{Bias, Level, Line};

/// The outside of a mock pin; returned by [`MockGpio::line`]. Acts as a finger, a wire or a meter on the pin.
///
/// ```
/// use pinzero::{Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let sensor = gpio.input(24).open()?;
/// gpio.line(24).drive(Level::High);
/// assert_eq!(sensor.level()?, Level::High);
///
/// let lamp = gpio.output(17).open()?;
/// gpio.advance(ms(5));
/// lamp.set(Level::High)?;
/// assert_eq!(gpio.line(17).history(), [(ms(5), Level::High)]);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub struct MockLine<'a> {
    mock: &'a MockGpio,
    line: Line,
}

impl<'a> MockLine<'a> {
    pub(super) fn new(mock: &'a MockGpio, line: Line) -> Self {
        MockLine { mock, line }
    }

    /// Drives the line from outside, as a button or another chip would.
    pub fn drive(&self, level: Level) {
        self.mock.circuit.change(self.line, |state| state.drive = Some(level));
        self.mock.runtime().catch_up();
    }

    /// Stops driving the line, so that its pulls set the level.
    pub fn release(&self) {
        self.mock.circuit.change(self.line, |state| state.drive = None);
        self.mock.runtime().catch_up();
    }

    /// Drives the line, or releases it with `None`, as of `at`: the edge has that time even if this call is late.
    ///
    /// An `at` before the line's last change counts as that change; an `at` in the future counts as now.
    pub fn drive_at(&self, at: Instant, level: Option<Level>) {
        self.mock.circuit.drive_at(at, self.line, level);
        self.mock.runtime().catch_up();
    }

    /// Drives the line at future times, counted from now: contact bounce, a pulse, a whole transmission.
    ///
    /// # Panics
    /// In real time, if the runtime's threads cannot be started.
    pub fn script(&self, steps: impl IntoIterator<Item = (Duration, Level)>) {
        let start = self.mock.now();
        let steps = steps.into_iter().map(|(at, level)| (start + at, self.line, Some(level)));
        Script::start(self.mock, steps.collect()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Presses a button on the line for `time` from now: drives the line against its pull (high if there is none), and then to the
    /// opposite level.
    ///
    /// The pull is that of the moment: open the button first. For several presses, use [`script`](MockLine::script).
    ///
    /// # Panics
    /// See [`script`](MockLine::script).
    pub fn press(&self, time: Duration) {
        let pressed = !self.bias().level().unwrap_or(Level::Low);
        self.script([(Duration::ZERO, pressed), (time, !pressed)]);
    }

    /// Returns the level on the line.
    pub fn level(&self) -> Level {
        self.mock.circuit.look(self.line, |state| state.level)
    }

    /// Returns the pin's function.
    pub fn function(&self) -> LineFunction {
        self.mock.circuit.peek(self.line, |state| state.function)
    }

    /// Returns the resistor that is set.
    pub fn bias(&self) -> Bias {
        self.mock.circuit.peek(self.line, |state| state.bias)
    }

    /// Returns every change of the line's level so far, those by PWM included, with the time since the clock's zero. Keeps at most
    /// as many as [`MockBuilder::history_limit`](super::MockBuilder::history_limit) says; when these are full, drops the older half.
    pub fn history(&self) -> Vec<(Duration, Level)> {
        self.mock.circuit.look(self.line, |state| {
            state.history.iter().map(|(at, level)| (*at - Instant::ZERO, *level)).collect()
        })
    }

    /// Returns the changes in [`history`](MockLine::history) from this time on: what is new since the last look, or the last moments of a
    /// long history.
    ///
    /// ```
    /// use pinzero::{Level, mock, time::ms};
    ///
    /// let gpio = mock::gpio();
    /// let lamp = gpio.output(17).open()?;
    /// lamp.set(Level::High)?;
    /// gpio.advance(ms(5));
    /// lamp.set(Level::Low)?;
    /// assert_eq!(gpio.line(17).history_since(ms(1)), [(ms(5), Level::Low)]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn history_since(&self, time: Duration) -> Vec<(Duration, Level)> {
        self.mock.circuit.look(self.line, |state| {
            let first = state.history.partition_point(|(at, _)| *at - Instant::ZERO < time);
            state.history[first..].iter().map(|(at, level)| (*at - Instant::ZERO, *level)).collect()
        })
    }

    /// Returns the PWM signal that is on the line now, its own or that of a line it is wired to; `None` if there is none.
    ///
    /// ```
    /// use pinzero::mock;
    ///
    /// let gpio = mock::gpio();
    /// let fan = gpio.pwm(18).initial(0.25).open()?;
    /// assert_eq!(gpio.line(18).pulse().map(|pulse| pulse.duty()), Some(0.25));
    /// fan.close()?;
    /// assert_eq!(gpio.line(18).pulse(), None);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn pulse(&self) -> Option<Pulse> {
        self.mock.circuit.lock().pulse_on(self.line)
    }

    /// Returns every PWM signal on the line so far, steady ones included. Limited as [`history`](MockLine::history) is.
    pub fn pulses(&self) -> Vec<Pulse> {
        self.mock.circuit.look(self.line, |state| state.pulses.clone())
    }

    /// Returns how often the pin has been written, including writes that changed nothing.
    pub fn writes(&self) -> u64 {
        self.mock.circuit.look(self.line, |state| state.writes)
    }

    /// Clears history, pulses and writes.
    pub fn clear(&self) {
        self.mock.circuit.look(self.line, |state| {
            state.history.clear();
            state.pulses.clear();
            state.writes = 0;
        });
    }

    /// Loses the next `count` edges of this input, as a queue that overflows does.
    pub fn lose(&self, count: u32) {
        self.mock.circuit.look(self.line, |state| state.to_lose = count);
    }

    /// Sets a consumer outside of this program; `None` removes it. While there is one, opening the line fails with
    /// [`Busy`](crate::ErrorKind::Busy).
    pub fn hold_by(&self, consumer: Option<&str>) {
        self.mock.circuit.look(self.line, |state| state.consumer = consumer.map(str::to_owned));
    }
}

impl fmt::Debug for MockLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MockLine({}, {})", self.line, self.level())
    }
}
