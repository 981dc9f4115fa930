//! Edges of a simulated chip, from the kernel to a callback.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::{EdgeDetection, EventClock};
use pinzero::Button;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use crate::bench::Bench;
use crate::row::Target;

use super::cdev::{CHIP, gpio};
use super::sides::{BARE, BATCH, BURST, Drive, Seen, Side, button, go_first, latency};

const OURS: u32 = 17;
const THEIRS: u32 = 27;

/// As many edges as the kernel is asked to keep.
const QUEUE: u32 = 1024;

/// Edges in a row that it has no room for.
const OVERFLOW: u64 = 2_000;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let gpio = gpio();
    let (button, seen) = button(&gpio, OURS)?;
    let mut ours = Side::new(pull(OURS)?, seen);
    let seen = Arc::new(Seen::default());
    bare(THEIRS, seen.clone())?;
    let mut theirs = Side::new(pull(THEIRS)?, seen);

    if !bench.is_short {
        // To be seen only: what decides is measured on a kernel whose clock can be read without a system call.
        let what = "edge of a simulated chip to callback at 1 kHz";
        latency(bench, what, &mut ours, &mut theirs, [Target::None; 2])?;
    }
    // From here on, consumers run when the driver sleeps: so they find bursts. Without the limit to what real-time priority
    // may take of a second, which would let them run in between.
    if let Err(error) = fs::write("/proc/sys/kernel/sched_rt_runtime_us", "-1") {
        bench.skipped("a flood of edges", &error.to_string());
        return Ok(());
    }
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
        // The rig's kernel counts a process's time in steps of ten milliseconds: of fewer edges it tells nothing.
        for edges in [20_000, 50_000, 100_000] {
            bench.point("edges", "pinzero on cdev", edges as f64, ours.flood(edges)?);
            bench.point("edges", "bare epoll on cdev", edges as f64, theirs.flood(edges)?);
        }
    }
    overflow(bench, &button, &mut ours, &mut theirs)
}

/// More edges at once than the kernel keeps.
fn overflow(bench: &Bench, button: &Button, ours: &mut Side, theirs: &mut Side) -> Result<(), String> {
    for side in [&mut *ours, &mut *theirs] {
        // After a pause: the scheduler lets others run once a second, and a burst that is read in two parts may have lost an
        // odd number of edges between them, so that the next is no change and calls nobody.
        thread::sleep(Duration::from_millis(1_200));
        side.drive(OVERFLOW)?;
        // What is left of it has been seen by then.
        thread::sleep(Duration::from_millis(500));
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
    // After a gap of an odd number the next edge is no change of level and calls nobody: it is seen, but not here. Where the
    // scheduler lets the reader in between, there are two gaps.
    bench.counted(&what, unknown as f64, None, "edges neither told nor counted as lost", Target::Most(2.0));
    Ok(())
}

/// Drives a line of the chip.
fn pull(line: u32) -> Result<Drive, String> {
    let path = format!("/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio{line}/pull");
    let pull = File::options().write(true).open(&path).map_err(|error| format!("{path}: {error}"))?;
    Ok(Box::new(move |high| pull.write_all_at(if high { b"pull-up" } else { b"pull-down" }, 0)))
}

/// Starts the least that brings edges to a callback; it ends with the process.
fn bare(line: u32, seen: Arc<Seen>) -> Result<(), String> {
    let mut builder = Request::builder();
    builder.on_chip(CHIP).with_line(line).as_input();
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
