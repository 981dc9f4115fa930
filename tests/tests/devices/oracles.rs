//! What an input tells, worked out anew from the history of its line: no event is lost, none invented, and each counts
//! exactly when it has to.

use std::time::Duration;

use pinzero::EventKind::{Activated, Deactivated, Pressed, Released};
use pinzero::mock;
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero_tests::Log;
use proptest::prelude::*;

const LINE: u32 = 17;

/// A button on a line that rests high.
const BUTTON: u32 = 2;

/// A level, and from when on.
type Change = (Duration, Level);

/// What has lasted for `settle`, told at the end of that time.
fn settled(mut state: Level, changes: &[Change], settle: Duration) -> Vec<Change> {
    let mut told = Vec::new();
    for (index, (at, level)) in changes.iter().enumerate() {
        let end = changes.get(index + 1).map_or(Duration::MAX, |(at, _)| *at);
        if *level != state && end - *at >= settle {
            told.push((*at + settle, *level));
            state = *level;
        }
    }
    told
}

/// What is told if nothing is heard for `lockout` after each change that is told; what is at the end of that time is then
/// told late. Whether what happens at that very end is heard in time, `at_end` says.
fn locked_out(mut state: Level, changes: &[Change], lockout: Duration, at_end: bool) -> Vec<Change> {
    let mut told: Vec<Change> = Vec::new();
    let mut rest = changes;
    loop {
        let deaf_until = told.last().map(|(at, _)| *at + lockout);
        let is_deaf = |(at, _): &Change| deaf_until.is_some_and(|end| *at < end || at_end && *at == end);
        let heard = rest.iter().position(|change| !is_deaf(change)).unwrap_or(rest.len());
        let (unheard, later) = rest.split_at(heard);
        let late = unheard.last().filter(|(_, level)| *level != state);
        rest = later;
        let next = match (late, deaf_until) {
            (Some((_, level)), Some(end)) => (end, *level),
            _ => match later.iter().position(|(_, level)| *level != state) {
                Some(index) => {
                    rest = &later[index + 1..];
                    later[index]
                }
                None => return told,
            },
        };
        told.push(next);
        state = next.1;
    }
}

/// What is told of a line that rests at a level.
fn oracle(rest: Level, changes: &[Change], settle: Duration, lockout: Duration) -> Vec<Change> {
    let settled = settled(rest, changes, settle);
    if lockout.is_zero() { settled } else { locked_out(rest, &settled, lockout, !settle.is_zero()) }
}

/// Zero now and then, as that is a case of its own.
fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0), 1..30u64].prop_map(ms)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn events_are_what_has_to_come_of_the_line(
        settle in time(), lockout in time(), steps in prop::collection::vec((time(), any::<bool>()), 0..100),
        slice in 1..50u64,
    ) {
        let gpio = mock::gpio();
        let input = gpio.input(LINE).settle(settle).lockout(lockout).open()?;
        let button = Button::builder(BUTTON).bounce_time(settle).lockout_time(lockout).gpio(&gpio).open()?;
        let (mut events, mut presses) = (input.events(), button.events());
        let heard = Log::new();
        for kind in [Activated, Deactivated] {
            let heard = heard.clone();
            input.on(kind, move |event| heard.push(event));
        }
        let mut at = ms(0);
        let script = steps.iter().map(|(gap, high)| {
            at += *gap;
            (at, Level::from(*high))
        });
        let script: Vec<Change> = script.collect();
        gpio.line(BUTTON).script(script.iter().map(|(at, level)| (*at, !*level)));
        gpio.line(LINE).script(script);
        let end = at + ms(100);
        while gpio.elapsed() < end {
            gpio.advance(ms(slice));
        }

        let told: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
        prop_assert_eq!(&heard.take(), &told, "handlers and iterators are told the same");
        let mut wanted = oracle(Level::Low, &gpio.line(LINE).history(), settle, lockout);
        // Taken out one by one, for a list that is too short has to be noticed as well.
        wanted.reverse();
        let mut since = Instant::ZERO;
        for event in told {
            let high = event.level.is_high();
            prop_assert_eq!(Some((event.at - Instant::ZERO, event.level)), wanted.pop());
            prop_assert_eq!(event.kind, if high { Activated } else { Deactivated });
            prop_assert_eq!(event.lasted, if high { ms(0) } else { event.at - since });
            prop_assert_eq!(event.missed, 0);
            since = event.at;
        }
        prop_assert_eq!(wanted, []);

        let changes = std::iter::from_fn(|| presses.try_next())
            .filter(|event| matches!(event.kind, Pressed | Released))
            .map(|event| (event.at - Instant::ZERO, event.level));
        let wanted = oracle(Level::High, &gpio.line(BUTTON).history(), settle, lockout);
        prop_assert_eq!(changes.collect::<Vec<_>>(), wanted, "a button that is pressed when the line is low");
    }
}
