//! Wires between the pins of a mock.

use pinzero::mock;
use pinzero::prelude::*;
use pinzero_tests::{Log, at};

#[test]
fn a_driver_beats_a_pull() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(17, 24);
    let led = Led::builder(17).gpio(&gpio).open()?;
    let button = Button::builder(24).gpio(&gpio).open()?;
    assert!(button.is_pressed()?, "the LED's low beats the button's pull-up");
    led.on()?;
    assert!(!button.is_pressed()?);
    Ok(())
}

#[test]
fn a_pull_crosses_the_wire() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(24, 25);
    // Both are pulled down to begin with; one has no pull then, and the other lifts them both.
    let floating = DigitalInputDevice::builder(24).pull_up(None).active_state(true).gpio(&gpio).open()?;
    assert!(!floating.is_active()?);
    let pulled = DigitalInputDevice::builder(25).pull_up(true).gpio(&gpio).open()?;
    assert!(floating.is_active()?);
    pulled.close()?;
    assert!(!floating.is_active()?, "back to the pull-down");
    Ok(())
}

#[test]
fn a_button_on_a_leds_pin_sees_what_it_does() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire("J8:11", 24);
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    let button = Button::builder(24).gpio(&gpio).open()?;
    let log = Log::new();
    for name in ["pressed", "released"] {
        let log = log.clone();
        let note = move |event: pinzero::Event| log.push((name, event.at));
        if name == "pressed" {
            button.when_pressed(note)
        } else {
            button.when_released(note)
        };
    }
    gpio.advance(ms(10));
    led.blink_with(Blink::new(ms(5), ms(5)).times(2))?.wait()?;
    let expected = [("pressed", at(15)), ("released", at(20)), ("pressed", at(25))];
    assert_eq!(log.take(), expected);
    assert!(button.is_pressed()?);
    Ok(())
}

#[test]
fn edges_cross_at_their_instant_and_to_all() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(17, 24);
    gpio.wire(25, 24);
    gpio.wire(26, 25);
    let led = Led::builder(17).gpio(&gpio).open()?;
    let sensors: Vec<DigitalInputDevice> = [24, 25, 26]
        .into_iter()
        .map(|pin| DigitalInputDevice::builder(pin).gpio(&gpio).open())
        .collect::<pinzero::Result<_>>()?;
    let mut events: Vec<_> = sensors.iter().map(DigitalInputDevice::events).collect();
    gpio.advance(us(1_234));
    led.on()?;
    for events in &mut events {
        assert_eq!(events.try_next().map(|event| event.at), Some(gpio.now()));
        assert_eq!(events.try_next(), None);
    }
    for pin in [17, 24, 25, 26] {
        assert_eq!(gpio.line(pin).history(), [(us(1_234), Level::High)], "GPIO{pin}");
    }
    Ok(())
}

#[test]
fn a_wire_that_comes_late_brings_its_level() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let _led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    let mut events = sensor.events();
    gpio.advance(ms(3));
    gpio.wire(24, 17);
    assert!(sensor.is_active()?);
    assert_eq!(events.try_next().map(|event| event.at), Some(at(3)));
    Ok(())
}

#[test]
fn closing_the_driver_leaves_the_wire_to_the_pulls() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(17, 24);
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    assert!(sensor.is_active()?);
    led.close()?;
    assert!(!sensor.is_active()?);
    Ok(())
}

#[test]
fn a_finger_on_one_end_is_felt_at_the_other() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(2, 3);
    let (one, two) = (Button::builder(2).gpio(&gpio).open()?, Button::builder(3).gpio(&gpio).open()?);
    gpio.line(2).press(ms(10));
    assert!(one.is_pressed()? && two.is_pressed()?);
    two.wait_for_release()?;
    assert_eq!(gpio.elapsed(), ms(10));
    Ok(())
}

#[test]
fn pins_that_are_not_wired_are_left_alone() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(17, 24);
    gpio.wire(18, 25);
    let _led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    assert_eq!(gpio.line(24).level(), Level::High);
    assert_eq!((gpio.line(18).level(), gpio.line(25).level()), (Level::Low, Level::Low));
    Ok(())
}

/// A wave that never toggles is a level like any other, whoever makes it.
#[test]
fn a_pwm_that_is_fully_on_or_off_drives_its_wire() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(18, 24);
    let lamp = PwmOutputDevice::builder(18).gpio(&gpio).open()?;
    let button = Button::builder(24).gpio(&gpio).open()?;
    assert!(button.is_pressed()?, "off is low, and beats the pull-up");
    lamp.on()?;
    assert!(!button.is_pressed()?);
    Ok(())
}
