//! The keypad on virtual time, with a matrix of keys, and in real time with a system that is late or fails.

use std::sync::atomic::Ordering;

use pinzero::mock::{self, MockGpio, MockKeypad};
use pinzero::prelude::*;
use pinzero::{Capabilities, ErrorKind, KeyKind, Line, Result, Support};
use pinzero_tests::{PATIENCE, block_on, make_late};

use crate::flaky::Flaky;

const ROWS: [u32; 4] = [5, 6, 13, 19];
const COLUMNS: [u32; 3] = [16, 20, 21];

fn open(gpio: &MockGpio) -> Result<(Keypad, MockKeypad)> {
    let keypad = Keypad::builder(ROWS, COLUMNS).keys(["123", "456", "789", "*0#"]).gpio(gpio).open()?;
    Ok((keypad, gpio.keypad(ROWS, COLUMNS)))
}

/// Returns the events so far: kind, label, and time in milliseconds.
fn log(events: &mut pinzero::Events<pinzero::KeyEvent>) -> Vec<(KeyKind, char, u64)> {
    std::iter::from_fn(|| events.try_next())
        .map(|event| (event.kind, event.key.label.unwrap_or('?'), event.at.as_nanos() / 1_000_000))
        .collect()
}

use KeyKind::{Ghost, Held, Pressed, Released};

#[test]
fn keys_are_pressed_held_and_released() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, matrix) = open(&gpio)?;
    let mut events = keypad.events();
    gpio.advance(ms(100));
    matrix.press(1, 1);
    gpio.advance(ms(50));
    assert_eq!((keypad.pressed()?.len(), keypad.is_pressed('5')?, keypad.is_pressed('6')?), (1, true, false));
    gpio.advance(ms(1950));
    matrix.release(1, 1);
    gpio.advance(ms(100));
    // Each scan takes 0.8 ms, and one every 10.8 ms; a change counts in the second one that sees it.
    let expected = [(Pressed, '5', 111), (Held, '5', 1111), (Released, '5', 2122)];
    let seen = log(&mut events);
    assert_eq!(
        seen.iter().map(|event| (event.0, event.1)).collect::<Vec<_>>(),
        [(Pressed, '5'), (Held, '5'), (Released, '5')]
    );
    for (seen, expected) in seen.iter().zip(expected) {
        assert!(seen.2.abs_diff(expected.2) <= 11, "{seen:?}, not {expected:?}");
    }
    assert!(!keypad.is_active()?);
    Ok(())
}

#[test]
fn every_key_is_itself() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, matrix) = open(&gpio)?;
    for (row, labels) in ["123", "456", "789", "*0#"].into_iter().enumerate() {
        for (column, label) in labels.chars().enumerate() {
            matrix.press(row, column);
            let key = keypad.wait_for_key()?;
            assert_eq!(
                (key.row, key.column, key.label, key.to_string()),
                (row, column, Some(label), label.to_string())
            );
            matrix.release(row, column);
            gpio.advance(ms(100));
        }
    }
    assert_eq!(matrix.shorts(), 0);
    Ok(())
}

#[test]
fn an_idle_keypad_does_nothing() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, matrix) = open(&gpio)?;
    let writes = || ROWS.map(|row| gpio.line(row).writes());
    let before = writes();
    gpio.advance(secs(3600));
    assert_eq!(writes(), before);
    matrix.press(0, 0);
    keypad.wait_for_key()?;
    matrix.release(0, 0);
    gpio.advance(secs(1));
    let after = writes();
    assert_ne!(after, before);
    gpio.advance(secs(3600));
    assert_eq!(writes(), after);
    assert!(ROWS.iter().all(|row| gpio.line(*row).level() == Level::Low));
    Ok(())
}

