//! Servos: positions become pulses, to the nanosecond.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::time::Duration;

use pinzero::mock::{self, MockGpio, Pulse};
use pinzero::prelude::*;
use pinzero::{Builder, Capabilities, ErrorKind, LineFunction, Open, Support};
use proptest::prelude::*;

fn servo(gpio: &MockGpio) -> pinzero::Result<Servo> {
    Servo::builder(17).gpio(gpio).open()
}

/// Period and pulse of the last wave.
fn wave(gpio: &MockGpio) -> (Duration, Duration) {
    let Pulse { period, pulse, .. } = gpio.line(17).pulses().pop().unwrap();
    (period, pulse)
}

#[test]
fn positions_become_pulses() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let servo = servo(&gpio)?;
    assert_eq!((servo.value()?, servo.is_active()?, gpio.line(17).pulses().len()), (Some(0.0), true, 1));
    assert_eq!((wave(&gpio), servo.pulse_width()?), ((ms(20), us(1500)), Some(us(1500))));
    for (value, micros) in [(-1.0, 1000), (1.0, 2000), (0.5, 1750), (0.3, 1650), (-0.25, 1375), (0.001, 1500)]
    {
        servo.set_value(value)?;
        assert_eq!(servo.value()?, Some(value));
        let width = us(micros) + if value == 0.001 { Duration::from_nanos(500) } else { ms(0) };
        assert_eq!((wave(&gpio), servo.pulse_width()?), ((ms(20), width), Some(width)), "{value}");
    }
    servo.min()?;
    assert_eq!((wave(&gpio).1, format!("{servo:?}")), (ms(1), "Servo(GPIO17, -1)".into()));
    servo.max()?;
    assert_eq!((wave(&gpio).1, servo.to_string()), (ms(2), "Servo on GPIO17".into()));
    servo.mid()?;
    assert_eq!(wave(&gpio).1, us(1500));
    Ok(())
}

#[test]
fn a_detached_servo_has_no_pulses() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let servo = Servo::builder(17).initial_value(None).gpio(&gpio).open()?;
    let detached = |servo: &Servo| -> pinzero::Result<_> {
        Ok((servo.value()?, servo.pulse_width()?, servo.is_active()?, wave(&gpio).1, format!("{servo:?}")))
    };
    let expected = (None, None, false, ms(0), "Servo(GPIO17, detached)".to_owned());
    assert_eq!(detached(&servo)?, expected);
    servo.max()?;
    servo.detach()?;
    assert_eq!(detached(&servo)?, expected);
    let set: &dyn SetValue<Value = Option<f64>> = &servo;
    set.set_value(Some(0.5))?;
    assert_eq!(Value::value(&servo)?, Some(0.5));
    set.set_value(None)?;
    assert_eq!(detached(&servo)?, expected);
    Ok(())
}

#[test]
fn any_frame_keeps_its_pulse_exactly() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    for frame in [ms(7), ms(3), us(2_501), Duration::from_nanos(9_999_999), ms(20), ms(33)] {
        let servo = Servo::builder(17).frame_width(frame).gpio(&gpio).open()?;
        assert_eq!((wave(&gpio), servo.frame_width()), ((frame, us(1500)), frame));
        for nanos in [1_000_000, 1_000_001, 1_234_567, 1_999_999, 2_000_000] {
            let width = Duration::from_nanos(nanos);
            servo.set_pulse_width(width)?;
            assert_eq!((wave(&gpio), servo.pulse_width()?), ((frame, width), Some(width)));
        }
    }
    Ok(())
}

#[test]
fn angles_are_positions() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let opened = |min, max, initial: Option<f64>| {
        let builder = AngularServo::builder(17).min_angle(min).max_angle(max).initial_angle(initial);
        builder.min_pulse_width(us(500)).max_pulse_width(us(2500)).gpio(&gpio).open()
    };
    for (min, max, angle, value, micros) in [
        (-90.0, 90.0, 45.0, 0.5, 2000),
        (-90.0, 90.0, -90.0, -1.0, 500),
        (0.0, 180.0, 45.0, -0.5, 1000),
        (180.0, 0.0, 45.0, 0.5, 2000),
        (42.0, -42.0, 42.0, -1.0, 500),
        (10.0, 100.0, 100.0, 1.0, 2500),
    ] {
        let servo = opened(min, max, Some(angle))?;
        let all = |servo: &AngularServo| -> pinzero::Result<_> {
            Ok((servo.angle()?, servo.value()?, servo.pulse_width()?, wave(&gpio).1))
        };
        let expected = (Some(angle), Some(value), Some(us(micros)), us(micros));
        assert_eq!(all(&servo)?, expected, "{angle} of {min} to {max}");
        servo.max()?;
        assert_eq!((servo.angle()?, servo.min_angle(), servo.max_angle()), (Some(max), min, max));
        servo.set_angle(angle)?;
        assert_eq!(all(&servo)?, expected);
    }
    let servo = opened(-90.0, 90.0, None)?;
    assert_eq!((servo.angle()?, format!("{servo:?}")), (None, "AngularServo(GPIO17, detached)".into()));
    servo.set_angle(-30.0)?;
    assert_eq!((servo.angle()?, format!("{servo:?}")), (Some(-30.0), "AngularServo(GPIO17, -30°)".into()));
    servo.mid()?;
    assert_eq!(format!("{servo:?}, {servo}"), "AngularServo(GPIO17, 0°), AngularServo on GPIO17");
    servo.set_angle(None)?;
    assert_eq!((servo.angle()?, servo.is_active()?), (None, false));
    Ok(())
}

