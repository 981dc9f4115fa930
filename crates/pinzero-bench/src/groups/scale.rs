//! From one device to a thousand.

use std::thread;
use std::time::Duration;

use pinzero::time::ms;
use pinzero::{Button, Gpio, Led, LedMultiCharDisplay, mock};
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
    ("idle-leds", |number| count::tell(watch(number, &[led]))),
    ("idle-buttons", |number| count::tell(watch(number, &[button]))),
    ("idle-board", |number| count::tell(watch(number, &[led, button]))),
    ("blinking-leds", |number| count::tell(watch(number, &[blinking]))),
    ("display", |number| count::tell(watch_display(&mock::builder().realtime().open(), number))),
];

/// How much dearer one of a thousand devices may be than one of a hundred.
const GROWTH: f64 = 1.5;

/// The two numbers of devices that are opened and closed, so that starting and ending do not count.
const OPENED: [u64; 2] = [2_000, 22_000];

/// How long devices are watched.
const WATCHED: Duration = Duration::from_secs(2);

/// Opens a device that lives until it is dropped.
type Open = fn(&Gpio, u64) -> pinzero::Result<Box<dyn Send>>;

fn led(gpio: &Gpio, pin: u64) -> pinzero::Result<Box<dyn Send>> {
    Ok(Box::new(Led::builder(pin as u32).gpio(gpio).open()?))
}

fn button(gpio: &Gpio, pin: u64) -> pinzero::Result<Box<dyn Send>> {
    Ok(Box::new(Button::builder(pin as u32).gpio(gpio).open()?))
}

fn blinking(gpio: &Gpio, pin: u64) -> pinzero::Result<Box<dyn Send>> {
    let led = Led::builder(pin as u32).gpio(gpio).open()?;
    led.blink(ms(500), ms(500))?;
    Ok(Box::new(led))
}

/// The resources of a process with devices.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Used {
    /// Beside the program's own.
    threads: u64,
    wakeups_a_second: f64,
    /// Of one processor, in percent.
    pub(super) load: f64,
    /// For each device.
    bytes: f64,
}

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    for (device, subject) in [("`Led`", "leds"), ("`Button`", "buttons")] {
        let each = |number| count::instructions_in(&format!("{subject}-by-{number}"), OPENED);
        let what = format!("A {device} of 1,000 on the mock, opened and closed");
        let with = Some(("one of 100", each(100)?));
        bench.counted(&what, each(1000)?, with, "instructions", Target::Ratio(GROWTH));

        let what = format!("1,000 {device}s, idle");
        let used: Used = count::figures(&format!("idle-{subject}"), 1000)?;
        bench.counted(&what, used.threads as f64, None, "threads of ours", Target::Most(3.0));
        bench.counted(&what, used.wakeups_a_second, None, "wake-ups a second", Target::Exactly(0.0));
        bench.counted(&what, used.bytes, None, "bytes each", Target::Most(3_500.0));
        if !bench.is_short {
            bench.timed(&what, used.load, None, "% of a processor", Target::Most(0.1));
        }
    }
    let used: Used = count::figures("idle-board", 52)?;
    let what = "26 `Led`s and 26 `Button`s, idle";
    bench.counted(what, used.wakeups_a_second, None, "wake-ups a second", Target::Exactly(0.0));
    let used: Used = count::figures("blinking-leds", 1000)?;
    let what = "1,000 `Led`s blinking at 1 Hz";
    bench.counted(what, used.threads as f64, None, "threads of ours", Target::Most(3.0));
    if !bench.is_short {
        bench.timed(what, used.load, None, "% of a processor", Target::Most(5.0));
    }
    let used: Used = count::figures("display", 8888)?;
    let what = "4 digits of a display that are the same";
    bench.counted(what, used.wakeups_a_second, None, "wake-ups a second", Target::Exactly(0.0));
    let used: Used = count::figures("display", 1234)?;
    bench.counted(DISPLAY, used.threads as f64, None, "threads of ours", Target::Most(3.0));
    if !bench.is_short {
        bench.timed(DISPLAY, used.wakeups_a_second, None, "wake-ups a second", Target::Most(200.0));
        bench.timed(DISPLAY, used.load, None, "% of a processor", Target::Most(MOST_LOAD));
    }
    Ok(())
}

pub(super) const DISPLAY: &str = "4 digits of a display, each lit for 5 ms";

/// The load of a display that nobody notices.
pub(super) const MOST_LOAD: f64 = 2.0;

/// Opens and closes so many devices, of which as many as said are open at a time.
fn by(number: u64, times: u64, open: Open) {
    for _ in 0..times / number {
        let gpio = mock::builder().board(Board::generic(number as u32)).open();
        let _devices: Vec<_> = (0..number).map(|pin| open(&gpio, pin)).collect();
    }
}

/// Watches so many devices, of these kinds by turns.
fn watch(number: u64, kinds: &[Open]) -> Result<Used, String> {
    let gpio = mock::builder().board(Board::generic(number as u32)).realtime().open();
    let before = process::memory()?;
    let open = |pin: u64| kinds[pin as usize % kinds.len()](&gpio, pin);
    let devices: pinzero::Result<Vec<_>> = (0..number).map(open).collect();
    let devices = devices.map_err(|error| error.to_string())?;
    let memory = process::memory()?.saturating_sub(before);
    let used = used(memory as f64 / number as f64);
    drop(devices);
    used
}

/// Watches a display with this number on it.
pub(super) fn watch_display(gpio: &Gpio, number: u64) -> Result<Used, String> {
    let builder = LedMultiCharDisplay::builder([4, 17, 27, 22, 5, 6, 13], [16, 20, 21, 26]);
    let display = builder.initial_value(number.to_string()).gpio(gpio).open();
    let display = display.map_err(|error| error.to_string())?;
    let used = used(0.0);
    drop(display);
    used
}

/// Returns the resources that this process uses while its devices are left alone.
fn used(bytes: f64) -> Result<Used, String> {
    // By then the work that opening started is done.
    thread::sleep(ms(100));
    let (wakeups, time) = (process::wakeups()?, process::time());
    thread::sleep(WATCHED);
    let seconds = WATCHED.as_secs_f64();
    Ok(Used {
        threads: process::threads()? - 1,
        wakeups_a_second: (process::wakeups()? - wakeups) as f64 / seconds,
        load: (process::time() - time).as_secs_f64() / seconds * 100.0,
        bytes,
    })
}
