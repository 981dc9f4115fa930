//! Opening and closing a device.

use std::hint::black_box;

use pinzero::{Button, Led, mock};
use pinzero_core::factory::{InputConfig, OutputConfig, PinFactory};
use pinzero_core::{Bias, Level, Line, OnClose};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::row::Target;
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("construct-led", led),
    ("construct-led-pin", led_pin),
    ("construct-button", button),
    ("construct-button-pin", button_pin),
];

/// What it may take, in nanoseconds.
const MOST: f64 = 5_000.0;

const PIN: &str = "the mock's bare pin";

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    for (what, subject) in [
        ("A `Led` on the mock, opened and closed", "led"),
        ("A `Button` on the mock, opened and closed", "button"),
    ] {
        let (ours, theirs) = (format!("construct-{subject}"), format!("construct-{subject}-pin"));
        let (mine, bare) = (count::instructions(&ours)?, count::instructions(&theirs)?);
        bench.counted(what, mine, Some((PIN, bare)), "instructions", Target::None);
    }
    if !bench.is_short {
        let (ours, theirs) = time::pair(20_000, led, led_pin);
        bench.timed(
            "A `Led` on the mock, opened and closed",
            ours,
            Some((PIN, theirs)),
            "ns",
            Target::Most(MOST),
        );
        let (ours, theirs) = time::pair(20_000, button, button_pin);
        let what = "A `Button` on the mock, opened and closed";
        bench.timed(what, ours, Some((PIN, theirs)), "ns", Target::Most(MOST));
    }
    Ok(())
}

fn led(times: u64) {
    let gpio = mock::gpio();
    for _ in 0..times {
        let _ = black_box(Led::builder(17).gpio(&gpio).open());
    }
}

fn led_pin(times: u64) {
    let factory = mock::gpio().factory();
    for _ in 0..times {
        let config = OutputConfig { initial: Some(Level::Low), on_close: OnClose::Restore };
        let _ = black_box(factory.open_output(Line(17), config));
    }
}

fn button(times: u64) {
    let gpio = mock::gpio();
    for _ in 0..times {
        let _ = black_box(Button::builder(2).gpio(&gpio).open());
    }
}

fn button_pin(times: u64) {
    let factory = mock::gpio().factory();
    for _ in 0..times {
        let config = InputConfig { bias: Bias::PullUp, settle: None, edges: None };
        let _ = black_box(factory.open_input(Line(2), config));
    }
}
