//! The two debounces: `settle` (steady this long before a change counts) and `lockout` (deaf this long after one).
//!
//! What counts is decided on the stamps of the edges, so no trial allows for a wake-up that comes late: an event has to
//! say exactly when it counted, wherever the edges come from.

use std::time::Duration;

use pinzero_core::time::ms;
use pinzero_core::{Events, Input, InputBuilder, Level};

use crate::bench::{Bench, Span};
use crate::outcome::{Outcome, check};

const SETTLE: Duration = ms(100);
const LOCKOUT: Duration = ms(100);

/// An input on the first line, which is driven low.
fn open(bench: &Bench<'_>, with: impl FnOnce(InputBuilder) -> InputBuilder) -> Outcome<(Input, Events)> {
    bench.drive(bench.line, Level::Low)?;
    let input = with(bench.input(bench.line)).open()?;
    let events = input.events();
    Ok((input, events))
}

/// A contact that bounces to `level`, all within less than `limit`: when it was there, back, and there for good.
fn bounce(bench: &Bench<'_>, level: Level, limit: Duration) -> Outcome<[Span; 3]> {
    let first = bench.drive(bench.line, level)?;
    bench.tick();
    let back = bench.drive(bench.line, !level)?;
    bench.tick();
    let last = bench.drive(bench.line, level)?;
    bench.in_time(first.from, limit)?;
    Ok([first, back, last])
}

pub(super) fn settle_counts_what_lasts(bench: &Bench<'_>) -> Outcome {
    let (input, mut events) = open(bench, |input| input.settle(SETTLE))?;
    let mut last = None;
    for level in [Level::High, Level::Low] {
        let [_, _, contact] = bounce(bench, level, SETTLE)?;
        let event = bench.expect(&mut events, level, contact.plus(SETTLE))?;
        let active = input.is_active()?;
        check(active == level.is_high(), || format!("active is {active} after {event:?}"))?;
        if let Some(pressed) = last.replace(event.at) {
            let lasted = event.at - pressed;
            check(event.lasted == lasted, || format!("{event:?} ends what lasted {lasted:?}"))?;
        }
    }
    bench.expect_none(&mut events)
}

pub(super) fn settle_passes_over_the_rest(bench: &Bench<'_>) -> Outcome {
    let (input, mut events) = open(bench, |input| input.settle(SETTLE))?;
    for _ in 0..3 {
        let glitch = bench.drive(bench.line, Level::High)?;
        bench.tick();
        bench.drive(bench.line, Level::Low)?;
        bench.in_time(glitch.from, SETTLE)?;
        let active = input.is_active()?;
        check(!active, || "a level that has not settled counts already".to_owned())?;
        bench.gpio().sleep(SETTLE * 2);
    }
    bench.expect_none(&mut events)
}

pub(super) fn lockout_counts_at_once(bench: &Bench<'_>) -> Outcome {
    let (_input, mut events) = open(bench, |input| input.lockout(LOCKOUT))?;
    for level in [Level::High, Level::Low] {
        let [contact, ..] = bounce(bench, level, LOCKOUT)?;
        bench.expect(&mut events, level, contact)?;
        bench.gpio().sleep(LOCKOUT * 2);
    }
    bench.expect_none(&mut events)
}

pub(super) fn lockout_keeps_the_last_level(bench: &Bench<'_>) -> Outcome {
    let (_input, mut events) = open(bench, |input| input.lockout(LOCKOUT))?;
    let contact = bench.drive(bench.line, Level::High)?;
    bench.tick();
    bench.drive(bench.line, Level::Low)?;
    bench.in_time(contact.from, LOCKOUT)?;
    let event = bench.expect(&mut events, Level::High, contact)?;
    // The end of the deaf time follows from the stamp of the first event alone.
    let end = event.at + LOCKOUT;
    bench.expect(&mut events, Level::Low, Span { from: end, to: end })?;
    bench.expect_none(&mut events)
}

pub(super) fn settle_comes_before_lockout(bench: &Bench<'_>) -> Outcome {
    let (_input, mut events) = open(bench, |input| input.settle(SETTLE).lockout(SETTLE * 3))?;
    let [_, _, contact] = bounce(bench, Level::High, SETTLE)?;
    let event = bench.expect(&mut events, Level::High, contact.plus(SETTLE))?;
    // It settles again while the lockout lasts, and counts when that is over.
    let release = bench.drive(bench.line, Level::Low)?;
    bench.in_time(event.at, SETTLE * 2)?;
    let end = event.at + SETTLE * 3;
    check(release.to < end, || format!("{release:?} is not within the lockout"))?;
    bench.expect(&mut events, Level::Low, Span { from: end, to: end })?;
    bench.expect_none(&mut events)
}
