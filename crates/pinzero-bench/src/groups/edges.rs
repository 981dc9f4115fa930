//! Brings edges of a simulated chip to a callback, next to the simplest code for that: epoll, a read and a call.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{EdgeDetection, EventClock};
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

const BASELINE: &str = "bare epoll, read and call";

/// As many edges as the kernel is asked to keep.
const QUEUE: u32 = 1024;

/// Edges in a row that the kernel's queue has room for.
const BURST: u64 = 512;

/// Edges in a row that the queue has no room for.
const OVERFLOW: u64 = 2_000;

/// The most edges in one read of the baseline, as in pinzero.
const BATCH: usize = 64;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let gpio = gpio();
    let button = Button::builder(OURS).pull_up(None).active_state(true).gpio(&gpio).open();
    let button = button.map_err(|error| error.to_string())?;
    let mut ours = Driven::new(OURS)?;
    for is_press in [true, false] {
        let seen = ours.seen.clone();
        let note = move |event: pinzero::Event| seen.note(event.at.as_nanos());
        _ = if is_press { button.when_pressed(note) } else { button.when_released(note) };
    }
    let mut theirs = Driven::new(THEIRS)?;
    baseline(THEIRS, theirs.seen.clone())?;
    if !bench.is_short {
        latency(bench, &mut ours, &mut theirs)?;
    }
    // From here on consumers run when this thread sleeps, so they find bursts. Without the limit to what real-time priority
    // may take of a second, they would run in between.
    fs::write("/proc/sys/kernel/sched_rt_runtime_us", "-1").map_err(|error| error.to_string())?;
    go_first()?;
    let edges = if bench.is_short { 10 * BURST } else { 200_000 };
    let what = format!("a flood of {edges} edges");
    let costs = (ours.flood(edges)?, theirs.flood(edges)?);
    bench.counted(&what, ours.lost() as f64, None, "edges lost in pinzero", Target::Exactly(0.0));
    if !bench.is_short {
        bench.timed(&what, costs.0, Some((BASELINE, costs.1)), "ns of CPU an edge", Target::Ratio(1.25));
    }
    overflow(bench, &button, &mut ours)
}

/// Edges at 1 kHz, by turns on the two lines: from the kernel's interrupt to the callback.
fn latency(bench: &Bench, ours: &mut Driven, theirs: &mut Driven) -> Result<(), String> {
    const SHARES: [(&str, f64, f64); 2] = [("p50", 0.5, 1.3), ("p90", 0.9, 1.5)];
    let mut best = [[f64::INFINITY; 2]; SHARES.len()];
    for _ in 0..5 {
        for _ in 0..400 {
            for driven in [&mut *ours, &mut *theirs] {
                driven.seen.is_timed.store(true, Ordering::Relaxed);
                driven.drive(1)?;
                thread::sleep(Duration::from_micros(500));
            }
        }
        for (index, driven) in [&*ours, &*theirs].into_iter().enumerate() {
            driven.seen.is_timed.store(false, Ordering::Relaxed);
            let mut late = std::mem::take(&mut *driven.seen.late.lock().map_err(|error| error.to_string())?);
            for (best, (_, share, _)) in best.iter_mut().zip(SHARES) {
                best[index] = best[index].min(quantile(&mut late, share));
            }
        }
    }
    for ([ours, theirs], (name, _, most)) in best.into_iter().zip(SHARES) {
        let what = format!("edge of a simulated chip to callback at 1 kHz, {name}");
        bench.timed(&what, ours / 1e3, Some((BASELINE, theirs / 1e3)), "us", Target::Ratio(most));
    }
    Ok(())
}

