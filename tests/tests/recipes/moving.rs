//! Motors and servos.

use pinzero::Result;
use pinzero::prelude::*;

use crate::{duties, on_mock};

#[test]
fn motor() -> Result<()> {
    on_mock(|gpio| {
        let wheel = gpio.motor(4, 14);
        let motor = Motor::new(4, 14)?;
        for _ in 0..2 {
            motor.forward(1.0)?;
            gpio.sleep(secs(5));
            assert_eq!(wheel.speed().round(), 1.0);
            motor.backward(1.0)?;
            gpio.sleep(secs(5));
            assert_eq!(wheel.speed().round(), -1.0);
        }
        assert_eq!(wheel.conflicts(), 0);
        Ok(())
    })
}

#[test]
fn servo_1() -> Result<()> {
    on_mock(|gpio| {
        let arm = gpio.servo(17);
        let servo = Servo::new(17)?;
        let mut widths = Vec::new();
        for position in [Servo::min, Servo::mid, Servo::max] {
            position(&servo)?;
            gpio.sleep(secs(1));
            widths.push(arm.pulse());
        }
        assert_eq!(widths, [1000, 1500, 2000].map(|micros| Some(us(micros))));
        Ok(())
    })
}

#[test]
fn servo_2() -> Result<()> {
    on_mock(|gpio| {
        let arm = gpio.servo(17);
        let (servo, button) = (Servo::new(17)?, Button::new(14)?);
        let press_soon = || gpio.line(14).script([(ms(500), Level::Low), (ms(600), Level::High)]);
        servo.min()?;
        press_soon();
        button.wait_for_press()?;
        assert_eq!(arm.pulse(), Some(ms(1)));
        servo.max()?;
        button.wait_for_release()?; // a press lasts; gpiozero's program runs on in the same one
        press_soon();
        button.wait_for_press()?;
        assert_eq!(arm.pulse(), Some(ms(2)));
        Ok(())
    })
}

#[test]
fn servo_sweep() -> Result<()> {
    on_mock(|gpio| {
        let servo = Servo::new(17)?;
        servo.follow(pinzero::source::sin_values(200).every(ms(100)))?;
        for (time, value) in [(ms(5050), 1.0), (secs(10), -1.0), (secs(10), 1.0)] {
            gpio.advance(time);
            let there = servo.value()?.unwrap();
            assert!((there - value).abs() < 0.01, "{there} instead of {value}");
        }
        Ok(())
    })
}

#[test]
fn angular_servo() -> Result<()> {
    on_mock(|gpio| {
        let servo = AngularServo::builder(17).min_angle(-90.0).max_angle(90.0).open()?;
        for (angle, duty) in [(-90.0, 5), (0.0, 8), (90.0, 10)] {
            servo.set_angle(angle)?;
            assert_eq!((servo.angle()?, duties(gpio, [17])), (Some(angle), [duty]));
            gpio.sleep(secs(2));
        }
        Ok(())
    })
}
