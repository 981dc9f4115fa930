//! From one device to a thousand.

use std::thread;
use std::time::{Duration, Instant};

use pinzero::{Button, Gpio, Led, mock};
use pinzero_core::board::Board;
use serde::{Deserialize, Serialize};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::process;
use crate::row::Target;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("leds-by-100", |times| by(100, times, led)),
    ("leds-by-1000", |times| by(1000, times, led)),
    ("buttons-by-100", |times| by(100, times, button)),
    ("buttons-by-1000", |times| by(1000, times, button)),
    ("idle-leds", |times| count::tell(idle(times, &[led]))),
    ("idle-buttons", |times| count::tell(idle(times, &[button]))),
    ("idle-board", |times| count::tell(idle(times, &[led, button]))),
];

const KINDS: [(&str, &str, Open); 2] = [("`Led`", "leds", led), ("`Button`", "buttons", button)];

const NUMBERS: [u64; 4] = [1, 10, 100, 1000];

/// How much dearer one of a thousand devices may be than one of a hundred.
const GROWTH: f64 = 1.5;

/// How long devices are watched while nothing happens.
const WATCHED: Duration = Duration::from_secs(2);

/// Opens a device that lives until it is dropped.
type Open = fn(&Gpio, u64) -> Result<Box<dyn Send>, String>;

fn led(gpio: &Gpio, pin: u64) -> Result<Box<dyn Send>, String> {
    let led = Led::builder(pin as u32).gpio(gpio).open();
    Ok(Box::new(led.map_err(|error| error.to_string())?))
}

fn button(gpio: &Gpio, pin: u64) -> Result<Box<dyn Send>, String> {
    let button = Button::builder(pin as u32).gpio(gpio).open();
    Ok(Box::new(button.map_err(|error| error.to_string())?))
}

/// A mock with room for them, on a clock and with threads as a real factory has.
fn wide_mock(pins: u64) -> Result<mock::MockGpio, String> {
    let builder = mock::builder().board(Board::generic(pins as u32)).realtime();
    builder.try_open().map_err(|error| error.to_string())
}

/// What a process with devices uses while nothing happens to them.
#[derive(Debug, Serialize, Deserialize)]
struct Idle {
    threads: u64,
    wakeups: u64,
    /// Of one processor, in percent.
    load: f64,
    /// Bytes for all of them.
    memory: u64,
}

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    for (device, subject, _) in KINDS {
        let each = |number| count::instructions(&format!("{subject}-by-{number}"));
        let what = format!("A {device} of 1,000 on the mock, opened and closed");
        let with = Some(("one of 100", each(100)?));
        bench.counted(&what, each(1000)?, with, "instructions", Target::Ratio(GROWTH));
        for number in NUMBERS {
            idle_rows(bench, device, subject, number)?;
        }
    }
    let board: Idle = count::figures("idle-board", 26)?;
    let wakeups = board.wakeups as f64 / WATCHED.as_secs_f64();
    bench.counted(
        "26 `Led`s and 26 `Button`s, idle",
        wakeups,
        None,
        "wake-ups a second",
        Target::Exactly(0.0),
    );
    if bench.is_short { Ok(()) } else { opening(bench) }
}

fn idle_rows(bench: &Bench, device: &str, subject: &str, number: u64) -> Result<(), String> {
    if bench.is_short && number < 1000 {
        return Ok(());
    }
    let idle: Idle = count::figures(&format!("idle-{subject}"), number)?;
    let each = idle.memory as f64 / number as f64;
    if number >= 100 {
        bench.point("devices-memory", device, number as f64, each);
    }
    bench.point("devices-threads", device, number as f64, idle.threads as f64 - 1.0);
    if number == 1000 {
        let what = format!("1,000 {device}s, idle");
        // Its first thread is the program's own.
        let threads = idle.threads as f64 - 1.0;
        bench.counted(&what, threads, None, "threads of ours", Target::Most(3.0));
        let wakeups = idle.wakeups as f64 / WATCHED.as_secs_f64();
        bench.counted(&what, wakeups, None, "wake-ups a second", Target::Exactly(0.0));
        bench.counted(&what, each, None, "bytes each", Target::None);
        if !bench.is_short {
            bench.timed(&what, idle.load, None, "% of a processor", Target::Most(0.1));
        }
    }
    Ok(())
}

/// What opening takes, by how many there are.
fn opening(bench: &Bench) -> Result<(), String> {
    for (device, _, open) in KINDS {
        let mut best = [f64::INFINITY; NUMBERS.len()];
        for _ in 0..9 {
            for (best, number) in best.iter_mut().zip(NUMBERS) {
                *best = best.min(opened(number, open)?);
            }
        }
        for (number, best) in NUMBERS.iter().zip(best) {
            bench.point("devices-opening", device, *number as f64, best);
        }
        let [.., of_100, of_1000] = best;
        let what = format!("A {device} of 1,000 on the mock, opened");
        bench.timed(&what, of_1000, Some(("one of 100", of_100)), "ns", Target::Ratio(GROWTH));
    }
    Ok(())
}

/// The time that each of so many devices takes to be opened, in nanoseconds.
fn opened(number: u64, open: Open) -> Result<f64, String> {
    let gpio = wide_mock(number)?;
    let mut devices = Vec::with_capacity(number as usize);
    let start = Instant::now();
    for pin in 0..number {
        devices.push(open(&gpio, pin)?);
    }
    Ok(start.elapsed().as_nanos() as f64 / number as f64)
}

/// Opens and closes so many devices, of which as many as said are open at a time.
fn by(number: u64, times: u64, open: Open) {
    for _ in 0..times / number {
        let gpio = mock::builder().board(Board::generic(number as u32)).open();
        let _devices: Vec<_> = (0..number).map(|pin| open(&gpio, pin)).collect();
    }
}

fn idle(number: u64, kinds: &[Open]) -> Result<Idle, String> {
    let gpio = wide_mock(number * kinds.len() as u64)?;
    let before = process::memory()?;
    let pins = 0..number * kinds.len() as u64;
    let open = |pin: u64| kinds[pin as usize % kinds.len()](&gpio, pin);
    let devices = pins.map(open).collect::<Result<Vec<_>, String>>()?;
    let memory = process::memory()?.saturating_sub(before);
    // What opening has set off is over.
    thread::sleep(Duration::from_millis(100));
    let (wakeups, time) = (process::wakeups()?, process::time());
    thread::sleep(WATCHED);
    let used = (process::time() - time).as_secs_f64();
    let idle = Idle {
        threads: process::threads()?,
        wakeups: process::wakeups()? - wakeups,
        load: used / WATCHED.as_secs_f64() * 100.0,
        memory,
    };
    drop(devices);
    Ok(idle)
}
