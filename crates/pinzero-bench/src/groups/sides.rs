//! Two consumers of edges beside each other: pinzero, and the least that brings an edge to a callback.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pinzero::Button;
use pinzero_core::Gpio;
use pinzero_core::time::Clock;
use rustix::time::{ClockId, clock_gettime};

use crate::bench::Bench;
use crate::row::Target;
use crate::time::quantile;

/// What pinzero is compared with.
pub(super) const BARE: &str = "bare epoll, read and call";

/// What one read fetches at most, here and in pinzero.
pub(super) const BATCH: usize = 64;

/// Edges in a row that the kernel's queue has room for.
pub(super) const BURST: u64 = 512;

/// What drives a line from outside.
pub(super) type Drive = Box<dyn FnMut(bool) -> std::io::Result<()>>;

/// Edges at 1 kHz, by turns on the two lines.
pub(super) fn latency(
    bench: &Bench,
    what: &str,
    ours: &mut Side,
    theirs: &mut Side,
    targets: [Target; 2],
) -> Result<(), String> {
    let mut best = [[f64::INFINITY; 2]; 3];
    const SHARES: [f64; 3] = [0.5, 0.9, 0.99];
    for _ in 0..5 {
        for side in [&*ours, &*theirs] {
            side.seen.is_timed.store(true, Ordering::Relaxed);
        }
        for _ in 0..400 {
            for side in [&mut *ours, &mut *theirs] {
                side.toggle()?;
                thread::sleep(Duration::from_micros(500));
            }
        }
        for (index, side) in [&*ours, &*theirs].into_iter().enumerate() {
            side.seen.is_timed.store(false, Ordering::Relaxed);
            let mut late = std::mem::take(&mut *side.seen.late.lock().map_err(|error| error.to_string())?);
            for (best, share) in best.iter_mut().zip(SHARES) {
                best[index] = best[index].min(quantile(&mut late, share));
            }
        }
    }
    let targets = [("p50", targets[0]), ("p90", targets[1]), ("p99", targets[1])];
    for ([ours, theirs], (name, target)) in best.into_iter().zip(targets) {
        let what = format!("{what}, {name}");
        bench.timed(&what, ours / 1e3, Some((BARE, theirs / 1e3)), "us", target);
    }
    Ok(())
}

/// Opens a button whose edges are counted; it is active high.
pub(super) fn button(gpio: &Gpio, line: u32) -> Result<(Button, Arc<Seen>), String> {
    let button = Button::builder(line).pull_up(None).active_state(true).gpio(gpio).open();
    let button = button.map_err(|error| error.to_string())?;
    let seen = Arc::new(Seen::default());
    for rising in [true, false] {
        let seen = seen.clone();
        let note = move |event: &pinzero::Event| seen.note(event.at.as_nanos());
        _ = if rising { button.when_pressed(note) } else { button.when_released(note) };
    }
    Ok((button, seen))
}

/// What a callback has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    count: AtomicU64,
    pub(super) missed: AtomicU64,
    is_timed: AtomicBool,
    /// From the kernel's interrupt to the callback, in nanoseconds.
    late: Mutex<Vec<f64>>,
}

impl Seen {
    /// The callback: takes an edge, and the time that the kernel gives for it.
    pub(super) fn note(&self, at: u64) {
        if self.is_timed.load(Ordering::Relaxed) {
            let late = Clock::real().now().as_nanos().saturating_sub(at);
            if let Ok(mut all) = self.late.lock() {
                all.push(late as f64);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// One of those that are compared: what drives its line, and what it has seen.
pub(super) struct Side {
    drive: Drive,
    is_high: bool,
    driven: u64,
    pub(super) seen: Arc<Seen>,
}

impl Side {
    /// One whose line is low.
    pub(super) fn new(drive: Drive, seen: Arc<Seen>) -> Self {
        Side { drive, is_high: false, driven: 0, seen }
    }

    fn toggle(&mut self) -> Result<(), String> {
        self.is_high = !self.is_high;
        self.driven += 1;
        (self.drive)(self.is_high).map_err(|error| error.to_string())
    }

    pub(super) fn drive(&mut self, edges: u64) -> Result<(), String> {
        (0..edges).try_for_each(|_| self.toggle())
    }

    /// How many edges have been driven and not seen.
    pub(super) fn lost(&self) -> u64 {
        self.driven - self.seen.count.load(Ordering::Relaxed)
    }

    /// Drives edges as fast as can be without an overflow, and tells what each costs in CPU time, the driver's left out.
    pub(super) fn flood(&mut self, edges: u64) -> Result<f64, String> {
        let before = consumed();
        let mut left = edges;
        while left > 0 {
            let burst = left.min(BURST);
            self.drive(burst)?;
            left -= burst;
            for _ in 0..1_000 {
                if self.lost() == 0 {
                    break;
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok((consumed() - before) as f64 / edges as f64)
    }
}

/// The CPU time of all threads but this one, in nanoseconds.
fn consumed() -> i64 {
    let [all, this] = [ClockId::ProcessCPUTime, ClockId::ThreadCPUTime].map(|clock| {
        let time = clock_gettime(clock);
        time.tv_sec * 1_000_000_000 + time.tv_nsec
    });
    all - this
}

/// Has this thread run before all that have no real-time priority; tells whether it may.
pub(super) fn go_first() -> bool {
    let priority = libc::sched_param { sched_priority: 1 };
    // SAFETY: it is about this thread alone, and the struct outlives the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &priority) == 0 }
}
