//! Flexible lines, which are never released on the way.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gpiocdev::line::{Bias as KernelBias, Direction, EdgeDetection, InfoChangeKind};
use pinzero_core::time::{ms, secs, us};
use pinzero_core::{
    Bias, Drive, Edge, ErrorKind, Events, FlexConfig, FlexPin, Gpio, Level, Line, OnClose, PinFactory,
};

use crate::{Rig, labelled, open, path, rig};

const HIGH: Drive = Drive::Output(Level::High);
const LOW: Drive = Drive::Output(Level::Low);
const UP: Drive = Drive::Input(Bias::PullUp);
const DOWN: Drive = Drive::Input(Bias::PullDown);

fn flex(rig: &Rig, line: u32, start: Drive, on_close: OnClose) -> Box<dyn FlexPin> {
    rig.factory.open_flex(Line(line), FlexConfig::new(start, on_close)).unwrap()
}

/// What the kernel has told of a line so far.
fn changes(chip: &gpiocdev::Chip) -> Vec<InfoChangeKind> {
    let mut changes = Vec::new();
    while chip.has_line_info_change_event().unwrap() {
        changes.push(chip.read_line_info_change_event().unwrap().kind);
    }
    changes
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn each_turn_is_one_step() {
    use InfoChangeKind::{Reconfigured, Released, Requested};

    let rig = rig();
    let chip = gpiocdev::Chip::from_path(path(&rig.sim)).unwrap();
    chip.watch_line_info(3).unwrap();
    let flex = flex(&rig, 3, HIGH, OnClose::Restore);
    assert_eq!((changes(&chip), rig.seen(3)), (vec![Requested], Level::High));
    let steps = [
        (UP, Level::High, vec![Reconfigured]),
        (LOW, Level::Low, vec![Reconfigured]),
        // It drives already: a write, of which the kernel has nothing to tell.
        (HIGH, Level::High, vec![]),
        (DOWN, Level::Low, vec![Reconfigured]),
        (HIGH, Level::High, vec![Reconfigured]),
        (LOW, Level::Low, vec![]),
        (UP, Level::High, vec![Reconfigured]),
        (DOWN, Level::Low, vec![Reconfigured]),
    ];
    for (drive, level, told) in steps {
        flex.turn(drive).unwrap();
        assert_eq!((changes(&chip), rig.seen(3), flex.level().unwrap()), (told, level, level), "{drive}");
        let (direction, bias) = match drive {
            Drive::Input(Bias::PullUp) => (Direction::Input, Some(KernelBias::PullUp)),
            Drive::Input(_) => (Direction::Input, Some(KernelBias::PullDown)),
            _ => (Direction::Output, None),
        };
        assert_eq!((rig.info(3).direction, rig.info(3).bias), (direction, bias), "{drive}");
    }
    flex.close().unwrap();
    assert_eq!(changes(&chip), [Reconfigured, Released]);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_that_turns_has_one_level_and_one_holder_throughout() {
    let rig = rig();
    for (drive, listen, level) in [(HIGH, UP, "1"), (LOW, DOWN, "0")] {
        let flex = flex(&rig, 5, drive, OnClose::Restore);
        let chip = gpiocdev::Chip::from_path(path(&rig.sim)).unwrap();
        chip.watch_line_info(5).unwrap();
        let value = fs::read_dir(format!("/sys/devices/platform/{}", rig.sim.chips()[0].dev_name)).unwrap();
        let value = value.map(|entry| entry.unwrap().path().join("sim_gpio5/value"));
        let value = value.into_iter().find(|path| path.exists()).unwrap();
        let (is_over, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(fs::read_to_string(&value).unwrap().trim(), level);
                    let mut request = gpiocdev::Request::builder();
                    let taken = request.on_chip(path(&rig.sim)).with_line(5).as_is().request();
                    assert!(taken.is_err(), "somebody else could take the line");
                    reads.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                }
            });
            for _ in 0..2000 {
                flex.turn(listen).unwrap();
                thread::yield_now();
                flex.turn(drive).unwrap();
                thread::yield_now();
            }
            is_over.store(true, Ordering::Relaxed);
        });
        println!("{} looks at {level}", reads.load(Ordering::Relaxed));
        assert!(reads.load(Ordering::Relaxed) > 1000);
        // The kernel may have dropped some of these, if it had no room, but none of another kind is among them.
        assert!(changes(&chip).iter().all(|kind| *kind == InfoChangeKind::Reconfigured));
    }
}

