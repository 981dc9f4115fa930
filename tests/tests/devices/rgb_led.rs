//! LEDs with three colors.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{AnimationEnd, ErrorKind, Line, LineFunction};

const PINS: [u32; 3] = [9, 10, 11];

fn led(gpio: &MockGpio) -> pinzero::Result<RgbLed> {
    RgbLed::builder(9, 10, 11).gpio(gpio).open()
}

/// The duty cycles of the lines, which a pulse holds as a whole number of nanoseconds.
fn duties(gpio: &MockGpio) -> [f64; 3] {
    PINS.map(|pin| (gpio.line(pin).pulses().pop().unwrap().duty() * 1e6).round() / 1e6)
}

fn levels(gpio: &MockGpio) -> [u8; 3] {
    PINS.map(|pin| gpio.line(pin).level().is_high().into())
}

/// The duty cycles at each of these times, which all three lines have together.
fn duties_at<const N: usize>(gpio: &MockGpio, times: [u64; N]) -> [[f64; 3]; N] {
    times.map(|time| {
        gpio.advance(ms(time).saturating_sub(gpio.elapsed()));
        duties(gpio)
    })
}

#[test]
fn colors_become_pulses() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    assert_eq!((led.value()?, led.is_lit()?, duties(&gpio)), (Color::BLACK, false, [0.0, 0.0, 0.0]));
    led.set_color("#804000")?;
    let color = Color::new(128.0 / 255.0, 64.0 / 255.0, 0.0);
    assert_eq!((led.color()?, led.value()?, led.is_lit()?), (color, color, true));
    led.set_color((0.5, 0.25, 1.0))?;
    assert_eq!(duties(&gpio), [0.5, 0.25, 1.0]);
    led.set_green(0.75)?;
    assert_eq!((led.red()?, led.green()?, led.blue()?), (0.5, 0.75, 1.0));
    led.set_red(0.3)?;
    led.set_blue(0.0)?;
    led.toggle()?;
    assert_eq!(led.value()?, Color::new(0.7, 0.25, 1.0));
    led.on()?;
    assert_eq!((led.value()?, led.is_active()?), (Color::WHITE, true));
    led.off()?;
    assert_eq!((levels(&gpio), led.is_active()?), ([0, 0, 0], false));
    Ok(())
}

#[test]
fn a_common_anode_is_on_when_low() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let builder = RgbLed::builder(9, 10, 11).active_high(false).frequency(200.0).initial_value(Color::YELLOW);
    let led = builder.gpio(&gpio).open()?;
    assert_eq!((levels(&gpio), gpio.line(9).pulses()[0].period), ([0, 0, 1], ms(5)));
    led.set_value(Color::new(0.25, 0.125, 0.0))?;
    assert_eq!(led.value()?, Color::new(0.25, 0.125, 0.0));
    assert_eq!(duties(&gpio), [0.75, 0.875, 1.0]);
    Ok(())
}

#[test]
fn without_pwm_a_color_is_on_or_off() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let builder = RgbLed::builder(9, 10, 11).pwm(false);
    let led = builder.clone().initial_value((0.0, 1.0, 0.0)).gpio(&gpio).open()?;
    assert_eq!((levels(&gpio), gpio.line(9).function()), ([0, 1, 0], LineFunction::Output));
    led.set_color("magenta")?;
    assert_eq!((levels(&gpio), led.value()?), ([1, 0, 1], Color::MAGENTA));
    for refused in [led.set_color("orange"), led.set_green(0.5), led.fade_to("red", secs(1)).map(drop)] {
        let error = refused.unwrap_err();
        assert_eq!((error.kind(), levels(&gpio)), (ErrorKind::InvalidValue, [1, 0, 1]));
        assert!(error.to_string().contains("PWM"), "{error}");
    }
    led.blink_between("red", "blue", Blink::new(ms(10), ms(10)).times(1))?.wait()?;
    assert_eq!((levels(&gpio), gpio.elapsed()), ([0, 0, 1], ms(20)));
    led.fade_to("lime", ms(0))?.wait()?;
    assert_eq!(levels(&gpio), [0, 1, 0]);
    led.close()?;
    for wrong in [
        builder.clone().initial_value((1.0, 0.5, 0.0)),
        builder.clone().frequency(50.0),
        builder.hardware(true),
    ] {
        let error = wrong.gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        assert!(error.to_string().contains("RgbLed"), "{error}");
        assert_eq!(PINS.map(|pin| gpio.line(pin).function()), [LineFunction::Input; 3]);
    }
    Ok(())
}

#[test]
fn all_three_lines_are_one_animation() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let orange = Color::new(1.0, 0.5, 0.0);
    let plan = Blink::new(ms(100), ms(50)).fade(ms(80), ms(40)).times(1);
    let blink = led.blink_between(orange, "blue", plan)?;
    let (off, half, on) = ([0.0, 0.0, 1.0], [0.5, 0.25, 0.5], [1.0, 0.5, 0.0]);
    let times = [0, 39, 40, 79, 80, 219, 220];
    assert_eq!(duties_at(&gpio, times), [off, off, half, half, on, on, off]);
    assert_eq!(blink.wait()?, AnimationEnd::Finished);
    assert_eq!((led.value()?, gpio.elapsed()), (Color::BLUE, ms(270)));

    led.blink(ms(10), ms(20))?;
    assert_eq!(led.value()?, Color::WHITE);
    gpio.advance(ms(15));
    assert_eq!(led.value()?, Color::BLACK);
    let pulse = led.pulse(ms(80), ms(80))?;
    gpio.advance(ms(50));
    assert_eq!(led.value()?, Color::new(0.5, 0.5, 0.5));
    led.set_red(0.0)?;
    assert_eq!((pulse.wait()?, led.value()?), (AnimationEnd::Stopped, Color::new(0.0, 0.5, 0.5)));
    gpio.advance(secs(1));
    assert_eq!(led.value()?, Color::new(0.0, 0.5, 0.5));
    let blink = led.blink_between("red", "lime", Blink::new(ms(10), ms(10)))?;
    gpio.advance(ms(5));
    blink.stop()?;
    assert_eq!(led.value()?, Color::LIME);
    Ok(())
}

