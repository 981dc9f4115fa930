//! Writes outputs by registers, on the emulated Raspberry Pi. Its clock goes by the instructions run, so times are counts.

use std::hint::black_box;

use pinzero::Led;
use pinzero_core::Gpio;
use pinzero_rppal::RppalFactory;
use rppal::gpio::OutputPin;

use crate::bench::Bench;
use crate::row::Target;
use crate::time;

/// The time of an instruction on that machine, in nanoseconds.
pub(super) const NANOS: f64 = 4.0;

/// Rounds at a time: few enough that some runs are free of the kernel's ticks, which are 4 ms apart.
const TIMES: u64 = 5_000;

const EIGHT: [u32; 8] = [4, 5, 6, 12, 13, 16, 22, 23];

/// How many instructions a change of all of them may take. Most go to the levels that are kept of each line; one after the other,
/// the lines took 1,050.
const MOST_IN_A_GROUP: Target = Target::Most(750.0);

const DIRECT: &str = "rppal, `OutputPin`";

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let gpio = RppalFactory::new().and_then(Gpio::new).map_err(|error| error.to_string())?;
    let led = Led::builder(17).gpio(&gpio).open().map_err(|error| error.to_string())?;
    let on_off = |times| {
        for number in 0..times {
            let _ = black_box(if number & 1 == 0 { led.on() } else { led.off() });
        }
    };
    let toggle = |times| (0..times).for_each(|_| drop(black_box(led.toggle())));
    let pin = rppal::gpio::Gpio::new().and_then(|gpio| gpio.get(27)).map_err(|error| error.to_string())?;
    let mut pin = pin.into_output();
    let rows: [(&str, &dyn Fn(u64)); 2] =
        [("`Led::on`, `off` on rppal", &on_off), ("`Led::toggle` on rppal", &toggle)];
    for (what, ours) in rows {
        let (ours, theirs) = time::pair(TIMES, ours, |times| switch(times, &mut pin));
        let with = Some((DIRECT, theirs / NANOS));
        bench.counted(what, ours / NANOS, with, "instructions (aarch64)", Target::Ratio(1.25));
    }
    drop(led);
    let group = gpio.group(EIGHT).open().map_err(|error| error.to_string())?;
    let swap = |times| {
        for number in 0..times {
            let _ = black_box(group.set(if number & 1 == 0 { 0xff } else { 0 }));
        }
    };
    let (ours, theirs) = time::pair(TIMES, swap, |times| switch(times, &mut pin));
    let with = Some((DIRECT, theirs / NANOS));
    let what = "8 outputs in a group on rppal";
    bench.counted(what, ours / NANOS, with, "instructions (aarch64)", MOST_IN_A_GROUP);
    Ok(())
}

fn switch(times: u64, pin: &mut OutputPin) {
    for number in 0..times {
        if number & 1 == 0 {
            pin.set_high();
        } else {
            pin.set_low();
        }
    }
}
