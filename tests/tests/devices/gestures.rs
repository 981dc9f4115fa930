//! Clicks, double clicks and long presses: each press is exactly one of them.

use pinzero::EventKind::{self, Clicked, DoubleClicked, Held, LongPressed, Pressed, Released};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero_tests::Log;
use proptest::prelude::*;

/// Presses `(down, up)` in milliseconds from now.
fn finger(gpio: &MockGpio, presses: &[(u64, u64)]) {
    let steps = presses.iter().flat_map(|(down, up)| [(ms(*down), Level::Low), (ms(*up), Level::High)]);
    gpio.line(2).script(steps);
}

/// All events of a button that is pressed like this, gesture time 300 ms and hold time 1 s.
fn events(presses: &[(u64, u64)]) -> pinzero::Result<Vec<(u64, EventKind)>> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let mut events = button.events();
    finger(&gpio, presses);
    gpio.advance(secs(60));
    let events = std::iter::from_fn(|| events.try_next());
    Ok(events.map(|event| (event.at.as_nanos() / 1_000_000, event.kind)).collect())
}

/// Only the gestures.
fn gestures(presses: &[(u64, u64)]) -> pinzero::Result<Vec<(u64, EventKind)>> {
    let mut events = events(presses)?;
    events.retain(|(_, kind)| matches!(kind, Clicked | DoubleClicked | LongPressed));
    Ok(events)
}

#[test]
fn a_click_is_certain_when_no_second_press_can_follow() -> pinzero::Result<()> {
    assert_eq!(events(&[(10, 90)])?, [(10, Pressed), (90, Released), (390, Clicked)]);
    Ok(())
}

#[test]
fn a_double_click_is_certain_at_the_second_release() -> pinzero::Result<()> {
    let expected = [(10, Pressed), (90, Released), (389, Pressed), (450, Released), (450, DoubleClicked)];
    assert_eq!(events(&[(10, 90), (389, 450)])?, expected);
    Ok(())
}

#[test]
fn a_long_press_is_certain_at_the_hold_time() -> pinzero::Result<()> {
    let mut seen = events(&[(10, 3_000)])?;
    // Both at one instant, and in an order that nobody should rely on.
    seen.sort_by_key(|(at, kind)| (*at, *kind == LongPressed));
    assert_eq!(seen, [(10, Pressed), (1_010, Held), (1_010, LongPressed), (3_000, Released)]);
    Ok(())
}

#[test]
fn a_second_press_that_comes_too_late_is_a_click_of_its_own() -> pinzero::Result<()> {
    assert_eq!(gestures(&[(0, 100), (401, 450)])?, [(400, Clicked), (750, Clicked)]);
    Ok(())
}

#[test]
fn three_presses_are_a_double_click_and_a_click_and_four_are_two_double_clicks() -> pinzero::Result<()> {
    let presses = [(0, 50), (100, 150), (200, 250), (300, 350)];
    assert_eq!(gestures(&presses[..3])?, [(150, DoubleClicked), (550, Clicked)]);
    assert_eq!(gestures(&presses)?, [(150, DoubleClicked), (350, DoubleClicked)]);
    Ok(())
}

#[test]
fn a_click_before_a_long_press_is_a_click_all_the_same() -> pinzero::Result<()> {
    let kinds: Vec<_> = gestures(&[(0, 100), (200, 1_500)])?.into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [Clicked, LongPressed]);
    Ok(())
}

#[test]
fn after_a_long_press_everything_begins_anew() -> pinzero::Result<()> {
    let expected = [(1_000, LongPressed), (1_750, DoubleClicked)];
    assert_eq!(gestures(&[(0, 1_500), (1_550, 1_600), (1_700, 1_750)])?, expected);
    Ok(())
}

