//! A thousand LEDs that blink, beside one bare timer thread that does the same writes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU64;
use std::thread;
use std::time::Duration;

use pinzero::{Gpio, Led};
use pinzero_core::Level;
use pinzero_core::factory::OutputPin;
use pinzero_core::time::{Clock, Instant, us};
use rustix::thread::{ClockId, clock_nanosleep_absolute, set_current_timer_slack};
use rustix::time::Timespec;
use serde::{Deserialize, Serialize};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::process;
use crate::row::Target;
use crate::time::quantile;
use crate::tracks::Tracks;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("blink", |half| count::tell(measure(half, ours))),
    ("blink-bare", |half| count::tell(measure(half, theirs))),
];

const LEDS: usize = 1000;

/// The LEDs are started so long after one another, so that the timelines of both are the same.
const APART: Duration = us(10);

/// How long they are watched, and how long before that they are left alone.
const WATCHED: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_millis(500);

/// Watches them for so many seconds, to see whether they drift.
const SOAK: &str = "PINZERO_BENCH_SOAK";

const ROUNDS: usize = 3;

const BARE: &str = "one bare timer thread";

/// How they have blinked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Blinked {
    /// Beside the program's own.
    threads: u64,
    /// Of one processor, in percent.
    load: f64,
    /// How much later than due the writes were, in microseconds: the median, and what 90 and 99 % do not exceed.
    late: [f64; 3],
    /// How much more than it should a period takes in the mean, in millionths.
    drift: f64,
}

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    for (rate, half) in [(1, 500), (10, 50)] {
        let what = format!("1,000 `Led`s blinking at {rate} Hz");
        let mut blinked = Vec::new();
        let mut bare = Vec::new();
        let rounds = if bench.is_short || soak().is_some() { 1 } else { ROUNDS };
        for _ in 0..rounds {
            blinked.push(count::figures::<Blinked>("blink", half)?);
            if !bench.is_short {
                bare.push(count::figures::<Blinked>("blink-bare", half)?);
            }
        }
        let threads = blinked.iter().map(|blinked| blinked.threads).max().unwrap_or_default();
        bench.counted(&what, threads as f64, None, "threads of ours", Target::Exactly(2.0));
        if bench.is_short {
            return Ok(());
        }
        let row = |unit, target, figure: fn(&Blinked) -> f64| {
            let best = |all: &[Blinked]| all.iter().map(figure).fold(f64::INFINITY, f64::min);
            bench.timed(&what, best(&blinked), Some((BARE, best(&bare))), unit, target);
        };
        row("% of a processor", Target::Ratio(1.3), |blinked| blinked.load);
        row("us late, p50", Target::None, |blinked| blinked.late[0]);
        row("us late, p90", Target::Ratio(1.2), |blinked| blinked.late[1]);
        row("us late, p99", Target::Ratio(1.2), |blinked| blinked.late[2]);
        let drift = blinked.iter().map(|blinked| blinked.drift.abs()).fold(f64::INFINITY, f64::min);
        bench.timed(&what, drift, None, "millionths of drift", Target::Most(100.0));
    }
    Ok(())
}

fn soak() -> Option<Duration> {
    std::env::var(SOAK).ok()?.parse().ok().map(Duration::from_secs)
}

/// Watches what `start` sets going, which ends with what it returns.
fn measure<T>(half: u64, start: fn(Tracks, Duration) -> Result<T, String>) -> Result<Blinked, String> {
    let half = Duration::from_millis(half);
    let watched = soak().unwrap_or(WATCHED);
    let most = (WARM_UP + watched).as_nanos() / half.as_nanos() + 8;
    let tracks = Tracks::new(LEDS, most as usize);
    let running = start(tracks.clone(), half)?;
    thread::sleep(WARM_UP);
    let (before, began) = (process::time(), Clock::real().now());
    thread::sleep(watched);
    let (used, ended) = (process::time() - before, Clock::real().now());
    let threads = process::threads()? - 1;
    let late = lateness(&tracks, half, began, ended);
    drop(running);
    Ok(Blinked {
        threads,
        load: used.as_secs_f64() / (ended - began).as_secs_f64() * 100.0,
        late: [0.5, 0.9, 0.99].map(|share| best(&late, share)),
        drift: drift(&late),
    })
}

