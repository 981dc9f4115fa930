//! The pure part of a rotary encoder: follows two contacts by a table of states.

use pinzero_core::time::Instant;
use pinzero_core::{Edge, Effects, Kinded, Level, Machine, Result};

use super::activity::Activity;
use crate::time::secs;

/// The direction of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// a closes before b.
    Clockwise,
    /// b closes before a.
    CounterClockwise,
}

/// The kind of a [`Rotation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RotationKind {
    /// The knob was turned by a step.
    Rotated,
    /// The steps came within the thresholds.
    Activated,
    /// The steps left the thresholds.
    Deactivated,
}

/// One event of a [`RotaryEncoder`](crate::RotaryEncoder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// The kind of the event.
    pub kind: RotationKind,
    /// The time of the edge that completed the step, or of the call that set the steps.
    pub at: Instant,
    /// The direction of the last step that the knob was turned.
    pub direction: Direction,
    /// All steps so far, with this one: the encoder's position.
    pub steps: i64,
    /// The number of edges or events lost before this one.
    pub missed: u32,
}

impl Kinded for Rotation {
    type Kind = RotationKind;

    fn kind(&self) -> RotationKind {
        self.kind
    }

    fn bit(kind: RotationKind) -> u32 {
        kind as u32
    }

    fn name(kind: RotationKind) -> &'static str {
        match kind {
            RotationKind::Rotated => "rotated",
            RotationKind::Activated => "activated",
            RotationKind::Deactivated => "deactivated",
        }
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }
}

/// The part of the contacts' cycle that is one step. Most knobs rest once in a cycle; some rest twice, and a wheel without detents counts
/// each edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EncoderStep {
    /// A whole cycle: four edges. The default.
    #[default]
    Full,
    /// Half a cycle: two edges.
    Half,
    /// A quarter: each edge. A bouncing contact counts forth and back.
    Quarter,
}

/// Follows the contacts by a table of states.
#[derive(Debug)]
pub(super) struct Knob {
    /// Whether a and b are closed.
    contacts: [bool; 2],
    /// The edges since the last rest, counted by direction.
    quarters: i32,
    step: EncoderStep,
    pub(super) steps: i64,
    pub(super) max_steps: u32,
    pub(super) thresholds: (i64, i64),
    pub(super) wrap: bool,
    pub(super) activity: Activity,
    /// The times of the last step and of the one before.
    last: [Option<Instant>; 2],
    direction: Direction,
    /// The steps in each direction so far.
    pub(super) turns: [u64; 2],
    pub(super) missed: u64,
    /// Edges lost since the last event.
    unreported: u32,
}

impl Knob {
    pub(super) fn new(
        contacts: [bool; 2],
        step: EncoderStep,
        max_steps: u32,
        thresholds: (i64, i64),
        wrap: bool,
        now: Instant,
    ) -> Self {
        let mut activity = Activity::default();
        activity.set((thresholds.0..=thresholds.1).contains(&0), now);
        Knob {
            contacts,
            quarters: 0,
            step,
            steps: 0,
            max_steps,
            thresholds,
            wrap,
            activity,
            last: [None; 2],
            direction: Direction::Clockwise,
            turns: [0; 2],
            missed: 0,
            unreported: 0,
        }
    }

    /// Returns the place in the cycle, from 0 (both open) on clockwise.
    fn place(&self) -> i32 {
        match self.contacts {
            [false, false] => 0,
            [true, false] => 1,
            [true, true] => 2,
            [false, true] => 3,
        }
    }

    /// Follows one edge. Returns the direction, if that completed a step.
    fn follow(&mut self, line: usize, closed: bool) -> Option<Direction> {
        let before = self.place();
        self.contacts[line] = closed;
        self.quarters += match (self.place() - before).rem_euclid(4) {
            1 => 1,
            3 => -1,
            // The contact was there already: its other edge was lost.
            _ => return None,
        };
        let (whole, rests) = match self.step {
            EncoderStep::Full => (4, self.place() == 0),
            EncoderStep::Half => (2, self.place() % 2 == 0),
            EncoderStep::Quarter => (1, true),
        };
        let turned = rests.then(|| std::mem::take(&mut self.quarters))?;
        match turned {
            turned if turned == whole => Some(Direction::Clockwise),
            turned if turned == -whole => Some(Direction::CounterClockwise),
            _ => None,
        }
    }

    fn count(&mut self, direction: Direction, at: Instant, effects: &mut Effects<'_, Rotation>) {
        let (by, index) = if direction == Direction::Clockwise { (1, 0) } else { (-1, 1) };
        let end = i64::from(self.max_steps) * by;
        self.steps = match self.steps == end && self.max_steps > 0 {
            true if self.wrap => -end,
            true => end,
            false => self.steps.saturating_add(by),
        };
        self.turns[index] += 1;
        self.direction = direction;
        self.last = [Some(at), self.last[0]];
        self.emit(RotationKind::Rotated, at, effects);
        self.measure(at, effects);
    }

    /// Compares the steps with the thresholds.
    pub(super) fn measure(&mut self, at: Instant, effects: &mut Effects<'_, Rotation>) {
        let active = self.is_active();
        if self.activity.set(active, at).is_some() {
            self.emit(if active { RotationKind::Activated } else { RotationKind::Deactivated }, at, effects);
        }
    }

    fn emit(&mut self, kind: RotationKind, at: Instant, effects: &mut Effects<'_, Rotation>) {
        let missed = std::mem::take(&mut self.unreported);
        effects.emit(Rotation { kind, at, direction: self.direction, steps: self.steps, missed });
    }

    pub(super) fn is_active(&self) -> bool {
        (self.thresholds.0..=self.thresholds.1).contains(&self.steps)
    }

    pub(super) fn value(&self) -> f64 {
        if self.max_steps == 0 { 0.0 } else { self.steps as f64 / f64::from(self.max_steps) }
    }

    pub(super) fn speed(&self, now: Instant) -> f64 {
        let [Some(last), Some(before)] = self.last else { return 0.0 };
        let passed = now.since(last);
        if passed >= secs(1) {
            return 0.0;
        }
        let speed = 1.0 / last.since(before).max(passed).as_secs_f64().max(1e-9);
        if self.direction == Direction::Clockwise { speed } else { -speed }
    }
}

impl Machine for Knob {
    type Event = Rotation;

    fn edge(&mut self, line: usize, edge: Edge, effects: &mut Effects<'_, Rotation>) -> Result<()> {
        self.missed += u64::from(edge.missed);
        self.unreported = self.unreported.saturating_add(edge.missed);
        if let Some(direction) = self.follow(line, edge.level == Level::Low) {
            self.count(direction, edge.at, effects);
        }
        Ok(())
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, Rotation>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}