#[test]
fn the_times_can_be_chosen() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let builder = Button::builder(2).double_click_time(ms(50)).hold_time(ms(120));
    let button = builder.hold_repeat(secs(1)).gpio(&gpio).open()?;
    let log = Log::new();
    let note = |name: &'static str| {
        let log = log.clone();
        move |event: pinzero::Event| log.push((event.at.as_nanos() / 1_000_000, name))
    };
    button.when_clicked(note("click"));
    button.when_double_clicked(note("double"));
    button.when_long_pressed(note("long"));
    finger(&gpio, &[(0, 10), (59, 100), (200, 230), (290, 300), (400, 800)]);
    gpio.advance(secs(2));
    let expected = [(100, "double"), (280, "click"), (350, "click"), (520, "long")];
    assert_eq!(log.take(), expected, "a repeated hold is one long press");
    Ok(())
}

#[test]
fn a_double_click_time_of_zero_makes_every_press_a_click_at_once() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).double_click_time(ms(0)).gpio(&gpio).open()?;
    let log = Log::new();
    button.when_clicked({
        let log = log.clone();
        move |event| log.push(event.at.as_nanos() / 1_000_000)
    });
    finger(&gpio, &[(0, 10), (11, 20)]);
    gpio.advance(ms(50));
    assert_eq!(log.take(), [10, 20]);
    Ok(())
}

#[test]
fn a_button_that_is_down_at_the_start_makes_no_click_of_that() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.line(2).drive(Level::Low);
    let button = Button::builder(2).gpio(&gpio).open()?;
    let mut events = button.events();
    gpio.advance(ms(200));
    gpio.line(2).drive(Level::High);
    gpio.advance(secs(5));
    let kinds: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| event.kind).collect();
    assert_eq!(kinds, [Released]);
    Ok(())
}

#[test]
fn handlers_for_one_press_come_in_the_order_of_the_events() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let log = Log::new();
    let note = |log: &Log<_>| {
        let log = log.clone();
        move |event: pinzero::Event| log.push(event.kind)
    };
    // Registered back to front.
    button.when_double_clicked(note(&log));
    button.when_clicked(note(&log));
    button.when_released(note(&log));
    button.when_pressed(note(&log));
    finger(&gpio, &[(0, 10), (20, 30), (1_000, 1_010)]);
    gpio.advance(secs(2));
    let expected = [Pressed, Released, Pressed, Released, DoubleClicked, Pressed, Released, Clicked];
    assert_eq!(log.take(), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_press_belongs_to_exactly_one_gesture(
        presses in prop::collection::vec((1u64..700, 1u64..1_500), 0..15),
    ) {
        let mut end = 0;
        let presses: Vec<_> = presses
            .into_iter()
            .map(|(pause, time)| { let down = end + pause; end = down + time; (down, end) })
            .collect();
        let seen = gestures(&presses)?;
        let count = |wanted| seen.iter().filter(|(_, kind)| *kind == wanted).count();
        let long = presses.iter().filter(|(down, up)| up - down >= 1_000).count();
        prop_assert_eq!(count(LongPressed), long);
        prop_assert_eq!(count(Clicked) + 2 * count(DoubleClicked) + count(LongPressed), presses.len());
        prop_assert!(seen.is_sorted_by_key(|(at, _)| *at));
    }
}

#[test]
fn a_click_tells_how_long_the_press_was() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let mut events = button.events();
    finger(&gpio, &[(0, 80), (1_000, 1_050), (1_100, 1_170), (3_000, 3_030), (3_100, 5_000)]);
    gpio.advance(secs(10));
    let told = std::iter::from_fn(|| events.try_next());
    let told: Vec<_> = told
        .filter(|event| matches!(event.kind, Clicked | DoubleClicked | LongPressed))
        .map(|event| (event.kind, event.lasted))
        .collect();
    let expected = [(Clicked, ms(80)), (DoubleClicked, ms(70)), (Clicked, ms(30)), (LongPressed, secs(1))];
    assert_eq!(told, expected);
    Ok(())
}
