//! A keypad, whose keys are pressed outside.

use std::time::Duration;

use pinzero::prelude::*;
use pinzero::{Events, Key, KeyEvent, KeyKind};
use pinzero_tests::PATIENCE;

use crate::Check;
use crate::rig::{Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[
    ("keypad::hears_each_key", hears_each_key),
    ("keypad::hears_keys_that_are_pressed_together", hears_keys_that_are_pressed_together),
];

const ROWS: [u32; 3] = [5, 6, 13];
const COLUMNS: [u32; 3] = [16, 20, 21];

fn open(rig: &dyn Rig) -> pinzero::Result<(Keypad, Events<KeyEvent>)> {
    // The columns follow the rows by a thread of the rig, or over a network.
    const SETTLE: Duration = ms(60);
    let keypad =
        Keypad::builder(ROWS, COLUMNS).keys(["123", "456", "789"]).settle_time(SETTLE).hold_time(secs(60));
    let keypad = keypad.gpio(rig.gpio()).open()?;
    let events = keypad.events();
    Ok((keypad, events))
}

#[track_caller]
fn expect(events: &mut Events<KeyEvent>, kind: KeyKind, label: char) {
    let event = events.next_timeout(PATIENCE).expect("an event has to come");
    assert_eq!((event.kind, event.key.label), (kind, Some(label)));
}

fn hears_each_key(rig: &dyn Rig) -> Verdict {
    let touch = rig.keypad(&ROWS, &COLUMNS);
    let (keypad, mut events) = open(rig)?;
    for (row, column, label) in [(0, 0, '1'), (1, 2, '6'), (2, 1, '8')] {
        touch(row, column, true);
        expect(&mut events, KeyKind::Pressed, label);
        assert!(keypad.is_pressed(label)?);
        touch(row, column, false);
        expect(&mut events, KeyKind::Released, label);
    }
    assert!(!keypad.is_active()?);
    Ok(())
}

fn hears_keys_that_are_pressed_together(rig: &dyn Rig) -> Verdict {
    let touch = rig.keypad(&ROWS, &COLUMNS);
    let (keypad, mut events) = open(rig)?;
    touch(0, 1, true);
    expect(&mut events, KeyKind::Pressed, '2');
    touch(2, 1, true);
    expect(&mut events, KeyKind::Pressed, '8');
    // Not on a corner of a rectangle with the other two.
    touch(1, 0, true);
    expect(&mut events, KeyKind::Pressed, '4');
    let pressed: Vec<Option<char>> = keypad.pressed()?.iter().map(|key: &Key| key.label).collect();
    assert_eq!(pressed, [Some('2'), Some('4'), Some('8')]);
    touch(2, 1, false);
    expect(&mut events, KeyKind::Released, '8');
    touch(1, 0, false);
    expect(&mut events, KeyKind::Released, '4');
    touch(0, 1, false);
    expect(&mut events, KeyKind::Released, '2');
    Ok(())
}
