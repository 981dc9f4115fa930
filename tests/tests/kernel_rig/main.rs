//! pinzero on a real kernel's GPIO: gpio-sim moves the lines from outside, and shows what comes out of them.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod encoder;
mod exit;

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use pinzero::prelude::*;
use pinzero::{ErrorKind, cdev::CdevFactory};

/// The chip's lines are shared by all tests here.
static CHIP: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    CHIP.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What gpio-sim shows of a line.
fn sim(line: u32) -> PathBuf {
    let device = Path::new("/sys/devices/platform/gpio-sim.0");
    let chip = fs::read_dir(device)
        .expect("gpio-sim is there")
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join(format!("sim_gpio{line}")).exists())
        .expect("the chip has the line");
    chip.join(format!("sim_gpio{line}"))
}

fn pull(line: u32, up: bool) {
    fs::write(sim(line).join("pull"), if up { "pull-up" } else { "pull-down" }).unwrap();
}

fn value(line: u32) -> String {
    fs::read_to_string(sim(line).join("value")).unwrap().trim().to_owned()
}

/// Waits until `condition` holds; a kernel is not on virtual time.
fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} did not happen");
        thread::sleep(Duration::from_millis(1));
    }
}

fn gpio() -> Gpio {
    Gpio::new(CdevFactory::new().unwrap()).unwrap()
}

/// One of the example programs, at work.
struct Example {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Example {
    fn start(name: &str) -> Self {
        let test = std::env::current_exe().unwrap();
        let target = test.parent().and_then(Path::parent).unwrap();
        let mut child = Command::new(target.join("examples").join(name))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Example { child, lines }
    }

    fn says(&mut self, start: &str) {
        let line = self.lines.next().expect("the example goes on").unwrap();
        assert!(line.starts_with(start), "it said {line:?} instead of {start:?}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn button_led_lights_its_led_while_the_button_is_pressed_and_frees_both_lines() {
    let _alone = alone();
    pull(2, true);
    let mut example = Example::start("button_led");
    example.says("press the button");
    assert_eq!(value(17), "0");

    pull(2, false);
    example.says("pressed");
    until("the LED lights", || value(17) == "1");
    pull(2, true);
    example.says("released after");
    until("the LED goes out", || value(17) == "0");

    let error = Led::builder(17).gpio(&gpio()).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("pinzero"), "the kernel's consumer is not named: {error}");

    pull(2, false);
    example.says("pressed");
    example.says("good-bye");
    assert!(example.child.wait().unwrap().success());
    pull(2, true);

    let gpio = gpio();
    drop(Led::builder(17).gpio(&gpio).open().expect("the LED's line is free"));
    drop(Button::builder(2).gpio(&gpio).open().expect("the button's line is free"));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_button_counts_every_edge_of_a_burst() {
    let _alone = alone();
    pull(4, true);
    let gpio = gpio();
    let button = Button::builder(4).gpio(&gpio).open().unwrap();
    let (presses, releases) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let count = |counter: &Arc<AtomicU32>| {
        let counter = counter.clone();
        move |_: pinzero::Event| {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    button.when_pressed(count(&presses));
    button.when_released(count(&releases));
    for _ in 0..500 {
        pull(4, false);
        pull(4, true);
    }
    let counted = || (presses.load(Ordering::Relaxed), releases.load(Ordering::Relaxed));
    until("the last release", || counted().1 == 500);
    assert_eq!((counted(), button.missed()), ((500, 500), 0));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_bounce_is_one_press_at_the_kernels_own_time() {
    let _alone = alone();
    pull(4, true);
    let gpio = gpio();
    let button = Button::builder(4).bounce_time(ms(200)).gpio(&gpio).open().unwrap();
    let mut events = button.events();
    for _ in 0..10 {
        pull(4, false);
        pull(4, true);
    }
    let before = gpio.now();
    pull(4, false);
    let after = gpio.now();
    let press = events.next().unwrap();
    assert_eq!(press.level, Level::Low);
    assert!(
        press.at >= before + ms(200) && press.at <= after + ms(200),
        "{press:?}, moved {before:?} to {after:?}"
    );
    pull(4, true);
    let release = events.next().unwrap();
    assert_eq!((release.level, release.lasted), (Level::High, release.at - press.at));
    assert_eq!(events.try_next(), None);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn buttons_share_two_threads() {
    let _alone = alone();
    let gpio = gpio();
    let buttons: Vec<Button> = (2..28).map(|pin| Button::builder(pin).gpio(&gpio).open().unwrap()).collect();
    assert_eq!((buttons.len(), gpio.threads()), (26, 2));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_blink_and_a_wave_reach_the_line() {
    let _alone = alone();
    let gpio = gpio();
    let led = Led::builder(17).gpio(&gpio).open().unwrap();
    let blink = led.blink(ms(10), ms(10)).unwrap();
    until("the LED is lit", || value(17) == "1");
    until("the LED is dark", || value(17) == "0");
    blink.stop().unwrap();
    assert_eq!(value(17), "0");

    let lamp = PwmOutputDevice::builder(18).gpio(&gpio).open().unwrap();
    assert!(lamp.pwm().is_software());
    lamp.set_value(0.5).unwrap();
    until("the lamp is high", || value(18) == "1");
    until("the lamp is low", || value(18) == "0");
    lamp.on().unwrap();
    assert!((0..200).all(|_| value(18) == "1"));
    lamp.off().unwrap();
    assert!((0..200).all(|_| value(18) == "0"));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn pins_go_by_the_names_of_the_board_and_of_the_kernel() {
    let _alone = alone();
    let gpio = gpio();
    let line = gpio.resolve(17).unwrap();
    for name in ["GPIO17", "BOARD11", "J8:11", "WPI0"] {
        assert_eq!(gpio.resolve(name).unwrap(), line);
    }
}
