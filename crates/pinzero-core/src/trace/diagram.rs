//! [`Diagram`]: the timing diagram of a trace, as text or SVG.

use std::time::Duration;

use super::log::Snapshot;
use super::{ChangeKind, Signal};
use crate::types::Line;

/// The lengths of a servo's pulse at the bottom and at the top of its line, in milliseconds.
const SERVO: (f32, f32) = (0.4, 2.6);

/// The colours of a drawn [`Diagram`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Theme {
    /// Light or dark, as the reader prefers.
    #[default]
    Auto,
    /// Dark lines on white.
    Light,
    /// Light lines on black.
    Dark,
}

/// A timing diagram; returned by [`Trace::diagram`](super::Trace::diagram).
///
/// `Display` draws the diagram as text. One column stands for a length of time: `▁` low, `▔` high, `▂` to `▇` PWM by its duty cycle, `│` for
/// more changes of a level than a column can show, `╳` for missed edges, and a blank for a closed line. PWM that changes more than once in a
/// column has its mean there.
///
/// The duty cycle of a servo is always near 5 to 10 %. So a servo's line is drawn by the length of the pulses instead, from 0.4 ms at the
/// bottom to 2.6 ms at the top. A line counts as a servo's if each pulse on it is of such a length, in a period of 15 to 25 ms.
#[derive(Debug, Clone)]
#[must_use = "a diagram is drawn by `to_svg` or `to_string`"]
pub struct Diagram {
    pub(super) title: Option<String>,
    pub(super) theme: Theme,
    pub(super) width: u32,
    pub(super) columns: usize,
    /// In nanoseconds.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) lanes: Vec<Lane>,
    pub(super) dropped: u64,
}

/// A line in a diagram.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    /// `None` if the lane is made by a check.
    line: Option<Line>,
    pub(super) name: String,
    /// The heights of the signal from 0 to 1, `None` while that is not known, and since when.
    pub(super) signals: Vec<(u64, Option<f32>)>,
    /// Whether the height of PWM stands for the length of a servo's pulse. It is the duty cycle otherwise.
    pub(super) is_servo: bool,
    pub(super) events: Vec<(u64, &'static str)>,
    /// The times of edges before which others were missed.
    pub(super) missed: Vec<u64>,
}

impl Lane {
    fn new(name: String, signals: &[(u64, Signal)]) -> Lane {
        let pwm = || signals.iter().filter(|(_, signal)| matches!(signal, Signal::Pwm { .. }));
        let is_servo = pwm().count() > 0 && pwm().all(|(_, signal)| servo_height(*signal).is_some());
        let height = |signal: Signal| match servo_height(signal) {
            Some(height) if is_servo => Some(height),
            _ => signal.duty().map(|duty| duty as f32),
        };
        let signals = signals.iter().map(|(at, signal)| (*at, height(*signal))).collect();
        Lane { line: None, name, signals, is_servo, events: Vec::new(), missed: Vec::new() }
    }

    /// Returns a lane of these signals.
    pub(super) fn of(name: &str, signals: &[(Duration, Signal)]) -> Lane {
        let signals: Vec<_> = signals.iter().map(|(at, signal)| (nanos(*at), *signal)).collect();
        Lane::new(name.to_owned(), &signals)
    }

    /// Returns what a height of PWM stands for: the length of a servo's pulse, or the duty cycle.
    pub(super) fn label(&self, height: f32) -> String {
        let tenths = |value: f32| (value * 10.0).round() / 10.0;
        match self.is_servo {
            true => format!("{} ms", tenths(height * (SERVO.1 - SERVO.0) + SERVO.0)),
            false => format!("{} %", tenths(height * 100.0)),
        }
    }
}

impl Diagram {
    pub(super) fn new(snapshot: Snapshot) -> Diagram {
        let lane = |place: usize| {
            let lane = &snapshot.lanes[place];
            Lane { line: Some(lane.line), ..Lane::new(lane.name(), &snapshot.signals(place)) }
        };
        let mut lanes: Vec<Lane> = (0..snapshot.lanes.len()).map(lane).collect();
        for record in &snapshot.records {
            let lane = &mut lanes[usize::from(record.lane)];
            match snapshot.kind(*record) {
                ChangeKind::Event(name) => lane.events.push((record.at, name)),
                ChangeKind::Edge { missed: 1.., .. } => lane.missed.push(record.at),
                _ => {}
            }
        }
        lanes.sort_by_key(|lane| lane.line);
        let (from, to, dropped) = (snapshot.first(), snapshot.length, snapshot.dropped);
        Diagram { title: None, theme: Theme::Auto, width: 800, columns: 80, from, to, lanes, dropped }
    }

    /// Returns a diagram of these lanes, from zero on.
    pub(super) fn of(length: Duration, lanes: impl IntoIterator<Item = Lane>) -> Diagram {
        let (to, lanes) = (nanos(length), lanes.into_iter().collect());
        Diagram { to, lanes, ..Diagram::new(Snapshot::default()) }
    }

    /// Sets the title. Default: none.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Begins the diagram at this time of the trace. Default: the beginning of the trace, or the first change that was kept.
    pub fn from(mut self, from: Duration) -> Self {
        self.from = nanos(from);
        self
    }

    /// Ends the diagram at this time of the trace. Default: the end of the trace.
    pub fn to(mut self, to: Duration) -> Self {
        self.to = nanos(to);
        self
    }

    /// Draws these lines only, in this order. Default: all, in the order of their numbers.
    pub fn lines(mut self, lines: impl IntoIterator<Item = Line>) -> Self {
        let lane = |line: Line| self.lanes.iter().find(|lane| lane.line == Some(line)).cloned();
        self.lanes = lines.into_iter().filter_map(lane).collect();
        self
    }

    /// Sets the width of the image in pixels, 200 at least. Default: 800.
    pub fn width(mut self, pixels: u32) -> Self {
        self.width = pixels.max(200);
        self
    }

    /// Sets the width of the text in columns, 40 at least. Default: 80.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(40);
        self
    }

    /// Sets the colours of the image. Default: [`Theme::Auto`].
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// Returns the times of the ticks on the axis, and their labels; `room` is the number of ticks that fit.
    pub(super) fn ticks(&self, room: u64) -> Vec<(u64, String)> {
        let length = self.to.saturating_sub(self.from).max(1);
        let mut step = 1;
        // 1, 2, 5, 10, 20, 50 and so on.
        while length / step > room.max(1) {
            step = if step.to_string().starts_with('2') { step / 2 * 5 } else { step * 2 };
        }
        // The largest unit that needs three decimals at most.
        let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")];
        let fits = |(unit, _): &(u64, &str)| *unit <= self.to && *unit <= step.saturating_mul(1000);
        let (unit, name) = units.into_iter().find(fits).unwrap_or((1, "ns"));
        let label = |at| (at, format!("{} {name}", at as f64 / unit as f64));
        let first = self.from.div_ceil(step) * step;
        let times = std::iter::successors(Some(first), |at| at.checked_add(step));
        times.take_while(|at| *at <= self.to).map(label).collect()
    }
}

/// Returns the height of a servo's pulse between the shortest and the longest one; `None` if the signal is not a servo's.
fn servo_height(signal: Signal) -> Option<f32> {
    let Signal::Pwm { period, pulse } = signal else { return None };
    let height = (pulse.as_secs_f32() * 1000.0 - SERVO.0) / (SERVO.1 - SERVO.0);
    let is_servo = (15..=25).contains(&period.as_millis()) && height > 0.0 && height < 1.0;
    is_servo.then_some(height)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
