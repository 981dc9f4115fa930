//! What a line goes through when it is opened, and what it becomes when it is closed, whatever drives it.

use pinzero_core::{Bias, ErrorKind, Level, Line, OnClose};

use crate::bench::Bench;
use crate::driver::{Driver, Role};
use crate::outcome::{Outcome, Stop};

const BOTH: [Level; 2] = [Level::High, Level::Low];

/// Fails unless a line that is at rest at `level` gives way to a driver outside, as one that is driven still would not.
pub(super) fn gives_way(bench: &Bench<'_>, line: Line, level: Level, what: &str) -> Outcome {
    bench.sees(line, level, what)?;
    bench.drive(line, !level)?;
    bench.sees(line, !level, &format!("{what}, and driven from outside"))?;
    bench.drive(line, None)?;
    Ok(())
}

pub(super) fn restores(bench: &Bench<'_>, role: Role) -> Outcome {
    for &line in &bench.lines {
        let before = bench.observe(line)?;
        let open = || role.open(bench, line, !before, OnClose::Restore);
        open()?.close()?;
        gives_way(bench, line, before, &format!("{role:?} that was closed"))?;
        drop(open()?);
        gives_way(bench, line, before, &format!("{role:?} that was dropped"))?;
        bench.sees(line, before, "let go by all")?;
    }
    Ok(())
}

pub(super) fn leaves_a_pull(bench: &Bench<'_>, role: Role) -> Outcome {
    for &line in &bench.lines {
        for (bias, level) in [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)] {
            role.open(bench, line, !level, OnClose::Input(bias))?.close()?;
            gives_way(bench, line, level, &format!("{role:?} closed as an input with {bias}"))?;
        }
    }
    Ok(())
}

/// Opens a line to be left at a level, which a factory may not be able to.
fn open(bench: &Bench<'_>, role: Role, line: Line, level: Level, on_close: OnClose) -> Outcome<Driver> {
    role.open(bench, line, level, on_close).map_err(|error| match error.kind() {
        ErrorKind::Unsupported => Stop::NotApplicable("a closed line cannot be left at a level".to_owned()),
        _ => error.into(),
    })
}

pub(super) fn leaves_a_level(bench: &Bench<'_>, role: Role) -> Outcome {
    let each = |(line, on_close, level)| {
        let driver = open(bench, role, line, level, on_close)?;
        if role != Role::Wave {
            driver.set(bench, line, !level)?;
        }
        driver.close()?;
        bench.sees(line, level, &format!("{role:?} closed as {on_close:?}"))
    };
    let ends = [(OnClose::Low, Level::Low), (OnClose::High, Level::High)];
    let mut cases =
        bench.lines.iter().flat_map(|line| ends.map(|(on_close, level)| (*line, on_close, level)));
    cases.try_for_each(each).and(bench.leave_undriven())
}

pub(super) fn keeps(bench: &Bench<'_>, role: Role) -> Outcome {
    let each = |(line, level)| {
        // A wave has no level to keep but the one that it comes to rest at.
        let is_wave = role == Role::Wave;
        let driver = role.open(bench, line, if is_wave { level } else { !level }, OnClose::Keep)?;
        if !is_wave {
            driver.set(bench, line, level)?;
        }
        driver.close()?;
        bench.sees(line, level, &format!("{role:?} at {level}, closed to be kept"))
    };
    let mut cases = bench.lines.iter().flat_map(|line| BOTH.map(|level| (*line, level)));
    cases.try_for_each(each).and(bench.leave_undriven())
}

/// The level that a line comes to when it is closed at `last`; `None` if that cannot be had here.
fn end(bench: &Bench<'_>, on_close: OnClose, found: Level, last: Level) -> Option<Level> {
    let powers = bench.powers();
    match on_close {
        OnClose::Input(bias) => bias.level().filter(|_| powers.bias.is_available()),
        OnClose::Low => Some(Level::Low),
        OnClose::High => Some(Level::High),
        OnClose::Keep => Some(last).filter(|_| powers.keep.is_available()),
        _ => Some(found),
    }
}

pub(super) fn ends_straight(bench: &Bench<'_>, role: Role) -> Outcome {
    let all = [
        OnClose::Restore,
        OnClose::Input(Bias::PullUp),
        OnClose::Input(Bias::PullDown),
        OnClose::Low,
        OnClose::High,
        OnClose::Keep,
    ];
    let each = |(line, on_close, last)| {
        let found = bench.observe(line)?;
        let Some(end) = end(bench, on_close, found, last) else { return Ok(()) };
        match open(bench, role, line, last, on_close) {
            Err(Stop::NotApplicable(_)) => return Ok(()),
            driver => {
                let driver = driver?;
                bench.goes_straight_to(line, end, &format!("{role:?} closed as {on_close:?}"), || {
                    driver.close()
                })?;
            }
        }
        bench.leave_undriven()
    };
    let cases = |line: &Line| {
        let line = *line;
        all.into_iter().flat_map(move |on_close| BOTH.map(|last| (line, on_close, last)))
    };
    bench.changes(bench.line)?;
    bench.lines.iter().flat_map(cases).try_for_each(each).and(bench.leave_undriven())
}

pub(super) fn starts_straight(bench: &Bench<'_>, role: Role) -> Outcome {
    for &line in &bench.lines {
        for level in BOTH {
            let what = format!("{role:?} that starts {level}");
            // Closed at the end of each, so that the next starts from rest.
            bench.goes_straight_to(line, level, &what, || role.open(bench, line, level, OnClose::Restore))?;
        }
    }
    Ok(())
}

pub(super) fn adopts_straight(bench: &Bench<'_>) -> Outcome {
    for &line in &bench.lines {
        let before = bench.observe(line)?;
        bench.goes_straight_to(line, before, "adopted by an output", || {
            bench.gpio().output(line).adopt().open()
        })?;
    }
    Ok(())
}
