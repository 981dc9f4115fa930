//! Steppers on virtual time: phases, times, ramps, new targets. In real time: late steps, and writes that fail.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Result, StepMode};
use pinzero_tests::{block_on, make_late};
use proptest::prelude::*;

use crate::flaky::Flaky;

const COILS: [u32; 4] = [17, 18, 27, 22];

/// A motor with 100 steps a second.
fn motor(gpio: &MockGpio, mode: StepMode) -> Result<Stepper> {
    Stepper::builder(COILS).mode(mode).steps_per_revolution(100).rpm(60.0).gpio(gpio).open()
}

fn coils(gpio: &MockGpio) -> String {
    COILS.map(|pin| if gpio.line(pin).level().is_high() { '1' } else { '0' }).iter().collect()
}

/// A driver with a ramp: at most 400 steps a second, and 800 more each second.
fn axis(gpio: &MockGpio) -> Result<Stepper> {
    Stepper::step_dir(20, 21).enable(16).rpm(120.0).acceleration(800.0).gpio(gpio).open()
}

/// Returns the times of the step pulses.
fn pulses(gpio: &MockGpio) -> Vec<Duration> {
    let history = gpio.line(20).history();
    history.into_iter().filter(|(_, level)| level.is_high()).map(|(at, _)| at).collect()
}

fn is_near(one: Duration, other: Duration) -> bool {
    one.abs_diff(other) < us(1)
}

#[test]
fn coils_follow_their_mode() -> Result<()> {
    for (mode, expected) in [
        (StepMode::Wave, &["1000", "0100", "0010", "0001", "1000"][..]),
        (StepMode::Full, &["1100", "0110", "0011", "1001", "1100"]),
        (StepMode::Half, &["1000", "1100", "0100", "0110", "0010", "0011", "0001", "1001", "1000"]),
    ] {
        let gpio = mock::gpio();
        let motor = motor(&gpio, mode)?;
        assert_eq!(coils(&gpio), "0000");
        let steps = expected.len() as i64 - 1;
        motor.step(steps)?;
        let mut seen = vec![coils(&gpio)];
        for _ in 0..steps {
            gpio.advance(ms(10));
            seen.push(coils(&gpio));
        }
        assert_eq!(seen, expected, "{mode:?}");
        motor.step(-steps)?;
        let mut back = vec![coils(&gpio)];
        for _ in 0..steps {
            gpio.advance(ms(10));
            back.push(coils(&gpio));
        }
        assert!(back.iter().eq(expected.iter().rev()), "{mode:?}: {back:?}");
    }
    Ok(())
}

#[test]
fn a_move_takes_its_time_and_then_the_coils_are_off() -> Result<()> {
    let gpio = mock::gpio();
    let motor = motor(&gpio, StepMode::Full)?;
    motor.step(50)?;
    assert!(motor.is_moving()?);
    motor.wait()?;
    // Fifty steps, and the time of the last one.
    assert_eq!((gpio.elapsed(), motor.position()?, coils(&gpio)), (ms(510), 50, "0000".to_owned()));
    motor.go_to(50)?;
    assert!(!motor.is_moving()?);
    motor.wait()?;
    Ok(())
}

#[test]
fn a_held_motor_keeps_its_torque() -> Result<()> {
    let gpio = mock::gpio();
    let motor = Stepper::builder(COILS).hold(true).gpio(&gpio).open()?;
    assert_eq!(coils(&gpio), "1100");
    motor.step(1)?;
    motor.wait()?;
    assert_eq!(coils(&gpio), "0110");
    motor.close()?;
    assert_eq!(coils(&gpio), "0000");
    Ok(())
}

#[test]
fn a_ramp_is_a_trapezoid() -> Result<()> {
    let gpio = mock::gpio();
    let axis = axis(&gpio)?;
    assert!(gpio.line(16).level().is_high());
    axis.step(1000)?;
    assert!(!gpio.line(16).level().is_high());
    axis.wait()?;
    let pulses = pulses(&gpio);
    // 100 steps up in half a second, 800 at full speed in two seconds, and 100 down.
    assert_eq!((pulses.len(), axis.position()?, axis.missed()), (1000, 1000, 0));
    for (step, at) in
        [(1, ms(50)), (25, ms(250)), (100, ms(500)), (500, ms(1500)), (900, ms(2500)), (1000, ms(3000))]
    {
        assert!(is_near(pulses[step - 1], at), "step {step} at {:?}, not {at:?}", pulses[step - 1]);
    }
    assert!(gpio.line(16).level().is_high());
    assert!(is_near(gpio.elapsed(), ms(3050)), "{:?}", gpio.elapsed());
    Ok(())
}

