//! Buttons: pressed, released, held.

use pinzero::EventKind::{self, Held, LongPressed, Pressed, Released};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Bias, Event};
use pinzero_tests::Log;

/// Logs pressed, released and held of `button`, by handlers.
fn watch(button: &Button) -> Log<(u64, EventKind)> {
    let log = Log::new();
    let note = |log: &Log<_>| {
        let log = log.clone();
        move |event: Event| log.push((event.at.as_nanos() / 1_000_000, event.kind))
    };
    button.when_pressed(note(&log));
    button.when_released(note(&log));
    button.when_held(note(&log));
    log
}

fn button(gpio: &MockGpio) -> pinzero::Result<Button> {
    Button::builder(2).gpio(gpio).open()
}

#[test]
fn it_is_pulled_up_and_pressed_when_low() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(24).gpio(&gpio).open()?;
    assert_eq!(gpio.line(24).bias(), Bias::PullUp);
    assert!(!button.is_pressed()? && !button.is_active()? && !button.value()?);
    gpio.line(24).drive(Level::Low);
    assert!(button.is_pressed()? && button.is_active()? && button.value()?);
    gpio.line(24).release();
    assert!(!button.is_pressed()?);
    Ok(())
}

#[test]
fn it_can_be_wired_to_the_supply() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(24).pull_up(false).gpio(&gpio).open()?;
    let log = watch(&button);
    gpio.line(24).press(ms(30));
    gpio.advance(ms(50));
    assert_eq!(log.take(), [(0, Pressed), (30, Released)]);
    Ok(())
}

#[test]
fn press_and_release_come_at_their_instants() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let log = watch(&button);
    gpio.advance(ms(10));
    gpio.line(2).press(ms(200));
    assert_eq!(log.take(), [(10, Pressed)], "at once");
    gpio.advance(ms(199));
    assert_eq!(log.take(), []);
    gpio.advance(ms(1));
    assert_eq!(log.take(), [(210, Released)]);
    Ok(())
}

#[test]
fn each_edge_is_one_event_and_no_edge_is_none() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let log = watch(&button);
    for _ in 0..3 {
        gpio.line(2).drive(Level::Low);
    }
    gpio.line(2).drive(Level::High);
    gpio.line(2).release();
    assert_eq!(log.take(), [(0, Pressed), (0, Released)]);
    Ok(())
}

#[test]
fn held_comes_after_the_hold_time_once() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let log = watch(&button);
    gpio.line(2).script([(ms(100), Level::Low), (ms(9_000), Level::High)]);
    gpio.advance(secs(10));
    assert_eq!(log.take(), [(100, Pressed), (1_100, Held), (9_000, Released)]);
    Ok(())
}

#[test]
fn held_repeats_if_asked_to_and_stops_at_the_release() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).hold_time(ms(500)).hold_repeat(ms(500)).gpio(&gpio).open()?;
    let log = watch(&button);
    gpio.line(2).script([(ms(100), Level::Low), (ms(1_700), Level::High), (ms(1_800), Level::Low)]);
    gpio.advance(ms(2_500));
    let expected = [
        (100, Pressed),
        (600, Held),
        (1_100, Held),
        (1_600, Held),
        (1_700, Released),
        (1_800, Pressed),
        (2_300, Held),
    ];
    assert_eq!(log.take(), expected, "counted anew from each press");
    Ok(())
}

#[test]
fn a_release_just_before_the_hold_time_is_no_hold_and_at_it_is_one() -> pinzero::Result<()> {
    for (time, held) in [(secs(1) - us(1), false), (secs(1), true)] {
        let gpio = mock::gpio();
        let button = button(&gpio)?;
        let log = watch(&button);
        gpio.line(2).press(time);
        gpio.advance(secs(2));
        let kinds: Vec<_> = log.take().into_iter().map(|(_, kind)| kind).collect();
        let expected = if held { vec![Pressed, Held, Released] } else { vec![Pressed, Released] };
        assert_eq!(kinds, expected, "{time:?}");
    }
    Ok(())
}

#[test]
fn a_hold_time_of_zero_is_held_at_once() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).hold_time(ms(0)).hold_repeat(ms(20)).gpio(&gpio).open()?;
    let log = watch(&button);
    gpio.line(2).press(ms(50));
    gpio.advance(secs(1));
    assert_eq!(log.take(), [(0, Pressed), (0, Held), (20, Held), (40, Held), (50, Released)]);
    Ok(())
}

