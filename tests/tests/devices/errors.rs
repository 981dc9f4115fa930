//! What can go wrong: each has its kind, and a message that says what to do.

use std::error::Error as _;

use pinzero::mock;
use pinzero::prelude::*;
use pinzero::{Bias, Capabilities, Error, ErrorKind, PinSpec, Support};

/// Checks an error as a whole: its kind, whom it is about, and the words a reader needs.
#[track_caller]
fn says<T: std::fmt::Debug>(result: pinzero::Result<T>, kind: ErrorKind, words: &[&str]) {
    let error = match result {
        Ok(open) => panic!("{kind:?} was to come, not {open:?}"),
        Err(error) => error,
    };
    assert_eq!(error.kind(), kind, "{error}");
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is missing in {message:?}");
    }
    assert!(!message.contains('\n'), "one line: {message:?}");
    // What `fn main() -> Result<()>` shows is as good.
    assert!(format!("{error:?}").starts_with(&message));
}

/// Each names the line of the program, not one of the library's.
#[test]
fn a_pin_in_use_names_the_place_where_its_sensor_was_opened() -> pinzero::Result<()> {
    fn check<D>(pin: u32, name: &str, open: impl FnOnce(&Gpio) -> pinzero::Result<D>) -> pinzero::Result<()> {
        let gpio = mock::gpio();
        let _device = open(&gpio)?;
        let error = Led::builder(pin).gpio(&gpio).open().unwrap_err();
        let expected = format!("in use by {name} opened at {}:", file!());
        assert!(error.to_string().contains(&expected), "{error}");
        Ok(())
    }
    check(4, "Dht11", |gpio| Dht11::builder(4).gpio(gpio).open())?;
    check(4, "Dht22", |gpio| Dht22::builder(4).gpio(gpio).open())?;
    check(18, "IrReceiver", |gpio| IrReceiver::builder(18).gpio(gpio).open())?;
    check(11, "Mcp3008", |gpio| Mcp3008::builder(0).gpio(gpio).open())?;
    check(11, "Mcp3001", |gpio| Mcp3001::builder().pins(11, 10, 9, 8).gpio(gpio).open())?;
    check(2, "Ads1115", |gpio| Ads1115::builder(0).gpio(gpio).open())?;
    check(10, "PixelStrip", |gpio| PixelStrip::builder(3).gpio(gpio).open())
}

#[test]
fn an_unknown_pin() {
    let gpio = mock::gpio();
    let led = |pin: PinSpec| Led::builder(pin).gpio(&gpio).open();
    says(led(99.into()), ErrorKind::UnknownPin, &["Led", "GPIO99", "GPIO0 to GPIO", "mock"]);
    says(led("GPIO99".into()), ErrorKind::UnknownPin, &["Led", "GPIO99"]);
    says(led("BOARD41".into()), ErrorKind::UnknownPin, &["BOARD41", "1 to 40"]);
    says(led("J9:1".into()), ErrorKind::UnknownPin, &["J9:1", "J8"]);
    says(led("P1:11".into()), ErrorKind::UnknownPin, &["P1:11", "J8:11"]);
    says(led("seventeen".into()), ErrorKind::UnknownPin, &["seventeen", "GPIO17"]);
    says(led("".into()), ErrorKind::UnknownPin, &["Led"]);
    says(led(u32::MAX.into()), ErrorKind::UnknownPin, &["GPIO4294967295"]);
    says(Button::builder(99).gpio(&gpio).open(), ErrorKind::UnknownPin, &["Button", "GPIO99"]);
    says(
        DigitalInputDevice::builder(99).gpio(&gpio).open(),
        ErrorKind::UnknownPin,
        &["DigitalInputDevice", "GPIO99"],
    );
    says(
        PwmOutputDevice::builder(99).gpio(&gpio).open(),
        ErrorKind::UnknownPin,
        &["PwmOutputDevice", "GPIO99"],
    );
}

#[test]
fn a_negative_number() {
    let gpio = mock::gpio();
    let named = "-1 names no pin, and the message repeats it";
    let error = Led::builder(-1).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPin);
    assert!(error.to_string().contains("-1"), "{named}: {error}");
    says(Button::builder(i32::MIN).gpio(&gpio).open(), ErrorKind::UnknownPin, &["-2147483648"]);
    says(Led::builder("-1").gpio(&gpio).open(), ErrorKind::UnknownPin, &["-1"]);
}

#[test]
fn a_power_pin() {
    let gpio = mock::gpio();
    for (name, what) in
        [("BOARD1", "3.3 V"), ("J8:2", "5 V"), ("BOARD6", "ground"), ("GND", "ground"), ("3v3", "3.3 V")]
    {
        says(Led::builder(name).gpio(&gpio).open(), ErrorKind::NotGpio, &["Led", name, what]);
    }
}

