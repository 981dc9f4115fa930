//! Robots: both motors change in one step, and no bridge ever has both legs on.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Curve, ErrorKind, LineFunction, Result, Source};
use pinzero_tests::Log;
use proptest::prelude::*;

const PINS: [u32; 4] = [4, 14, 17, 18];

fn robot(gpio: &MockGpio) -> Result<Robot> {
    Robot::builder((4, 14), (17, 18)).gpio(gpio).open()
}

/// A robot with motors of the other kind.
fn phased(gpio: &MockGpio, pwm: bool) -> Result<Robot> {
    Robot::builder((12, 5), (13, 6)).phase_enable(true).pwm(pwm).gpio(gpio).open()
}

/// The share of the time that each pin is on.
fn duties<const N: usize>(gpio: &MockGpio, pins: [u32; N]) -> [f64; N] {
    pins.map(|pin| (gpio.line(pin).pulses().pop().unwrap().duty() * 1e6).round() / 1e6)
}

type Call = fn(&Robot) -> Result<()>;

const CALLS: [(Call, (f64, f64)); 12] = [
    (|_| Ok(()), (0.0, 0.0)),
    (|robot| robot.forward(0.5), (0.5, 0.5)),
    (|robot| robot.backward(0.25), (-0.25, -0.25)),
    (|robot| robot.left(1.0), (-1.0, 1.0)),
    (|robot| robot.right(0.75), (0.75, -0.75)),
    (|robot| robot.reverse(), (-0.75, 0.75)),
    (|robot| robot.forward_curve(0.5, Curve::Left(0.25)), (0.375, 0.5)),
    (|robot| robot.forward_curve(1.0, Curve::Right(1.0)), (1.0, 0.0)),
    (|robot| robot.backward_curve(0.5, Curve::Right(0.5)), (-0.5, -0.25)),
    (|robot| robot.set_value((-1.0, 0.125)), (-1.0, 0.125)),
    (|robot| robot.stop(), (0.0, 0.0)),
    (|robot| robot.reverse(), (0.0, 0.0)),
];

#[test]
fn each_word_drives_both_motors() -> Result<()> {
    let gpio = mock::gpio();
    let robot = robot(&gpio)?;
    let phased = phased(&gpio, true)?;
    for (call, (left, right)) in CALLS {
        for robot in [&robot, &phased] {
            call(robot)?;
            assert_eq!(robot.value()?, (left, right));
            assert_eq!(robot.is_active()?, (left, right) != (0.0, 0.0));
            assert_eq!((robot.left_motor().value()?, robot.right_motor().value()?), (left, right));
        }
        let leg = |value: f64| value.max(0.0);
        assert_eq!(duties(&gpio, PINS), [leg(left), leg(-left), leg(right), leg(-right)]);
        assert_eq!(duties(&gpio, [5, 6]), [left.abs(), right.abs()]);
        assert_eq!([12, 13].map(|pin| gpio.line(pin).level().is_high()), [left < 0.0, right < 0.0]);
    }
    Ok(())
}

#[test]
fn what_cannot_be_changes_nothing() -> Result<()> {
    let gpio = mock::gpio();
    let fast = robot(&gpio)?;
    fast.forward(0.5)?;
    let plain = Robot::builder((5, 6), (12, 13)).pwm(false).gpio(&gpio).open()?;
    plain.left(1.0)?;
    for (refused, part) in [
        (fast.forward(1.5), "a speed of 1.5 is out of range: give 0 to 1"),
        (fast.left(-1.0), "a speed of -1"),
        (fast.right(f64::NAN), "a speed of NaN"),
        (fast.forward_curve(0.5, Curve::Left(1.1)), "a curve of 1.1 is out of range: give 0 to 1"),
        (fast.backward_curve(0.5, Curve::Right(-0.1)), "a curve of -0.1"),
        (fast.set_value((-0.5, 2.0)), "a value of 2 is out of range: give -1 to 1"),
        (plain.set_value((1.0, 0.5)), "a digital output is off or on"),
        (plain.forward_curve(1.0, Curve::Left(0.5)), "a digital output is off or on"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!((fast.value()?, plain.value()?), ((0.5, 0.5), (-1.0, 1.0)));
    }
    plain.forward_curve(1.0, Curve::Right(1.0))?;
    assert_eq!(plain.value()?, (1.0, 0.0));
    Ok(())
}

#[test]
fn a_motor_may_be_driven_alone() -> Result<()> {
    let gpio = mock::gpio();
    let robot = robot(&gpio)?;
    robot.right_motor().backward(0.5)?;
    assert_eq!(robot.value()?, (0.0, -0.5));
    assert_eq!(
        format!("{robot:?}"),
        "Robot(GPIO4, GPIO14, GPIO17, GPIO18, left stopped, right backward at 0.5)"
    );
    let left = robot.left_motor().clone();
    robot.close()?;
    assert!(robot.is_closed() && left.is_closed());
    assert_eq!(PINS.map(|pin| gpio.line(pin).function()), [LineFunction::Input; 4]);
    for refused in [robot.forward(1.0), robot.reverse(), robot.stop(), robot.value().map(drop)] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    }
    Ok(())
}