#[test]
fn a_repeat_may_differ_from_the_hold_time_but_not_flood() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).hold_time(ms(500)).hold_repeat(ms(200)).gpio(&gpio).open()?;
    let log = watch(&button);
    gpio.line(2).press(secs(1));
    gpio.advance(secs(2));
    assert_eq!(log.take(), [(0, Pressed), (500, Held), (700, Held), (900, Held), (1_000, Released)]);
    let error = Button::builder(3).hold_repeat(ms(9)).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), pinzero::ErrorKind::InvalidValue);
    assert!(error.to_string().contains("10 ms or longer"), "{error}");
    Ok(())
}

/// Held down while the program starts, as for a reset to the factory's settings.
#[test]
fn a_button_that_is_down_when_it_is_opened_is_held_from_then_on() -> pinzero::Result<()> {
    for (released, expected) in
        [(400, vec![(400, Released)]), (2_000, vec![(500, Held), (500, LongPressed), (2_000, Released)])]
    {
        let gpio = mock::gpio();
        gpio.line(2).drive(Level::Low);
        gpio.advance(secs(60));
        let button = Button::builder(2).hold_time(ms(500)).gpio(&gpio).open()?;
        let mut events = button.events();
        assert!(button.is_pressed()? && !button.is_held());
        gpio.line(2).script([(ms(released), Level::High)]);
        gpio.advance(ms(released) - ms(1));
        assert_eq!(button.held_time(), (released > 500).then(|| ms(released - 1)));
        gpio.advance(secs(5));
        let told = std::iter::from_fn(|| events.try_next());
        let told: Vec<_> = told.map(|event| (event.at.as_nanos() / 1_000_000 - 60_000, event.kind)).collect();
        assert_eq!(told, expected);
    }
    Ok(())
}

#[test]
fn held_time_counts_from_the_press() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).hold_time(ms(500)).hold_repeat(ms(500)).gpio(&gpio).open()?;
    assert_eq!((button.is_held(), button.held_time(), button.pressed_time()), (false, None, None));
    gpio.line(2).drive(Level::Low);
    gpio.advance(ms(499));
    assert_eq!((button.is_held(), button.held_time(), button.pressed_time()), (false, None, Some(ms(499))));
    gpio.advance(ms(1));
    assert_eq!((button.is_held(), button.held_time()), (true, Some(ms(500))), "gpiozero says 0 here");
    gpio.advance(ms(700));
    assert_eq!((button.is_held(), button.held_time()), (true, Some(ms(1_200))));
    gpio.line(2).drive(Level::High);
    assert_eq!((button.is_held(), button.held_time(), button.pressed_time()), (false, None, None));
    assert_eq!(button.inactive_time(), Some(ms(0)));
    Ok(())
}

#[test]
fn a_button_that_is_down_when_it_is_opened_has_not_been_pressed() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.line(2).drive(Level::Low);
    gpio.advance(ms(50));
    let button = button(&gpio)?;
    let log = watch(&button);
    gpio.advance(secs(5));
    assert!(button.is_pressed()? && button.is_held());
    assert_eq!(button.pressed_time(), Some(secs(5)));
    gpio.line(2).drive(Level::High);
    gpio.line(2).drive(Level::Low);
    gpio.advance(secs(1));
    assert_eq!(log.take(), [(1_050, Held), (5_050, Released), (5_050, Pressed), (6_050, Held)]);
    Ok(())
}

#[test]
fn waits_for_press_and_release_drive_the_clock() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    gpio.line(2).script([(ms(30), Level::Low), (ms(80), Level::High)]);
    button.wait_for_release()?;
    assert_eq!(gpio.elapsed(), ms(0));
    assert!(!button.wait_for_press_timeout(ms(29))?);
    assert!(button.wait_for_press_timeout(ms(29))?);
    assert_eq!(gpio.elapsed(), ms(30));
    assert!(!button.wait_for_release_timeout(ms(20))?);
    button.wait_for_release()?;
    assert_eq!(gpio.elapsed(), ms(80));
    Ok(())
}

#[test]
fn twenty_six_buttons_tell_their_presses_apart_and_in_order() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let log = Log::new();
    let mut buttons = Vec::new();
    for pin in 2..28u32 {
        let button = Button::builder(pin).gpio(&gpio).open()?;
        let log = log.clone();
        button.when_pressed(move |event| log.push((pin, event.at)));
        // From the last to the first, two at each instant.
        gpio.line(pin).script([(ms(u64::from((27 - pin) / 2)), Level::Low)]);
        buttons.push(button);
    }
    gpio.advance(ms(100));
    let seen = log.take();
    assert_eq!(seen.len(), 26);
    assert!(seen.is_sorted_by_key(|(_, at)| *at));
    assert!(seen.iter().all(|(pin, at)| at.as_nanos() == u64::from((27 - pin) / 2) * 1_000_000));
    Ok(())
}
