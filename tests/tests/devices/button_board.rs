//! Boards of buttons on virtual time: pressed while any button is.

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, EventKind, Result};
use pinzero_tests::{Log, block_on};

use EventKind::{Changed, Held, Pressed, Released};

fn board(gpio: &MockGpio) -> Result<ButtonBoard> {
    ButtonBoard::builder([5, 6]).button("fire", 13).hold_time(ms(300)).gpio(gpio).open()
}

fn hold(gpio: &MockGpio, pin: u32, from: u64, to: u64) {
    gpio.line(pin).script([(ms(from), Level::Low), (ms(to), Level::High)]);
}

/// Plays for ten seconds, and returns the events of the board with their times in milliseconds.
fn events(gpio: &MockGpio, board: &ButtonBoard) -> Vec<(EventKind, u64)> {
    let mut events = board.events();
    gpio.advance(secs(10));
    let events = std::iter::from_fn(|| events.try_next());
    events.map(|event| (event.kind, event.at.as_nanos() / 1_000_000)).collect()
}

#[test]
fn any_button_presses_the_board() -> Result<()> {
    let gpio = mock::gpio();
    let board = board(&gpio)?;
    hold(&gpio, 6, 10, 30);
    hold(&gpio, 13, 20, 40);
    let expected =
        [(Pressed, 10), (Changed, 10), (Changed, 20), (Changed, 30), (Released, 40), (Changed, 40)];
    assert_eq!(events(&gpio, &board), expected);
    Ok(())
}

#[test]
fn a_board_is_held_by_one_button_after_the_other() -> Result<()> {
    let gpio = mock::gpio();
    let once = board(&gpio)?;
    let again = ButtonBoard::builder([16, 20]).hold_time(ms(200)).hold_repeat(ms(100)).gpio(&gpio).open()?;
    for (one, other) in [(5, 6), (16, 20)] {
        hold(&gpio, one, 100, 300);
        hold(&gpio, other, 250, 550);
        hold(&gpio, one, 1000, 1050);
    }
    let mut repeats = again.events();
    let events = events(&gpio, &once);
    let without_changes: Vec<_> = events.into_iter().filter(|(kind, _)| *kind != Changed).collect();
    assert_eq!(
        without_changes,
        [(Pressed, 100), (Held, 400), (Released, 550), (Pressed, 1000), (Released, 1050)]
    );
    let held = std::iter::from_fn(|| repeats.try_next()).filter(|event| event.kind == Held);
    let held: Vec<_> = held.map(|event| (event.lasted, event.repeat)).collect();
    assert_eq!(held, [(ms(200), false), (ms(300), true), (ms(400), true)]);
    Ok(())
}

#[test]
fn members_work_alone_and_are_heard_first() -> Result<()> {
    let gpio = mock::gpio();
    let board = board(&gpio)?;
    let log = Log::new();
    let note = |name: &'static str| {
        let log = log.clone();
        move |_: Event| log.push(name)
    };
    board.when_pressed(note("pressed"));
    board.when_released(note("released"));
    board.when_changed(note("changed"));
    board.when_held(note("held"));
    board.member("fire")?.when_pressed(note("fire"));
    board.member("fire")?.when_held(note("fire held"));
    board.member(0)?.when_clicked(note("clicked"));
    hold(&gpio, 13, 0, 400);
    hold(&gpio, 5, 500, 550);
    gpio.advance(secs(2));
    assert_eq!(
        log.take(),
        [
            "fire",
            "pressed",
            "changed",
            "fire held",
            "held",
            "released",
            "changed", //
            "pressed",
            "changed",
            "released",
            "changed",
            "clicked",
        ]
    );
    board.clear_handlers();
    hold(&gpio, 13, 0, 50);
    gpio.advance(secs(1));
    assert_eq!(log.take(), ["fire"]);
    Ok(())
}

#[test]
fn members_have_indices_and_names() -> Result<()> {
    let gpio = mock::gpio();
    let board = board(&gpio)?;
    assert_eq!(board.names(), [None, None, Some("fire")]);
    for key in [0, -3] {
        assert_eq!(board.member(key)?.pin(), board.buttons()[0].pin());
    }
    assert_eq!(board.member("fire")?.pin(), board.member(-1)?.pin());
    for (found, part) in [
        (board.member(3), "the board has 3 members, from 0 to 2: none is 3"),
        (board.member("jump"), "the board has no member `jump`: it has `fire`"),
    ] {
        let error = found.unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidValue && error.to_string().contains(part), "{error}");
    }
    Ok(())
}

