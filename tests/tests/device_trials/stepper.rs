//! A stepper motor on four coils.

use pinzero::prelude::*;

use crate::Check;
use crate::rig::{Rig, Verdict, Watch};

pub(crate) const TRIALS: &[Check] = &[("stepper::drives_its_coils_one_after_the_other", drives_its_coils)];

const COILS: [u32; 4] = [17, 18, 27, 22];

/// The coils, as changes from outside tell.
struct Coils {
    watch: Watch,
    are_on: [bool; 4],
}

impl Coils {
    /// Returns which two coils are on after the next two changes, by the number of the first.
    fn step(&mut self) -> usize {
        for change in self.watch.take(2) {
            let coil = COILS.iter().position(|pin| *pin == change.pin).expect("a coil");
            self.are_on[coil] = change.level.is_high();
        }
        let first = (0..4).find(|coil| {
            let is_on = |offset| self.are_on[(coil + offset) % 4];
            is_on(0) && is_on(1) && !is_on(2) && !is_on(3)
        });
        first.unwrap_or_else(|| panic!("after a step, these are on: {:?}", self.are_on))
    }
}

fn drives_its_coils(rig: &dyn Rig) -> Verdict {
    let mut coils = Coils { watch: rig.watch(&COILS), are_on: [false; 4] };
    let motor = Stepper::builder(COILS).rpm(6.0).gpio(rig.gpio()).open()?;
    for steps in [20, -30] {
        motor.step(steps)?;
        // At rest the motor had no current: first, two coils hold it where it is.
        let mut place = coils.step();
        for _ in 0..steps.abs() {
            let next = coils.step();
            let expected = if steps > 0 { place + 1 } else { place + 3 };
            assert_eq!(next, expected % 4, "a step in the wrong direction");
            place = next;
        }
        motor.wait()?;
        let changes = coils.watch.take(2);
        assert!(changes.iter().all(|change| !change.level.is_high()), "at rest, {changes:?}");
        coils.are_on = [false; 4];
    }
    assert_eq!(motor.position()?, -10);
    Ok(())
}
