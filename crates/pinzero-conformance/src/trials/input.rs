//! Inputs: their levels and pulls.

use std::time::Duration;

use pinzero_core::time::ms;
use pinzero_core::{Bias, Event, EventKind, Input, Level, Line};

use crate::fixture::{Fixture, PATIENCE, POLL_LATENESS};
use crate::verdict::{Stop, Verdict, check};

/// Long enough that an edge is told before the sample half a period later, on a busy machine too.
const PERIOD: Duration = ms(40);

fn open(fixture: &Fixture<'_>, line: Line, bias: Bias) -> Verdict<Input> {
    Ok(fixture.input(line).bias(bias).open()?)
}

/// Fails unless the input reads `level`.
fn reads(input: &Input, level: Level, what: &str) -> Verdict {
    let read = input.level()?;
    check(read == level, || format!("{}, {what}: reads {read}, not {level}", input.line()))
}

pub(super) fn follows_the_line(fixture: &Fixture<'_>) -> Verdict {
    let input = open(fixture, fixture.line, Bias::AsIs)?;
    for level in [Level::High, Level::Low, Level::Low, Level::High] {
        fixture.drive(fixture.line, level)?;
        reads(&input, level, &format!("driven {level}"))?;
    }
    Ok(())
}

pub(super) fn is_pulled(fixture: &Fixture<'_>) -> Verdict {
    for &line in &fixture.lines {
        for (bias, level) in fixture.pulls() {
            let input = open(fixture, line, bias)?;
            reads(&input, level, &format!("with a {bias} and nothing else"))?;
            fixture.sees(line, level, &format!("with a {bias} and nothing else"))?;
        }
    }
    Ok(())
}

pub(super) fn a_driver_beats_the_pull(fixture: &Fixture<'_>) -> Verdict {
    for (bias, level) in fixture.pulls() {
        let input = open(fixture, fixture.line, bias)?;
        fixture.drive(fixture.line, !level)?;
        reads(&input, !level, &format!("driven against its {bias}"))?;
        fixture.drive(fixture.line, None)?;
        reads(&input, level, &format!("let go, with a {bias}"))?;
    }
    Ok(())
}

pub(super) fn a_pull_gives_way_to_a_driver(fixture: &Fixture<'_>) -> Verdict {
    for (bias, level) in fixture.pulls() {
        fixture.drive(fixture.line, !level)?;
        let input = open(fixture, fixture.line, bias)?;
        reads(&input, !level, &format!("driven before it got its {bias}"))?;
        input.close()?;
        fixture.drive(fixture.line, None)?;
    }
    Ok(())
}

pub(super) fn gives_the_pull_back(fixture: &Fixture<'_>) -> Verdict {
    for &line in &fixture.lines {
        let before = fixture.observe(line)?;
        for (bias, level) in fixture.pulls() {
            let input = open(fixture, line, bias)?;
            reads(&input, level, &format!("with a {bias} and nothing else"))?;
            input.close()?;
            fixture.sees(line, before, &format!("an input that was closed, with a {bias} till then"))?;
        }
    }
    Ok(())
}

pub(super) fn is_sampled_by_the_clock(fixture: &Fixture<'_>) -> Verdict {
    fixture.drive(fixture.line, Level::Low)?;
    let opened = fixture.time(|| Ok(()))?;
    let input = fixture.input(fixture.line).sample(PERIOD).open()?;
    let mut events = input.events();
    let ready = fixture.time(|| Ok(()))?;
    fixture.gpio().sleep(PERIOD * 5 / 2);
    let rise = fixture.drive(fixture.line, Level::High)?;
    fixture.gpio().sleep(PERIOD * 3);
    let late = if fixture.is_polled() { POLL_LATENESS } else { Duration::ZERO };
    let mut last: Option<Event> = None;
    while last.is_none_or(|last| last.at < rise.to + late + fixture.precision() + PERIOD) {
        let Some(event) = events.next_timeout(PATIENCE) else {
            return Err(Stop::Failed(format!("no sample comes after {last:?}")));
        };
        if event.kind != EventKind::Sampled {
            continue;
        }
        match last {
            None => check(event.at >= opened.from + PERIOD && event.at <= ready.to + PERIOD, || {
                format!("{event:?} is the first sample of an input opened at {opened:?} to {ready:?}")
            })?,
            Some(last) => check(event.at - last.at == PERIOD, || format!("{event:?} comes after {last:?}"))?,
        }
        let slack = fixture.precision();
        let is_before = event.at + slack < rise.from;
        let is_after = event.at > rise.to + slack + late;
        let is_right = if event.level.is_high() { !is_before } else { !is_after };
        check(is_right, || format!("{event:?} is a sample of a line that rose at {rise:?}"))?;
        last = Some(event);
    }
    Ok(())
}