#[test]
fn two_keys_of_a_row_or_a_column_are_no_ghosts() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, matrix) = open(&gpio)?;
    for (row, column) in [(0, 0), (0, 2), (3, 2)] {
        matrix.press(row, column);
    }
    // Three corners of a rectangle: all four keys look alike.
    gpio.advance(ms(100));
    assert_eq!(keypad.pressed()?, []);
    matrix.release(3, 2);
    gpio.advance(ms(100));
    let labels: String = keypad.pressed()?.iter().map(ToString::to_string).collect();
    assert_eq!((labels.as_str(), matrix.shorts()), ("13", 0));
    Ok(())
}

#[test]
fn a_ghost_is_reported_and_not_pressed() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, matrix) = open(&gpio)?;
    matrix.press(0, 0);
    matrix.press(0, 2);
    gpio.advance(ms(100));
    let mut events = keypad.events();
    matrix.press(3, 0);
    gpio.advance(ms(100));
    let seen: Vec<_> = log(&mut events).into_iter().map(|(kind, label, _)| (kind, label)).collect();
    assert_eq!(seen, [(Ghost, '*'), (Ghost, '#')]);
    // What was pressed before stays so.
    let labels: String = keypad.pressed()?.iter().map(ToString::to_string).collect();
    assert_eq!(labels, "13");
    matrix.release(0, 2);
    gpio.advance(ms(100));
    let seen: Vec<_> = log(&mut events).into_iter().map(|(kind, label, _)| (kind, label)).collect();
    assert_eq!(seen, [(Released, '3'), (Pressed, '*')]);
    assert_eq!(matrix.shorts(), 0);
    Ok(())
}

#[test]
fn a_bouncing_key_is_pressed_once() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, matrix) = open(&gpio)?;
    let mut events = keypad.events();
    for _ in 0..8 {
        matrix.press(2, 1);
        gpio.advance(ms(1));
        matrix.release(2, 1);
        gpio.advance(ms(1));
    }
    matrix.press(2, 1);
    gpio.advance(ms(100));
    matrix.release(2, 1);
    gpio.advance(ms(100));
    let seen: Vec<_> = log(&mut events).into_iter().map(|(kind, label, _)| (kind, label)).collect();
    assert_eq!(seen, [(Pressed, '8'), (Released, '8')]);
    Ok(())
}

#[test]
fn a_key_that_is_down_at_the_opening_is_found() -> Result<()> {
    let gpio = mock::gpio();
    let matrix = gpio.keypad(ROWS, COLUMNS);
    matrix.press(3, 0);
    let keypad = Keypad::builder(ROWS, COLUMNS).gpio(&gpio).open()?;
    let key = keypad.wait_for_key()?;
    assert_eq!((key.row, key.column, key.label, key.to_string().as_str()), (3, 0, None, "(3, 0)"));
    assert_eq!(format!("{keypad:?}"), "Keypad(4 x 3 keys, (3, 0) pressed)");
    Ok(())
}

