//! Software PWM, beside the two ways that others do it, and beside lgpio's own. lgpio writes to a chip of `peers/lgpio.c`, which
//! notes the time in place of the kernel, as our tracks do.

use std::num::NonZeroU64;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use pinzero::{Gpio, PwmOutputDevice};
use pinzero_core::Level;
use pinzero_core::factory::OutputPin;
use pinzero_core::time::{Clock, Instant, us};
use rustix::thread::{ClockId, clock_nanosleep_absolute, set_current_timer_slack};
use rustix::time::Timespec;
use serde::{Deserialize, Serialize};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::process;
use crate::python::Lgpio;
use crate::row::Target;
use crate::time::quantile;
use crate::tracks::Tracks;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("pwm-1", |rate| count::tell(measure(1, rate, ours))),
    ("pwm-8", |rate| count::tell(measure(8, rate, ours))),
    ("pwm-absolute-1", |rate| count::tell(measure(1, rate, absolute))),
    ("pwm-absolute-8", |rate| count::tell(measure(8, rate, absolute))),
    ("pwm-rppal-1", |rate| count::tell(measure(1, rate, like_rppal))),
    ("pwm-rppal-8", |rate| count::tell(measure(8, rate, like_rppal))),
];

/// How much of a cycle the line is high.
const DUTY: f64 = 0.3;

/// How long it is watched, and how long before that it is left alone.
const WATCHED: Duration = Duration::from_millis(1500);
const WARM_UP: Duration = Duration::from_millis(300);

const ROUNDS: usize = 2;

const PROCESSOR: &str = "% of a processor";

/// How long before a write the bare timeline wakes up.
const MARGIN: Duration = us(100);

const ABSOLUTE: &str = "absolute deadlines and a spin";
const RPPAL: &str = "rppal's way";
const LGPIO: &str = "lgpio 0.2.2, `lgTxPwm`";

/// What lines were written to while they were watched.
#[derive(Debug, Deserialize)]
struct Seen {
    /// Of each line, in order: the time in nanoseconds, and whether it became high.
    writes: Vec<Vec<(u64, bool)>>,
    /// Between which times.
    began: u64,
    ended: u64,
    /// The seconds that the process had of the processors then.
    used: f64,
    threads: u64,
}

/// What pulses were like.
#[derive(Debug, Serialize, Deserialize)]
struct Pulses {
    /// Beside the program's own.
    threads: u64,
    /// Of one processor, in percent.
    load: f64,
    /// How far periods are from what they should be, in microseconds: the median, and what 90 % do not exceed.
    period: [f64; 2],
    /// And widths.
    width: [f64; 2],
    /// How far the frequency of the median period is from what it should be, in millionths.
    frequency: f64,
}

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    if bench.is_short {
        for channels in [1, 8] {
            let pulses: Pulses = count::figures(&format!("pwm-{channels}"), 100)?;
            threads(bench, channels, &pulses);
        }
        return Ok(());
    }
    let lgpio = Lgpio::get().map_err(|why| bench.skipped(LGPIO, &why)).ok();
    for channels in [1, 8] {
        for rate in [100, 1000] {
            rows(bench, channels, rate, lgpio.as_ref())?;
        }
    }
    Ok(())
}

fn threads(bench: &Bench, channels: u64, pulses: &Pulses) {
    let what = format!("Software PWM on {channels} {}", lines(channels));
    bench.counted(&what, pulses.threads as f64, None, "threads of ours", Target::Exactly(1.0));
}

fn lines(channels: u64) -> &'static str {
    if channels == 1 { "line" } else { "lines" }
}

