//! One LED, and LEDs of several colors.

use std::sync::mpsc;

use pinzero::prelude::*;
use pinzero::{Result, Rotation};
use pinzero_tests::Log;

use crate::{changes, duties, levels, on_mock};

#[test]
fn led_1() -> Result<()> {
    on_mock(|gpio| {
        let led = Led::new(17)?;
        for _ in 0..2 {
            led.on()?;
            gpio.sleep(secs(1));
            led.off()?;
            gpio.sleep(secs(1));
        }
        assert_eq!(changes(gpio, 17), [(0, true), (1000, false), (2000, true), (3000, false)]);
        Ok(())
    })
}

#[test]
fn led_2() -> Result<()> {
    on_mock(|gpio| {
        let led = Led::new(17)?;
        led.blink(secs(1), secs(1))?;
        gpio.advance(ms(2500));
        assert_eq!(changes(gpio, 17), [(0, true), (1000, false), (2000, true)]);
        Ok(())
    })
}

#[test]
fn led_variable_brightness() -> Result<()> {
    on_mock(|gpio| {
        let led = PwmLed::new(17)?;
        for (value, duty) in [(0.0, 0), (0.5, 50), (1.0, 100)] {
            led.set_value(value)?;
            assert_eq!(duties(gpio, [17]), [duty]);
            gpio.sleep(secs(1));
        }
        Ok(())
    })
}

#[test]
fn led_pulse() -> Result<()> {
    on_mock(|gpio| {
        let led = PwmLed::new(17)?;
        led.pulse(secs(1), secs(1))?;
        let mut brightness = Vec::new();
        for _ in 0..4 {
            gpio.advance(ms(500));
            brightness.push((led.value()? * 10.0).round());
        }
        assert_eq!(brightness, [5.0, 10.0, 5.0, 0.0]);
        Ok(())
    })
}

/// The lines of the LEDs on the board, where the chip has them.
#[test]
fn led_builtin() -> Result<()> {
    on_mock(|gpio| {
        let power = Led::new("GPIO35")?;
        let activity = Led::new("GPIO47")?;
        activity.blink(secs(1), secs(1))?;
        power.blink(secs(1), secs(1))?;
        gpio.advance(ms(1500));
        for pin in ["GPIO35", "GPIO47"] {
            assert_eq!(changes(gpio, pin), [(0, true), (1000, false)]);
        }
        Ok(())
    })
}

/// A channel brings the state of the build.
#[test]
fn led_travis() -> Result<()> {
    on_mock(|gpio| {
        let (red, green) = (Led::new(12)?, Led::new(16)?);
        let (server, builds) = mpsc::channel();
        let is_green = pinzero::Source::reading(move || Ok(builds.try_recv().ok())).every(secs(60));
        green.follow(is_green)?;
        red.follow(green.values().negated())?;
        for is_passing in [true, false, true] {
            server.send(is_passing).unwrap();
            gpio.advance(secs(60));
            assert_eq!(levels(gpio, [12, 16]), [u8::from(!is_passing), u8::from(is_passing)]);
        }
        Ok(())
    })
}

#[test]
fn rgbled() -> Result<()> {
    on_mock(|gpio| {
        let led = RgbLed::new(9, 10, 11)?;
        led.set_red(1.0)?;
        assert_eq!(duties(gpio, [9, 10, 11]), [100, 0, 0]);
        led.set_red(0.5)?;
        assert_eq!(duties(gpio, [9, 10, 11]), [50, 0, 0]);
        for (color, duties_of_color) in
            [("lime", [0, 100, 0]), ("magenta", [100, 0, 100]), ("black", [0, 0, 0])]
        {
            led.set_color(color)?;
            assert_eq!(duties(gpio, [9, 10, 11]), duties_of_color, "{color}");
            gpio.sleep(secs(1));
        }
        for percent in 0..100 {
            led.set_blue(f64::from(percent) / 100.0)?;
            gpio.sleep(ms(100));
        }
        assert_eq!(duties(gpio, [9, 10, 11]), [0, 0, 99]);
        Ok(())
    })
}

#[test]
fn color_picker() -> Result<()> {
    on_mock(|gpio| {
        let knob = gpio.encoder(16, 20);
        let rotor = RotaryEncoder::builder(16, 20).wrap(true).max_steps(180).open()?;
        rotor.set_steps(-180)?;
        let led = RgbLed::builder(22, 23, 24).active_high(false).open()?;
        let button = Button::builder(21).pull_up(false).open()?;
        let (hue, shown) = (|steps: i64| Color::hsv((steps + 180) as f64, 1.0, 1.0), Log::new());
        led.set_color(hue(rotor.steps()?))?;

        rotor.when_rotated({
            let led = led.clone();
            move |rotation: Rotation| led.set_color(hue(rotation.steps))
        });
        button.when_released({
            let shown = shown.clone();
            move |_| led.color().map(|color| shown.push(color.to_string()))
        });

        knob.turn(120, ms(2));
        gpio.advance(secs(1));
        gpio.line(21).drive(Level::High);
        gpio.advance(ms(100));
        gpio.line(21).drive(Level::Low);
        assert_eq!((shown.take(), duties(gpio, [22, 23, 24])), (vec!["#00ff00".to_owned()], [100, 0, 100]));

        // The knob is held to end the program.
        gpio.line(21).drive(Level::High);
        let held = button.events().find(|event| event.kind == EventKind::Held);
        assert!(held.is_some());
        Ok(())
    })
}
