//! Devices that follow others, and what comes between.

use pinzero::Result;
use pinzero::Source;
use pinzero::prelude::*;
use pinzero::source::{self, all_values};

use crate::{changes, duties, levels, on_mock, press, release};

#[test]
fn led_button() -> Result<()> {
    on_mock(|gpio| {
        let (led, button) = (Led::new(17)?, Button::new(2)?);
        led.follow(button.values())?;
        press(gpio, 2);
        assert!(led.is_lit()?);
        release(gpio, 2);
        assert!(!led.is_lit()?);
        Ok(())
    })
}

#[test]
fn led_button_loop() -> Result<()> {
    on_mock(|gpio| {
        let (led, button) = (Led::new(17)?, Button::new(2)?);
        gpio.line(2).script([(ms(95), Level::Low), (ms(195), Level::High)]);
        for _ in 0..30 {
            led.set_value(button.value()?)?;
            gpio.sleep(ms(10));
        }
        assert_eq!(changes(gpio, 17), [(100, true), (200, false)]);
        Ok(())
    })
}

#[test]
fn mock_demo() -> Result<()> {
    let gpio = pinzero::mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let button = Button::builder(16).gpio(&gpio).open()?;
    led.follow(button.values())?;
    assert!(!led.value()?);
    gpio.line(16).drive(Level::Low);
    assert!(led.value()?);
    gpio.line(16).drive(Level::High);
    assert!(!led.value()?);
    Ok(())
}

#[test]
fn matching_leds() -> Result<()> {
    on_mock(|gpio| {
        let (red, green, button) = (Led::new(14)?, Led::new(15)?, Button::new(17)?);
        red.follow(button.values())?;
        green.follow(red.values())?;
        press(gpio, 17);
        gpio.advance(ms(20));
        assert_eq!(levels(gpio, [14, 15]), [1, 1]);
        release(gpio, 17);
        gpio.advance(ms(20));
        assert_eq!(levels(gpio, [14, 15]), [0, 0]);
        Ok(())
    })
}

#[test]
fn source_value_processing() -> Result<()> {
    on_mock(|gpio| {
        let (button, led) = (Button::new(2)?, Led::new(17)?);
        led.follow(button.values().map(|is_pressed| !is_pressed))?;
        assert!(led.is_lit()?);
        press(gpio, 2);
        assert!(!led.is_lit()?);
        Ok(())
    })
}

#[test]
fn negated() -> Result<()> {
    on_mock(|gpio| {
        let (led, button) = (Led::new(4)?, Button::new(17)?);
        led.follow(button.values().negated())?;
        assert!(led.is_lit()?);
        press(gpio, 17);
        assert!(!led.is_lit()?);
        Ok(())
    })
}

/// An iterator without end, of random values in the original.
#[test]
fn custom_generator() -> Result<()> {
    on_mock(|gpio| {
        let led = Led::new(17)?;
        let mut dice = 3_u32;
        let coin = std::iter::repeat_with(move || {
            dice = dice * 5 % 17;
            dice % 2 == 0
        });
        led.follow(Source::from(coin))?;
        gpio.advance(ms(155));
        // 3 * 5 ^ n modulo 17: 15 7 1 5 8 6 13 14 2 10 16 12 9 11 4 3, each for 10 ms.
        assert_eq!(
            changes(gpio, 17),
            [(40, true), (60, false), (70, true), (120, false), (140, true), (150, false)]
        );
        Ok(())
    })
}

#[test]
fn custom_generator_finite() -> Result<()> {
    on_mock(|gpio| {
        let led = Led::new(17)?;
        let values = Source::from([true, false, false, true, true]).every(secs(1));
        led.follow(values)?.wait()?;
        assert!(led.is_lit()?, "the last value stays");
        assert_eq!(changes(gpio, 17), [(0, true), (1000, false), (3000, true)]);
        Ok(())
    })
}

#[test]
fn random_values() -> Result<()> {
    on_mock(|gpio| {
        let led = PwmLed::new(4)?;
        led.follow(source::random_values().every(ms(100)))?;
        let mut brightness = Vec::new();
        for _ in 0..20 {
            gpio.advance(ms(100));
            brightness.push(led.value()?);
        }
        assert!(brightness.iter().all(|value| (0.0..1.0).contains(value)));
        brightness.dedup();
        assert!(brightness.len() > 10, "{brightness:?}");
        Ok(())
    })
}

#[test]
fn combining_sources() -> Result<()> {
    on_mock(|gpio| {
        let (one, other, led) = (Button::new(2)?, Button::new(3)?, Led::new(17)?);
        led.follow(all_values([one.values(), other.values()]))?;
        press(gpio, 2);
        assert!(!led.is_lit()?);
        press(gpio, 3);
        assert!(led.is_lit()?);
        release(gpio, 2);
        assert!(!led.is_lit()?);
        Ok(())
    })
}

#[test]
fn sin_values() -> Result<()> {
    on_mock(|gpio| {
        let (motor, servo, buzzer) = (Motor::new(2, 3)?, Servo::new(4)?, TonalBuzzer::new(5)?);
        motor.follow(source::sin_values(360).every(ms(10)))?;
        servo.follow(motor.values())?;
        buzzer.follow(motor.values())?;
        gpio.advance(ms(900 + 15));
        assert!(motor.value()? > 0.99 && servo.value()?.is_some_and(|value| value > 0.99));
        assert_eq!(buzzer.tone()?.map(|tone| tone.frequency().round()), Some(880.0));
        gpio.advance(ms(1800));
        assert!(motor.value()? < -0.99 && servo.value()?.is_some_and(|value| value < -0.99));
        assert_eq!(buzzer.tone()?.map(|tone| tone.frequency().round()), Some(220.0));
        Ok(())
    })
}

#[test]
fn pwmled_pot() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.mcp3008([11, 10, 9, 8]);
        let (led, pot) = (PwmLed::new(17)?, Mcp3008::new(0)?);
        led.follow(pot.values())?;
        for (value, duty) in [(0, 0), (512, 50), (1023, 100)] {
            chip.set(0, value);
            gpio.advance(ms(20));
            assert_eq!(duties(gpio, [17]), [duty]);
        }
        Ok(())
    })
}

#[test]
fn garden_light() -> Result<()> {
    on_mock(|gpio| {
        let evening = gpio.capacitor(5, ms(1));
        let (garden, motion, light) = (Led::new(2)?, MotionSensor::new(4)?, LightSensor::new(5)?);
        let is_dark = light.values().booleanized(0.0, 0.1);
        let moves = motion.values().map(|value| value > 0.5);
        garden.follow(all_values([is_dark, moves]))?;
        gpio.line(4).drive(Level::High);
        gpio.advance(secs(1));
        assert!(!garden.is_lit()?, "it is light");
        evening.set_charge_time(secs(1));
        gpio.advance(secs(2));
        assert!(garden.is_lit()?);
        gpio.line(4).drive(Level::Low);
        gpio.advance(secs(1));
        assert!(!garden.is_lit()?, "nobody is there");
        Ok(())
    })
}
