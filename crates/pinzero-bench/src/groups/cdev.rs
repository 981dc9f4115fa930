//! Lines by the character device: writing to them, and opening them.

use std::fs::File;
use std::hint::black_box;
use std::os::fd::AsFd;

use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, Value, Values};
use gpiocdev_uapi::v2::{LineValues, set_line_values};
use pinzero::{Button, Led};
use pinzero_cdev::CdevFactory;
use pinzero_core::{Gpio, OutputGroup};

use crate::bench::Bench;
use crate::count::{self, Work};
use crate::row::Target;
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("cdev-led", led),
    ("cdev-led-ioctl", one_ioctl),
    ("cdev-led-gpiocdev", one_gpiocdev),
    ("cdev-group", group),
    ("cdev-group-ioctl", eight_ioctl),
    ("cdev-group-gpiocdev", eight_gpiocdev),
    ("cdev-open-led", open_led),
    ("cdev-open-led-gpiocdev", open_led_gpiocdev),
    ("cdev-open-button", open_button),
    ("cdev-open-button-gpiocdev", open_button_gpiocdev),
];

/// The only chip of the rig.
pub(super) const CHIP: &str = "/dev/gpiochip0";

const LINE: u32 = 17;

/// Rounds to count by: every stop at a system call takes long in the rig.
const TIMES: [u64; 2] = [10, 210];

const EIGHT: [u32; 8] = [4, 5, 6, 12, 13, 16, 22, 23];

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    const WRITE: &str = "`Led::on`, `off` on cdev";
    const GROUP: &str = "8 outputs in a group on cdev";
    const BARE: &str = "the bare ioctl";
    const GPIOCDEV: &str = "gpiocdev, `set_value`";
    const BARE_GROUP: &str = "the bare ioctl for 8 lines";
    const GPIOCDEV_GROUP: &str = "gpiocdev, `set_values`";
    const LED: &str = "a `Led` on cdev, opened and closed";
    const BUTTON: &str = "a `Button` on cdev, opened and closed";
    const REQUEST: &str = "gpiocdev, request and drop";
    for (what, subject) in [(WRITE, "cdev-led"), (GROUP, "cdev-group")] {
        // More rounds than for the rest: what a thread of the library does as it starts may fall to either run.
        let calls = count::system_calls_in(subject, [10, 1_010])?;
        bench.counted(what, calls, None, "system calls", Target::Exactly(1.0));
    }
    for (what, subject, theirs) in [
        (LED, "cdev-open-led", "cdev-open-led-gpiocdev"),
        (BUTTON, "cdev-open-button", "cdev-open-button-gpiocdev"),
    ] {
        let count = |subject| count::system_calls_in(subject, TIMES);
        bench.counted(what, count(subject)?, Some((REQUEST, count(theirs)?)), "system calls", Target::None);
    }
    if bench.is_short {
        return Ok(());
    }
    // Valgrind takes seconds to start in the rig. A system call takes 30 microseconds there, in which what is around it
    // is lost: these are what there is to see of that.
    for (what, subject, others) in [
        (WRITE, "cdev-led", [(BARE, "cdev-led-ioctl"), (GPIOCDEV, "cdev-led-gpiocdev")]),
        (GROUP, "cdev-group", [(BARE_GROUP, "cdev-group-ioctl"), (GPIOCDEV_GROUP, "cdev-group-gpiocdev")]),
    ] {
        let ours = count::instructions_in(subject, TIMES)?;
        for (against, subject) in others {
            let theirs = count::instructions_in(subject, TIMES)?;
            bench.counted(
                what,
                ours,
                Some((against, theirs)),
                "instructions outside the kernel",
                Target::None,
            );
        }
    }
    let rows: [(&str, &str, u64, [Work; 2], f64); 6] = [
        (WRITE, BARE, 1_000, [led, one_ioctl], 1.10),
        (WRITE, GPIOCDEV, 1_000, [led, one_gpiocdev], 1.0),
        (GROUP, BARE_GROUP, 1_000, [group, eight_ioctl], 1.2),
        (GROUP, GPIOCDEV_GROUP, 1_000, [group, eight_gpiocdev], 1.2),
        (LED, REQUEST, 100, [open_led, open_led_gpiocdev], 1.3),
        (BUTTON, REQUEST, 100, [open_button, open_button_gpiocdev], 1.3),
    ];
    for (what, against, times, [ours, theirs], target) in rows {
        let (ours, theirs) = time::pair(times, ours, theirs);
        bench.timed(what, ours, Some((against, theirs)), "ns", Target::Ratio(target));
    }
    Ok(())
}

