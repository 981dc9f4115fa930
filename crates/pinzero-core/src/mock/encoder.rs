//! [`MockEncoder`]: a rotary encoder on mock pins.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::script::{Script, Step};
use crate::pin_spec::PinSpec;
use crate::time::Instant;
use crate::types::{Level, Line};

/// The quarter steps from one detent to the next.
const QUARTERS: u32 = 4;

/// A rotary encoder on mock pins; returned by [`MockGpio::encoder`]. Clones share one encoder.
#[derive(Clone)]
pub struct MockEncoder {
    mock: MockGpio,
    knob: Arc<Mutex<Knob>>,
}

#[derive(Debug)]
struct Knob {
    a: Line,
    b: Line,
    /// The position in quarter steps, after all turns so far.
    position: i64,
    /// The end of the last turn.
    free_at: Instant,
    bounces: u32,
    bounce_time: Duration,
    /// The number of edges so far, and the numbers of those to leave out.
    edges: u64,
    skips: BTreeSet<u64>,
}

impl MockGpio {
    /// Connects a rotary encoder to these pins. Both contacts connect their pin to ground when closed, so the program pulls both pins
    /// up. The knob starts on a detent, where both are open.
    ///
    /// Clockwise is the direction in which gpiozero's `RotaryEncoder` counts up: `a` closes first, then `b` closes, then `a` opens,
    /// then `b` opens, and the knob is on the next detent.
    ///
    /// ```
    /// use pinzero::{Bias, Level, mock, time::ms};
    ///
    /// let gpio = mock::gpio();
    /// let encoder = gpio.encoder(21, 20);
    /// let contacts = gpio.inputs([21, 20]).bias(Bias::PullUp).active(Level::Low).open()?;
    /// let mut events = contacts.events();
    /// encoder.turn(1, ms(20));
    /// let seen: Vec<_> = events.by_ref().take(4).map(|event| (event.index, event.event.level)).collect();
    /// assert_eq!(seen, [(0, Level::Low), (1, Level::Low), (0, Level::High), (1, Level::High)]);
    /// assert_eq!(gpio.elapsed(), ms(20));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin.
    pub fn encoder(&self, a: impl Into<PinSpec>, b: impl Into<PinSpec>) -> MockEncoder {
        let knob = Knob {
            a: self.find(a),
            b: self.find(b),
            position: 0,
            free_at: Instant::ZERO,
            bounces: 0,
            bounce_time: Duration::ZERO,
            edges: 0,
            skips: BTreeSet::new(),
        };
        MockEncoder { mock: self.clone(), knob: Arc::new(Mutex::new(knob)) }
    }
}

impl MockEncoder {
    /// Turns the knob by whole detents, clockwise if positive, at an even speed from now on, or from the end of the turn under way.
    /// The four edges of a detent come after 1/4, 2/4, 3/4 and 4/4 of `time_per_detent`.
    ///
    /// # Panics
    /// In real time, if the runtime's threads cannot be started.
    pub fn turn(&self, detents: i32, time_per_detent: Duration) {
        let quarters = i64::from(detents) * i64::from(QUARTERS);
        self.start(quarters, time_per_detent, QUARTERS);
    }

    /// Turns the knob by quarters of a detent, clockwise if positive, one each `each`, as [`turn`](MockEncoder::turn) does. For a knob
    /// that stops, wiggles or turns back between two detents.
    ///
    /// # Panics
    /// In real time, if the runtime's threads cannot be started.
    pub fn quarter_steps(&self, quarters: i32, each: Duration) {
        self.start(quarters.into(), each, 1);
    }

    /// Has contacts bounce at each edge of the turns that follow: after an edge, the contact goes back and forth `count` times within
    /// `time`, or within the quarter step if that is shorter. Default: no bounce.
    pub fn set_bounce(&self, count: u32, time: Duration) {
        let mut knob = self.knob.lock();
        (knob.bounces, knob.bounce_time) = (count, time);
    }

    /// Leaves out an edge of the turns that follow, the first one if `edge` is 1: as with a worn contact, the level stays as it was until
    /// the next edge of the same contact. Several calls leave out several edges, all counted from now.
    ///
    /// # Panics
    /// If `edge` is 0.
    pub fn skip_edge(&self, edge: u32) {
        assert!(edge > 0, "edges count from 1: the first edge of the turns that follow is edge 1");
        let mut knob = self.knob.lock();
        let number = knob.edges + u64::from(edge);
        knob.skips.insert(number);
    }

    /// Starts a turn in which `parts` quarter steps take `time`.
    fn start(&self, quarters: i64, time: Duration, parts: u32) {
        // The lock must be free when the script starts, as that may run handlers.
        let steps = self.knob.lock().turn(self.mock.now(), quarters, time, parts);
        Script::start(&self.mock, steps).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl fmt::Debug for MockEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let knob = self.knob.lock();
        let detents = knob.position as f64 / f64::from(QUARTERS);
        write!(f, "MockEncoder({}, {}, turned to {detents})", knob.a, knob.b)
    }
}

impl Knob {
    fn turn(&mut self, now: Instant, quarters: i64, time: Duration, parts: u32) -> Vec<Step> {
        let start = self.free_at.max(now);
        let mut steps = Vec::new();
        for quarter in 1..=quarters.unsigned_abs() {
            // Computed from the start, so that rounding errors do not add up.
            let nanos = time.as_nanos() * u128::from(quarter) / u128::from(parts);
            self.free_at = start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            let before = self.contacts();
            self.position += quarters.signum();
            let after = self.contacts();
            let (line, is_closed) =
                if before[0] == after[0] { (self.b, after[1]) } else { (self.a, after[0]) };
            self.edges += 1;
            if !self.skips.remove(&self.edges) {
                self.move_contact(line, is_closed, time / parts, &mut steps);
            }
        }
        steps
    }

    /// Returns whether the two contacts are closed.
    fn contacts(&self) -> [bool; 2] {
        match self.position.rem_euclid(i64::from(QUARTERS)) {
            0 => [false, false],
            1 => [true, false],
            2 => [true, true],
            _ => [false, true],
        }
    }

    /// Adds an edge, which the contact bounces after.
    fn move_contact(&self, line: Line, is_closed: bool, quarter: Duration, steps: &mut Vec<Step>) {
        let flips = self.bounces.saturating_mul(2);
        let time = self.bounce_time.min(quarter);
        for flip in 0..=flips {
            let drives = is_closed == (flip % 2 == 0);
            let at = self.free_at + time * flip / flips.max(1);
            steps.push((at, line, drives.then_some(Level::Low)));
        }
    }
}
