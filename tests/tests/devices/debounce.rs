//! The two debounces: bounce time (steady before it counts) and lockout time (deaf after it counted).

use pinzero::EventKind::{self, Pressed, Released};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;

/// Down at the first of these milliseconds, up at the second, and so on.
fn finger(gpio: &MockGpio, edges: &[u64]) {
    let steps = edges.iter().enumerate().map(|(index, at)| (ms(*at), Level::from(index % 2 == 1)));
    gpio.line(2).script(steps);
}

/// What a button with these times makes of the edges.
fn changes(bounce: u64, lockout: u64, edges: &[u64]) -> pinzero::Result<Vec<(u64, EventKind)>> {
    let gpio = mock::gpio();
    let button = Button::builder(2).bounce_time(ms(bounce)).lockout_time(ms(lockout)).gpio(&gpio).open()?;
    let mut events = button.events();
    finger(&gpio, edges);
    gpio.advance(secs(10));
    let events = std::iter::from_fn(|| events.try_next());
    let changes = events.filter(|event| matches!(event.kind, Pressed | Released));
    Ok(changes.map(|event| (event.at.as_nanos() / 1_000_000, event.kind)).collect())
}

const PRESS: [u64; 6] = [100, 102, 104, 300, 302, 304];

#[test]
fn without_a_debounce_every_edge_is_an_event() -> pinzero::Result<()> {
    let kinds = [Pressed, Released].into_iter().cycle();
    assert_eq!(changes(0, 0, &PRESS)?, PRESS.into_iter().zip(kinds).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn bounce_time_counts_a_change_once_it_has_been_steady() -> pinzero::Result<()> {
    assert_eq!(changes(10, 0, &PRESS)?, [(114, Pressed), (314, Released)]);
    assert_eq!(changes(10, 0, &[100, 105])?, [], "shorter than the bounce time");
    assert_eq!(changes(10, 0, &[100, 110])?, [(110, Pressed), (120, Released)], "exactly as long");
    assert_eq!(changes(10, 0, &[100, 108, 116, 124, 132])?, [(142, Pressed)], "steady at last");
    assert_eq!(changes(2_000, 0, &[100])?, [(2_100, Pressed)], "there is no upper limit");
    Ok(())
}

#[test]
fn lockout_time_counts_at_once_and_is_deaf_then() -> pinzero::Result<()> {
    assert_eq!(changes(0, 10, &PRESS)?, [(100, Pressed), (300, Released)]);
    assert_eq!(changes(0, 10, &[100, 104, 108])?, [(100, Pressed)]);
    assert_eq!(changes(0, 10, &[100, 115, 120])?, [(100, Pressed), (115, Released), (125, Pressed)]);
    Ok(())
}

#[test]
fn the_final_level_is_never_swallowed() -> pinzero::Result<()> {
    assert_eq!(changes(0, 10, &[100, 105])?, [(100, Pressed), (110, Released)]);
    assert_eq!(changes(0, 10, &[100, 104, 106, 108])?, [(100, Pressed), (110, Released)]);
    assert_eq!(changes(10, 50, &[100, 120])?, [(110, Pressed), (160, Released)]);
    Ok(())
}

#[test]
fn a_swallowed_edge_does_not_swallow_the_next() -> pinzero::Result<()> {
    // In gpiozero the first real edge after a bounce that was filtered out goes missing.
    let expected = [(210, Pressed), (310, Released)];
    assert_eq!(changes(10, 0, &[100, 105, 200, 300])?, expected);
    Ok(())
}

#[test]
fn the_state_is_that_which_has_passed() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).bounce_time(ms(10)).gpio(&gpio).open()?;
    gpio.line(2).drive(Level::Low);
    gpio.advance(ms(9));
    assert!(!button.is_pressed()?);
    assert_eq!(button.input().level()?, Level::Low, "the line below is not filtered");
    gpio.advance(ms(1));
    assert!(button.is_pressed()?);
    assert_eq!(button.pressed_time(), Some(ms(0)), "from when it counted");
    gpio.line(2).drive(Level::High);
    gpio.advance(ms(9));
    assert!(button.is_pressed()?);
    assert_eq!(button.pressed_time(), Some(ms(9)));
    gpio.advance(ms(1));
    assert!(!button.is_pressed()?);
    Ok(())
}

#[test]
fn waits_are_for_what_has_passed() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).bounce_time(ms(10)).gpio(&gpio).open()?;
    finger(&gpio, &PRESS);
    button.wait_for_press()?;
    assert_eq!(gpio.elapsed(), ms(114));
    button.wait_for_release()?;
    assert_eq!(gpio.elapsed(), ms(314));

    let deaf = Button::builder(3).lockout_time(ms(50)).gpio(&gpio).open()?;
    gpio.line(3).script([(ms(1), Level::Low), (ms(2), Level::High)]);
    deaf.wait_for_press()?;
    assert_eq!(gpio.elapsed(), ms(315));
    deaf.wait_for_release()?;
    assert_eq!(gpio.elapsed(), ms(365));
    Ok(())
}

#[test]
fn hold_counts_from_the_press_that_passed() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).bounce_time(ms(10)).hold_time(ms(500)).gpio(&gpio).open()?;
    let mut events = button.events();
    finger(&gpio, &[100, 102, 104, 700, 702]);
    gpio.advance(secs(2));
    let seen =
        std::iter::from_fn(|| events.try_next()).map(|event| (event.at.as_nanos() / 1_000_000, event.kind));
    let expected = [(114, Pressed), (614, EventKind::Held), (614, EventKind::LongPressed)];
    assert_eq!(seen.collect::<Vec<_>>(), expected, "the blip at 700 ms does not end it");
    assert!(button.is_held());
    Ok(())
}

#[test]
fn a_bounce_is_one_click() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).bounce_time(ms(10)).double_click_time(ms(200)).gpio(&gpio).open()?;
    let mut events = button.events();
    finger(&gpio, &[100, 101, 102, 150, 151, 152]);
    gpio.advance(secs(2));
    let seen =
        std::iter::from_fn(|| events.try_next()).map(|event| (event.at.as_nanos() / 1_000_000, event.kind));
    let expected = [(112, Pressed), (162, Released), (362, EventKind::Clicked)];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    Ok(())
}

#[test]
fn lost_edges_do_not_leave_a_debounced_state_wrong_for_good() -> pinzero::Result<()> {
    for (bounce, lockout) in [(10, 0), (0, 10), (10, 10)] {
        let gpio = mock::gpio();
        let button =
            Button::builder(2).bounce_time(ms(bounce)).lockout_time(ms(lockout)).gpio(&gpio).open()?;
        gpio.line(2).lose(3);
        finger(&gpio, &[10, 20, 30, 40]);
        gpio.advance(secs(1));
        assert!(!button.is_pressed()?, "bounce {bounce} lockout {lockout}");
        assert_eq!(button.missed(), 3);
        finger(&gpio, &[0]);
        gpio.advance(secs(1));
        assert!(button.is_pressed()?, "bounce {bounce} lockout {lockout}");
    }
    Ok(())
}
