//! The two debounces: `settle` (steady this long before a change counts) and `lockout` (deaf this long after one).
//!
//! The timestamps of the edges decide, so no trial allows for a late wake-up: an event must give its exact time,
//! wherever the edges come from.

use std::time::Duration;

use pinzero_core::time::ms;
use pinzero_core::{Events, Input, InputBuilder, Level};

use crate::fixture::{Fixture, Span};
use crate::verdict::{Verdict, check};

const SETTLE: Duration = ms(100);
const LOCKOUT: Duration = ms(100);

/// An input on the first line, which is driven low.
fn open(fixture: &Fixture<'_>, with: impl FnOnce(InputBuilder) -> InputBuilder) -> Verdict<(Input, Events)> {
    fixture.drive(fixture.line, Level::Low)?;
    let input = with(fixture.input(fixture.line)).open()?;
    let events = input.events();
    Ok((input, events))
}

/// Simulates a contact that bounces to `level`, all within `limit`; returns when it was there, back, and there for
/// good.
fn bounce(fixture: &Fixture<'_>, level: Level, limit: Duration) -> Verdict<[Span; 3]> {
    let first = fixture.drive(fixture.line, level)?;
    fixture.tick();
    let back = fixture.drive(fixture.line, !level)?;
    fixture.tick();
    let last = fixture.drive(fixture.line, level)?;
    fixture.in_time(first.from, limit)?;
    Ok([first, back, last])
}

pub(super) fn settle_counts_what_lasts(fixture: &Fixture<'_>) -> Verdict {
    let (input, mut events) = open(fixture, |input| input.settle(SETTLE))?;
    let mut last = None;
    for level in [Level::High, Level::Low] {
        let [_, _, contact] = bounce(fixture, level, SETTLE)?;
        let event = fixture.expect(&mut events, level, contact.plus(SETTLE))?;
        let active = input.is_active()?;
        check(active == level.is_high(), || format!("active is {active} after {event:?}"))?;
        if let Some(pressed) = last.replace(event.at) {
            let lasted = event.at - pressed;
            check(event.lasted == lasted, || format!("{event:?} ends what lasted {lasted:?}"))?;
        }
    }
    fixture.expect_none(&mut events)
}

pub(super) fn settle_passes_over_the_rest(fixture: &Fixture<'_>) -> Verdict {
    let (input, mut events) = open(fixture, |input| input.settle(SETTLE))?;
    for _ in 0..3 {
        let glitch = fixture.drive(fixture.line, Level::High)?;
        fixture.tick();
        fixture.drive(fixture.line, Level::Low)?;
        fixture.in_time(glitch.from, SETTLE)?;
        let active = input.is_active()?;
        check(!active, || "a level that has not settled counts already".to_owned())?;
        fixture.gpio().sleep(SETTLE * 2);
    }
    fixture.expect_none(&mut events)
}

pub(super) fn lockout_counts_at_once(fixture: &Fixture<'_>) -> Verdict {
    let (_input, mut events) = open(fixture, |input| input.lockout(LOCKOUT))?;
    for level in [Level::High, Level::Low] {
        let [contact, ..] = bounce(fixture, level, LOCKOUT)?;
        fixture.expect(&mut events, level, contact)?;
        fixture.gpio().sleep(LOCKOUT * 2);
    }
    fixture.expect_none(&mut events)
}

pub(super) fn lockout_keeps_the_last_level(fixture: &Fixture<'_>) -> Verdict {
    let (_input, mut events) = open(fixture, |input| input.lockout(LOCKOUT))?;
    let contact = fixture.drive(fixture.line, Level::High)?;
    fixture.tick();
    fixture.drive(fixture.line, Level::Low)?;
    fixture.in_time(contact.from, LOCKOUT)?;
    let event = fixture.expect(&mut events, Level::High, contact)?;
    // The end of the deaf time follows from the stamp of the first event alone.
    let end = event.at + LOCKOUT;
    fixture.expect(&mut events, Level::Low, Span { from: end, to: end })?;
    fixture.expect_none(&mut events)
}

pub(super) fn settle_comes_before_lockout(fixture: &Fixture<'_>) -> Verdict {
    let (_input, mut events) = open(fixture, |input| input.settle(SETTLE).lockout(SETTLE * 3))?;
    let [_, _, contact] = bounce(fixture, Level::High, SETTLE)?;
    let event = fixture.expect(&mut events, Level::High, contact.plus(SETTLE))?;
    // It settles again while the lockout lasts, and counts when that is over.
    let release = fixture.drive(fixture.line, Level::Low)?;
    fixture.in_time(event.at, SETTLE * 2)?;
    let end = event.at + SETTLE * 3;
    check(release.to < end, || format!("{release:?} is not within the lockout"))?;
    fixture.expect(&mut events, Level::Low, Span { from: end, to: end })?;
    fixture.expect_none(&mut events)
}