/// The rig's chip, as users have it.
pub(super) fn gpio() -> Gpio {
    let gpio = CdevFactory::builder().chip(CHIP).open().and_then(Gpio::new);
    gpio.unwrap_or_else(|error| panic!("{error}"))
}

/// Outputs by gpiocdev.
fn outputs(lines: &[u32]) -> Request {
    let request = Request::builder().on_chip(CHIP).with_lines(lines).as_output(Value::Inactive).request();
    request.unwrap_or_else(|error| panic!("{error}"))
}

/// Outputs by nothing but their descriptor.
fn bare(lines: &[u32]) -> File {
    let file = outputs(lines).as_fd().try_clone_to_owned();
    file.unwrap_or_else(|error| panic!("{error}")).into()
}

fn led(times: u64) {
    let gpio = gpio();
    let led = Led::builder(LINE).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let _ = black_box(if number & 1 == 0 { led.on() } else { led.off() });
    }
}

fn one_ioctl(times: u64) {
    write_bare(&[LINE], times);
}

fn eight_ioctl(times: u64) {
    write_bare(&EIGHT, times);
}

fn write_bare(lines: &[u32], times: u64) {
    let file = bare(lines);
    for number in 0..times {
        let mut values = LineValues::default();
        for index in 0..lines.len() {
            values.set(index, number & 1 == 0);
        }
        let _ = black_box(set_line_values(&file, &values));
    }
}

fn one_gpiocdev(times: u64) {
    let request = outputs(&[LINE]);
    for number in 0..times {
        let _ = black_box(request.set_value(LINE, Value::from(number & 1 == 0)));
    }
}

fn group(times: u64) {
    let gpio = gpio();
    let group: OutputGroup = gpio.group(EIGHT).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let _ = black_box(group.set(if number & 1 == 0 { 0xff } else { 0 }));
    }
}

fn eight_gpiocdev(times: u64) {
    let request = outputs(&EIGHT);
    for number in 0..times {
        let mut values = Values::default();
        for line in EIGHT {
            values.set(line, Value::from(number & 1 == 0));
        }
        let _ = black_box(request.set_values(&values));
    }
}

pub(super) fn open_led(times: u64) {
    let gpio = gpio();
    for _ in 0..times {
        let led = Led::builder(LINE).gpio(&gpio).open();
        drop(black_box(led.unwrap_or_else(|error| panic!("{error}"))));
    }
}

fn open_led_gpiocdev(times: u64) {
    for _ in 0..times {
        drop(black_box(outputs(&[LINE])));
    }
}

pub(super) fn open_button(times: u64) {
    let gpio = gpio();
    for _ in 0..times {
        let button = Button::builder(LINE).gpio(&gpio).open();
        drop(black_box(button.unwrap_or_else(|error| panic!("{error}"))));
    }
}

fn open_button_gpiocdev(times: u64) {
    for _ in 0..times {
        let mut builder = Request::builder();
        builder.on_chip(CHIP).with_line(LINE).as_input().with_bias(Bias::PullUp);
        let request = builder.with_edge_detection(EdgeDetection::BothEdges).request();
        drop(black_box(request.unwrap_or_else(|error| panic!("{error}"))));
    }
}
