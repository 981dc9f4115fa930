//! Edges of the mock, from the line to a callback: what pinzero adds to an edge, without a kernel.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use pinzero::{Button, mock};
use pinzero_core::Level;

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::row::Target;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[("mock-edge", |times| assert_eq!(edges(times), times))];

const WHAT: &str = "an edge of the mock to a callback";

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    bench.counted(WHAT, count::instructions("mock-edge")?, None, "instructions", Target::None);
    bench.counted(WHAT, count::system_calls("mock-edge")?, None, "system calls", Target::Exactly(0.0));
    let driven: u64 = if bench.is_short { 10_000 } else { 1_000_000 };
    let lost = driven - edges(driven);
    let what = format!("{driven} edges of the mock");
    bench.counted(&what, lost as f64, None, "edges lost", Target::Exactly(0.0));
    if bench.is_short {
        return Ok(());
    }
    for driven in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        let best = (0..3).map(|_| {
            let start = Instant::now();
            black_box(edges(driven));
            start.elapsed().as_nanos() as f64 / driven as f64
        });
        bench.point("edges", "pinzero on the mock", driven as f64, best.fold(f64::INFINITY, f64::min));
    }
    Ok(())
}

/// Drives so many edges, and tells how many have come to callbacks.
fn edges(driven: u64) -> u64 {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    let seen = Arc::new(AtomicU64::new(0));
    let [pressed, released] = [seen.clone(), seen.clone()];
    button.when_pressed(move |_| _ = pressed.fetch_add(1, Ordering::Relaxed));
    button.when_released(move |_| _ = released.fetch_add(1, Ordering::Relaxed));
    let line = gpio.line(2);
    for number in 0..driven {
        // It is pulled up, and low when pressed.
        line.drive(Level::from(number & 1 == 1));
    }
    seen.load(Ordering::Relaxed)
}