/// The writes of that time: when in it they were, in seconds, and how late, in microseconds.
///
/// They are late in their cycle: after a pause that is longer whole cycles may be left out, but the beat is kept.
fn lateness(tracks: &Tracks, half: Duration, began: Instant, ended: Instant) -> Vec<(f64, f64)> {
    let half = half.as_nanos() as i64;
    let (began, ended) = (began.as_nanos(), ended.as_nanos());
    let mut all = Vec::new();
    for track in tracks.iter() {
        let writes = track.writes();
        // The first write is where the line's own time begins; it may itself have been a moment late.
        let Some((start, _)) = writes.first().copied() else { continue };
        for (at, level) in writes.iter().filter(|(at, _)| (began..ended).contains(at)) {
            let phase = if level.is_high() { 0 } else { half };
            let off = (*at as i64 - start as i64 - phase + half / 2).rem_euclid(2 * half) - half / 2;
            all.push(((at - began) as f64 / 1e9, off as f64 / 1e3));
        }
    }
    all
}

/// What a share of the writes does not exceed in the best quarter of a second: on a busy machine a pause spoils a whole
/// volley of them.
fn best(late: &[(f64, f64)], share: f64) -> f64 {
    let last = late.iter().fold(0.0, |last: f64, (at, _)| last.max(*at));
    let quarters = (0..(last * 4.0).ceil() as u64).map(|quarter| quarter as f64 / 4.0);
    // Without a write in it there is no number, which `min` passes over.
    quarters.map(|from| quantile(&mut between(late, from, from + 0.25), share)).fold(f64::INFINITY, f64::min)
}

/// By how many millionths the mean period is too long: by what the punctual writes of the first and the last third differ.
fn drift(late: &[(f64, f64)]) -> f64 {
    let last = late.iter().fold(0.0, |last: f64, (at, _)| last.max(*at));
    let punctual = |from, to| quantile(&mut between(late, from, to), 0.1);
    // Microseconds by seconds.
    (punctual(last * 2.0 / 3.0, last) - punctual(0.0, last / 3.0)) / (last * 2.0 / 3.0)
}

fn between(late: &[(f64, f64)], from: f64, to: f64) -> Vec<f64> {
    late.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, late)| *late).collect()
}

/// Does something with each LED, one after the other.
fn one_by_one(mut start: impl FnMut(usize) -> Result<(), String>) -> Result<(), String> {
    let clock = Clock::real();
    for index in 0..LEDS {
        let began = clock.now();
        start(index)?;
        // After a pause the next ones keep their distance all the same: together they would cost less.
        while clock.now() < began + APART {
            std::hint::spin_loop();
        }
    }
    Ok(())
}

fn ours(tracks: Tracks, half: Duration) -> Result<Vec<Led>, String> {
    // Without the exit guard, which has a thread for the whole program.
    let gpio = Gpio::builder(tracks).exit_guard(false).open().map_err(|error| error.to_string())?;
    let open = |pin| Led::builder(pin as u32).gpio(&gpio).open();
    let leds = (0..LEDS).map(open).collect::<Result<Vec<Led>, _>>().map_err(|error| error.to_string())?;
    one_by_one(|index| leds[index].blink(half, half).map(drop).map_err(|error| error.to_string()))?;
    Ok(leds)
}

/// What is to be done next: when, to which line, and what.
type Step = Reverse<(Instant, usize, bool)>;

fn theirs(tracks: Tracks, half: Duration) -> Result<(), String> {
    let pins = tracks.pins();
    let mut steps = BinaryHeap::with_capacity(LEDS);
    one_by_one(|index| {
        let at = Clock::real().now();
        pins[index].set(Level::High).map_err(|error| error.to_string())?;
        steps.push(Reverse((at + half, index, false)));
        Ok(())
    })?;
    thread::spawn(move || drive(&pins, steps, half));
    Ok(())
}

/// The least that a timeline can be: a heap of deadlines, and one sleep to each.
fn drive(pins: &[Box<dyn OutputPin>], mut steps: BinaryHeap<Step>, half: Duration) {
    // As punctual as a timer that is no thread's own. It is for the better if that cannot be had.
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    let clock = Clock::real();
    while let Some(Reverse((first, ..))) = steps.peek() {
        let at = first.as_nanos();
        let until = Timespec { tv_sec: (at / 1_000_000_000) as i64, tv_nsec: (at % 1_000_000_000) as i64 };
        // Woken too early, it finds nothing to do.
        let _ = clock_nanosleep_absolute(ClockId::Monotonic, &until);
        let now = clock.now();
        while let Some(mut step) = steps.peek_mut() {
            let Reverse((at, index, is_on)) = &mut *step;
            if *at > now {
                break;
            }
            let _ = pins[*index].set(Level::from(*is_on));
            (*at, *is_on) = (*at + half, !*is_on);
        }
    }
}
