//! Switching an output.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use pinzero::{Led, mock};
use pinzero_core::{Level, OutputPin, Pin, Result};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::row::Target;
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] =
    &[("round", round), ("least", least), ("led-set", led_set), ("led-toggle", led_toggle)];

const LEAST: &str = "one virtual call and a store";

pub(crate) fn run(bench: &Bench) -> std::result::Result<(), String> {
    // What goes round and looks at results is no part of either.
    let round = count::instructions("round")?;
    let least = count::instructions("least")? - round;
    for (what, subject) in
        [("`Led::on`, `off` on the mock", "led-set"), ("`Led::toggle` on the mock", "led-toggle")]
    {
        let ours = count::instructions(subject)? - round;
        bench.counted(what, ours, Some((LEAST, least)), "instructions", Target::Most(30.0));
        bench.counted(what, count::system_calls(subject)?, None, "system calls", Target::Exactly(0.0));
    }
    if !bench.is_short {
        let (ours, theirs) = time::pair(1_000_000, led_set, self::least);
        bench.timed("`Led::on`, `off` on the mock", ours, Some((LEAST, theirs)), "ns", Target::Ratio(1.5));
    }
    Ok(())
}

/// The least that a pin behind a virtual call can be.
#[derive(Debug)]
struct Least(AtomicBool);

impl Pin for Least {
    fn level(&self) -> Result<Level> {
        Ok(Level::from(self.0.load(Ordering::Relaxed)))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl OutputPin for Least {
    fn set(&self, level: Level) -> Result<()> {
        self.0.store(level.is_high(), Ordering::Release);
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

fn round(times: u64) {
    for _ in 0..times / 2 {
        let _: Result<()> = black_box(Ok(()));
        let _: Result<()> = black_box(Ok(()));
    }
}

fn least(times: u64) {
    let pin: Box<dyn OutputPin> = black_box(Box::new(Least(AtomicBool::new(false))));
    for _ in 0..times / 2 {
        let _ = black_box(pin.set(Level::High));
        let _ = black_box(pin.set(Level::Low));
    }
}

/// An LED on a mock in real time, which keeps no history: that would be the most of the work.
fn led() -> (mock::MockGpio, Led) {
    let gpio = mock::builder().history(false).realtime().open();
    let led = Led::builder(17).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    (gpio, led)
}

fn led_set(times: u64) {
    let (_gpio, led) = led();
    for _ in 0..times / 2 {
        let _ = black_box(led.on());
        let _ = black_box(led.off());
    }
}

fn led_toggle(times: u64) {
    let (_gpio, led) = led();
    for _ in 0..times / 2 {
        let _ = black_box(led.toggle());
        let _ = black_box(led.toggle());
    }
}