fn rows(bench: &Bench, channels: u64, rate: u64, lgpio: Option<&Lgpio>) -> Result<(), String> {
    let mut all: [Vec<Pulses>; 3] = Default::default();
    let mut by_lgpio = Vec::new();
    for _ in 0..ROUNDS {
        for (pulses, way) in all.iter_mut().zip(["pwm", "pwm-absolute", "pwm-rppal"]) {
            pulses.push(count::figures(&format!("{way}-{channels}"), rate)?);
        }
        if let Some(lgpio) = lgpio {
            by_lgpio.push(by(lgpio, channels, rate)?);
        }
    }
    let [ours, absolute, rppal] = &all;
    if rate == 100 {
        ours.iter().take(1).for_each(|pulses| threads(bench, channels, pulses));
    }
    let what = format!("Software PWM at {rate} Hz on {channels} {}", lines(channels));
    let best =
        |all: &[Pulses], figure: fn(&Pulses) -> f64| all.iter().map(figure).fold(f64::INFINITY, f64::min);
    let row = |unit, target, figure: fn(&Pulses) -> f64| {
        let with = Some((ABSOLUTE, best(absolute, figure)));
        bench.timed(&what, best(ours, figure), with, unit, target);
    };
    row("us of period, p50", Target::Most(1.0), |pulses| pulses.period[0]);
    row("us of period, p90", Target::None, |pulses| pulses.period[1]);
    row("us of width, p50", Target::Most(1.0), |pulses| pulses.width[0]);
    row("us of width, p90", Target::None, |pulses| pulses.width[1]);
    row("millionths of frequency", Target::Most(100.0), |pulses| pulses.frequency);
    let with = Some((RPPAL, best(rppal, |pulses| pulses.load)));
    bench.timed(&what, best(ours, |pulses| pulses.load), with, PROCESSOR, Target::Ratio(0.7));
    if lgpio.is_none() {
        return Ok(());
    }
    let row = |unit, target, figure: fn(&Pulses) -> f64| {
        bench.timed(&what, best(ours, figure), Some((LGPIO, best(&by_lgpio, figure))), unit, target);
    };
    row("us of period, p90", Target::Ratio(1.0), |pulses| pulses.period[1]);
    row("us of width, p90", Target::Ratio(1.0), |pulses| pulses.width[1]);
    row(PROCESSOR, Target::None, |pulses| pulses.load);
    Ok(())
}

/// How one way of making pulses is set going; it goes on until the process ends or what is returned is dropped.
type Start<T> = fn(Tracks, Duration) -> Result<T, String>;

fn measure<T>(channels: usize, rate: u64, start: Start<T>) -> Result<Pulses, String> {
    let most = 4 * (WARM_UP + WATCHED).as_nanos() / period(rate).as_nanos() + 16;
    let tracks = Tracks::new(channels, most as usize);
    let running = start(tracks.clone(), period(rate))?;
    thread::sleep(WARM_UP);
    let (before, began) = (process::time(), Clock::real().now());
    thread::sleep(WATCHED);
    let (used, ended) = (process::time() - before, Clock::real().now());
    let threads = process::threads()? - 1;
    drop(running);
    let writes = |(at, level): (u64, Level)| (at, level.is_high());
    let writes = tracks.iter().map(|track| track.writes().into_iter().map(writes).collect()).collect();
    let (began, ended) = (began.as_nanos(), ended.as_nanos());
    Seen { writes, began, ended, used: used.as_secs_f64(), threads }.pulses(period(rate))
}

/// lgpio, in a process of its own. It asks for no priority, and no punctual timer, and so has none, unlike ours.
fn by(lgpio: &Lgpio, channels: u64, rate: u64) -> Result<Pulses, String> {
    let mut command = lgpio.command("lgpio_pwm.py");
    command.env("LD_PRELOAD", &lgpio.object).args([channels, rate].map(|figure| figure.to_string()));
    command.args([DUTY, WARM_UP.as_secs_f64(), WATCHED.as_secs_f64()].map(|figure| figure.to_string()));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    let seen: Seen = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{command:?}: {}: {error}", output.status))?;
    seen.pulses(period(rate))
}

fn period(rate: u64) -> Duration {
    Duration::from_nanos(1_000_000_000 / rate.max(1))
}

