//! Outputs: the level that they start at, and the ones that they are driven to.

use pinzero_core::Level;

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