#[test]
fn a_position_that_cannot_be_changes_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let servo = AngularServo::builder(17).min_angle(90.0).max_angle(0.0).gpio(&gpio).open()?;
    servo.set_angle(45.0)?;
    let writes = gpio.line(17).writes();
    for (refused, part) in [
        (servo.set_value(1.1), "a value of 1.1 is out of range: give -1 to 1, or `None`"),
        (servo.set_value(f64::NAN), "a value of NaN"),
        (servo.set_pulse_width(us(999)), "a pulse of 999µs is out of range: give 1ms to 2ms"),
        (servo.set_pulse_width(us(2001)), "a pulse of 2.001ms"),
        (servo.set_pulse_width(ms(0)), "a pulse of 0ns"),
        (servo.set_angle(90.5), "an angle of 90.5 degrees is out of range: give 90 to 0, or `None`"),
        (servo.set_angle(-0.1), "an angle of -0.1"),
        (servo.set_angle(f64::NAN), "an angle of NaN"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!((error.kind(), error.pin()), (ErrorKind::InvalidValue, Some("GPIO17")));
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!((servo.angle()?, gpio.line(17).writes()), (Some(45.0), writes));
    }
    Ok(())
}

#[test]
fn options_that_contradict_each_other_open_nothing() {
    fn fails<D: Open<O> + std::fmt::Debug, O>(gpio: &MockGpio, builder: Builder<D, O>, part: &str) {
        let error = builder.gpio(gpio).open().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::InvalidFrequency), "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().contains(D::NAME), "{error}");
        assert_eq!((gpio.line(17).function(), gpio.line(17).writes()), (LineFunction::Input, 0));
    }
    let gpio = mock::gpio();
    let servo = || Servo::builder(17);
    let angular = || AngularServo::builder(17);
    let order = "the shortest pulse, 2ms, is not below the longest, 2ms: give a shorter `min_pulse_width`";
    fails(&gpio, servo().min_pulse_width(ms(2)), order);
    fails(&gpio, servo().min_pulse_width(ms(3)), "is not below the longest");
    fails(&gpio, servo().min_pulse_width(ms(0)), "a pulse of no width is none");
    let frame = "a pulse of 2ms does not fit into a frame of 2ms: give a longer `frame_width`";
    fails(&gpio, servo().frame_width(ms(2)), frame);
    fails(&gpio, servo().frame_width(ms(0)), "does not fit into a frame of 0ns");
    fails(&gpio, servo().max_pulse_width(secs(1)), "does not fit into a frame of 20ms");
    fails(&gpio, servo().frame_width(Duration::MAX), "is out of range: give 0.001 Hz to 10 MHz");
    fails(&gpio, servo().initial_value(1.5), "a value of 1.5");
    fails(&gpio, servo().initial_value(f64::NAN), "a value of NaN");
    fails(&gpio, angular().initial_angle(91.0), "an angle of 91 degrees is out of range: give -90 to 90");
    fails(&gpio, angular().min_angle(10.0), "an angle of 0 degrees is out of range: give 10 to 90");
    fails(&gpio, angular().min_angle(90.0), "does not turn: give two angles");
    fails(&gpio, angular().max_angle(f64::NAN), "have no middle");
    fails(&gpio, angular().max_angle(f64::INFINITY), "have no middle");
    fails(&gpio, angular().min_pulse_width(ms(5)), "is not below the longest");
}

#[test]
fn software_moves_a_servo_and_leaves_it() -> pinzero::Result<()> {
    let plain = Capabilities { pwm: Support::None, ..mock::gpio().capabilities() };
    let gpio = mock::builder().capabilities(plain).open();
    let horn = gpio.servo(17);
    let servo = AngularServo::builder(17).gpio(&gpio).open()?;
    assert!(servo.pwm().is_software());
    servo.set_angle(45.0)?;
    gpio.advance(secs(1));
    assert_eq!((horn.pulse(), horn.angle().round()), (Some(us(1750)), 45.0));
    servo.detach()?;
    gpio.line(17).clear();
    gpio.advance(secs(1));
    assert_eq!((horn.pulse(), gpio.line(17).history()), (None, vec![]));
    let error = Servo::builder(27).hardware(true).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    Ok(())
}

#[test]
fn a_closed_servo_has_no_pulses() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let servo = AngularServo::builder(17).gpio(&gpio).open()?;
    servo.clone().close()?;
    assert_eq!(
        (gpio.line(17).function(), format!("{servo:?}")),
        (LineFunction::Input, "AngularServo(GPIO17, closed)".into())
    );
    let calls = [
        servo.mid(),
        servo.detach(),
        servo.set_angle(1.0),
        servo.set_pulse_width(us(1200)),
        servo.angle().map(drop),
    ];
    assert!(calls.into_iter().all(|call| call.unwrap_err().kind() == ErrorKind::Closed));
    assert_eq!(servo.pulse_width().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

proptest! {
    #[test]
    fn the_angle_read_is_the_angle_set(min in -360.0f64..360.0, turn in 1.0f64..360.0, back in any::<bool>(), share in 0.0f64..=1.0) {
        let gpio = mock::gpio();
        let max = if back { min - turn } else { min + turn };
        let angle = if share == 1.0 { max } else { min + (max - min) * share };
        let servo = AngularServo::builder(17).min_angle(min).max_angle(max).initial_angle(min).gpio(&gpio).open()?;
        servo.set_angle(angle)?;
        prop_assert!((servo.angle()?.unwrap() - angle).abs() < 1e-8);
        let width = servo.pulse_width()?.unwrap();
        prop_assert!((ms(1)..=ms(2)).contains(&width) && width == wave(&gpio).1);
    }
}
