//! Outputs: the level that they start at, the ones that they are driven to, and what they leave behind.

use pinzero_core::{Bias, Level, OnClose};

use crate::bench::Bench;
use crate::outcome::{Outcome, check};

const BOTH: [Level; 2] = [Level::High, Level::Low];

pub(super) fn starts_at_its_level(bench: &Bench<'_>) -> Outcome {
    for &line in &bench.lines {
        for level in BOTH {
            let output = bench.gpio().output(line).initial(level).open()?;
            bench.sees(line, level, &format!("an output that starts {level}"))?;
            let read = output.level()?;
            check(read == level, || format!("{line}, an output that starts {level}, reads {read}"))?;
        }
    }
    Ok(())
}

pub(super) fn starts_without_a_blip(bench: &Bench<'_>) -> Outcome {
    for &line in &bench.lines {
        for level in BOTH {
            let before = bench.observe(line)?;
            let mark = bench.changes(line)?.len();
            let _output = bench.gpio().output(line).initial(level).open()?;
            let mut changes = bench.changes(line)?;
            let changes: Vec<Level> = changes.drain(mark..).map(|(_, level)| level).collect();
            let wanted = if level == before { vec![] } else { vec![level] };
            check(changes == wanted, || {
                format!("{line} was {before}, and the output that starts {level} made it {changes:?}")
            })?;
        }
    }
    Ok(())
}

pub(super) fn adopts_the_level(bench: &Bench<'_>) -> Outcome {
    for &line in &bench.lines {
        let before = bench.observe(line)?;
        let output = bench.gpio().output(line).adopt().open()?;
        bench.sees(line, before, "adopted by an output")?;
        let last = output.last();
        check(last == before, || format!("{line} was {before}, and was adopted as {last}"))?;
    }
    Ok(())
}

pub(super) fn drives_and_reads(bench: &Bench<'_>) -> Outcome {
    let line = bench.line;
    let output = bench.gpio().output(line).open()?;
    for level in [Level::High, Level::Low, Level::Low, Level::High, Level::High, Level::Low] {
        output.set(level)?;
        bench.sees(line, level, "an output that was just set")?;
        let read = output.level()?;
        check(read == level, || format!("{line}, an output set {level}, reads {read}"))?;
    }
    Ok(())
}

pub(super) fn restores_what_it_found(bench: &Bench<'_>) -> Outcome {
    for &line in &bench.lines {
        let before = bench.observe(line)?;
        let open = || bench.gpio().output(line).initial(!before).on_close(OnClose::Restore).open();
        open()?.close()?;
        bench.sees(line, before, "an output that was closed")?;
        drop(open()?);
        bench.sees(line, before, "an output that was dropped")?;
    }
    Ok(())
}

pub(super) fn leaves_the_pull_asked_for(bench: &Bench<'_>) -> Outcome {
    for (bias, level) in [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)] {
        let output = bench.gpio().output(bench.line).initial(!level).on_close(OnClose::Input(bias)).open()?;
        output.close()?;
        bench.sees(bench.line, level, &format!("an output closed as an input with {bias}"))?;
        // Driven still, it would not give way.
        bench.drive(bench.line, !level)?;
        bench.sees(bench.line, !level, "an output closed as an input, and driven from outside")?;
        bench.drive(bench.line, None)?;
    }
    Ok(())
}

pub(super) fn leaves_the_level_asked_for(bench: &Bench<'_>) -> Outcome {
    let cases = [
        (OnClose::Low, Level::High, Level::Low),
        (OnClose::High, Level::Low, Level::High),
        (OnClose::Keep, Level::High, Level::High),
        (OnClose::Keep, Level::Low, Level::Low),
    ];
    let result = cases.iter().try_for_each(|(on_close, last, left)| {
        let output = bench.gpio().output(bench.line).initial(!*last).on_close(*on_close).open()?;
        output.set(*last)?;
        output.close()?;
        bench.sees(bench.line, *left, &format!("an output set {last} and closed as {on_close:?}"))
    });
    result.and(bench.leave_undriven(bench.line))
}