#[test]
fn a_pin_in_use_by_name_and_place() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (led, line) = (Led::builder(17).gpio(&gpio).open()?, line!());
    let place = format!("Led opened at {}:{line}:", file!());
    says(Button::builder("J8:11").gpio(&gpio).open(), ErrorKind::PinInUse, &["Button", "GPIO17", &place]);
    says(Led::builder(17).gpio(&gpio).open(), ErrorKind::PinInUse, &["GPIO17", &place]);
    led.close()?;

    let (_button, line) = (Button::builder(17).gpio(&gpio).open()?, line!());
    let place = format!("Button opened at {}:{line}:", file!());
    says(PwmOutputDevice::builder(17).gpio(&gpio).open(), ErrorKind::PinInUse, &[&place]);

    let (_lamp, line) = (PwmOutputDevice::builder(18).gpio(&gpio).open()?, line!());
    let place = format!("PwmOutputDevice opened at {}:{line}:", file!());
    says(DigitalInputDevice::builder(18).gpio(&gpio).open(), ErrorKind::PinInUse, &[&place]);

    let (_output, line) = (gpio.output(19).open()?, line!());
    let place = format!("Output opened at {}:{line}:", file!());
    says(DigitalOutputDevice::builder(19).gpio(&gpio).open(), ErrorKind::PinInUse, &[&place]);
    Ok(())
}

#[test]
fn the_holder_is_not_disturbed_by_the_one_who_is_refused() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    for _ in 0..3 {
        says(Led::builder(17).gpio(&gpio).open(), ErrorKind::PinInUse, &[]);
    }
    assert!(led.is_lit()?);
    assert_eq!(gpio.line(17).history().len(), 1);
    Ok(())
}

#[test]
fn a_pull_on_a_pin_that_has_one() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    for pin in ["GPIO2", "GPIO3"] {
        let floating = DigitalInputDevice::builder(pin).pull_up(None).active_state(true);
        says(floating.gpio(&gpio).open(), ErrorKind::FixedPull, &[pin, "pull-up resistor"]);
        let down = Button::builder(pin).pull_up(false);
        says(down.gpio(&gpio).open(), ErrorKind::FixedPull, &["Button", pin, "pull-down"]);
        drop(Button::builder(pin).gpio(&gpio).open()?);
    }
    assert_eq!(gpio.line(2).bias(), Bias::PullUp);
    Ok(())
}

#[test]
fn a_value_out_of_range() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let wrong = [-0.1, 1.000_001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    for value in wrong {
        let opened = PwmOutputDevice::builder(18).initial_value(value).gpio(&gpio).open();
        says(opened, ErrorKind::InvalidValue, &["PwmOutputDevice", "GPIO18", &value.to_string(), "0 to 1"]);
    }
    let lamp = PwmOutputDevice::builder(18).initial_value(0.5).gpio(&gpio).open()?;
    for value in wrong {
        says(lamp.set_value(value), ErrorKind::InvalidValue, &["GPIO18", &value.to_string(), "0 to 1"]);
    }
    assert_eq!(lamp.value()?, 0.5);
    lamp.set_value(-0.0)?;
    assert!(!lamp.is_active()?);
    Ok(())
}

#[test]
fn a_value_out_of_range_is_named_as_it_was_given_with_active_high_false() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).active_high(false).gpio(&gpio).open()?;
    for value in [-0.25, 1.5, 7.0] {
        let error = lamp.set_value(value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let given = format!("value of {value} ");
        assert!(error.to_string().contains(&given), "{value} was given: {error}");
    }
    Ok(())
}

#[test]
fn a_frequency_that_is_none() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let wrong = [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e18, f64::MIN_POSITIVE];
    for hertz in wrong {
        let opened = PwmOutputDevice::builder(18).frequency(hertz).gpio(&gpio).open();
        says(opened, ErrorKind::InvalidFrequency, &["GPIO18", &format!("{hertz} Hz")]);
    }
    let lamp = PwmOutputDevice::builder(18).gpio(&gpio).open()?;
    for hertz in wrong {
        says(lamp.set_frequency(hertz), ErrorKind::InvalidFrequency, &["GPIO18", &format!("{hertz} Hz")]);
    }
    assert_eq!(lamp.frequency(), 100.0);
    Ok(())
}

#[test]
fn a_blink_that_is_too_short() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let lamp = PwmOutputDevice::builder(18).gpio(&gpio).open()?;
    says(led.blink(us(49), us(50)), ErrorKind::InvalidValue, &["99µs", "100µs", "PWM", "GPIO17"]);
    says(led.blink(ms(0), ms(0)), ErrorKind::InvalidValue, &["0ns", "GPIO17"]);
    says(lamp.pulse(ms(0), us(99)), ErrorKind::InvalidValue, &["99µs", "GPIO18"]);
    led.blink(us(50), us(50))?;
    lamp.pulse(us(50), us(50))?;
    Ok(())
}

