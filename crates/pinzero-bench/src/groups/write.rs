//! Switches an output: on the least backend that there can be, and on the mock.

use std::hint::black_box;

use pinzero::{Gpio, Led, LedBoard, mock};
use pinzero_core::{Level, OutputPin, Result};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::least::{Least, LeastFactory};
use crate::row::Target;
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("round", round),
    ("least", least),
    ("least-set", |times| set(&on_least(), times)),
    ("mock-set", |times| set(&on_mock(), times)),
    ("mock-toggle", |times| toggle(&on_mock(), times)),
    ("mock-group", group),
    ("mock-board", board),
];

const LEAST: &str = "one virtual call and a store";

/// How many instructions a write may take.
const MOST: Target = Target::Most(60.0);

/// The same on the mock, which also reads the clock and notes the change in its history.
const MOST_ON_THE_MOCK: Target = Target::Most(350.0);

pub(crate) fn run(bench: &Bench) -> std::result::Result<(), String> {
    // The loop and the look at the result are part of neither figure.
    let round = count::instructions("round")?;
    let least = count::instructions("least")? - round;
    for (what, subject, most) in [
        ("`Led::on`, `off` on the least backend", "least-set", MOST),
        ("`Led::on`, `off` on the mock", "mock-set", MOST_ON_THE_MOCK),
        ("`Led::toggle` on the mock", "mock-toggle", MOST_ON_THE_MOCK),
    ] {
        let ours = count::instructions(subject)? - round;
        bench.counted(what, ours, Some((LEAST, least)), "instructions", most);
        bench.counted(what, count::system_calls(subject)?, None, "system calls", Target::Exactly(0.0));
    }
    let (board, group) = (count::instructions("mock-board")?, count::instructions("mock-group")?);
    let with = Some(("`OutputGroup::set` of 8 lines", group - round));
    let what = "`LedBoard::on`, `off` of 8 LEDs on the mock";
    bench.counted(what, board - round, with, "instructions", Target::Ratio(3.0));
    if !bench.is_short {
        let led = on_least();
        let (ours, theirs) = time::pair(1_000_000, |times| set(&led, times), self::least);
        let what = "`Led::on`, `off` on the least backend";
        bench.timed(what, ours, Some((LEAST, theirs)), "ns", Target::None);
    }
    Ok(())
}

fn round(times: u64) {
    for _ in 0..times / 2 {
        let _: Result<()> = black_box(Ok(()));
        let _: Result<()> = black_box(Ok(()));
    }
}

fn least(times: u64) {
    let pin: Box<dyn OutputPin> = black_box(Box::new(Least::default()));
    for _ in 0..times / 2 {
        let _ = black_box(pin.set(Level::High));
        let _ = black_box(pin.set(Level::Low));
    }
}

fn on_least() -> Led {
    led(&Gpio::new(LeastFactory).unwrap_or_else(|error| panic!("{error}")))
}

fn on_mock() -> Led {
    led(&mock::builder().realtime().open())
}

fn led(gpio: &Gpio) -> Led {
    Led::builder(17).gpio(gpio).open().unwrap_or_else(|error| panic!("{error}"))
}

fn set(led: &Led, times: u64) {
    for _ in 0..times / 2 {
        let _ = black_box(led.on());
        let _ = black_box(led.off());
    }
}

fn toggle(led: &Led, times: u64) {
    for _ in 0..times / 2 {
        let _ = black_box(led.toggle());
        let _ = black_box(led.toggle());
    }
}

fn group(times: u64) {
    let gpio = mock::builder().realtime().open();
    let group = gpio.group(4..12).open().unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..times / 2 {
        let _ = black_box(group.set(0xff));
        let _ = black_box(group.set(0));
    }
}

fn board(times: u64) {
    let gpio = mock::builder().realtime().open();
    let board = LedBoard::builder(4..12).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..times / 2 {
        let _ = black_box(board.on());
        let _ = black_box(board.off());
    }
}