#[test]
fn a_short_move_never_reaches_full_speed() -> Result<()> {
    for steps in [1, 2, 3, 10, 11] {
        let gpio = mock::gpio();
        let axis = axis(&gpio)?;
        axis.step(steps)?;
        axis.wait()?;
        let pulses = pulses(&gpio);
        assert_eq!((pulses.len() as i64, axis.position()?), (steps, steps));
        let gaps: Vec<Duration> = pulses.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap > us(2500)), "{gaps:?}");
    }
    Ok(())
}

#[test]
fn a_new_target_replaces_the_old_one() -> Result<()> {
    let gpio = mock::gpio();
    let axis = axis(&gpio)?;
    axis.go_to(1000)?;
    gpio.advance(ms(1000));
    let turned_at = axis.position()?;
    axis.go_to(0)?;
    gpio.advance(ms(490));
    assert!(axis.position()? > turned_at, "it slows down first");
    axis.wait()?;
    assert_eq!(axis.position()?, 0);
    // The direction changed at rest, with the time of a start between the steps.
    let turns = gpio.line(21).history();
    assert_eq!(turns.len(), 2, "{turns:?}");
    let (before, after): (Vec<_>, Vec<_>) = pulses(&gpio).into_iter().partition(|at| *at < turns[1].0);
    assert_eq!(before.len(), after.len());
    assert!(after[0] - before[before.len() - 1] >= ms(49));
    Ok(())
}

#[test]
fn stop_uses_the_ramp_and_halt_does_not() -> Result<()> {
    let gpio = mock::gpio();
    let axis = axis(&gpio)?;
    axis.step(10_000)?;
    gpio.advance(ms(1000));
    let at = axis.position()?;
    axis.stop()?;
    axis.wait()?;
    assert_eq!(axis.position()?, at + 100);
    axis.step(10_000)?;
    gpio.advance(ms(1000));
    let at = axis.position()?;
    axis.halt()?;
    assert_eq!((axis.is_moving()?, axis.position()?, axis.target()?), (false, at, at));
    gpio.advance(secs(10));
    assert_eq!((axis.position()?, gpio.line(20).level()), (at, Level::Low));
    Ok(())
}

#[test]
fn the_speed_changes_along_the_ramp() -> Result<()> {
    let gpio = mock::gpio();
    let axis = axis(&gpio)?;
    axis.step(100_000)?;
    gpio.advance(secs(1));
    axis.set_rpm(60.0)?; // 200 steps a second
    gpio.advance(secs(1));
    let before = axis.position()?;
    gpio.advance(secs(1));
    assert_eq!(axis.position()? - before, 200);
    assert_eq!(axis.rpm()?, 60.0);
    Ok(())
}

#[test]
fn a_position_can_be_named_anew() -> Result<()> {
    let gpio = mock::gpio();
    let motor = motor(&gpio, StepMode::Full)?;
    motor.step(5)?;
    motor.wait()?;
    motor.set_position(0)?;
    motor.step(1)?;
    // The coils go on from where they were: the sixth step of the cycle.
    gpio.advance(ms(10));
    assert_eq!((coils(&gpio), motor.position()?), ("0011".to_owned(), 1));
    Ok(())
}

