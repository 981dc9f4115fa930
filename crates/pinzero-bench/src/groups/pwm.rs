//! Makes pulses by software, next to the simplest code for that: a thread that sleeps to absolute deadlines and spins.
//! The mock's history tells when a line was written.

use std::num::NonZeroU64;
use std::thread;
use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::{Capabilities, Level, PwmOutputDevice, Servo, Support};
use pinzero_core::Output;
use pinzero_core::time::{Clock, Instant, us};
use rustix::thread::{ClockId, clock_nanosleep_absolute, set_current_timer_slack};
use rustix::time::Timespec;
use serde::{Deserialize, Serialize};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::process;
use crate::row::Target;
use crate::time::quantile;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("pwm-1", |rate| count::tell(measure(1, rate, ours))),
    ("pwm-8", |rate| count::tell(measure(8, rate, ours))),
    ("pwm-baseline-1", |rate| count::tell(measure(1, rate, baseline))),
    ("pwm-baseline-8", |rate| count::tell(measure(8, rate, baseline))),
    ("servo-busy", |rate| count::tell(servo(rate))),
];

/// How much of a cycle the line is high.
const DUTY: f64 = 0.3;

/// How long the lines are watched, and how long before that they are left alone.
const WATCHED: Duration = Duration::from_millis(1500);
const WARM_UP: Duration = Duration::from_millis(300);

const ROUNDS: usize = 2;

/// The error of lgpio's pulses (C, 1 kHz, median, measured in the same way), and of pigpio's by DMA: half of its sample of 5 us.
const LGPIO: (&str, f64) = ("lgpio in C, median", 6.3);
const DMA: (&str, f64) = ("half a sample of pigpio's DMA", 2.5);

/// How long before a write the baseline wakes up.
const MARGIN: Duration = us(100);

const BASELINE: &str = "absolute deadlines and a spin";

/// The measured pulses: medians over all of them.
#[derive(Debug, Serialize, Deserialize)]
struct Pulses {
    /// Beside the program's own.
    threads: u64,
    /// How far periods are from what they should be, in microseconds.
    period: f64,
    /// And widths.
    width: f64,
    /// How far the frequency of the median period is from what it should be, in millionths.
    frequency: f64,
}

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    for (channels, lines) in [(1, "1 line"), (8, "8 lines")] {
        let pulses: Pulses = count::figures(&format!("pwm-{channels}"), 100)?;
        let what = format!("Software PWM on {lines}");
        bench.counted(&what, pulses.threads as f64, None, "threads of ours", Target::Exactly(1.0));
        if bench.is_short {
            continue;
        }
        for rate in [100, 1000] {
            let (mut ours, mut theirs): (Vec<Pulses>, Vec<Pulses>) = Default::default();
            for _ in 0..ROUNDS {
                ours.push(count::figures(&format!("pwm-{channels}"), rate)?);
                theirs.push(count::figures(&format!("pwm-baseline-{channels}"), rate)?);
            }
            let what = format!("Software PWM at {rate} Hz on {lines}");
            let row = |unit, most, figure: fn(&Pulses) -> f64| {
                let best = |all: &[Pulses]| all.iter().map(figure).fold(f64::INFINITY, f64::min);
                bench.timed(&what, best(&ours), Some((BASELINE, best(&theirs))), unit, Target::Most(most));
            };
            row("us of period, p50", 1.0, |pulses| pulses.period);
            row("us of width, p50", 1.0, |pulses| pulses.width);
            row("millionths of frequency", 100.0, |pulses| pulses.frequency);
        }
    }
    if !bench.is_short {
        let mut best: Option<Pulse> = None;
        for _ in 0..ROUNDS {
            let pulse: Pulse = count::figures("servo-busy", 50)?;
            best = Some(best.filter(|best| best.p90 <= pulse.p90).unwrap_or(pulse));
        }
        let Pulse { p50, p90 } = best.ok_or("no round")?;
        let what = "The pulse of a Servo at 50 Hz in software, beside a busy core";
        bench.timed(what, p50, Some(DMA), "us of width, p50", Target::None);
        bench.timed(what, p90, Some(LGPIO), "us of width, p90", Target::Most(20.0));
    }
    Ok(())
}

/// How far a servo's pulses are from what they should be, in microseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Pulse {
    p50: f64,
    p90: f64,
}