/// More edges at once than the kernel keeps.
fn overflow(bench: &Bench, button: &Button, ours: &mut Driven) -> Result<(), String> {
    // After a pause: the scheduler lets others run once a second, and a burst that is read in two parts may have lost an
    // odd number of edges between them, so that the next is no change and calls nobody.
    thread::sleep(Duration::from_millis(1_200));
    ours.drive(OVERFLOW)?;
    // By then the rest of the burst has arrived.
    thread::sleep(Duration::from_millis(500));
    let unknown = ours.lost().abs_diff(button.missed());
    let what = format!("{OVERFLOW} edges in a row");
    // After a gap of an odd number the next edge is no change of level and calls nobody: it is seen, but not here. Where the
    // scheduler lets the reader in between, there are two gaps.
    bench.counted(&what, unknown as f64, None, "edges neither told nor counted as lost", Target::Most(2.0));
    Ok(())
}

/// The edges that a callback has received.
#[derive(Debug, Default)]
struct Seen {
    count: AtomicU64,
    is_timed: AtomicBool,
    /// From the kernel's interrupt to the callback, in nanoseconds.
    late: Mutex<Vec<f64>>,
}

impl Seen {
    /// Takes an edge, and the time that the kernel gives for it.
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

/// A line that is driven from outside, and what has been seen of that.
struct Driven {
    pull: File,
    is_high: bool,
    edges: u64,
    seen: Arc<Seen>,
}

impl Driven {
    /// A line of the chip, which is low.
    fn new(line: u32) -> Result<Self, String> {
        let path = format!("/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio{line}/pull");
        let pull = File::options().write(true).open(&path).map_err(|error| format!("{path}: {error}"))?;
        Ok(Driven { pull, is_high: false, edges: 0, seen: Arc::default() })
    }

    fn drive(&mut self, edges: u64) -> Result<(), String> {
        for _ in 0..edges {
            self.is_high = !self.is_high;
            self.edges += 1;
            let pull: &[u8] = if self.is_high { b"pull-up" } else { b"pull-down" };
            self.pull.write_all_at(pull, 0).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Returns how many edges have been driven and not seen.
    fn lost(&self) -> u64 {
        self.edges - self.seen.count.load(Ordering::Relaxed)
    }

    /// Drives edges as fast as can be without an overflow; returns what each costs in CPU time, the driver's left out.
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

/// Starts the least that brings edges to a callback; it ends with the process.
fn baseline(line: u32, seen: Arc<Seen>) -> Result<(), String> {
    let mut builder = Request::builder();
    builder.on_chip(CHIP).with_line(line).as_input();
    builder.with_edge_detection(EdgeDetection::BothEdges).with_event_clock(EventClock::Monotonic);
    let request =
        builder.with_kernel_event_buffer_size(QUEUE).request().map_err(|error| error.to_string())?;
    let poller = epoll::create(CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
    epoll::add(&poller, &request, EventData::new_u64(0), EventFlags::IN)
        .map_err(|error| error.to_string())?;
    let mut callback: Box<dyn FnMut(u64) + Send> = Box::new(move |at| seen.note(at));
    thread::spawn(move || {
        let size = request.edge_event_u64_size();
        let mut buffer = vec![0; BATCH * size];
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 1];
        while epoll::wait(&poller, &mut events, None).is_ok() {
            let Ok(words) = request.read_edge_events_into_slice(&mut buffer) else { return };
            for words in buffer[..words].chunks_exact(size) {
                let Ok(event) = request.edge_event_from_slice(words) else { return };
                callback(event.timestamp_ns);
            }
        }
    });
    Ok(())
}

/// Returns the CPU time of all threads but this one, in nanoseconds.
fn consumed() -> i64 {
    let [all, this] = [ClockId::ProcessCPUTime, ClockId::ThreadCPUTime].map(|clock| {
        let time = clock_gettime(clock);
        time.tv_sec * 1_000_000_000 + time.tv_nsec
    });
    all - this
}

/// Gives this thread priority over all threads without real-time priority.
fn go_first() -> Result<(), String> {
    let priority = libc::sched_param { sched_priority: 1 };
    // SAFETY: the call is about this thread alone, and the struct outlives it.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &priority) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error().to_string()) }
}
