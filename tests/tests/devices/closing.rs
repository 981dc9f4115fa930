//! Closing: what a pin becomes, who closes it, and what is left to say afterwards.

use std::sync::Arc;

use pinzero::LineFunction;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Bias, ErrorKind};

/// What a line is: its function, its resistor and its level.
fn state(gpio: &MockGpio, pin: u32) -> (LineFunction, Bias, Level) {
    let line = gpio.line(pin);
    (line.function(), line.bias(), line.level())
}

const FOUND: (LineFunction, Bias, Level) = (LineFunction::Input, Bias::PullDown, Level::Low);

#[test]
fn an_output_goes_back_to_what_it_was() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    assert_eq!(state(&gpio, 17), FOUND);
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    gpio.advance(ms(5));
    led.close()?;
    assert_eq!(state(&gpio, 17), FOUND);
    assert_eq!(gpio.line(17).history(), [(ms(0), Level::High), (ms(5), Level::Low)]);
    Ok(())
}

#[test]
fn an_input_goes_back_to_the_pull_that_it_was_found_with() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(17).gpio(&gpio).open()?;
    assert_eq!(state(&gpio, 17), (LineFunction::Input, Bias::PullUp, Level::High));
    button.close()?;
    assert_eq!(state(&gpio, 17), FOUND);
    Ok(())
}

#[test]
fn a_pwm_goes_back_to_what_it_was() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    PwmOutputDevice::builder(18).initial_value(1.0).gpio(&gpio).open()?.close()?;
    assert_eq!(state(&gpio, 18), FOUND);
    Ok(())
}

#[test]
fn on_close_says_what_becomes_of_an_output() -> pinzero::Result<()> {
    let cases = [
        (OnClose::Restore, FOUND),
        (OnClose::Input(Bias::PullUp), (LineFunction::Input, Bias::PullUp, Level::High)),
        (OnClose::Input(Bias::PullDown), FOUND),
        (OnClose::Low, (LineFunction::Output, Bias::PullDown, Level::Low)),
        (OnClose::High, (LineFunction::Output, Bias::PullDown, Level::High)),
    ];
    for (on_close, expected) in cases {
        for lit in [false, true] {
            let gpio = mock::gpio();
            let led = Led::builder(17).initial_value(lit).on_close(on_close).gpio(&gpio).open()?;
            led.blink(ms(3), ms(3))?;
            gpio.advance(ms(1));
            led.close()?;
            gpio.advance(secs(1));
            assert_eq!(state(&gpio, 17), expected, "{on_close:?} {lit}");
        }
    }
    Ok(())
}

#[test]
fn kept_levels_stay_as_they_were() -> pinzero::Result<()> {
    for level in [Level::Low, Level::High] {
        let gpio = mock::gpio();
        let led =
            Led::builder(17).initial_value(level.is_high()).on_close(OnClose::Keep).gpio(&gpio).open()?;
        gpio.line(17).clear();
        drop(led);
        assert_eq!(state(&gpio, 17), (LineFunction::Output, Bias::PullDown, level));
        assert_eq!(gpio.line(17).history(), [], "without a blip");
    }
    Ok(())
}

#[test]
fn an_output_that_was_an_output_is_one_again() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    Led::builder(17).initial_value(true).on_close(OnClose::Keep).gpio(&gpio).open()?.close()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    assert_eq!(gpio.line(17).level(), Level::Low);
    led.close()?;
    assert_eq!(state(&gpio, 17), (LineFunction::Output, Bias::PullDown, Level::High));
    Ok(())
}

#[test]
fn on_close_holds_for_pwm_too() -> pinzero::Result<()> {
    for (on_close, expected) in [
        (OnClose::Low, (LineFunction::Output, Bias::PullDown, Level::Low)),
        (OnClose::High, (LineFunction::Output, Bias::PullDown, Level::High)),
        (OnClose::Input(Bias::PullUp), (LineFunction::Input, Bias::PullUp, Level::High)),
    ] {
        let gpio = mock::gpio();
        let lamp = PwmOutputDevice::builder(18).on_close(on_close).gpio(&gpio).open()?;
        lamp.set_value(0.5)?;
        drop(lamp);
        assert_eq!(state(&gpio, 18), expected, "{on_close:?}");
    }
    Ok(())
}

