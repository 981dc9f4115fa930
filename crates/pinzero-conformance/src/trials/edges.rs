//! Edges: each with its time and level, in order, and every loss counted.

use std::sync::{Arc, Mutex, PoisonError};

use pinzero_core::time::{Instant, us};
use pinzero_core::{Bias, Event, EventKind, Input, Level};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check};

/// The number of edges to check in order, each a moment after the one before.
const IN_ORDER: u32 = 1000;

/// The number of edges at the rig's full speed. Odd, so that the last level is not the one before the first.
const BURST: u64 = 10_001;

/// An input on the first line, which is driven low.
fn low_input(fixture: &Fixture<'_>) -> Verdict<Input> {
    fixture.drive(fixture.line, Level::Low)?;
    Ok(fixture.input(fixture.line).open()?)
}

/// Fails unless the first state of an input is the level on its line, since `opened` or later.
///
/// An edge during opening, before anyone could ask for events, shows only here.
fn starts_now(fixture: &Fixture<'_>, input: &Input, opened: Instant) -> Verdict {
    let level = input.level()?;
    let time = if level.is_high() { input.active_time() } else { input.inactive_time() };
    let open = fixture.gpio().now() - opened;
    check(time.is_some_and(|time| time <= open), || {
        format!("{level} and open for {open:?}, the input has been so for {time:?}")
    })
}

pub(super) fn have_time_and_level(fixture: &Fixture<'_>) -> Verdict {
    let input = low_input(fixture)?;
    let mut events = input.events();
    let mut last = None;
    for level in [Level::High, Level::Low, Level::High, Level::Low] {
        fixture.tick();
        let when = fixture.drive(fixture.line, level)?;
        let event = fixture.expect(&mut events, level, when)?;
        check(last.is_none_or(|last| last < event.at), || format!("{event:?} comes after {last:?}"))?;
        last = Some(event.at);
    }
    fixture.expect_none(&mut events)
}

pub(super) fn do_not_come_of_opening(fixture: &Fixture<'_>) -> Verdict {
    let biases = [Bias::PullUp, Bias::PullDown, Bias::PullUp];
    for bias in biases.into_iter().filter(|bias| fixture.can_pull(*bias)) {
        let opened = fixture.gpio().now();
        let input = fixture.input(fixture.line).bias(bias).open()?;
        fixture.expect_none(&mut input.events())?;
        let missed = input.missed();
        check(missed == 0, || format!("opening with a {bias} has lost {missed} edges"))?;
        starts_now(fixture, &input, opened)?;
    }
    Ok(())
}

pub(super) fn come_in_order(fixture: &Fixture<'_>) -> Verdict {
    let input = low_input(fixture)?;
    let mut events = input.events();
    let mut last = Instant::ZERO;
    let mut wanted = Vec::new();
    for index in 0..IN_ORDER {
        fixture.gpio().sleep(us(1));
        let level = Level::from(index % 2 == 0);
        wanted.push((level, fixture.drive(fixture.line, level)?));
    }
    for (level, when) in wanted {
        let event = fixture.expect(&mut events, level, when)?;
        check(last < event.at, || format!("{event:?} is not after the edge before it, at {last:?}"))?;
        last = event.at;
    }
    fixture.expect_none(&mut events)
}

pub(super) fn stay_on_their_line(fixture: &Fixture<'_>) -> Verdict {
    let other = fixture.other_line()?;
    fixture.drive(other, Level::Low)?;
    let input = low_input(fixture)?;
    let neighbour = fixture.input(other).open()?;
    let (mut events, mut neighbours) = (input.events(), neighbour.events());
    let when = fixture.drive(other, Level::High)?;
    fixture.expect(&mut neighbours, Level::High, when)?;
    fixture.expect_none(&mut events)?;
    let when = fixture.drive(fixture.line, Level::High)?;
    fixture.expect(&mut events, Level::High, when)?;
    fixture.expect_none(&mut neighbours)
}

/// The events that handlers have received.
#[derive(Debug, Default)]
struct Told {
    events: u64,
    missed: u64,
    last: Option<Event>,
    out_of_order: Option<Event>,
}

impl Told {
    fn take(&mut self, event: Event) {
        // Two changes to the same level have one between them, which was missed.
        let is_repeated = |last: Event| last.level == event.level && event.missed == 0;
        if self.last.is_some_and(|last| last.at > event.at || is_repeated(last)) {
            self.out_of_order.get_or_insert(event);
        }
        self.events += 1;
        self.missed += u64::from(event.missed);
        self.last = Some(event);
    }
}

/// Records every event of `input` in the returned value.
fn listen(input: &Input) -> Arc<Mutex<Told>> {
    let told = Arc::new(Mutex::new(Told::default()));
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let told = told.clone();
        input.on(kind, move |event| told.lock().unwrap_or_else(PoisonError::into_inner).take(event));
    }
    told
}

/// Reads the record.
fn look<R>(told: &Mutex<Told>, look: impl FnOnce(&Told) -> R) -> R {
    look(&told.lock().unwrap_or_else(PoisonError::into_inner))
}

pub(super) fn a_burst_is_whole_or_counted(fixture: &Fixture<'_>) -> Verdict {
    let input = low_input(fixture)?;
    let told = listen(&input);
    for index in 0..BURST {
        fixture.drive(fixture.line, Level::from(index % 2 == 0))?;
    }
    let last = |told: &Told| told.last.map(|event| event.level);
    let arrived = fixture.eventually(|| {
        let is_all = |told: &Told| told.events + told.missed + input.missed() >= BURST;
        look(&told, |told| last(told) == Some(Level::High) && is_all(told))
    });
    let missed = input.missed();
    look(&told, |told| {
        // Of the edges on either side of a gap, one may be no change and so no event. Events tell of edges that were lost
        // on the way, as the input does, and of events for which the handler was too slow.
        let whole = told.events + told.missed <= BURST && told.events + told.missed + missed >= BURST;
        check(arrived && whole, || {
            format!("of {BURST} edges came {told:?}, and {missed} are called missed")
        })?;
        check(told.missed >= missed, || {
            format!("events tell of {} missed, the input of {missed}", told.missed)
        })?;
        check(told.out_of_order.is_none(), || format!("out of order: {:?}", told.out_of_order))
    })?;
    let is_active = input.is_active()?;
    check(is_active, || "the level in the end is not the line's".to_owned())
}

pub(super) fn end_with_close(fixture: &Fixture<'_>) -> Verdict {
    let input = low_input(fixture)?;
    let told = listen(&input);
    let mut events = input.events();
    let when = fixture.drive(fixture.line, Level::High)?;
    fixture.expect(&mut events, Level::High, when)?;
    check(fixture.eventually(|| look(&told, |told| told.events) == 1), || {
        "no handler was called".to_owned()
    })?;
    input.close()?;
    fixture.drive(fixture.line, Level::Low)?;
    fixture.drive(fixture.line, Level::High)?;
    // After reopening, the line must not report what happened in between.
    fixture.tick();
    let opened = fixture.gpio().now();
    let input = fixture.input(fixture.line).open()?;
    fixture.expect_none(&mut input.events())?;
    starts_now(fixture, &input, opened)?;
    let event = events.next();
    check(event.is_none(), || format!("{event:?} after close"))?;
    look(&told, |told| check(told.events == 1, || format!("after close: {:?}", told.last)))
}
