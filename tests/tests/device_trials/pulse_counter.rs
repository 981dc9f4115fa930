//! A pulse counter, whose line is driven fast from outside.

use std::thread;
use std::time::{Duration, Instant};

use pinzero::prelude::*;
use pinzero_tests::{PATIENCE, eventually};

use crate::Check;
use crate::rig::{Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[
    ("pulse_counter::counts_slow_pulses", counts_slow_pulses),
    (
        "pulse_counter::counts_ten_thousand_edges_a_second_or_tells_the_loss",
        counts_fast_pulses_or_tells_the_loss,
    ),
];

const PIN: u32 = 5;

fn counts_slow_pulses(rig: &dyn Rig) -> Verdict {
    rig.drive(PIN, Level::High);
    let counter = PulseCounter::builder(PIN).gpio(rig.gpio()).open()?;
    let mut events = counter.events();
    for count in 1..=50 {
        rig.drive(PIN, Level::Low);
        let counted = events.next_timeout(PATIENCE).expect("a pulse has to be counted");
        assert_eq!((counted.count, counted.missed), (count, 0));
        rig.drive(PIN, Level::High);
    }
    assert_eq!((counter.reset()?, counter.missed()), (50, 0));
    assert_eq!(counter.count()?, 0);
    Ok(())
}

fn counts_fast_pulses_or_tells_the_loss(rig: &dyn Rig) -> Verdict {
    const PULSES: u64 = 5_000;
    /// The pulses that come together, one of these bursts every millisecond.
    const BURST: u64 = 5;
    rig.drive(PIN, Level::High);
    let counter = PulseCounter::builder(PIN).gpio(rig.gpio()).open()?;
    let start = Instant::now();
    for burst in 0..PULSES / BURST {
        let due = start + Duration::from_millis(burst);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        for _ in 0..BURST {
            rig.drive(PIN, Level::Low);
            rig.drive(PIN, Level::High);
        }
    }
    let count = || counter.count().unwrap();
    // A lost edge costs a pulse at most.
    eventually("all pulses are counted, or their loss", || count() + counter.missed() >= PULSES);
    assert!(count() <= PULSES, "{} of {PULSES}", count());
    if counter.missed() == 0 {
        assert_eq!(count(), PULSES);
    }
    Ok(())
}
