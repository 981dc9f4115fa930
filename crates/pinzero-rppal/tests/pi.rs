//! Registers and the kernel on the same lines, and a program by registers, on an emulated Raspberry Pi 3 and 4:
//! `cargo xtask pi-rig`.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod outside;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use gpiocdev::Request;
use gpiocdev::line::Value;
use gpiocdev::request::Builder;
use outside::Outside;
use pinzero_core::{
    Bias, Drive, ErrorKind, FlexConfig, Gpio, GroupConfig, Level, Line, LineFunction, OnClose, OutputConfig,
    PinFactory, Support,
};
use pinzero_rppal::RppalFactory;
use rustix::process::{Pid, Signal, kill_process};

const CHIP: &str = "/dev/gpiochip0";

const BOTH: [Level; 4] = [Level::High, Level::Low, Level::Low, Level::High];

/// One test at a time: the kernel and rppal each change ten lines' functions by one register, and neither waits for
/// the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn registers() -> Gpio {
    Gpio::new(RppalFactory::new().unwrap()).unwrap()
}

/// Takes a line on the character device.
fn request(line: u32, how: impl FnOnce(&mut Builder) -> &mut Builder) -> gpiocdev::Result<Request> {
    how(Request::builder().on_chip(CHIP).with_consumer("pi").with_line(line)).request()
}

