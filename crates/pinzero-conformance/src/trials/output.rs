//! Outputs: the initial level, and later ones.

use pinzero_core::Level;

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check};

const BOTH: [Level; 2] = [Level::High, Level::Low];

pub(super) fn starts_at_its_level(fixture: &Fixture<'_>) -> Verdict {
    for &line in &fixture.lines {
        for level in BOTH {
            let output = fixture.gpio().output(line).initial(level).open()?;
            fixture.sees(line, level, &format!("an output that starts {level}"))?;
            let read = output.level()?;
            check(read == level, || format!("{line}, an output that starts {level}, reads {read}"))?;
        }
    }
    Ok(())
}

pub(super) fn adopts_the_level(fixture: &Fixture<'_>) -> Verdict {
    for &line in &fixture.lines {
        let before = fixture.observe(line)?;
        let output = fixture.gpio().output(line).adopt().open()?;
        fixture.sees(line, before, "adopted by an output")?;
        let last = output.last();
        check(last == before, || format!("{line} was {before}, and was adopted as {last}"))?;
    }
    Ok(())
}

pub(super) fn drives_and_reads(fixture: &Fixture<'_>) -> Verdict {
    let line = fixture.line;
    let output = fixture.gpio().output(line).open()?;
    for level in [Level::High, Level::Low, Level::Low, Level::High, Level::High, Level::Low] {
        output.set(level)?;
        fixture.sees(line, level, "an output that was just set")?;
        let read = output.level()?;
        check(read == level, || format!("{line}, an output set {level}, reads {read}"))?;
    }
    Ok(())
}
