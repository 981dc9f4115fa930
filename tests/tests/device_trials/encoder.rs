//! A rotary encoder, whose contacts are driven from outside.

use std::time::Instant;

use pinzero::prelude::*;
use pinzero::{Direction, Events, Rotation};
use pinzero_tests::{PATIENCE, eventually};

use crate::Check;
use crate::rig::{Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[
    ("encoder::counts_bouncing_detents_both_ways", counts_bouncing_detents_both_ways),
    ("encoder::ignores_a_turn_that_goes_back", ignores_a_turn_that_goes_back),
    ("encoder::counts_fast_detents_or_tells_the_loss", counts_fast_detents_or_tells_the_loss),
];

const A: u32 = 20;
const B: u32 = 21;

/// A knob, which rests on a detent with both contacts open.
struct Knob<'a> {
    rig: &'a dyn Rig,
    quarter: u32,
    /// How often a contact bounces at each edge.
    bounces: u32,
}

impl<'a> Knob<'a> {
    fn new(rig: &'a dyn Rig) -> Self {
        rig.drive(A, Level::High);
        rig.drive(B, Level::High);
        Knob { rig, quarter: 0, bounces: 0 }
    }

    /// Turns the knob by quarters of a detent.
    fn turn(&mut self, quarters: i32) {
        for _ in 0..quarters.abs() {
            let before = self.contacts();
            self.quarter = self.quarter.wrapping_add_signed(quarters.signum());
            let after = self.contacts();
            let index = usize::from(before[0] == after[0]);
            let (pin, is_closed) = ([A, B][index], after[index]);
            for _ in 0..self.bounces {
                self.rig.drive(pin, Level::from(!is_closed));
                self.rig.drive(pin, Level::from(is_closed));
            }
            self.rig.drive(pin, Level::from(!is_closed));
            // Over the network, the changes of one microsecond have no order.
            let start = Instant::now();
            while start.elapsed() < us(10) {
                std::hint::spin_loop();
            }
        }
    }

    /// Returns whether the contacts are closed. Clockwise, a closes first.
    fn contacts(&self) -> [bool; 2] {
        [[false, false], [true, false], [true, true], [false, true]][self.quarter as usize % 4]
    }
}

fn open(rig: &dyn Rig) -> pinzero::Result<(Knob<'_>, RotaryEncoder, Events<Rotation>)> {
    let knob = Knob::new(rig);
    let encoder = RotaryEncoder::builder(A, B).max_steps(0).gpio(rig.gpio()).open()?;
    let events = encoder.events();
    Ok((knob, encoder, events))
}

/// Waits for the next turn, whose number of steps must be `steps`.
#[track_caller]
fn expect(events: &mut Events<Rotation>, direction: Direction, steps: i64) {
    // Events of the thresholds come as well.
    let is_turn = |rotation: &Rotation| rotation.kind == pinzero::RotationKind::Rotated;
    let turn =
        std::iter::from_fn(|| events.next_timeout(PATIENCE)).find(is_turn).expect("a turn has to come");
    assert_eq!((turn.direction, turn.steps, turn.missed), (direction, steps, 0));
}

fn counts_bouncing_detents_both_ways(rig: &dyn Rig) -> Verdict {
    let (mut knob, encoder, mut events) = open(rig)?;
    knob.bounces = 3;
    for step in 1..=20 {
        knob.turn(4);
        expect(&mut events, Direction::Clockwise, step);
    }
    for step in (-20..20).rev() {
        knob.turn(-4);
        expect(&mut events, Direction::CounterClockwise, step);
    }
    assert_eq!((encoder.steps()?, encoder.missed()), (-20, 0));
    Ok(())
}

fn ignores_a_turn_that_goes_back(rig: &dyn Rig) -> Verdict {
    let (mut knob, encoder, mut events) = open(rig)?;
    for quarters in 1..=3 {
        knob.turn(quarters);
        knob.turn(-quarters);
    }
    // The first turn that is heard of is this one.
    knob.turn(-4);
    expect(&mut events, Direction::CounterClockwise, -1);
    for quarters in 1..=3 {
        knob.turn(-quarters);
        knob.turn(quarters);
    }
    knob.turn(4);
    expect(&mut events, Direction::Clockwise, 0);
    assert_eq!((encoder.steps()?, encoder.missed()), (0, 0));
    Ok(())
}

fn counts_fast_detents_or_tells_the_loss(rig: &dyn Rig) -> Verdict {
    const DETENTS: i64 = 500;
    let (mut knob, encoder, _) = open(rig)?;
    knob.turn(4 * DETENTS as i32);
    let steps = || encoder.steps().unwrap();
    // A lost edge costs a step at most.
    eventually("all steps are counted, or their loss", || steps() + encoder.missed() as i64 >= DETENTS);
    assert!(steps() <= DETENTS, "{} steps of {DETENTS}", steps());
    if encoder.missed() == 0 {
        assert_eq!(steps(), DETENTS);
    }
    Ok(())
}