fn read(kernel: &Request) -> Level {
    Level::from(kernel.lone_value().unwrap() == Value::Active)
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn the_character_device_reads_what_registers_write() {
    let _alone = alone();
    let (gpio, outside) = (registers(), Outside::new().unwrap());
    // One line of either register.
    for line in [22, 40] {
        let output = gpio.output(Line(line)).initial(Level::High).open().unwrap();
        let kernel = request(line, Builder::as_is).unwrap();
        assert!(outside.is_output(Line(line)));
        assert_eq!(read(&kernel), Level::High);
        for level in BOTH {
            output.set(level).unwrap();
            assert_eq!((read(&kernel), outside.level(Line(line))), (level, level), "GPIO{line}");
        }
        // Not the kernel of a Raspberry Pi: it makes an input of what is let go, whoever uses it.
        drop(kernel);
        assert!(!outside.is_output(Line(line)));
        output.close().unwrap();
        assert!(!outside.is_output(Line(line)));
    }
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn registers_read_what_the_character_device_writes() {
    let _alone = alone();
    let (gpio, outside) = (registers(), Outside::new().unwrap());
    for line in [23, 41] {
        let kernel = request(line, |builder| builder.as_output(Value::Active)).unwrap();
        let output = gpio.output(Line(line)).adopt().on_close(OnClose::Keep).open().unwrap();
        assert_eq!((output.last(), output.level().unwrap()), (Level::High, Level::High));
        for level in BOTH {
            kernel.set_lone_value(Value::from(level.is_high())).unwrap();
            assert_eq!((output.level().unwrap(), outside.level(Line(line))), (level, level), "GPIO{line}");
        }
        // Two hands on one switch.
        output.set(Level::Low).unwrap();
        assert_eq!(read(&kernel), Level::Low);
        output.close().unwrap();
        assert!(outside.is_output(Line(line)));
    }
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn a_group_writes_lines_of_both_registers_and_gives_them_back() {
    let _alone = alone();
    let (gpio, outside) = (registers(), Outside::new().unwrap());
    assert_eq!(gpio.capabilities().group, Support::Native);
    let lines = [40, 22, 41, 23].map(Line);
    let seen = || lines.map(|line| (outside.is_output(line), outside.level(line).is_high()));
    lines.iter().for_each(|line| outside.drive(*line, Level::Low));
    let other = Line(24);
    outside.drive(other, Level::High);

    let group = gpio.group(lines).initial(0b0011).open().unwrap();
    assert_eq!(seen(), [(true, true), (true, true), (true, false), (true, false)]);
    for (mask, levels, then) in
        [(0b1111, 0b1010, 0b1010), (0b1111, 0b0101, 0b0101), (0b0010, 0b0010, 0b0111), (0, 0, 0b0111)]
    {
        group.set_masked(mask, levels).unwrap();
        let high = [0, 1, 2, 3].map(|index| then >> index & 1 == 1);
        assert_eq!(seen(), high.map(|high| (true, high)), "{levels:04b} under {mask:04b}");
        assert_eq!(group.levels().unwrap(), then);
        assert_eq!(outside.level(other), Level::High, "no line of the group");
    }
    let info = gpio.line_info(Line(41)).unwrap();
    assert_eq!((info.function, info.level), (Some(LineFunction::Output), Some(Level::High)));
    group.close().unwrap();
    assert_eq!(seen().map(|(is_output, _)| is_output), [false; 4]);
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn a_group_that_cannot_be_had_leaves_its_lines_as_they_were() {
    let _alone = alone();
    let (factory, outside) = (RppalFactory::new().unwrap(), Outside::new().unwrap());
    outside.drive(Line(22), Level::Low);
    let taken = factory.open_output(Line(23), OutputConfig::new(Level::Low, OnClose::Restore)).unwrap();
    let config = GroupConfig::new(0b11, OnClose::High);
    let error = factory.open_group(&[Line(22), Line(23)], config).err().unwrap();
    assert_eq!((error.kind(), error.pin()), (ErrorKind::PinInUse, Some("GPIO23")));
    assert!(!outside.is_output(Line(22)));
    assert_eq!((outside.level(Line(22)), outside.level(Line(23))), (Level::Low, Level::Low));
    taken.close().unwrap();
    let config = GroupConfig::new(0b11, OnClose::Restore);
    factory.open_group(&[Line(22), Line(23)], config).unwrap().close().unwrap();
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn an_output_is_given_back_as_it_was_found() {
    let _alone = alone();
    let (gpio, outside) = (registers(), Outside::new().unwrap());
    for found in [Level::High, Level::Low] {
        let kernel = request(26, |builder| builder.as_output(Value::from(found.is_high()))).unwrap();
        let output = gpio.output(26).initial(!found).on_close(OnClose::Restore).open().unwrap();
        assert_eq!(read(&kernel), !found);
        output.close().unwrap();
        assert!(outside.is_output(Line(26)));
        assert_eq!((read(&kernel), outside.level(Line(26))), (found, found));
    }
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn both_read_what_comes_from_outside() {
    let _alone = alone();
    let (gpio, outside) = (registers(), Outside::new().unwrap());
    let kernel = request(24, Builder::as_input).unwrap();
    assert!(gpio.line_info(24).unwrap().consumer.is_some_and(|holder| holder.contains("\"pi\"")));
    for level in BOTH {
        outside.drive(Line(24), level);
        assert_eq!((read(&kernel), gpio.line_info(24).unwrap().level), (level, Some(level)));
    }
    drop(kernel);
    let input = gpio.input(24).bias(Bias::AsIs).open().unwrap();
    for level in BOTH {
        outside.drive(Line(24), level);
        assert_eq!(input.level().unwrap(), level);
    }
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn an_input_with_edges_is_the_kernels_too() {
    let _alone = alone();
    let (gpio, outside) = (registers(), Outside::new().unwrap());
    let chip = gpiocdev::Chip::from_path(CHIP).unwrap();

    let input = gpio.input(25).open().unwrap();
    let info = chip.line_info(25).unwrap();
    assert!(info.used && info.edge_detection.is_some(), "{info:?}");
    assert!(request(25, Builder::as_input).is_err());
    input.close().unwrap();
    assert!(!chip.line_info(25).unwrap().used);

    // Refused, it leaves somebody else's line as it is.
    let kernel = request(25, |builder| builder.as_output(Value::Active)).unwrap();
    let error = gpio.input(25).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("\"pi\""), "{error}");
    assert!(outside.is_output(Line(25)));
    assert_eq!(outside.level(Line(25)), Level::High);
    drop(kernel);
    gpio.input(25).open().unwrap().close().unwrap();
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn a_line_turns_by_registers_alone_without_edges() {
    let _alone = alone();
    let (factory, outside) = (RppalFactory::new().unwrap(), Outside::new().unwrap());
    let kernel = request(27, Builder::as_input).unwrap();
    outside.drive(Line(27), Level::Low);
    let config = FlexConfig::new(Drive::Output(Level::High), OnClose::Restore);
    let flex = factory.open_flex(Line(27), config).unwrap();
    for level in BOTH {
        flex.turn(Drive::Output(level)).unwrap();
        assert!(outside.is_output(Line(27)));
        assert_eq!((read(&kernel), flex.level().unwrap()), (level, level));
        flex.turn(Drive::Input(Bias::AsIs)).unwrap();
        assert!(!outside.is_output(Line(27)));
        outside.drive(Line(27), !level);
        assert_eq!(flex.level().unwrap(), !level);
    }
    flex.turn(Drive::Output(Level::Low)).unwrap();
    flex.close().unwrap();
    assert!(!outside.is_output(Line(27)));
    assert_eq!(flex.turn(Drive::Output(Level::Low)).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn lines_with_edges_are_the_kernels_while_they_turn() {
    let _alone = alone();
    let (gpio, outside) = (registers(), Outside::new().unwrap());
    let chip = gpiocdev::Chip::from_path(CHIP).unwrap();
    let flex = gpio.flex(27).start(Drive::Output(Level::High)).open().unwrap();
    for level in BOTH {
        flex.turn(Drive::Output(level)).unwrap();
        assert!(outside.is_output(Line(27)) && request(27, Builder::as_is).is_err());
        assert_eq!((outside.level(Line(27)), flex.level().unwrap()), (level, level));
        flex.turn(Drive::Input(Bias::AsIs)).unwrap();
        assert!(!outside.is_output(Line(27)) && request(27, Builder::as_is).is_err());
        assert!(chip.line_info(27).unwrap().edge_detection.is_some());
    }
    flex.close().unwrap();
    assert!(!chip.line_info(27).unwrap().used);

    let inputs = gpio.inputs([23, 24]).open().unwrap();
    assert!(chip.line_info(23).unwrap().edge_detection.is_some() && chip.line_info(24).unwrap().used);
    for (left, right) in [(Level::High, Level::Low), (Level::Low, Level::High)] {
        outside.drive(Line(23), left);
        outside.drive(Line(24), right);
        let levels = inputs.inputs().iter().map(|line| line.level().unwrap()).collect::<Vec<_>>();
        assert_eq!(levels, [left, right]);
    }
    inputs.close().unwrap();
    assert!(!chip.line_info(23).unwrap().used);
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn a_line_that_is_not_there_is_not_another() {
    let _alone = alone();
    let factory = RppalFactory::new().unwrap();
    let first = if outside::is_pi_4() { 58 } else { 54 };
    for line in [first, 255, 256 + 17] {
        assert_eq!(factory.line_info(Line(line)).unwrap_err().kind(), ErrorKind::UnknownPin);
        let config = OutputConfig::new(None, OnClose::Keep);
        assert_eq!(factory.open_output(Line(line), config).unwrap_err().kind(), ErrorKind::UnknownPin);
    }
}

/// `led_blink`, by registers.
fn led_blink() -> Command {
    let mut command = Command::new("/rig/led_blink");
    command.env("PINZERO_PIN_FACTORY", "rppal").stderr(Stdio::piped());
    command
}

/// The next time that the line is at another level than `level`.
fn change(kernel: &Request, level: Level) -> Instant {
    let start = Instant::now();
    while read(kernel) == level {
        assert!(start.elapsed() < Duration::from_secs(10), "it stays {level}");
        thread::sleep(Duration::from_millis(1));
    }
    Instant::now()
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn a_program_blinks_by_registers_and_gives_the_line_back() {
    let _alone = alone();
    let outside = Outside::new().unwrap();
    let kernel = request(17, Builder::as_is).unwrap();
    outside.drive(Line(17), Level::Low);

    let mut child: Child = led_blink().spawn().unwrap();
    let mut level = Level::Low;
    let mut last = change(&kernel, level);
    for _ in 0..4 {
        level = !level;
        let next = change(&kernel, level);
        let lasted = next - last;
        println!("{level} for {lasted:?}");
        assert!(lasted.abs_diff(Duration::from_millis(500)) < Duration::from_millis(100), "{lasted:?}");
        last = next;
    }
    assert!(outside.is_output(Line(17)));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(!outside.is_output(Line(17)));
}

/// What `led_blink` says when it does not start, as a user who may nothing.
fn refusal() -> String {
    let output = led_blink().uid(65534).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "no Pi: run `cargo xtask pi-rig`"]
fn what_is_not_there_or_not_allowed_is_named() {
    let _alone = alone();
    let mode = |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();

    // This kernel has no /dev/gpiomem.
    let said = refusal();
    assert!(said.contains("/dev/mem") && said.contains("iomem=relaxed"), "{said}");

    // A file stands in for it.
    fs::write("/dev/gpiomem", [0; 4096]).unwrap();
    mode("/dev/gpiomem", 0o600);
    let said = refusal();
    assert!(said.contains("/dev/gpiomem:") && said.contains("usermod -aG gpio"), "{said}");

    mode("/dev/gpiomem", 0o666);
    mode(CHIP, 0o600);
    let said = refusal();
    assert!(said.contains(CHIP) && said.contains("usermod -aG gpio"), "{said}");

    // As on a Pi 5 whose kernel counts otherwise.
    fs::rename(CHIP, "/dev/gpiochip7").unwrap();
    let said = refusal();
    fs::rename("/dev/gpiochip7", CHIP).unwrap();
    fs::remove_file("/dev/gpiomem").unwrap();
    assert!(said.contains("no /dev/gpiochip0"), "{said}");
}
