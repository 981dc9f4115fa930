//! Motors: the two legs of a bridge are never on together, and a direction changes while the motor is off.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::thread;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Builder, Capabilities, ErrorKind, Line, LineFunction, Support, options};
use proptest::prelude::*;

fn motor(gpio: &MockGpio) -> pinzero::Result<Motor> {
    Motor::builder(23, 24).gpio(gpio).open()
}

/// A board without PWM of its own.
fn plain() -> mock::MockBuilder {
    mock::builder().capabilities(Capabilities { pwm: Support::None, ..mock::gpio().capabilities() })
}

fn levels<const N: usize>(gpio: &MockGpio, pins: [u32; N]) -> [u8; N] {
    pins.map(|pin| gpio.line(pin).level().is_high().into())
}

/// The share of the time that each pin is on.
fn duties(gpio: &MockGpio, pins: [u32; 2]) -> [f64; 2] {
    pins.map(|pin| (gpio.line(pin).pulses().pop().unwrap().duty() * 1e6).round() / 1e6)
}

#[test]
fn speeds_become_pulses_on_one_leg() -> pinzero::Result<()> {
    type Call = fn(&Motor) -> pinzero::Result<()>;
    let gpio = mock::gpio();
    let motor = motor(&gpio)?;
    let table: [(Call, f64, [f64; 2], &str); 11] = [
        (|_| Ok(()), 0.0, [0.0, 0.0], "stopped"),
        (|motor| motor.forward(0.5), 0.5, [0.5, 0.0], "forward at 0.5"),
        (|motor| motor.backward(0.25), -0.25, [0.0, 0.25], "backward at 0.25"),
        (|motor| motor.reverse(), 0.25, [0.25, 0.0], "forward at 0.25"),
        (|motor| motor.set_value(-1.0), -1.0, [0.0, 1.0], "backward at 1"),
        (|motor| motor.set_value(0.3), 0.3, [0.3, 0.0], "forward at 0.3"),
        (|motor| motor.backward(0.0), 0.0, [0.0, 0.0], "stopped"),
        (|motor| motor.reverse(), 0.0, [0.0, 0.0], "stopped"),
        (|motor| motor.forward(1.0), 1.0, [1.0, 0.0], "forward at 1"),
        (|motor| motor.stop(), 0.0, [0.0, 0.0], "stopped"),
        (|motor| motor.set_value(-0.0), 0.0, [0.0, 0.0], "stopped"),
    ];
    for (call, value, legs, shown) in table {
        call(&motor)?;
        assert_eq!((motor.value()?, motor.is_active()?), (value, value != 0.0), "{shown}");
        assert!(value != 0.0 || motor.value()?.is_sign_positive());
        assert_eq!(
            (duties(&gpio, [23, 24]), format!("{motor:?}")),
            (legs, format!("Motor(GPIO23, GPIO24, {shown})"))
        );
    }
    assert_eq!(motor.to_string(), "Motor on GPIO23, GPIO24");
    Ok(())
}

#[test]
fn the_enable_pin_is_on_while_the_motor_is_open() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let motor = Motor::builder(23, 24).enable(25).pwm(false).gpio(&gpio).open()?;
    assert_eq!((motor.pins(), levels(&gpio, [23, 24, 25])), (vec![Line(23), Line(24), Line(25)], [0, 0, 1]));
    motor.forward(1.0)?;
    assert_eq!(levels(&gpio, [23, 24, 25]), [1, 0, 1]);
    motor.reverse()?;
    assert_eq!((levels(&gpio, [23, 24, 25]), motor.value()?), ([0, 1, 1], -1.0));
    motor.clone().close()?;
    assert_eq!([23, 24, 25].map(|pin| gpio.line(pin).function()), [LineFunction::Input; 3]);
    assert_eq!(format!("{motor:?}"), "Motor(GPIO23, GPIO24, GPIO25, closed)");
    let calls = [motor.forward(1.0), motor.stop(), motor.reverse(), motor.value().map(drop)];
    assert!(calls.into_iter().all(|call| call.unwrap_err().kind() == ErrorKind::Closed));
    Ok(())
}

