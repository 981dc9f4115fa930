//! Edges of a simulated chip, from the kernel to a callback.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, EventClock};
use pinzero::Button;
use pinzero_core::time::Clock;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::time::{ClockId, clock_gettime};

use crate::bench::Bench;
use crate::row::Target;
use crate::time::quantile;

use super::cdev::{CHIP, gpio};

const OURS: u32 = 17;
const THEIRS: u32 = 27;

/// What pinzero is compared with.
const BARE: &str = "bare epoll, read and call";

/// As many edges as the kernel is asked to keep.
const QUEUE: u32 = 1024;

/// What one read fetches at most, here and in pinzero.
const BATCH: usize = 64;

/// Edges in a row that the kernel's queue has room for.
const BURST: u64 = 512;

/// Edges in a row that it has no room for.
const OVERFLOW: u64 = 5_000;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let gpio = gpio();
    let button = Button::builder(OURS).pull_up(false).on(&gpio).open().map_err(|error| error.to_string())?;
    let ours = Arc::new(Seen::default());
    for rising in [true, false] {
        let seen = ours.clone();
        let note = move |event: &pinzero::Event| seen.note(event.at.as_nanos());
        _ = if rising { button.when_pressed(note) } else { button.when_released(note) };
    }
    let theirs = Arc::new(Seen::default());
    bare(THEIRS, theirs.clone())?;
    let mut ours = Side { wire: Wire::new(OURS)?, seen: ours };
    let mut theirs = Side { wire: Wire::new(THEIRS)?, seen: theirs };

    if !bench.is_short {
        latency(bench, &mut ours, &mut theirs)?;
        bench.skipped("edge to callback on another CPU", "the rig has one");
    }
    // From here on, consumers run when the driver sleeps: so they find bursts.
    if !go_first() {
        bench.skipped("a flood of edges", "no real-time priority");
        return Ok(());
    }
    let edges = if bench.is_short { 10 * BURST } else { 200_000 };
    let costs = (ours.flood(edges)?, theirs.flood(edges)?);
    let what = format!("a flood of {edges} edges");
    bench.counted(&what, ours.lost() as f64, None, "edges lost in pinzero", Target::Exactly(0.0));
    if !bench.is_short {
        bench.timed(&what, costs.0, Some((BARE, costs.1)), "ns of CPU an edge", Target::Ratio(1.25));
        for edges in [1, 10, 100, 1_000, 10_000, 100_000] {
            bench.point("edges", "pinzero on cdev", edges as f64, ours.flood(edges)?);
            bench.point("edges", BARE, edges as f64, theirs.flood(edges)?);
        }
    }
    overflow(bench, &button, &mut ours, &mut theirs)
}

