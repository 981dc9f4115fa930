//! Devices as conformance trials: each on the mock in real time, over the network to a daemon, and on a real kernel's gpio-sim.
//!
//! A trial drives and observes the pins from outside. The trials of gpio-sim need the kernel rig: `cargo xtask kernel-rig`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "they fail a trial here, in helpers too")]

mod display;
mod distance_sensor;
mod encoder;
#[cfg(target_os = "linux")]
mod gpio_sim;
mod keypad;
mod led;
mod light_sensor;
mod mock;
mod motor;
mod pulse_counter;
mod relay;
mod rig;
mod servo;
mod stepper;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use pinzero_tests::without_hanging_for;
use rig::{Rig, Stop, Verdict};

/// How long a trial may take. Only one that hangs takes this long.
const LIMIT: std::time::Duration = pinzero::time::secs(120);

/// A trial: its name, and what it does on a rig of its own.
type Check = (&'static str, fn(&dyn Rig) -> Verdict);

/// All trials, device by device.
const TRIALS: &[&[Check]] = &[
    led::TRIALS,
    servo::TRIALS,
    motor::TRIALS,
    relay::TRIALS,
    stepper::TRIALS,
    display::TRIALS,
    encoder::TRIALS,
    distance_sensor::TRIALS,
    light_sensor::TRIALS,
    pulse_counter::TRIALS,
    keypad::TRIALS,
];

/// Makes a rig.
type SetUp = fn() -> pinzero::Result<Box<dyn Rig>>;

/// Lists all trials on one rig. They are ignored for the reason `missing`, if there is one.
fn suite(name: &'static str, set_up: SetUp, missing: Option<&'static str>) -> Vec<Trial> {
    let list = |&(trial, run): &Check| {
        Trial::ignorable_test(format!("{name}::{trial}"), move || match missing {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => judge(without_hanging_for(LIMIT, move || run(&*set_up()?))),
        })
    };
    TRIALS.iter().copied().flatten().map(list).collect()
}

fn judge(verdict: Verdict) -> Result<Completion, Failed> {
    match verdict {
        Ok(()) => Ok(Completion::Completed),
        Err(Stop::NotApplicable(reason)) => Ok(Completion::ignored_with(reason)),
        Err(Stop::Failed(complaint)) => Err(complaint.into()),
    }
}

fn main() -> ExitCode {
    let mut trials = suite("mock", mock::local, None);
    trials.extend(suite("remote", mock::remote, None));
    #[cfg(target_os = "linux")]
    trials.extend(suite("gpio_sim", gpio_sim::rig, gpio_sim::missing()));
    // One at a time: some measure.
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials).exit_code()
}