fn next(events: &mut Events<Edge>) -> (Level, u32) {
    let edge = events.next_timeout(secs(5)).unwrap();
    (edge.level, edge.missed)
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn edges_are_reported_while_the_line_listens() {
    let rig = rig();
    let gpio = Gpio::new(open(&rig.sim)).unwrap();
    for start in [LOW, DOWN] {
        let flex = gpio.flex(10).start(start).open().unwrap();
        let mut edges = flex.edges();
        for _ in 0..50 {
            flex.turn(DOWN).unwrap();
            assert_eq!(rig.info(10).edge_detection, Some(EdgeDetection::BothEdges));
            rig.pull(10, Level::High);
            rig.pull(10, Level::Low);
            assert_eq!(next(&mut edges), (Level::High, 0));
            assert_eq!(next(&mut edges), (Level::Low, 0));
            // Neither what it drives itself nor what pulls at it then is an edge, and none of it is missed.
            for drive in [HIGH, LOW, HIGH] {
                flex.turn(drive).unwrap();
                rig.pull(10, Level::High);
                rig.pull(10, Level::Low);
            }
            assert_eq!(rig.info(10).edge_detection, None);
        }
        assert_eq!(edges.next_timeout(ms(20)), None);
        flex.close().unwrap();
        assert!(!rig.info(10).used);
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn edges_that_nobody_has_read_yet_outlive_a_turn() {
    let rig = rig();
    let gpio = Gpio::new(open(&rig.sim)).unwrap();
    let flex = gpio.flex(11).start(LOW).open().unwrap();
    let mut edges = flex.edges();
    for _ in 0..20 {
        flex.turn(DOWN).unwrap();
        for count in 0..40 {
            rig.pull(11, Level::from(count % 2 == 0));
        }
        flex.turn(LOW).unwrap();
    }
    for count in 0..800 {
        assert_eq!(next(&mut edges), (Level::from(count % 2 == 0), 0), "{count}");
    }
    assert_eq!(edges.next_timeout(ms(20)), None);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_is_left_as_it_is_wanted() {
    let rig = labelled("pinctrl-bcm2711");
    // An output that was found is one again, whichever way it has turned meanwhile.
    for (last, level) in [(UP, Level::High), (HIGH, Level::Low), (DOWN, Level::Low)] {
        rig.leave_as_output(2, level);
        let flex = flex(&rig, 2, LOW, OnClose::Restore);
        flex.turn(last).unwrap();
        rig.pull(2, !level);
        let held = rig.hold(2);
        flex.close().unwrap();
        assert_eq!((rig.info(2).direction, rig.seen(2)), (Direction::Output, level), "{last}");
        drop(held);
    }
    // An input goes back to the pull of the board: GPIO5 is pulled up.
    rig.pull(5, Level::High);
    drop(flex(&rig, 5, DOWN, OnClose::Restore));
    assert_eq!((rig.info(5).direction, rig.pulled(5)), (Direction::Input, Level::High));

    let high = flex(&rig, 6, DOWN, OnClose::High);
    let held = rig.hold(6);
    high.close().unwrap();
    high.close().unwrap();
    assert_eq!((rig.info(6).direction, rig.seen(6)), (Direction::Output, Level::High));
    drop(held);
    for error in [high.turn(LOW).unwrap_err(), high.turn(UP).unwrap_err(), high.level().unwrap_err()] {
        assert_eq!((error.kind(), error.pin()), (ErrorKind::Closed, Some("GPIO6")));
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn what_a_line_cannot_be_is_refused() {
    let rig = rig();
    let pulses = Drive::Pwm { period: us(100), pulse: us(50) };
    let flex = flex(&rig, 7, HIGH, OnClose::Restore);
    assert_eq!(flex.turn(pulses).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!((flex.level().unwrap(), rig.info(7).direction), (Level::High, Direction::Output));
    let config = FlexConfig::new(LOW, OnClose::Keep);
    assert_eq!(rig.factory.open_flex(Line(8), config).unwrap_err().kind(), ErrorKind::Unsupported);
    let taken = rig.factory.open_flex(Line(7), FlexConfig::new(LOW, OnClose::Restore));
    assert_eq!(taken.unwrap_err().kind(), ErrorKind::Busy);
}