#[test]
fn waits_with_and_without_a_key() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, matrix) = open(&gpio)?;
    assert_eq!((keypad.wait_for_key_timeout(secs(1))?, gpio.elapsed()), (None, secs(1)));
    let touched = matrix.clone();
    gpio.after(ms(500), move || touched.press(0, 1))?;
    assert_eq!(keypad.wait_for_key_timeout(secs(1))?.and_then(|key| key.label), Some('2'));
    matrix.release(0, 1);
    gpio.advance(ms(100));
    let touched = matrix.clone();
    gpio.after(ms(500), move || touched.press(0, 2))?;
    assert_eq!(block_on(keypad.next_key())?.label, Some('3'));
    let clone = keypad.clone();
    gpio.after(ms(500), move || clone.close())?;
    assert_eq!(keypad.wait_for_key().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(keypad.pressed().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(format!("{keypad:?}"), "Keypad(4 x 3 keys, closed)");
    Ok(())
}

#[test]
fn a_factory_without_edges_has_time_for_its_polls() -> Result<()> {
    let native = Support::Native;
    let capabilities = Capabilities { edges: Support::None, ..mock::gpio().capabilities() };
    let capabilities = Capabilities { input: native, ..capabilities };
    let gpio = mock::builder().capabilities(capabilities).open();
    let (keypad, matrix) = open(&gpio)?;
    matrix.press(2, 2);
    assert_eq!(keypad.wait_for_key()?.label, Some('9'));
    Ok(())
}

#[test]
fn bad_options_are_refused_and_leave_nothing_open() -> Result<()> {
    let gpio = mock::gpio();
    let none: [u32; 0] = [];
    for (builder, part) in [
        (Keypad::builder(none, COLUMNS), "0 rows"),
        (Keypad::builder(ROWS, none), "0 columns"),
        (Keypad::builder((0..33).map(Line), COLUMNS), "33 rows"),
        (Keypad::builder(ROWS, COLUMNS).keys(["123"]), "4 strings of 3"),
        (Keypad::builder(ROWS, COLUMNS).keys(["123", "456", "789", "*0"]), "4 strings of 3"),
        (Keypad::builder(ROWS, COLUMNS).keys(["123", "456", "789", "*1#"]), "two keys have the label '1'"),
        (Keypad::builder(ROWS, COLUMNS).settle_time(us(1)), "settle_time"),
        (Keypad::builder([5, 6], [16, 5]), "`a row` and `a column`"),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
    drop(open(&gpio)?);
    Ok(())
}

/// A thread that is late for the first edge still gives the columns time to follow the first row. If not, the edge, for which all rows
/// were low, would count as a key of the first row.
#[test]
fn a_late_scan_finds_no_key_that_is_not_there() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let matrix = gpio.keypad(ROWS, COLUMNS);
    let keypad = Keypad::builder(ROWS, COLUMNS).bounce_time(ms(0)).gpio(&gpio).open()?;
    for _ in 0..5 {
        let mut events = keypad.events();
        make_late(&gpio, ms(20), || matrix.press(2, 1))?;
        let pressed = events.next().map(|event| (event.kind, event.key.row, event.key.column));
        assert_eq!(pressed, Some((Pressed, 2, 1)));
        matrix.release(2, 1);
        let released = events.next().map(|event| (event.kind, event.key.row, event.key.column));
        assert_eq!(released, Some((Released, 2, 1)));
    }
    Ok(())
}

/// After an error the rows may be in any state. The keypad scans again, or it would never see an edge of some rows.
#[test]
fn a_row_that_fails_once_does_not_make_the_keypad_deaf() -> Result<()> {
    let mock = mock::builder().realtime().open();
    let matrix = mock.keypad(ROWS, COLUMNS);
    let (gpio, fails) = Flaky::over(&mock)?;
    let keypad = Keypad::builder(ROWS, COLUMNS).hold_time(secs(3600)).gpio(&gpio).open()?;
    let mut events = keypad.events();
    let mut next = || events.next_timeout(PATIENCE).map(|event| (event.kind, event.key.row));
    fails.store(2, Ordering::Relaxed);
    matrix.press(0, 0);
    assert_eq!(next(), Some((Pressed, 0)));
    // Once more while a key is down.
    fails.store(1, Ordering::Relaxed);
    matrix.release(0, 0);
    assert_eq!(next(), Some((Released, 0)));
    for row in [3, 1] {
        matrix.press(row, 2);
        assert_eq!(next(), Some((Pressed, row)));
        matrix.release(row, 2);
        assert_eq!(next(), Some((Released, row)));
    }
    assert_eq!(fails.load(Ordering::Relaxed), 0);
    Ok(())
}

#[test]
fn a_label_that_no_key_has_is_an_error() -> Result<()> {
    let gpio = mock::gpio();
    let (keypad, _matrix) = open(&gpio)?;
    let error = keypad.is_pressed('x').unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidValue && error.to_string().contains("'x'"), "{error}");
    let bare = Keypad::builder([2, 3], [4, 7]).gpio(&gpio).open()?;
    assert!(bare.is_pressed('1').unwrap_err().to_string().contains("`keys`"));
    Ok(())
}
