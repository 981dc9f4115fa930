//! A motor on a bridge, whose two legs must never be on together.

use pinzero::prelude::*;

use crate::Check;
use crate::rig::{Change, Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[
    ("motor::turns_both_ways", turns_both_ways),
    ("motor::never_has_both_legs_on_in_a_thousand_reversals", never_has_both_legs_on),
    ("motor::never_has_both_legs_on_at_half_speed", never_has_both_legs_on_at_half_speed),
];

const FORWARD: u32 = 22;
const BACKWARD: u32 = 23;

/// The legs, as changes from outside tell.
#[derive(Debug, Default)]
struct Legs {
    are_on: [bool; 2],
}

impl Legs {
    fn see(&mut self, change: Change) {
        self.are_on[usize::from(change.pin == BACKWARD)] = change.level.is_high();
        assert_ne!(self.are_on, [true, true], "both legs are on, since {change:?}");
    }
}

fn turns_both_ways(rig: &dyn Rig) -> Verdict {
    let motor = Motor::builder(FORWARD, BACKWARD).pwm(false).gpio(rig.gpio()).open()?;
    let is = |forward, backward| {
        assert_eq!([FORWARD, BACKWARD].map(|pin| rig.level(pin).is_high()), [forward, backward]);
    };
    is(false, false);
    motor.forward(1.0)?;
    is(true, false);
    motor.reverse()?;
    is(false, true);
    motor.stop()?;
    is(false, false);
    motor.backward(1.0)?;
    is(false, true);
    motor.close()?;
    is(false, false);
    Ok(())
}

fn never_has_both_legs_on(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[FORWARD, BACKWARD]);
    let motor = Motor::builder(FORWARD, BACKWARD).pwm(false).gpio(rig.gpio()).open()?;
    let mut legs = Legs::default();
    motor.forward(1.0)?;
    legs.see(watch.next());
    for _ in 0..1000 {
        motor.reverse()?;
        watch.take(2).into_iter().for_each(|change| legs.see(change));
    }
    assert_eq!(legs.are_on, [true, false]);
    motor.stop()?;
    legs.see(watch.next());
    assert_eq!(legs.are_on, [false, false]);
    Ok(())
}

fn never_has_both_legs_on_at_half_speed(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[FORWARD, BACKWARD]);
    let motor = Motor::builder(FORWARD, BACKWARD).gpio(rig.gpio()).open()?;
    let mut legs = Legs::default();
    motor.forward(0.5)?;
    for count in 0..50 {
        // A pulse of the leg that is driven, and then a change of direction within the next one or between two.
        let is_backward = count % 2 == 1;
        loop {
            let change = watch.next();
            legs.see(change);
            if change.level.is_high() && (change.pin == BACKWARD) == is_backward {
                break;
            }
        }
        motor.reverse()?;
    }
    motor.stop()?;
    watch.rest().into_iter().for_each(|change| legs.see(change));
    assert_eq!(legs.are_on, [false, false]);
    Ok(())
}
