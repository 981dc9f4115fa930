//! Outputs by registers, on the emulated Raspberry Pi. Its clock goes by the instructions run, so times are counts.

use std::hint::black_box;

use pinzero::Led;
use pinzero_cdev::CdevFactory;
use pinzero_core::{Gpio, PinFactory};
use pinzero_rppal::RppalFactory;
use rppal::gpio::OutputPin;
use rust_gpiozero::LED;

use crate::bench::Bench;
use crate::row::Target;
use crate::time;

/// What an instruction takes there.
pub(super) const NANOS: f64 = 4.0;

/// Rounds at a time: few enough that some runs are free of the kernel's ticks, which are 4 ms apart.
const TIMES: u64 = 5_000;

const WRITE: &str = "`Led::on`, `off` on rppal";
const TOGGLE: &str = "`Led::toggle` on rppal";
const DIRECT: &str = "rppal, `OutputPin`";
const VIRTUAL: &str = "rppal behind a virtual call";
const RUST_GPIOZERO: &str = "rust_gpiozero 0.2.1, `LED`";
const UNIT: &str = "instructions (aarch64)";

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let direct = |times| switch(times, &mut theirs(27));
    let behind = |times| {
        let mut pin: Box<dyn Switch> = black_box(Box::new(theirs(27)));
        switch_virtual(times, &mut *pin);
    };
    let gpio = open(RppalFactory::new())?;
    let led = Led::builder(17).gpio(&gpio).open().map_err(|error| error.to_string())?;
    let on_off = |times| on_off(times, &led);
    let rust_gpiozero = LED::new(23);
    let rust_gpiozero = |times| switch_rust_gpiozero(times, &rust_gpiozero);
    let toggle = |times| (0..times).for_each(|_| drop(black_box(led.toggle())));
    let rows: [(&str, &dyn Fn(u64), &str, &dyn Fn(u64), Target); 4] = [
        (WRITE, &on_off, DIRECT, &direct, Target::Ratio(1.25)),
        (WRITE, &on_off, VIRTUAL, &behind, Target::None),
        ("A `Led` on rppal, on and off", &on_off, RUST_GPIOZERO, &rust_gpiozero, Target::Ratio(1.0)),
        (TOGGLE, &toggle, DIRECT, &direct, Target::None),
    ];
    for (what, ours, against, theirs, target) in rows {
        let (ours, theirs) = time::pair(TIMES, ours, theirs);
        bench.counted(what, ours / NANOS, Some((against, theirs / NANOS)), UNIT, target);
    }
    led.close().map_err(|error| error.to_string())?;

    let kernel = open(CdevFactory::new())?;
    let led = Led::builder(22).gpio(&kernel).open().map_err(|error| error.to_string())?;
    let (by_kernel, direct) = time::pair(TIMES / 10, |times| self::on_off(times, &led), direct);
    let what = "`Led::on`, `off` on cdev, the kernel's part included";
    bench.counted(what, by_kernel / NANOS, Some((DIRECT, direct / NANOS)), UNIT, Target::None);
    Ok(())
}

fn open(factory: pinzero_core::Result<impl PinFactory>) -> Result<Gpio, String> {
    factory.and_then(Gpio::new).map_err(|error| error.to_string())
}

/// An output that rppal gives.
fn theirs(line: u8) -> OutputPin {
    let pin = rppal::gpio::Gpio::new().and_then(|gpio| gpio.get(line));
    pin.unwrap_or_else(|error| panic!("{error}")).into_output()
}

fn on_off(times: u64, led: &Led) {
    for number in 0..times {
        let _ = black_box(if number & 1 == 0 { led.on() } else { led.off() });
    }
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

fn switch_rust_gpiozero(times: u64, led: &LED) {
    for number in 0..times {
        if number & 1 == 0 {
            led.on();
        } else {
            led.off();
        }
    }
}

/// What rppal's output looks like to a program that takes any.
trait Switch {
    fn set(&mut self, high: bool);
}

impl Switch for OutputPin {
    fn set(&mut self, high: bool) {
        if high {
            self.set_high();
        } else {
            self.set_low();
        }
    }
}

fn switch_virtual(times: u64, pin: &mut dyn Switch) {
    for number in 0..times {
        pin.set(number & 1 == 0);
    }
}