#[test]
fn values_times_and_waits() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(6).drive(Level::Low);
    let board = board(&gpio)?;
    assert_eq!((board.value()?, board.is_pressed()?), (vec![false, true, false], true));
    block_on(board.held())?;
    assert_eq!((gpio.elapsed(), board.is_held()?, board.pressed_time()), (ms(300), true, Some(ms(300))));
    hold(&gpio, 13, 100, 200);
    gpio.line(6).script([(ms(150), Level::High)]);
    board.wait_for_release()?;
    assert_eq!((gpio.elapsed(), board.pressed_time(), board.is_held()?), (ms(500), None, false));
    assert!(!board.wait_for_press_timeout(secs(1))? && board.wait_for_release_timeout(secs(1))?);
    hold(&gpio, 5, 100, 200);
    board.wait_for_press()?;
    block_on(board.released())?;
    assert_eq!(gpio.elapsed(), ms(1700));
    Ok(())
}

#[test]
fn a_closed_board_is_silent() -> Result<()> {
    let gpio = mock::gpio();
    let board = board(&gpio)?;
    let button = board.member(0)?.clone();
    assert_eq!(format!("{board:?}"), "ButtonBoard(GPIO5, GPIO6, GPIO13, released)");
    assert_eq!(board.to_string(), "ButtonBoard on GPIO5, GPIO6, GPIO13");
    board.close()?;
    assert!(board.is_closed() && button.is_closed());
    assert_eq!(board.value().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(board.wait_for_press().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(format!("{board:?}"), "ButtonBoard(GPIO5, GPIO6, GPIO13, closed)");
    Led::builder(5).gpio(&gpio).open().map(drop)
}

#[test]
fn options_are_those_of_buttons() -> Result<()> {
    let gpio = mock::gpio();
    let options = || ButtonBoard::builder([5]).button("up", 6);
    let board = options().pull_up(false).bounce_time(ms(20)).gpio(&gpio).open()?;
    gpio.line(6).script([(ms(1), Level::High), (ms(2), Level::Low), (ms(3), Level::High)]);
    board.member("up")?.wait_for_press()?;
    assert_eq!((gpio.elapsed(), board.value()?), (ms(23), vec![false, true]));
    drop(board);
    let none: [u32; 0] = [];
    for (builder, kind, part) in [
        (ButtonBoard::builder(none), ErrorKind::InvalidValue, "give a pin at least"),
        (options().button("up", 13), ErrorKind::InvalidValue, "two members `up`"),
        (options().button("1", 13), ErrorKind::InvalidValue, "`1` cannot name a member"),
        (options().button("down", 5), ErrorKind::InvalidValue, "GPIO5"),
        (options().hold_repeat(ms(1)), ErrorKind::InvalidValue, "10"),
        (options().active_state(true), ErrorKind::InvalidValue, "active_state"),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    Ok(())
}

#[test]
fn leds_follow_the_buttons() -> Result<()> {
    let gpio = mock::gpio();
    let board = board(&gpio)?;
    let leds = LedBoard::builder([17, 27, 22]).gpio(&gpio).open()?;
    leds.follow(board.values())?;
    hold(&gpio, 6, 10, 30);
    hold(&gpio, 13, 20, 40);
    let mut seen = Vec::new();
    for _ in 0..5 {
        gpio.advance(ms(10));
        seen.push(leds.value()?.to_string());
    }
    assert_eq!(seen, ["[0, 1, 0]", "[0, 1, 1]", "[0, 0, 1]", "[0, 0, 0]", "[0, 0, 0]"]);
    Ok(())
}

#[test]
fn lost_edges_are_counted_in_the_next_event() -> Result<()> {
    let gpio = mock::gpio();
    let board = board(&gpio)?;
    let mut events = board.events();
    gpio.line(5).lose(2);
    hold(&gpio, 5, 50, 60);
    hold(&gpio, 5, 70, 80);
    gpio.advance(secs(1));
    let missed: u32 = std::iter::from_fn(|| events.try_next()).map(|event| event.missed).sum();
    assert_eq!(missed, 2);
    Ok(())
}