/// Measures a servo's pulses while another thread keeps a processor busy.
fn servo(rate: u64) -> Result<Pulse, String> {
    const MIDDLE: Duration = Duration::from_micros(1500);
    let outputs = Capabilities { output: Support::Native, ..Capabilities::NONE };
    let gpio = mock::builder().capabilities(outputs).realtime().exit_guard(false).open();
    let frame = Duration::from_nanos(1_000_000_000 / rate.max(1));
    let servo =
        Servo::builder(18).frame_width(frame).gpio(&gpio).open().map_err(|error| error.to_string())?;
    thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    thread::sleep(WARM_UP + 2 * WATCHED);
    drop(servo);
    let history = gpio.line(18).history();
    let widths = history.windows(2).filter(|pair| pair[0].1.is_high()).map(|pair| pair[1].0 - pair[0].0);
    let mut off: Vec<f64> = widths.map(|width| width.abs_diff(MIDDLE).as_nanos() as f64 / 1e3).collect();
    if off.is_empty() {
        return Err("there are no pulses".to_owned());
    }
    Ok(Pulse { p50: quantile(&mut off, 0.5), p90: quantile(&mut off, 0.9) })
}

/// Sets pulses going on so many lines; they go on until the process ends or what is returned is dropped.
type Start<T> = fn(&MockGpio, u32, Duration) -> pinzero::Result<T>;

fn measure<T>(channels: u32, rate: u64, start: Start<T>) -> Result<Pulses, String> {
    let period = Duration::from_nanos(1_000_000_000 / rate.max(1));
    let outputs = Capabilities { output: Support::Native, ..Capabilities::NONE };
    // Without the exit guard, which has a thread for the whole program.
    let gpio = mock::builder().capabilities(outputs).realtime().exit_guard(false).open();
    let running = start(&gpio, channels, period).map_err(|error| error.to_string())?;
    thread::sleep(WARM_UP);
    let began = gpio.elapsed();
    thread::sleep(WATCHED);
    let ended = gpio.elapsed();
    let threads = process::threads()? - 1;
    drop(running);
    let (mut periods, mut widths) = (Vec::new(), Vec::new());
    for line in 0..channels {
        let mut history = gpio.line(line).history();
        history.retain(|(at, _)| (began..ended).contains(at));
        let mut rise: Option<Duration> = None;
        for (at, level) in history {
            let since = rise.map(|rise| (at - rise).as_nanos() as f64 / 1e3);
            if level.is_high() {
                periods.extend(since);
                rise = Some(at);
            } else {
                widths.extend(since);
            }
        }
    }
    if periods.is_empty() {
        return Err("there are no pulses".to_owned());
    }
    let nominal = period.as_nanos() as f64 / 1e3;
    let frequency = (nominal / quantile(&mut periods, 0.5) - 1.0).abs() * 1e6;
    let off = |values: &[f64], nominal: f64| {
        let mut off: Vec<f64> = values.iter().map(|value| (value - nominal).abs()).collect();
        quantile(&mut off, 0.5)
    };
    Ok(Pulses { threads, period: off(&periods, nominal), width: off(&widths, nominal * DUTY), frequency })
}

fn ours(gpio: &MockGpio, channels: u32, period: Duration) -> pinzero::Result<Vec<PwmOutputDevice>> {
    let frequency = 1.0 / period.as_secs_f64();
    let open = |pin| PwmOutputDevice::builder(pin).frequency(frequency).initial_value(DUTY).gpio(gpio).open();
    (0..channels).map(open).collect()
}

/// One thread for all lines, which sleeps until shortly before the next write and spins for the rest.
fn baseline(gpio: &MockGpio, channels: u32, period: Duration) -> pinzero::Result<()> {
    let outputs: pinzero::Result<Vec<Output>> = (0..channels).map(|pin| gpio.output(pin).open()).collect();
    let outputs = outputs?;
    thread::spawn(move || {
        ask_for_punctual_wake_ups();
        let clock = Clock::real();
        let width = period.mul_f64(DUTY);
        let mut start = clock.now();
        loop {
            for (at, level) in [(start, Level::High), (start + width, Level::Low)] {
                sleep_until(at - MARGIN);
                while clock.now() < at {
                    std::hint::spin_loop();
                }
                // The mock takes all writes.
                outputs.iter().for_each(|output| drop(output.set(level)));
            }
            start += period;
        }
    });
    Ok(())
}

fn sleep_until(at: Instant) {
    let nanos = at.as_nanos();
    let until = Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 };
    // Woken too early, the thread spins for longer.
    let _ = clock_nanosleep_absolute(ClockId::Monotonic, &until);
}

/// Asks for what pinzero asks for. Where the system refuses, it refuses both.
fn ask_for_punctual_wake_ups() {
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    let parameters = libc::sched_param { sched_priority: 1 };
    // SAFETY: the call reads `parameters`, which lives until it returns, and changes this thread's scheduling only.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
}