#[test]
fn a_fade_goes_from_color_to_color() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = RgbLed::builder(9, 10, 11).initial_value(Color::RED).gpio(&gpio).open()?;
    led.fade_to("blue", ms(80))?;
    let duties = duties_at(&gpio, [0, 39, 40, 79, 80]);
    let (red, purple, blue) = ([1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]);
    assert_eq!(duties, [red, red, purple, purple, blue]);
    led.fade_to_with([0.0, 0.0, 0.0], ms(80), Easing::EaseIn)?;
    gpio.advance(ms(40));
    assert_eq!(led.value()?, Color::new(0.0, 0.0, 0.75));
    Ok(())
}

#[test]
fn a_color_that_is_none_changes_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    led.set_color("red")?;
    let blink = led.blink_between("lime", "lime", Blink::new(ms(10), ms(10)))?;
    let wrong = Color::new(0.0, -0.1, 0.0);
    for (refused, part) in [
        (led.set_color("reddish"), "\"reddish\" is no color"),
        (led.set_value(wrong), "a green of -0.1 is out of range: give 0 to 1"),
        (led.set_red(1.1), "a red of 1.1 is out of range"),
        (led.set_blue(f64::NAN), "a blue of NaN is out of range"),
        (led.set_color([f64::INFINITY, 0.0, 0.0]), "a red of inf"),
        (led.fade_to(wrong, ms(10)).map(drop), "a green of -0.1"),
        (led.blink_between(wrong, "red", Blink::new(ms(1), ms(1))).map(drop), "a green of -0.1"),
        (led.blink_between("red", wrong, Blink::new(ms(1), ms(1))).map(drop), "a green of -0.1"),
        (led.blink(us(1), us(1)).map(drop), "too short"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(part), "{error}");
        assert!(blink.is_running() && led.value()? == Color::LIME);
    }
    Ok(())
}

#[test]
fn a_pin_that_fails_closes_those_before() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let other = Led::builder(11).gpio(&gpio).open()?;
    let error = led(&gpio).unwrap_err();
    assert_eq!((error.kind(), error.pin()), (ErrorKind::PinInUse, Some("GPIO11")));
    let error = RgbLed::builder(9, 10, "GPIO99").gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPin);
    assert!(error.to_string().contains("RgbLed"), "{error}");
    let error = RgbLed::builder(9, 10, "BOARD21").gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("one pin cannot be both `red` and `blue`"), "{error}");
    let error = RgbLed::builder(9, 10, 12).initial_value((0.0, 0.0, 2.0)).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    for pin in [9, 10] {
        assert_eq!(gpio.line(pin).function(), LineFunction::Input);
        drop(Led::builder(pin).gpio(&gpio).open()?);
    }
    drop(other);
    assert_eq!(led(&gpio)?.pins(), [Line(9), Line(10), Line(11)]);
    Ok(())
}

#[test]
fn closing_one_closes_all_pins() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    led.set_color("#ff8000")?;
    assert_eq!(format!("{led:?}"), "RgbLed(GPIO9, GPIO10, GPIO11, #ff8000)");
    assert_eq!(led.to_string(), "RgbLed on GPIO9, GPIO10, GPIO11");
    let pulse = led.pulse(secs(1), secs(1))?;
    led.clone().close()?;
    assert_eq!(pulse.wait()?, AnimationEnd::Closed);
    assert!(led.is_closed());
    assert_eq!(led.set_color("red").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(led.value().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(led.toggle().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(format!("{led:?}"), "RgbLed(GPIO9, GPIO10, GPIO11, closed)");
    assert_eq!(PINS.map(|pin| gpio.line(pin).function()), [LineFunction::Input; 3]);
    Ok(())
}

#[test]
fn the_traits_are_those_of_all_devices() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let switch: &dyn Switch = &led;
    switch.on()?;
    switch.toggle()?;
    assert!(!switch.is_active()?);
    let set = |device: &dyn SetValue<Value = Color>| device.set_value(Color::CYAN);
    set(&led)?;
    assert_eq!(Value::value(&led)?, Color::CYAN);
    Ok(())
}

#[test]
fn two_threads_set_a_component_each() -> pinzero::Result<()> {
    let gpio = mock::builder().realtime().open();
    let led = RgbLed::builder(9, 10, 11).gpio(&gpio).open()?;
    for round in 1..=200 {
        let value = f64::from(round) / 200.0;
        std::thread::scope(|scope| {
            scope.spawn(|| led.set_red(value));
            scope.spawn(|| led.set_green(value));
        });
        assert_eq!(led.value()?, Color::new(value, value, 0.0));
    }
    Ok(())
}