/// Edges at 1 kHz, by turns on the two lines.
fn latency(bench: &Bench, ours: &mut Side, theirs: &mut Side) -> Result<(), String> {
    let mut best = [[f64::INFINITY; 2]; 3];
    const SHARES: [f64; 3] = [0.5, 0.9, 0.99];
    for _ in 0..5 {
        for side in [&*ours, &*theirs] {
            side.seen.is_timed.store(true, Ordering::Relaxed);
        }
        for _ in 0..400 {
            for side in [&mut *ours, &mut *theirs] {
                side.wire.toggle()?;
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
    let targets = [("p50", Target::Ratio(1.3)), ("p90", Target::Ratio(1.5)), ("p99", Target::None)];
    for ([ours, theirs], (name, target)) in best.into_iter().zip(targets) {
        let what = format!("edge to callback at 1 kHz, {name}");
        bench.timed(&what, ours / 1e3, Some((BARE, theirs / 1e3)), "us", target);
    }
    Ok(())
}

/// More edges at once than the kernel keeps.
fn overflow(bench: &Bench, button: &Button, ours: &mut Side, theirs: &mut Side) -> Result<(), String> {
    for side in [&mut *ours, &mut *theirs] {
        side.drive(OVERFLOW)?;
        // What is left of it has been seen by then.
        thread::sleep(Duration::from_millis(200));
    }
    let missed = (button.missed(), theirs.seen.missed.load(Ordering::Relaxed));
    let what = format!("{OVERFLOW} edges in a row");
    bench.counted(
        &what,
        missed.0 as f64,
        Some((BARE, missed.1 as f64)),
        "edges dropped by the kernel",
        Target::None,
    );
    let unknown = ours.lost().abs_diff(missed.0);
    bench.counted(
        &what,
        unknown as f64,
        None,
        "edges neither seen nor counted as lost",
        Target::Exactly(0.0),
    );
    Ok(())
}

/// What a callback has seen.
#[derive(Debug, Default)]
struct Seen {
    count: AtomicU64,
    missed: AtomicU64,
    is_timed: AtomicBool,
    /// From the kernel's interrupt to the callback, in nanoseconds.
    late: Mutex<Vec<f64>>,
}

impl Seen {
    /// The callback: takes an edge, and the time that the kernel gives for it.
    fn note(&self, at: u64) {
        if self.is_timed.load(Ordering::Relaxed) {
            let late = Clock::real().now().as_nanos().saturating_sub(at);
            if let Ok(mut all) = self.late.lock() {
                all.push(late as f64);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// One of those that are compared: its line, and what it has seen.
#[derive(Debug)]
struct Side {
    wire: Wire,
    seen: Arc<Seen>,
}

impl Side {
    fn drive(&mut self, edges: u64) -> Result<(), String> {
        (0..edges).try_for_each(|_| self.wire.toggle())
    }

    /// How many edges have been driven and not seen.
    fn lost(&self) -> u64 {
        self.wire.driven - self.seen.count.load(Ordering::Relaxed)
    }

    /// Drives edges as fast as can be without an overflow, and tells what each costs in CPU time, the driver's left out.
    fn flood(&mut self, edges: u64) -> Result<f64, String> {
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

/// What drives a line from outside.
#[derive(Debug)]
struct Wire {
    pull: File,
    is_high: bool,
    driven: u64,
}

impl Wire {
    fn new(line: u32) -> Result<Self, String> {
        let path = format!("/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio{line}/pull");
        let pull = File::options().write(true).open(&path).map_err(|error| format!("{path}: {error}"))?;
        Ok(Wire { pull, is_high: false, driven: 0 })
    }

    fn toggle(&mut self) -> Result<(), String> {
        self.is_high = !self.is_high;
        self.driven += 1;
        let pull: &[u8] = if self.is_high { b"pull-up" } else { b"pull-down" };
        self.pull.write_all_at(pull, 0).map_err(|error| error.to_string())
    }
}

/// Starts the least that brings edges to a callback; it ends with the process.
fn bare(line: u32, seen: Arc<Seen>) -> Result<(), String> {
    let mut builder = Request::builder();
    builder.on_chip(CHIP).with_line(line).as_input().with_bias(Bias::PullDown);
    builder.with_edge_detection(EdgeDetection::BothEdges).with_event_clock(EventClock::Monotonic);
    let request =
        builder.with_kernel_event_buffer_size(QUEUE).request().map_err(|error| error.to_string())?;
    let poller = epoll::create(CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
    epoll::add(&poller, &request, EventData::new_u64(0), EventFlags::IN)
        .map_err(|error| error.to_string())?;
    let missed = seen.clone();
    let mut callback: Box<dyn FnMut(u64) + Send> = Box::new(move |at| seen.note(at));
    thread::spawn(move || {
        let size = request.edge_event_u64_size();
        let mut buffer = vec![0; BATCH * size];
        let mut last = 0;
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 1];
        while epoll::wait(&poller, &mut events, None).is_ok() {
            let Ok(words) = request.read_edge_events_into_slice(&mut buffer) else { return };
            for words in buffer[..words].chunks_exact(size) {
                let Ok(event) = request.edge_event_from_slice(words) else { return };
                missed.missed.fetch_add(u64::from(event.line_seqno - last - 1), Ordering::Relaxed);
                last = event.line_seqno;
                callback(event.timestamp_ns);
            }
        }
    });
    Ok(())
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
fn go_first() -> bool {
    let priority = libc::sched_param { sched_priority: 1 };
    // SAFETY: it is about this thread alone, and the struct outlives the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &priority) == 0 }
}
