//! Chords of buttons on virtual time.

use std::sync::mpsc;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, EventKind, Result};
use pinzero_tests::block_on;

fn chord(gpio: &MockGpio) -> Result<Chord> {
    Chord::builder([2, 3]).hold_time(secs(2)).gpio(gpio).open()
}

fn hold(gpio: &MockGpio, pin: u32, from: u64, to: u64) {
    gpio.line(pin).script([(ms(from), Level::Low), (ms(to), Level::High)]);
}

/// Plays for ten seconds, and returns the events of the chord with their times in milliseconds.
fn events(gpio: &MockGpio, chord: &Chord) -> Vec<(EventKind, u64)> {
    let mut events = chord.events();
    gpio.advance(secs(10));
    std::iter::from_fn(|| events.try_next())
        .map(|event| (event.kind, event.at.as_nanos() / 1_000_000))
        .collect()
}

use EventKind::{Held, Pressed, Released};

#[test]
fn two_buttons_are_held_together() -> Result<()> {
    let gpio = mock::gpio();
    let chord = chord(&gpio)?;
    hold(&gpio, 2, 100, 5000);
    hold(&gpio, 3, 400, 4000);
    assert_eq!(events(&gpio, &chord), [(Pressed, 400), (Held, 2400), (Released, 4000)]);
    Ok(())
}

#[test]
fn too_short_or_alone_is_no_hold() -> Result<()> {
    let gpio = mock::gpio();
    let chord = chord(&gpio)?;
    hold(&gpio, 2, 100, 9000);
    hold(&gpio, 3, 400, 2399);
    assert_eq!(events(&gpio, &chord), [(Pressed, 400), (Released, 2399)]);
    Ok(())
}

#[test]
fn within_limits_the_time_between_the_presses() -> Result<()> {
    let gpio = mock::gpio();
    let chord = Chord::builder([2, 3, 4]).within(ms(200)).gpio(&gpio).open()?;
    for (pin, from) in [(2, 0), (3, 100), (4, 201)] {
        hold(&gpio, pin, from, 3000);
    }
    for (pin, from) in [(2, 5000), (3, 5100), (4, 5200)] {
        hold(&gpio, pin, from, 7000);
    }
    assert_eq!(events(&gpio, &chord), [(Pressed, 5200), (Held, 6200), (Released, 7000)]);
    Ok(())
}

#[test]
fn each_button_works_alone() -> Result<()> {
    let gpio = mock::gpio();
    let chord = chord(&gpio)?;
    let (sender, log) = mpsc::channel();
    for (name, button) in ["left", "right"].into_iter().zip(chord.buttons()) {
        let [pressed, clicked] = [sender.clone(), sender.clone()];
        button.when_pressed(move |_| pressed.send((name, "pressed")));
        button.when_clicked(move |_| clicked.send((name, "clicked")));
    }
    chord.when_pressed(move |_| sender.send(("both", "pressed")));
    hold(&gpio, 2, 0, 50);
    hold(&gpio, 2, 2000, 5000);
    hold(&gpio, 3, 2100, 2200);
    gpio.advance(secs(10));
    let log: Vec<_> = log.try_iter().collect();
    let expected = [
        ("left", "pressed"),
        ("left", "clicked"),
        ("left", "pressed"),
        ("right", "pressed"),
        ("both", "pressed"),
        ("right", "clicked"),
    ];
    assert_eq!(log, expected);
    Ok(())
}

#[test]
fn buttons_that_are_down_at_the_opening_can_be_held() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(2).drive(Level::Low);
    gpio.line(3).drive(Level::Low);
    let chord = chord(&gpio)?;
    assert!(chord.is_pressed()? && !chord.is_held()?);
    block_on(chord.held())?;
    assert_eq!((gpio.elapsed(), chord.pressed_time()), (secs(2), Some(secs(2))));
    assert_eq!(format!("{chord:?}"), "Chord(GPIO2, GPIO3, pressed)");
    Ok(())
}

#[test]
fn waits_and_close() -> Result<()> {
    let gpio = mock::gpio();
    let chord = chord(&gpio)?;
    hold(&gpio, 2, 100, 300);
    hold(&gpio, 3, 200, 300);
    chord.wait_for_press()?;
    assert_eq!(gpio.elapsed(), ms(200));
    chord.wait_for_release()?;
    assert!(!chord.wait_for_press_timeout(secs(1))? && chord.wait_for_release_timeout(secs(1))?);
    let button = chord.buttons()[0].clone();
    chord.close()?;
    assert!(button.is_closed() && chord.is_closed());
    assert_eq!(chord.wait_for_press().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(format!("{chord:?}"), "Chord(GPIO2, GPIO3, closed)");
    Ok(())
}

#[test]
fn one_button_is_no_chord() {
    let gpio = mock::gpio();
    let error = Chord::builder([2]).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert_eq!(Chord::builder([2, 2]).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::InvalidValue);
}

/// Also those of edges that cause no event of the chord.
#[test]
fn lost_edges_are_counted_in_the_next_event() -> Result<()> {
    let gpio = mock::gpio();
    let chord = chord(&gpio)?;
    let mut events = chord.events();
    gpio.line(2).lose(2);
    hold(&gpio, 2, 50, 60);
    hold(&gpio, 2, 70, 80);
    hold(&gpio, 2, 100, 5000);
    hold(&gpio, 3, 400, 4000);
    gpio.advance(secs(10));
    let missed: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| event.missed).collect();
    assert_eq!(missed, [2, 0, 0]);
    Ok(())
}