#[test]
fn bad_pins_and_motors_are_refused() -> Result<()> {
    let gpio = mock::gpio();
    let error = Robot::builder((4, 14), (17, 4)).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(
        error.to_string().contains("one pin cannot be both `left forward` and `right backward`"),
        "{error}"
    );
    let error = Robot::builder((4, 14), (17, 18)).frequency(50.0).pwm(false).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert_eq!(PINS.map(|pin| gpio.line(pin).function()), [LineFunction::Input; 4]);

    let elsewhere = mock::gpio();
    let here = Motor::builder(4, 14).gpio(&gpio).open()?;
    let there = Motor::builder(17, 18).gpio(&elsewhere).open()?;
    let error = Robot::from_motors(here, there).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert!(error.to_string().contains("the motors of a robot belong to one factory"), "{error}");
    Ok(())
}

#[test]
fn phases_change_while_both_motors_are_off() -> Result<()> {
    let gpio = mock::gpio();
    let pins = [12, 5, 13, 6];
    for (pin, seen) in pins.into_iter().zip([20, 21, 22, 23]) {
        gpio.wire(pin, seen);
    }
    let robot = phased(&gpio, false)?;
    robot.forward(1.0)?;
    let seen = gpio.inputs([20, 21, 22, 23]).open()?;
    let mut events = seen.events();
    robot.reverse()?;
    let (left_phase, left, right_phase, right) = (0, 1, 2, 3);
    let order: Vec<(usize, u8)> = std::iter::from_fn(|| events.next_timeout(ms(1)))
        .map(|told| (told.index, told.event.level.is_high().into()))
        .collect();
    let expected = [(left, 0), (right, 0), (left_phase, 1), (left, 1), (right_phase, 1), (right, 1)];
    assert_eq!(order, expected);
    Ok(())
}

/// With two calls, one for each motor, a handler found the robot turning.
#[test]
fn nothing_runs_between_the_motors() -> Result<()> {
    let gpio = mock::gpio();
    gpio.wire(4, 20);
    let robot = Robot::builder((4, 14), (17, 18)).pwm(false).gpio(&gpio).open()?;
    let seen = DigitalInputDevice::builder(20).gpio(&gpio).open()?;
    let log = Log::new();
    seen.when_activated(note(&robot, &log));
    seen.when_deactivated(note(&robot, &log));
    robot.forward(1.0)?;
    robot.reverse()?;
    robot.stop()?;
    assert_eq!(log.take(), [(1.0, 1.0), (-1.0, -1.0)]);
    Ok(())
}

fn note(robot: &Robot, log: &Log<(f64, f64)>) -> impl FnMut(Event) + Send + use<> {
    let (robot, log) = (robot.clone(), log.clone());
    move |_| log.push(robot.value().unwrap())
}

#[test]
fn a_robot_follows_speeds() -> Result<()> {
    for is_phased in [false, true] {
        let gpio = mock::gpio();
        let robot = if is_phased { phased(&gpio, true)? } else { robot(&gpio)? };
        let speeds = [(0.5, 1.0), (-0.25, 0.5), (0.0, -1.0)];
        let follower = robot.follow(Source::from(speeds).every(ms(10)))?;
        for expected in speeds {
            assert_eq!(robot.value()?, expected);
            gpio.advance(ms(10));
        }
        follower.wait()?;
        let follower = robot.follow(Source::from(vec![(1.0, 1.0); 100]))?;
        robot.stop()?;
        assert!(!follower.is_running() && !robot.is_active()?);
        assert_eq!(robot.follow(Source::from([(2.0, 0.0)])).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_calls_turn_both_legs_on(calls in prop::collection::vec((0..CALLS.len(), 0u64..30), 1..30)) {
        let gpio = mock::gpio();
        let bridges = [gpio.motor(4, 14), gpio.motor(17, 18)];
        let robot = robot(&gpio)?;
        for (call, time) in calls {
            CALLS[call].0(&robot)?;
            gpio.advance(ms(time));
        }
        prop_assert_eq!(bridges.map(|bridge| bridge.conflicts()), [0, 0]);
    }
}

#[test]
fn one_motor_is_not_both_sides() -> Result<()> {
    let gpio = mock::gpio();
    let motor = Motor::builder(4, 14).gpio(&gpio).open()?;
    assert_eq!(Robot::from_motors(motor.clone(), motor).unwrap_err().kind(), ErrorKind::InvalidValue);
    Ok(())
}
