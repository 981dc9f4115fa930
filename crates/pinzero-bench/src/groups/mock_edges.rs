//! Brings edges of the mock to a callback: what pinzero adds to an edge, without a kernel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pinzero::{Button, mock};
use pinzero_core::Level;

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::row::Target;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[("mock-edge", |times| assert_eq!(edges(times), times))];

/// How many edges are driven to see whether one is lost.
const DRIVEN: u64 = 10_000;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let what = "an edge of the mock to a callback";
    bench.counted(what, count::instructions("mock-edge")?, None, "instructions", Target::Most(5_000.0));
    bench.counted(what, count::system_calls("mock-edge")?, None, "system calls", Target::Exactly(0.0));
    let lost = DRIVEN - edges(DRIVEN);
    let what = format!("{DRIVEN} edges of the mock");
    bench.counted(&what, lost as f64, None, "edges lost", Target::Exactly(0.0));
    Ok(())
}

/// Drives so many edges, and returns how many of them have come to callbacks.
fn edges(driven: u64) -> u64 {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    let seen = Arc::new(AtomicU64::new(0));
    let [pressed, released] = [seen.clone(), seen.clone()];
    button.when_pressed(move |_| _ = pressed.fetch_add(1, Ordering::Relaxed));
    button.when_released(move |_| _ = released.fetch_add(1, Ordering::Relaxed));
    let line = gpio.line(2);
    for number in 0..driven {
        // The line is pulled up, and low when pressed.
        line.drive(Level::from(number & 1 == 1));
    }
    seen.load(Ordering::Relaxed)
}
