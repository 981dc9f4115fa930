//! Opening and closing a line: the levels on the way, and the final state, in every role.

use pinzero_core::{Bias, ErrorKind, Level, Line, OnClose};

use crate::driven::{Driven, Role};
use crate::fixture::Fixture;
use crate::verdict::{Stop, Verdict};

const BOTH: [Level; 2] = [Level::High, Level::Low];

/// Fails unless a line at rest at `level` gives way to a driver outside; a driven line would not.
pub(super) fn gives_way(fixture: &Fixture<'_>, line: Line, level: Level, what: &str) -> Verdict {
    fixture.sees(line, level, what)?;
    if !fixture.powers().input.is_available() {
        // Such a line is always driven.
        return Ok(());
    }
    fixture.drive(line, !level)?;
    fixture.sees(line, !level, &format!("{what}, and driven from outside"))?;
    fixture.drive(line, None)?;
    Ok(())
}

pub(super) fn restores(fixture: &Fixture<'_>, role: Role) -> Verdict {
    for &line in &fixture.lines {
        let before = fixture.observe(line)?;
        let open = || role.open(fixture, line, !before, OnClose::Restore);
        open()?.close()?;
        gives_way(fixture, line, before, &format!("{role:?} that was closed"))?;
        drop(open()?);
        gives_way(fixture, line, before, &format!("{role:?} that was dropped"))?;
        fixture.sees(line, before, "let go by all")?;
    }
    Ok(())
}

pub(super) fn leaves_a_pull(fixture: &Fixture<'_>, role: Role) -> Verdict {
    for &line in &fixture.lines {
        for (bias, level) in fixture.pulls() {
            role.open(fixture, line, !level, OnClose::Input(bias))?.close()?;
            gives_way(fixture, line, level, &format!("{role:?} closed as an input with {bias}"))?;
        }
    }
    Ok(())
}

/// Opens a line with a final level, which a factory may not support.
fn open(fixture: &Fixture<'_>, role: Role, line: Line, level: Level, on_close: OnClose) -> Verdict<Driven> {
    role.open(fixture, line, level, on_close).map_err(|error| match error.kind() {
        ErrorKind::Unsupported => Stop::NotApplicable("a closed line cannot be left at a level".to_owned()),
        _ => error.into(),
    })
}

pub(super) fn leaves_a_level(fixture: &Fixture<'_>, role: Role) -> Verdict {
    let each = |(line, on_close, level)| {
        let driven = open(fixture, role, line, level, on_close)?;
        if role != Role::Wave {
            driven.set(fixture, line, !level)?;
        }
        driven.close()?;
        fixture.sees(line, level, &format!("{role:?} closed as {on_close:?}"))
    };
    let ends = [(OnClose::Low, Level::Low), (OnClose::High, Level::High)];
    let mut cases =
        fixture.lines.iter().flat_map(|line| ends.map(|(on_close, level)| (*line, on_close, level)));
    cases.try_for_each(each).and(fixture.leave_undriven())
}

pub(super) fn keeps(fixture: &Fixture<'_>, role: Role) -> Verdict {
    let each = |(line, level)| {
        // A wave can keep only its level at rest.
        let is_wave = role == Role::Wave;
        let driven = role.open(fixture, line, if is_wave { level } else { !level }, OnClose::Keep)?;
        if !is_wave {
            driven.set(fixture, line, level)?;
        }
        driven.close()?;
        fixture.sees(line, level, &format!("{role:?} at {level}, closed to be kept"))
    };
    let mut cases = fixture.lines.iter().flat_map(|line| BOTH.map(|level| (*line, level)));
    cases.try_for_each(each).and(fixture.leave_undriven())
}

/// Returns the level of a line after closing at `last`; `None` if this rig cannot tell.
fn end(fixture: &Fixture<'_>, on_close: OnClose, found: Level, last: Level) -> Option<Level> {
    let powers = fixture.powers();
    match on_close {
        OnClose::Input(bias) => bias.level().filter(|_| fixture.can_pull(bias)),
        OnClose::Low => Some(Level::Low),
        OnClose::High => Some(Level::High),
        OnClose::Keep => Some(last).filter(|_| powers.keep.is_available()),
        _ => Some(found),
    }
}

pub(super) fn ends_straight(fixture: &Fixture<'_>, role: Role) -> Verdict {
    let all = [
        OnClose::Restore,
        OnClose::Input(Bias::PullUp),
        OnClose::Input(Bias::PullDown),
        OnClose::Low,
        OnClose::High,
        OnClose::Keep,
    ];
    let each = |(line, on_close, last)| {
        let found = fixture.observe(line)?;
        let Some(end) = end(fixture, on_close, found, last) else { return Ok(()) };
        match open(fixture, role, line, last, on_close) {
            Err(Stop::NotApplicable(_)) => return Ok(()),
            driven => {
                let driven = driven?;
                fixture.goes_straight_to(line, end, &format!("{role:?} closed as {on_close:?}"), || {
                    driven.close()
                })?;
            }
        }
        fixture.leave_undriven()
    };
    let cases = |line: &Line| {
        let line = *line;
        all.into_iter().flat_map(move |on_close| BOTH.map(|last| (line, on_close, last)))
    };
    fixture.changes(fixture.line)?;
    fixture.lines.iter().flat_map(cases).try_for_each(each).and(fixture.leave_undriven())
}

pub(super) fn starts_straight(fixture: &Fixture<'_>, role: Role) -> Verdict {
    for &line in &fixture.lines {
        for level in BOTH {
            let what = format!("{role:?} that starts {level}");
            // Close at the end of each, so that the next starts from rest.
            fixture
                .goes_straight_to(line, level, &what, || role.open(fixture, line, level, OnClose::Restore))?;
        }
    }
    Ok(())
}

pub(super) fn adopts_straight(fixture: &Fixture<'_>) -> Verdict {
    for &line in &fixture.lines {
        let before = fixture.observe(line)?;
        let _output = fixture.goes_straight_to(line, before, "adopted by an output", || {
            fixture.gpio().output(line).adopt().open()
        })?;
    }
    Ok(())
}