#[test]
fn the_factory_says_what_becomes_of_outputs_that_say_nothing_themselves() -> pinzero::Result<()> {
    let gpio = mock::builder().on_close(OnClose::High).open();
    Led::builder(17).gpio(&gpio).open()?.close()?;
    PwmOutputDevice::builder(18).gpio(&gpio).open()?.close()?;
    Led::builder(27).on_close(OnClose::Restore).gpio(&gpio).open()?.close()?;
    let driven = (LineFunction::Output, Bias::PullDown, Level::High);
    assert_eq!([17, 18, 27].map(|pin| state(&gpio, pin)), [driven, driven, FOUND]);
    Ok(())
}

#[test]
fn pins_can_be_closed_by_name_whoever_has_them() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let (button, lamp) =
        (Button::builder(22).gpio(&gpio).open()?, PwmOutputDevice::builder(18).gpio(&gpio).open()?);
    assert_eq!(gpio.close_pins(["J8:11", "J8:1"]).unwrap_err().kind(), ErrorKind::NotGpio);
    assert!(!led.is_closed(), "all names are looked at first");
    gpio.close_pins(["J8:11", "GPIO22", "GPIO5"])?;
    assert!(led.is_closed() && button.is_closed() && !lamp.is_closed());
    Ok(())
}

#[test]
fn the_last_handle_closes() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (led, lamp) =
        (Led::builder(17).gpio(&gpio).open()?, PwmOutputDevice::builder(18).gpio(&gpio).open()?);
    let button = Button::builder(22).gpio(&gpio).open()?;
    let clones = (led.clone(), lamp.clone(), button.clone());
    drop((led, lamp, button));
    assert_eq!(state(&gpio, 17).0, LineFunction::Output);
    assert_eq!(state(&gpio, 18).0, LineFunction::Pwm);
    assert_eq!(state(&gpio, 22).1, Bias::PullUp);
    drop(clones);
    for pin in [17, 18, 22] {
        assert_eq!(state(&gpio, pin), FOUND);
        Led::builder(pin).gpio(&gpio).open()?.close()?;
    }
    Ok(())
}

#[test]
fn close_is_idempotent_and_for_all_handles() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let clone = led.clone();
    assert!(!clone.is_closed());
    led.close()?;
    led.close()?;
    clone.close()?;
    assert!(led.is_closed() && clone.is_closed());
    // Nor does a handle that goes later disturb whoever has the pin by then.
    let next = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    clone.close()?;
    drop((led, clone));
    assert!(next.is_lit()?);
    assert_eq!(gpio.line(17).level(), Level::High);
    Ok(())
}

#[test]
fn a_pin_can_be_opened_again_as_anything() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    for _ in 0..3 {
        Led::builder(17).gpio(&gpio).open()?.close()?;
        PwmOutputDevice::builder("GPIO17").gpio(&gpio).open()?.close()?;
        let button = Button::builder("BOARD11").gpio(&gpio).open()?;
        gpio.line(17).press(ms(10));
        button.wait_for_press()?;
        button.close()?;
        gpio.advance(ms(20));
        gpio.line(17).release();
    }
    assert_eq!(state(&gpio, 17), FOUND);
    Ok(())
}

#[test]
fn a_closed_led_says_so_whatever_it_is_asked() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    led.close()?;
    let writes = gpio.line(17).writes();
    let refused = [
        ("on", led.on()),
        ("off", led.off()),
        ("toggle", led.toggle()),
        ("set_value", led.set_value(true)),
        ("value", led.value().map(drop)),
        ("is_active", led.is_active().map(drop)),
        ("is_lit", led.is_lit().map(drop)),
        ("blink", led.blink(ms(1), ms(1)).map(drop)),
        ("blink_with", led.blink_with(Blink::new(ms(1), ms(1)).times(0)).map(drop)),
        ("output().set", led.output().set(Level::High)),
        ("output().toggle", led.output().toggle()),
        ("output().level", led.output().level().map(drop)),
    ];
    for (name, result) in refused {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{name}");
        assert_eq!(error.pin(), Some("GPIO17"), "{name}");
        assert!(error.to_string().contains("closed"), "{name}: {error}");
    }
    gpio.advance(secs(1));
    assert_eq!((gpio.line(17).writes(), state(&gpio, 17)), (writes, FOUND));
    Ok(())
}