#[test]
fn a_speed_that_cannot_be_changes_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let [pwm, plain] = [true, false].map(|pwm| {
        let pins = if pwm { [23, 24] } else { [5, 6] };
        Motor::builder(pins[0], pins[1]).pwm(pwm).gpio(&gpio).open().unwrap()
    });
    pwm.forward(0.5)?;
    plain.backward(1.0)?;
    for (refused, part) in [
        (pwm.forward(1.1), "a speed of 1.1 is out of range: give 0 to 1"),
        (pwm.backward(-0.1), "a speed of -0.1"),
        (pwm.set_value(-1.5), "a value of -1.5 is out of range: give -1 to 1"),
        (pwm.forward(f64::NAN), "a speed of NaN"),
        (pwm.set_value(f64::NAN), "a value of NaN"),
        (plain.forward(0.5), "a digital output is off or on: give 0 or 1, not 0.5, or open it with PWM"),
        (plain.set_value(2.0), "a value of 2"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!((duties(&gpio, [23, 24]), levels(&gpio, [5, 6])), ([0.5, 0.0], [0, 1]));
    }
    Ok(())
}

#[test]
fn a_motor_that_fails_to_open_leaves_no_pin_open() -> pinzero::Result<()> {
    fn fails<D: pinzero::Open<O> + std::fmt::Debug, O>(builder: Builder<D, O>, kind: ErrorKind, part: &str) {
        let error = builder.open().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let gpio = mock::gpio();
    let other = Led::builder(25).gpio(&gpio).open()?;
    let both = "one pin cannot be both `forward` and `backward`: give each a pin of its own";
    fails(Motor::builder(23, 23).gpio(&gpio), ErrorKind::PinInUse, both);
    fails(Motor::builder(23, "BOARD16").gpio(&gpio), ErrorKind::PinInUse, both);
    fails(Motor::builder(23, 24).enable(24).gpio(&gpio), ErrorKind::PinInUse, "both `backward` and `enable`");
    fails(Motor::builder(23, 25).gpio(&gpio), ErrorKind::PinInUse, "in use by Led");
    fails(Motor::builder(23, 24).enable(25).gpio(&gpio), ErrorKind::PinInUse, "in use by Led");
    fails(Motor::builder(23, 99).gpio(&gpio), ErrorKind::UnknownPin, "Motor");
    fails(Motor::builder(23, 24).frequency(f64::NAN).gpio(&gpio), ErrorKind::InvalidFrequency, "NaN");
    fails(
        Motor::builder(23, 24).frequency(50.0).pwm(false).gpio(&gpio),
        ErrorKind::InvalidValue,
        "without PWM",
    );
    fails(PhaseEnableMotor::builder(23, 23).gpio(&gpio), ErrorKind::PinInUse, "both `phase` and `enable`");
    fails(PhaseEnableMotor::builder(23, 25).gpio(&gpio), ErrorKind::PinInUse, "in use by Led");
    assert_eq!([23, 24].map(|pin| gpio.line(pin).function()), [LineFunction::Input; 2]);
    drop(other);
    drop(Motor::builder(23, 24).enable(25).gpio(&gpio).open()?);
    drop(PhaseEnableMotor::builder(23, 24).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn a_phase_changes_while_the_motor_is_off() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(5, 20);
    gpio.wire(12, 21);
    let motor = PhaseEnableMotor::builder(5, 12).pwm(false).gpio(&gpio).open()?;
    motor.forward(1.0)?;
    let seen = gpio.inputs([20, 21]).open()?;
    let mut events = seen.events();
    motor.backward(1.0)?;
    motor.reverse()?;
    let (phase, enable) = (0, 1);
    let order: Vec<(usize, u8)> = std::iter::from_fn(|| events.next_timeout(ms(1)))
        .map(|told| (told.index, told.event.level.is_high().into()))
        .collect();
    assert_eq!(order, [(enable, 0), (phase, 1), (enable, 1), (enable, 0), (phase, 0), (enable, 1)]);
    Ok(())
}

#[test]
fn a_phase_and_a_speed_are_a_value() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let motor = PhaseEnableMotor::builder(5, 12).frequency(1000.0).gpio(&gpio).open()?;
    assert_eq!((gpio.line(12).pulses()[0].period, motor.pins()), (ms(1), [Line(5), Line(12)]));
    let duty = || (gpio.line(12).pulses().pop().unwrap().duty() * 1e6).round() / 1e6;
    for (value, phase, shown) in [
        (0.5, Level::Low, "forward at 0.5"),
        (-0.25, Level::High, "backward at 0.25"),
        (-1.0, Level::High, "backward at 1"),
        (0.0, Level::Low, "stopped"),
    ] {
        motor.set_value(value)?;
        assert_eq!((motor.value()?, motor.is_active()?), (value, value != 0.0));
        assert_eq!((gpio.line(5).level(), duty()), (phase, value.abs()), "{value}");
        assert_eq!(format!("{motor:?}"), format!("PhaseEnableMotor(GPIO5, GPIO12, {shown})"));
    }
    motor.backward(0.5)?;
    motor.stop()?;
    assert!(!motor.is_active()? && motor.value()?.is_sign_positive());
    for refused in [motor.forward(2.0), motor.backward(f64::NAN), motor.set_value(-1.1)] {
        assert_eq!((refused.unwrap_err().kind(), motor.value()?), (ErrorKind::InvalidValue, 0.0));
    }
    motor.close()?;
    assert_eq!(motor.forward(0.5).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(motor.value().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn handlers_may_reverse_a_motor() -> pinzero::Result<()> {
    for gpio in [mock::gpio(), plain().open()] {
        let bridge = gpio.motor(23, 24);
        let motor = motor(&gpio)?;
        motor.forward(0.75)?;
        let button = Button::builder(2).gpio(&gpio).open()?;
        button.when_pressed({
            let motor = motor.clone();
            move |_| motor.reverse()
        });
        for press in 1..=5 {
            gpio.line(2).press(ms(3));
            gpio.advance(ms(7));
            assert_eq!(motor.value()?, if press % 2 == 0 { 0.75 } else { -0.75 });
        }
        assert_eq!(bridge.conflicts(), 0);
    }
    Ok(())
}

/// A call of the motor's methods.
fn call(motor: &Motor, number: u8, speed: f64) -> pinzero::Result<()> {
    match number {
        0 => motor.forward(speed),
        1 => motor.backward(speed),
        2 => motor.reverse(),
        3 => motor.set_value(speed * 2.0 - 1.0),
        _ => motor.stop(),
    }
}

#[test]
fn two_threads_never_turn_both_legs_on() -> pinzero::Result<()> {
    for (gpio, pwm) in [
        (mock::builder().realtime().open(), true),
        (mock::builder().realtime().open(), false),
        (plain().realtime().open(), true),
    ] {
        let bridge = gpio.motor(23, 24);
        let motor = Motor::builder(23, 24).pwm(pwm);
        let motor = if pwm { motor.frequency(5_000.0) } else { motor }.gpio(&gpio).open()?;
        thread::scope(|scope| {
            for thread in 0..2u32 {
                let motor = motor.clone();
                scope.spawn(move || {
                    for round in 0..1_000u32 {
                        let mixed = round.wrapping_mul(2_654_435_761).wrapping_add(thread << 16) >> 13;
                        let speed = if pwm { f64::from(mixed % 11) / 10.0 } else { f64::from(mixed % 2) };
                        call(&motor, (mixed / 16 % 5) as u8, speed).unwrap();
                    }
                });
            }
        });
        assert_eq!(bridge.conflicts(), 0, "{motor:?}");
        assert!(gpio.line(23).writes() > 1_000, "the motor has been driven");
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_calls_turn_both_legs_on(
        calls in prop::collection::vec((0u8..5, 0u8..=10, 0u64..30), 1..40), soft in any::<bool>(), pwm in any::<bool>(),
    ) {
        let gpio = if soft { plain().open() } else { mock::gpio() };
        let bridge = gpio.motor(23, 24);
        let mut options = options::Bridge::new(23, 24);
        options.dimmable.pwm = pwm;
        let motor: Motor = Builder::new(options).gpio(&gpio).open()?;
        for (number, speed, time) in calls {
            let speed = if pwm { f64::from(speed) / 10.0 } else { f64::from(speed % 2) };
            call(&motor, number, speed)?;
            prop_assert!((-1.0..=1.0).contains(&motor.value()?));
            gpio.advance(ms(time));
        }
        prop_assert_eq!(bridge.conflicts(), 0);
        motor.stop()?;
        gpio.line(23).clear();
        gpio.line(24).clear();
        gpio.advance(secs(1));
        prop_assert!(gpio.line(23).history().is_empty() && gpio.line(24).history().is_empty());
    }
}
