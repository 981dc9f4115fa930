//! Inputs that are read together: one order of edges over all lines.

use std::sync::{Arc, Mutex, PoisonError};

use pinzero_core::time::us;
use pinzero_core::{Bias, ErrorKind, EventKind, Events, Inputs, Level, Line, LineEvent};

use crate::fixture::{Fixture, PATIENCE, POLL_LATENESS, QUIET, Span};
use crate::verdict::{Stop, Verdict, check, refused};

/// The number of alternating changes of the two lines, to check their order.
const IN_ORDER: usize = 500;

/// The number of changes at full speed. Odd, so that the last level is not the one before the first.
const BURST: u64 = 5_001;

/// Two lines.
fn lines(fixture: &Fixture<'_>) -> Verdict<[Line; 2]> {
    Ok([fixture.line, fixture.other_line()?])
}

/// Opens both lines as inputs, driven low.
fn low_inputs(fixture: &Fixture<'_>) -> Verdict<([Line; 2], Inputs)> {
    let lines = lines(fixture)?;
    for line in lines {
        fixture.drive(line, Level::Low)?;
    }
    Ok((lines, fixture.inputs(lines).open()?))
}

/// Fails unless the next event is the change of this line to `level`, at `when`.
fn expect(
    fixture: &Fixture<'_>,
    events: &mut Events<LineEvent>,
    index: usize,
    level: Level,
    when: Span,
) -> Verdict<LineEvent> {
    let Some(told) = events.next_timeout(PATIENCE) else {
        return Err(Stop::Failed(format!("no event came of a change of line {index} to {level}")));
    };
    check(told.index == index, || format!("{told:?} came instead of a change of line {index} to {level}"))?;
    fixture.is_change(told.event, level, when)?;
    Ok(told)
}

fn expect_none(events: &mut Events<LineEvent>) -> Verdict {
    match events.next_timeout(QUIET) {
        None => Ok(()),
        Some(told) => Err(Stop::Failed(format!("{told:?} came of nothing"))),
    }
}

pub(super) fn read_their_levels(fixture: &Fixture<'_>) -> Verdict {
    let (lines, inputs) = low_inputs(fixture)?;
    for levels in [0b01, 0b10, 0b11, 0b00] {
        for (index, line) in lines.into_iter().enumerate() {
            fixture.drive(line, Level::of_bit(levels, index))?;
        }
        for (index, input) in inputs.inputs().iter().enumerate() {
            let (read, wanted) = (input.level()?, Level::of_bit(levels, index));
            check(read == wanted, || format!("with {levels:02b} outside, line {index} reads {read}"))?;
        }
    }
    Ok(())
}

pub(super) fn are_pulled(fixture: &Fixture<'_>) -> Verdict {
    let lines = lines(fixture)?;
    for (bias, level) in fixture.pulls() {
        let inputs = fixture.inputs(lines).bias(bias).open()?;
        let mut events = inputs.events();
        for (input, line) in inputs.inputs().iter().zip(lines) {
            let read = input.level()?;
            check(read == level, || format!("{line} with a {bias} and nothing else reads {read}"))?;
            fixture.sees(line, level, &format!("one of several inputs with a {bias}"))?;
        }
        // The new pull gives the initial level.
        expect_none(&mut events)?;
    }
    Ok(())
}

pub(super) fn hear_edges_in_one_order(fixture: &Fixture<'_>) -> Verdict {
    let (lines, inputs) = low_inputs(fixture)?;
    let mut events = inputs.events();
    let (steps, gap) = if fixture.is_polled() { (8, POLL_LATENESS) } else { (IN_ORDER, us(1)) };
    let mut wanted = Vec::new();
    for step in 0..steps {
        fixture.gpio().sleep(gap);
        let (index, level) = (step % 2, Level::from(step / 2 % 2 == 0));
        wanted.push((index, level, fixture.drive(lines[index], level)?));
    }
    hears(fixture, &mut events, wanted)
}

/// Fails unless these changes come in this order, and nothing else.
fn hears(
    fixture: &Fixture<'_>,
    events: &mut Events<LineEvent>,
    wanted: Vec<(usize, Level, Span)>,
) -> Verdict {
    let mut last: Option<LineEvent> = None;
    for (index, level, when) in wanted {
        let told = expect(fixture, events, index, level, when)?;
        check(last.is_none_or(|last| last.event.at < told.event.at), || {
            format!("{told:?} comes after {last:?}")
        })?;
        last = Some(told);
    }
    expect_none(events)
}

/// The events of some lines.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    events: u64,
    missed: u64,
}

pub(super) fn count_what_is_lost(fixture: &Fixture<'_>) -> Verdict {
    let (lines, inputs) = low_inputs(fixture)?;
    // Of both lines together: an event tells of earlier ones of either for which the handler was too slow.
    let told: Arc<Mutex<Told>> = Arc::default();
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let told = told.clone();
        inputs.on(kind, move |event| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.events += 1;
            told.missed += u64::from(event.event.missed);
        });
    }
    for step in 0..BURST {
        for line in lines {
            fixture.drive(line, Level::from(step % 2 == 0))?;
        }
    }
    let members = inputs.inputs();
    let look = || {
        let missed: u64 = members.iter().map(pinzero_core::Input::missed).sum();
        (*told.lock().unwrap_or_else(PoisonError::into_inner), missed)
    };
    // Of the edges on either side of a gap, one may be no change and so no event.
    let arrived = fixture.eventually(|| {
        let (told, missed) = look();
        told.events + told.missed + missed >= 2 * BURST
    });
    let (told, missed) = look();
    check(arrived && told.events + told.missed <= 2 * BURST && told.missed >= missed, || {
        format!("of {BURST} edges of each line came {told:?}, and the inputs call {missed} missed")
    })?;
    Ok(())
}

pub(super) fn are_taken_and_closed_as_one(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, lines) = (fixture.gpio(), lines(fixture)?);
    let found = [fixture.observe(lines[0])?, fixture.observe(lines[1])?];
    let taken = gpio.input(lines[1]).open()?;
    refused("inputs with a line in use", ErrorKind::PinInUse, fixture.inputs(lines).open())?;
    // The free line is still free.
    gpio.input(lines[0]).open()?.close()?;
    taken.close()?;
    let away = if found[0].is_high() { Bias::PullDown } else { Bias::PullUp };
    let bias = if fixture.can_pull(away) { away } else { Bias::AsIs };
    let inputs = fixture.inputs(lines).bias(bias).open()?;
    let members = inputs.inputs();
    for line in lines {
        refused("a line of several inputs", ErrorKind::PinInUse, gpio.input(line).open())?;
    }
    let mut events = inputs.events();
    members[0].close()?;
    members[1].close()?;
    for member in &members {
        refused("reading a closed input of several", ErrorKind::Closed, member.level())?;
    }
    let event = events.next();
    check(event.is_none(), || format!("{event:?} after close"))?;
    for (line, level) in lines.into_iter().zip(found) {
        fixture.sees(line, level, "one of several inputs that were closed")?;
        gpio.input(line).open()?.close()?;
    }
    Ok(())
}

pub(super) fn are_opened_as_a_whole_or_not_at_all(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, lines) = (fixture.gpio(), lines(fixture)?);
    for [taken, free] in [lines, [lines[1], lines[0]]] {
        let other = fixture.take_elsewhere(taken)?;
        refused("inputs with a line of another process", ErrorKind::Busy, fixture.inputs(lines).open())?;
        gpio.input(free).open()?.close()?;
        drop(other);
    }
    fixture.inputs(lines).open().map(drop)?;
    Ok(())
}