#[test]
fn arrivals_are_events() -> Result<()> {
    let gpio = mock::gpio();
    let motor = motor(&gpio, StepMode::Wave)?;
    let mut events = motor.events();
    motor.step(3)?;
    let arrival = events.next().map(|arrival| (arrival.position, arrival.at.as_nanos()));
    assert_eq!(arrival, Some((3, 40_000_000)));
    motor.step(-3)?;
    block_on(motor.arrived())?;
    assert_eq!((gpio.elapsed(), motor.position()?), (ms(80), 0));
    motor.step(1000)?;
    assert!(!motor.wait_timeout(ms(100))?);
    let clone = motor.clone();
    gpio.after(ms(100), move || clone.close())?;
    assert_eq!(motor.wait().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn extreme_targets_do_no_harm() -> Result<()> {
    let gpio = mock::gpio();
    let motor = motor(&gpio, StepMode::Full)?;
    motor.go_to(i64::MAX)?;
    gpio.advance(ms(100));
    motor.go_to(i64::MIN)?;
    gpio.advance(ms(100));
    motor.step(i64::MAX)?;
    motor.halt()?;
    assert!(!motor.is_moving()?);
    Ok(())
}

#[test]
fn bad_options_are_refused() -> Result<()> {
    let gpio = mock::gpio();
    let builder = || Stepper::builder(COILS).gpio(&gpio);
    for (builder, part) in [
        (builder().rpm(0.0), "revolutions a minute"),
        (builder().rpm(-1.0), "revolutions a minute"),
        (builder().rpm(f64::NAN), "revolutions a minute"),
        (builder().rpm(100.0), "at most 2000"),
        (builder().rpm(1e-300), "one step a day"),
        (builder().steps_per_revolution(0), "1 or more"),
        (builder().acceleration(0.0), "acceleration"),
        (builder().acceleration(1e-300), "acceleration"),
        (builder().acceleration(f64::NAN), "acceleration"),
        (builder().acceleration(f64::INFINITY), "acceleration"),
    ] {
        let error = builder.open().unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidValue && error.to_string().contains(part), "{error}");
    }
    let twice = Stepper::builder([17, 18, 27, 17]).gpio(&gpio).open().unwrap_err();
    assert!(twice.to_string().contains("`IN1` and `IN4`"), "{twice}");
    let motor = builder().open()?;
    assert_eq!(motor.set_rpm(0.0).unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(format!("{motor:?}"), "Stepper(GPIO17, GPIO18, GPIO27, GPIO22, at 0)");
    Ok(())
}

#[test]
fn without_an_enable_pin_two_lines_are_enough() -> Result<()> {
    let gpio = mock::gpio();
    let axis = Stepper::step_dir(20, 21).gpio(&gpio).open()?;
    axis.step(-2)?;
    axis.wait()?;
    assert_eq!((pulses(&gpio).len(), axis.position()?, gpio.line(21).level()), (2, -2, Level::Low));
    Ok(())
}

/// Neither while the pulse is high, nor right before the next one: drivers need some microseconds on either side.
#[test]
fn the_direction_changes_between_two_pulses() -> Result<()> {
    let gpio = mock::gpio();
    let axis = Stepper::step_dir(20, 21).rpm(60.0).gpio(&gpio).open()?; // A step every 5 ms.
    axis.step(3)?;
    gpio.advance(ms(10));
    axis.go_to(0)?; // while the second pulse is high
    axis.wait()?;
    axis.go_to(-3)?;
    gpio.advance(ms(5));
    axis.go_to(5)?;
    gpio.advance(ms(7));
    axis.go_to(-5)?; // while no pulse is high
    axis.wait()?;
    let edges = gpio.line(20).history();
    let turns = gpio.line(21).history();
    assert_eq!(turns.len(), 4, "{turns:?}");
    for (turn, _) in turns {
        let before = edges.iter().rfind(|(at, _)| *at <= turn);
        let after = edges.iter().find(|(at, _)| *at > turn);
        assert!(
            before.is_none_or(|(_, level)| !level.is_high()),
            "a turn at {turn:?} within a pulse: {edges:?}"
        );
        assert!(
            after.is_some_and(|(at, _)| *at - turn >= us(5)),
            "a turn at {turn:?} right before a pulse: {edges:?}"
        );
    }
    Ok(())
}

/// The runtime is late for five steps. They come after all, one interval apart each, and not in a burst.
#[test]
fn late_steps_are_counted_and_not_made_up_for() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let axis = Stepper::step_dir(20, 21).rpm(15.0).gpio(&gpio).open()?; // A step every 20 ms.
    axis.step(8)?;
    while axis.position()? < 2 {
        gpio.sleep(ms(1));
    }
    make_late(&gpio, ms(105), || ())?;
    axis.wait()?;
    let pulses = pulses(&gpio);
    let gaps: Vec<Duration> = pulses.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A step may be late by a quarter of its interval before the next one moves too.
    assert!(gaps.iter().all(|gap| *gap >= ms(8)), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap >= ms(80)), "{gaps:?}");
    assert!(axis.missed() >= 1 && axis.position()? == 8 && pulses.len() == 8);
    Ok(())
}

#[test]
fn every_pulse_comes_down_before_the_next_one() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let axis = Stepper::step_dir(20, 21).rpm(300.0).gpio(&gpio).open()?; // A step every millisecond.
    axis.step(100)?;
    for _ in 0..10 {
        make_late(&gpio, ms(3), || ())?;
        gpio.sleep(ms(2));
    }
    axis.wait()?;
    assert_eq!((pulses(&gpio).len(), axis.position()?), (100, 100));
    Ok(())
}