#[test]
fn a_fade_of_what_is_only_on_or_off() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    says(led.blink_with(Blink::pulse(secs(1), secs(1))), ErrorKind::InvalidValue, &["GPIO17", "fade", "PWM"]);
    let fade_out = Blink::new(secs(1), secs(1)).fade(ms(0), ms(1));
    says(led.blink_with(fade_out), ErrorKind::InvalidValue, &["fade"]);
    Ok(())
}

#[test]
fn a_pull_and_an_active_state_that_contradict_each_other() {
    let gpio = mock::gpio();
    for pull_up in [true, false] {
        for high in [true, false] {
            let both = Button::builder(24).pull_up(pull_up).active_state(high).gpio(&gpio).open();
            says(both, ErrorKind::InvalidValue, &["Button", "GPIO24", "active_state"]);
        }
    }
    let neither = DigitalInputDevice::builder(24).pull_up(None).gpio(&gpio).open();
    says(neither, ErrorKind::InvalidValue, &["DigitalInputDevice", "GPIO24", "active_state"]);
}

#[test]
fn a_line_that_another_program_holds() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.line(17).hold_by(Some("w1-gpio"));
    says(Led::builder(17).gpio(&gpio).open(), ErrorKind::Busy, &["Led", "GPIO17", "w1-gpio"]);
    says(Button::builder(17).gpio(&gpio).open(), ErrorKind::Busy, &["Button", "w1-gpio"]);
    says(PwmOutputDevice::builder(17).gpio(&gpio).open(), ErrorKind::Busy, &["PwmOutputDevice", "w1-gpio"]);
    gpio.line(17).hold_by(None);
    drop(Led::builder(17).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn a_power_that_the_factory_lacks() {
    let all = mock::gpio().capabilities();
    let none = Support::None;
    let board = |capabilities| mock::builder().capabilities(capabilities).open();

    let gpio = board(Capabilities { bias: none, ..all });
    says(
        Button::builder(17).gpio(&gpio).open(),
        ErrorKind::Unsupported,
        &["Button", "GPIO17", "pull-up", "mock"],
    );
    let gpio = board(Capabilities { input: none, edges: none, ..all });
    says(DigitalInputDevice::builder(17).gpio(&gpio).open(), ErrorKind::Unsupported, &["GPIO17", "input"]);
    let gpio = board(Capabilities { output: none, ..all });
    says(Led::builder(17).gpio(&gpio).open(), ErrorKind::Unsupported, &["Led", "output"]);
    let gpio = board(Capabilities { output: none, pwm: none, ..all });
    says(PwmOutputDevice::builder(17).gpio(&gpio).open(), ErrorKind::Unsupported, &["PWM"]);
}

#[test]
fn a_pull_that_cannot_be_left_behind() -> pinzero::Result<()> {
    let powers = Capabilities { bias: Support::None, ..mock::gpio().capabilities() };
    let without_pulls = mock::builder().capabilities(powers).open();
    for (gpio, bias, kind) in [
        (&without_pulls, Bias::PullUp, ErrorKind::Unsupported),
        (&mock::gpio(), Bias::PullDown, ErrorKind::FixedPull),
    ] {
        let on_close = OnClose::Input(bias);
        says(Led::builder(2).on_close(on_close).gpio(gpio).open(), kind, &["Led", "GPIO2"]);
        says(PwmOutputDevice::builder(2).on_close(on_close).gpio(gpio).open(), kind, &["GPIO2"]);
        says(gpio.group([17, 2]).on_close(on_close).open(), kind, &["OutputGroup"]);
        drop(gpio.group([17, 2]).on_close(OnClose::Input(Bias::AsIs)).open()?);
    }
    Ok(())
}

#[test]
fn whoever_is_refused_holds_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    says(Button::builder(2).pull_up(false).gpio(&gpio).open(), ErrorKind::FixedPull, &[]);
    says(PwmOutputDevice::builder(3).frequency(0.0).gpio(&gpio).open(), ErrorKind::InvalidFrequency, &[]);
    gpio.line(4).hold_by(Some("else"));
    says(Led::builder(4).gpio(&gpio).open(), ErrorKind::Busy, &[]);
    gpio.line(4).hold_by(None);
    for pin in [2, 3, 4] {
        assert_eq!(gpio.line(pin).writes(), 0);
        drop(Led::builder(pin).gpio(&gpio).open()?);
    }
    Ok(())
}

#[test]
fn an_error_is_small_has_its_parts_and_goes_where_errors_go() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<pinzero::Result<()>>(), size_of::<usize>());
    let boxed: Box<dyn std::error::Error + Send + Sync> =
        Box::new(Led::builder(99).gpio(&mock::gpio()).open().unwrap_err());
    assert!(boxed.source().is_none());
    let error = boxed.downcast::<Error>().unwrap();
    assert_eq!((error.pin(), error.factory()), (Some("GPIO99"), Some("mock")));
    let source = std::io::Error::other("the cause");
    let error = Error::new(ErrorKind::Io, "it failed").with_source(source).with_pin("GPIO1");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the cause"));
    assert_eq!(error.to_string(), "GPIO1: it failed: the cause");
}
