//! Libraries with the same aim, as their authors published them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use pinzero::time::ms;
use pinzero::{Button, Led, mock};
use pinzero_core::board::Board;
use serde::{Deserialize, Serialize};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::groups;
use crate::process;
use crate::python;
use crate::row::Target;
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("peers-blinking", |leds| count::tell(blinking(leds))),
    ("peers-buttons", |buttons| count::tell(buttons_idle(buttons))),
];

const GPIOZERO: &str = "gpiozero on its mock";

/// What is interpreted is slower; we are to be so much faster at least.
const FAR_LESS: Target = Target::Ratio(0.02);

/// How many devices are looked at together.
const MANY: u64 = 100;

/// gpiozero's figures: times in nanoseconds, threads beside the program's own, and wake-ups a second.
#[derive(Debug, Deserialize)]
struct Figures {
    led: f64,
    open_led: f64,
    open_button: f64,
    blinking_threads: f64,
    button_threads: f64,
    button_wakeups: f64,
}

/// Ours, of many devices.
#[derive(Debug, Serialize, Deserialize)]
struct Many {
    threads: u64,
    wakeups: u64,
}

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    match python::python().and_then(|python| gpiozero(&python)) {
        Ok(theirs) => rows(bench, &theirs),
        Err(why) => {
            bench.skipped("gpiozero", &why);
            Ok(())
        }
    }
}

fn rows(bench: &Bench, theirs: &Figures) -> Result<(), String> {
    for (what, subject, times, theirs) in [
        ("`Led::on`, `off` on the mock", "led-set", 1_000_000, theirs.led),
        ("A `Led` on the mock, opened and closed", "construct-led", 20_000, theirs.open_led),
        ("A `Button` on the mock, opened and closed", "construct-button", 20_000, theirs.open_button),
    ] {
        let work = groups::subject(subject).ok_or_else(|| format!("no subject {subject}"))?;
        let ours = time::best(times, work);
        bench.timed(what, ours, Some((GPIOZERO, theirs)), "ns", FAR_LESS);
    }
    let leds: Many = count::figures("peers-blinking", MANY)?;
    let buttons: Many = count::figures("peers-buttons", MANY)?;
    let row = |what, ours: u64, theirs, unit, target| {
        bench.counted(what, ours as f64, Some((GPIOZERO, theirs)), unit, target);
    };
    let threads = "threads of the library";
    row("100 `Led`s, blinking", leds.threads, theirs.blinking_threads, threads, Target::Ratio(0.05));
    row("100 `Button`s, idle", buttons.threads, theirs.button_threads, threads, Target::Ratio(0.05));
    let wakeups = "wake-ups a second";
    row("100 `Button`s, idle", buttons.wakeups, theirs.button_wakeups, wakeups, Target::Exactly(0.0));
    Ok(())
}

fn gpiozero(program: &Path) -> Result<Figures, String> {
    let mut command = Command::new(program);
    let output =
        command.arg(python::peer("gpiozero_mock.py")).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{}: {error}", output.status))
}

fn board(lines: u64) -> Result<mock::MockGpio, String> {
    let builder = mock::builder().board(Board::generic(lines as u32)).realtime();
    builder.try_open().map_err(|error| error.to_string())
}

fn blinking(leds: u64) -> Result<Many, String> {
    let gpio = board(leds)?;
    let open = |pin| {
        let led = Led::builder(pin as u32).gpio(&gpio).open()?;
        led.blink(ms(500), ms(500))?;
        Ok(led)
    };
    let leds = (0..leds).map(open).collect::<pinzero::Result<Vec<Led>>>();
    watch(&leds.map_err(|error| error.to_string())?)
}

fn buttons_idle(buttons: u64) -> Result<Many, String> {
    let gpio = board(buttons)?;
    let open = |pin| Button::builder(pin as u32).gpio(&gpio).open();
    let buttons = (0..buttons).map(open).collect::<pinzero::Result<Vec<Button>>>();
    watch(&buttons.map_err(|error| error.to_string())?)
}

/// What the process uses while these are open.
fn watch<T>(_devices: &[T]) -> Result<Many, String> {
    thread::sleep(Duration::from_millis(200));
    let before = process::wakeups()?;
    thread::sleep(Duration::from_secs(1));
    Ok(Many { threads: process::threads()? - 1, wakeups: process::wakeups()? - before })
}