impl Seen {
    fn pulses(&self, period: Duration) -> Result<Pulses, String> {
        let (mut periods, mut widths) = (Vec::new(), Vec::new());
        for writes in &self.writes {
            self.measure(writes, &mut periods, &mut widths);
        }
        if periods.is_empty() {
            return Err("there are no pulses".to_owned());
        }
        let nominal = period.as_nanos() as f64 / 1e3;
        let median = quantile(&mut periods, 0.5);
        let off = |values: &[f64], nominal: f64| {
            let mut off: Vec<f64> = values.iter().map(|value| (value - nominal).abs()).collect();
            [0.5, 0.9].map(|share| quantile(&mut off, share))
        };
        Ok(Pulses {
            threads: self.threads,
            load: self.used * 1e9 / (self.ended - self.began) as f64 * 100.0,
            period: off(&periods, nominal),
            width: off(&widths, nominal * DUTY),
            frequency: (nominal / median - 1.0).abs() * 1e6,
        })
    }

    /// The periods and widths of a line, in microseconds.
    fn measure(&self, writes: &[(u64, bool)], periods: &mut Vec<f64>, widths: &mut Vec<f64>) {
        let is_watched = |(at, _): &&(u64, bool)| (self.began..self.ended).contains(at);
        let mut rise: Option<u64> = None;
        for (at, is_high) in writes.iter().filter(is_watched) {
            let since = rise.map(|rise| (at - rise) as f64 / 1e3);
            if *is_high {
                periods.extend(since);
                rise = Some(*at);
            } else {
                widths.extend(since);
            }
        }
    }
}

fn ours(tracks: Tracks, period: Duration) -> Result<Vec<PwmOutputDevice>, String> {
    let channels = tracks.iter().count() as u32;
    // Without the exit guard, which has a thread for the whole program.
    let gpio = Gpio::builder(tracks).exit_guard(false).open().map_err(|error| error.to_string())?;
    let open = |pin| {
        let device = PwmOutputDevice::builder(pin).frequency(1.0 / period.as_secs_f64()).initial_value(DUTY);
        device.gpio(&gpio).open().map_err(|error| error.to_string())
    };
    (0..channels).map(open).collect()
}

/// One thread for all lines, which sleeps until shortly before the next write and spins for the rest.
fn absolute(tracks: Tracks, period: Duration) -> Result<(), String> {
    let pins = tracks.pins();
    thread::spawn(move || {
        prefer();
        let width = period.mul_f64(DUTY);
        let mut start = Clock::real().now();
        loop {
            for (at, level) in [(start, Level::High), (start + width, Level::Low)] {
                sleep_until(at - MARGIN);
                spin_until(at);
                write(&pins, level);
            }
            start += period;
        }
    });
    Ok(())
}

/// A thread for each line, which measures the phases of a cycle from its start, and spins for the last 200 us of each.
fn like_rppal(tracks: Tracks, period: Duration) -> Result<(), String> {
    const SPUN: Duration = us(200);
    const WORTH_SLEEPING: Duration = us(250);
    for pin in tracks.pins() {
        thread::spawn(move || {
            prefer();
            let clock = Clock::real();
            let width = period.mul_f64(DUTY);
            let pins = [pin];
            loop {
                let start = clock.now();
                for (level, end) in [(Level::High, start + width), (Level::Low, start + period)] {
                    write(&pins, level);
                    let left = end - clock.now();
                    if left >= WORTH_SLEEPING {
                        thread::sleep(left - SPUN);
                    }
                    spin_until(end);
                }
            }
        });
    }
    Ok(())
}

fn write(pins: &[Box<dyn OutputPin>], level: Level) {
    for pin in pins {
        // A track takes all writes.
        let _ = pin.set(level);
    }
}

fn sleep_until(at: Instant) {
    let nanos = at.as_nanos();
    let until = Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
    // Woken too early, it spins for longer.
    let _ = clock_nanosleep_absolute(ClockId::Monotonic, &until);
}

fn spin_until(at: Instant) {
    let clock = Clock::real();
    while clock.now() < at {
        std::hint::spin_loop();
    }
}

/// Asks for punctual wake-ups, as we do. Where they cannot be had nobody has them.
fn prefer() {
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    let parameters = libc::sched_param { sched_priority: 1 };
    // SAFETY: the call reads `parameters`, which lives until it returns, and changes this thread's scheduling only.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
}