#[test]
fn a_closed_pwm_says_so_whatever_it_is_asked() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).gpio(&gpio).open()?;
    lamp.close()?;
    let refused = [
        ("on", lamp.on()),
        ("off", lamp.off()),
        ("toggle", lamp.toggle()),
        ("set_value", lamp.set_value(0.5)),
        ("set_frequency", lamp.set_frequency(50.0)),
        ("value", lamp.value().map(drop)),
        ("is_active", lamp.is_active().map(drop)),
        ("blink", lamp.blink(ms(1), ms(1)).map(drop)),
        ("pulse", lamp.pulse(ms(1), ms(1)).map(drop)),
        ("pwm().set_duty", lamp.pwm().set_duty(0.0)),
    ];
    for (name, result) in refused {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.pin()), (ErrorKind::Closed, Some("GPIO18")), "{name}");
    }
    Ok(())
}

#[test]
fn a_closed_button_says_so_whatever_it_is_asked() -> pinzero::Result<()> {
    for bounce in [ms(0), ms(10)] {
        let gpio = mock::gpio();
        let button = Button::builder(2).bounce_time(bounce).gpio(&gpio).open()?;
        button.close()?;
        let refused = [
            ("is_pressed", button.is_pressed().map(drop)),
            ("is_active", button.is_active().map(drop)),
            ("value", button.value().map(drop)),
            ("wait_for_press", button.wait_for_press()),
            ("wait_for_press_timeout", button.wait_for_press_timeout(secs(1)).map(drop)),
            // It was released when it was closed.
            ("wait_for_release", button.wait_for_release()),
            ("wait_for_release_timeout", button.wait_for_release_timeout(secs(1)).map(drop)),
            ("wait_for_active", button.wait_for_active()),
            ("wait_for_inactive", button.wait_for_inactive()),
            ("input().level", button.input().level().map(drop)),
        ];
        for (name, result) in refused {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.pin()), (ErrorKind::Closed, Some("GPIO2")), "{name} {bounce:?}");
        }
        assert_eq!(gpio.elapsed(), ms(0), "no wait is begun");
    }
    Ok(())
}

#[test]
fn a_closed_button_hears_nothing_and_forgets_its_handlers() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let owned = Arc::new(());
    button.when_pressed({
        let owned = owned.clone();
        move |_| drop(owned.clone())
    });
    let mut events = button.events();
    button.close()?;
    assert_eq!(Arc::strong_count(&owned), 1);
    gpio.line(2).press(ms(10));
    gpio.advance(secs(1));
    assert_eq!(events.next(), None);
    Ok(())
}

#[test]
fn closing_the_factory_closes_all_its_devices_and_no_others() -> pinzero::Result<()> {
    let (gpio, other) = (mock::gpio(), mock::gpio());
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    let lamp = PwmOutputDevice::builder(18).initial_value(0.5).gpio(&gpio).open()?;
    let button = Button::builder(22).gpio(&gpio).open()?;
    let elsewhere = Led::builder(17).initial_value(true).gpio(&other).open()?;
    led.blink(ms(1), ms(1))?;
    gpio.close()?;
    gpio.close()?;
    assert!(led.is_closed() && lamp.is_closed() && button.is_closed());
    for pin in [17, 18, 22] {
        assert_eq!(state(&gpio, pin), FOUND);
        let refused = Led::builder(pin).gpio(&gpio).open().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Closed);
    }
    assert_eq!(Button::builder(2).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(PwmOutputDevice::builder(12).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::Closed);
    assert!(elsewhere.is_lit()?);
    elsewhere.off()
}

#[test]
fn a_device_outlives_the_handle_of_its_factory() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    drop(gpio);
    led.on()?;
    led.blink_with(Blink::new(ms(1), ms(1)).times(3))?.wait()?;
    led.close()
}