#[test]
fn a_move_ends_with_the_error_of_a_step() -> Result<()> {
    let mock = mock::builder().realtime().open();
    let (gpio, fails) = Flaky::over(&mock)?;
    let motor = Stepper::builder(COILS).steps_per_revolution(100).rpm(600.0).gpio(&gpio).open()?;
    motor.step(1_000_000)?;
    while motor.position()? < 5 {
        gpio.sleep(ms(1));
    }
    fails.store(1, Ordering::Relaxed);
    let error = motor.wait().unwrap_err();
    assert!(error.kind() == ErrorKind::Io && !motor.is_moving()?, "{error}");
    assert_eq!((motor.target()?, coils(&mock).as_str()), (motor.position()?, "0000"));
    // The next move goes well, or ends at once with an error of its own.
    let before = motor.position()?;
    fails.store(1, Ordering::Relaxed);
    assert_eq!(motor.step(3).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!((motor.target()?, motor.is_moving()?), (before, false));
    motor.step(3)?;
    motor.wait()?;
    assert_eq!(motor.position()?, before + 3);
    Ok(())
}

#[test]
fn positions_end_with_the_numbers() -> Result<()> {
    let gpio = mock::gpio();
    let axis = axis(&gpio)?;
    axis.step(1000)?;
    gpio.advance(secs(1));
    axis.set_position(i64::MAX - 2)?;
    axis.stop()?;
    axis.wait()?;
    axis.set_position(i64::MIN)?;
    axis.step(-1)?;
    assert!(!axis.is_moving()?);
    Ok(())
}

/// Something that a program does with a motor.
#[derive(Debug, Clone)]
enum Act {
    GoTo(i64),
    Step(i64),
    Stop,
    Advance(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (-300i64..300).prop_map(Act::GoTo),
        (-300i64..300).prop_map(Act::Step),
        Just(Act::Stop),
        (1u64..700_000).prop_map(Act::Advance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a program asks for: no step is lost, none is too fast, the speed changes no faster than it may, and the direction changes
    /// at rest.
    #[test]
    fn any_moves_keep_to_the_ramp(acts in prop::collection::vec(act(), 1..20), rpm in 10.0..300.0f64, acceleration in 50.0..5000.0f64) {
        let gpio = mock::gpio();
        let axis = Stepper::step_dir(20, 21).rpm(rpm).acceleration(acceleration).gpio(&gpio).open()?;
        let mut wanted = 0;
        for act in acts {
            match act {
                Act::GoTo(position) => (wanted = position, axis.go_to(position)?).1,
                Act::Step(steps) => (wanted = axis.position()? + steps, axis.step(steps)?).1,
                Act::Stop => (axis.stop()?, wanted = axis.target()?).0,
                Act::Advance(time) => gpio.advance(us(time)),
            }
        }
        axis.wait()?;
        prop_assert_eq!((axis.position()?, axis.target()?, axis.missed()), (wanted, wanted, 0));
        let turns = gpio.line(21).history();
        let direction = |at: Duration| {
            let last = turns.iter().rfind(|(turn, _)| *turn <= at);
            if last.is_some_and(|(_, level)| level.is_high()) { 1 } else { -1 }
        };
        let pulses = pulses(&gpio);
        let steps: Vec<i64> = pulses.iter().map(|at| direction(*at)).collect();
        prop_assert_eq!(steps.iter().sum::<i64>(), wanted);
        let speed = rpm * 200.0 / 60.0;
        let speeds: Vec<f64> = pulses.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64().recip()).collect();
        // The speed of the first step from rest.
        let first = (acceleration / 2.0).sqrt();
        for (index, pair) in steps.windows(2).enumerate() {
            prop_assert!(speeds[index] <= speed * 1.001, "step {} at {} steps a second", index, speeds[index]);
            prop_assert!(pair[0] == pair[1] || speeds[index] <= first * 1.001, "step {} turns at {}", index, speeds[index]);
        }
        for pair in speeds.windows(2) {
            // The second step from rest is up to (1 + sqrt 2) times as fast as the first one.
            // A pause is no slow step.
            let squares = [pair[0], pair[1]].map(|speed| speed.max(first).powi(2));
            let change = (squares[1] - squares[0]).abs() / acceleration;
            prop_assert!(change <= 2.5, "from {} to {}", pair[0], pair[1]);
        }
    }
}

#[test]
fn a_slow_step_does_not_outlive_a_faster_speed_or_a_stop() -> Result<()> {
    let gpio = mock::gpio();
    let motor = Stepper::builder(COILS).rpm(0.001).gpio(&gpio).open()?; // a step takes half a minute
    motor.step(10)?;
    gpio.advance(ms(100));
    motor.set_rpm(15.0)?;
    gpio.advance(secs(1));
    assert_eq!(motor.position()?, 10);
    motor.set_rpm(0.001)?;
    motor.step(10)?;
    motor.stop()?;
    assert!(!motor.is_moving()?);
    Ok(())
}
