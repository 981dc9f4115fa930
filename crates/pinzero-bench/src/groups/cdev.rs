//! Writes lines of the character device, and opens them.

use std::fs::File;
use std::hint::black_box;
use std::os::fd::AsFd;
use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::line::Value;
use gpiocdev_uapi::v2::{LineValues, set_line_values};
use pinzero::{Animation, Blink, Button, Led, LedBoard, Level};
use pinzero_cdev::CdevFactory;
use pinzero_core::Gpio;

use super::scale::{self, Used};
use crate::bench::Bench;
use crate::count::{self, Work};
use crate::row::Target;
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("cdev-led", led),
    ("cdev-group", group),
    ("cdev-board", board),
    ("cdev-blink", blink),
    ("cdev-open-led", open_led),
    ("cdev-open-button", open_button),
    ("cdev-display", |number| count::tell(scale::watch_display(&gpio(), number))),
];

/// The only chip of the rig.
pub(super) const CHIP: &str = "/dev/gpiochip0";

const LINE: u32 = 17;

const EIGHT: [u32; 8] = [4, 5, 6, 12, 13, 16, 22, 23];

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    const WRITE: &str = "`Led::on`, `off` on cdev";
    const GROUP: &str = "8 outputs in a group on cdev";
    const BOARD: &str = "`LedBoard::on`, `off` of 8 LEDs on cdev";
    // More rounds for writes than for opening: what a thread of the library does as it starts may fall to either run.
    let (many, few) = ([10, 1_010], [10, 210]);
    for (what, subject, times, target) in [
        (WRITE, "cdev-led", many, Target::Exactly(1.0)),
        (GROUP, "cdev-group", many, Target::Exactly(1.0)),
        (BOARD, "cdev-board", many, Target::Exactly(1.0)),
        ("a `Led` on cdev, opened and closed", "cdev-open-led", few, Target::Most(7.0)),
        ("a `Button` on cdev, opened and closed", "cdev-open-button", few, Target::Most(14.0)),
    ] {
        bench.counted(what, count::system_calls_in(subject, times)?, None, "system calls", target);
    }
    // A blink that is late skips whole cycles, and so writes less often.
    let writes = count::ioctls_in("cdev-blink", few)?;
    let what = "a step of a blink of 8 outputs in a group on cdev";
    bench.counted(what, writes, None, "writes", Target::Most(1.0));
    if bench.is_short {
        return Ok(());
    }
    let (ours, theirs) = time::pair(1_000, led, |times| write_bare(&[LINE], times));
    bench.timed(WRITE, ours, Some(("the bare ioctl", theirs)), "ns", Target::Ratio(1.1));
    let (ours, theirs) = time::pair(1_000, group, |times| write_bare(&EIGHT, times));
    bench.timed(GROUP, ours, Some(("the bare ioctl for 8 lines", theirs)), "ns", Target::Ratio(1.2));
    let (ours, theirs) = time::pair(1_000, board, group);
    bench.timed(BOARD, ours, Some(("`OutputGroup::set` of 8 lines", theirs)), "ns", Target::Ratio(1.5));
    let used: Used = count::figures("cdev-display", 1234)?;
    bench.timed(scale::DISPLAY, used.load, None, "% of a processor", Target::Most(scale::MOST_LOAD));
    Ok(())
}

/// Opens the rig's chip. Without the exit guard, whose thread may take its first steps in either of two runs that are compared.
pub(super) fn gpio() -> Gpio {
    let open = || Gpio::builder(CdevFactory::builder().chip(CHIP).open()?).exit_guard(false).open();
    open().unwrap_or_else(|error: pinzero::Error| panic!("{error}"))
}

/// Writes lines by nothing but their descriptor.
fn write_bare(lines: &[u32], times: u64) {
    let request = Request::builder().on_chip(CHIP).with_lines(lines).as_output(Value::Inactive).request();
    let request = request.unwrap_or_else(|error| panic!("{error}"));
    let file: File = request.as_fd().try_clone_to_owned().unwrap_or_else(|error| panic!("{error}")).into();
    for number in 0..times {
        let mut values = LineValues::default();
        for index in 0..lines.len() {
            values.set(index, number & 1 == 0);
        }
        let _ = black_box(set_line_values(&file, &values));
    }
}

fn led(times: u64) {
    let gpio = gpio();
    let led = Led::builder(LINE).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let _ = black_box(if number & 1 == 0 { led.on() } else { led.off() });
    }
}

fn group(times: u64) {
    let gpio = gpio();
    let group = gpio.group(EIGHT).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let _ = black_box(group.set(if number & 1 == 0 { 0xff } else { 0 }));
    }
}

fn board(times: u64) {
    let gpio = gpio();
    let board = LedBoard::builder(EIGHT).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let _ = black_box(if number & 1 == 0 { board.on() } else { board.off() });
    }
}

/// Makes this many steps of a blink of the lines of a group.
fn blink(times: u64) {
    const STEP: Duration = Duration::from_millis(5);
    let gpio = gpio();
    let blink = || -> pinzero::Result<()> {
        let outputs = gpio.group(EIGHT).open()?.outputs();
        let plan = Blink::new(STEP, STEP).times((times / 2) as u32);
        Animation::start(outputs.iter().map(|output| output.part(Level::High)), plan)?.wait()?;
        Ok(())
    };
    blink().unwrap_or_else(|error| panic!("{error}"));
}

fn open_led(times: u64) {
    let gpio = gpio();
    for _ in 0..times {
        let led = Led::builder(LINE).gpio(&gpio).open();
        drop(black_box(led.unwrap_or_else(|error| panic!("{error}"))));
    }
}

fn open_button(times: u64) {
    let gpio = gpio();
    for _ in 0..times {
        let button = Button::builder(LINE).gpio(&gpio).open();
        drop(black_box(button.unwrap_or_else(|error| panic!("{error}"))));
    }
}
