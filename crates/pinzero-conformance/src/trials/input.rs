//! Inputs: what they read, and their pulls.

use pinzero_core::{Bias, Input, Level, Line};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check};

const PULLS: [(Bias, Level); 2] = [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)];

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
        for (bias, level) in PULLS {
            let input = open(fixture, line, bias)?;
            reads(&input, level, &format!("with a {bias} and nothing else"))?;
            fixture.sees(line, level, &format!("with a {bias} and nothing else"))?;
        }
    }
    Ok(())
}

pub(super) fn a_driver_beats_the_pull(fixture: &Fixture<'_>) -> Verdict {
    for (bias, level) in PULLS {
        let input = open(fixture, fixture.line, bias)?;
        fixture.drive(fixture.line, !level)?;
        reads(&input, !level, &format!("driven against its {bias}"))?;
        fixture.drive(fixture.line, None)?;
        reads(&input, level, &format!("let go, with a {bias}"))?;
    }
    Ok(())
}

pub(super) fn a_pull_gives_way_to_a_driver(fixture: &Fixture<'_>) -> Verdict {
    for (bias, level) in PULLS {
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
        for (bias, level) in PULLS {
            let input = open(fixture, line, bias)?;
            reads(&input, level, &format!("with a {bias} and nothing else"))?;
            input.close()?;
            fixture.sees(line, before, &format!("an input that was closed, with a {bias} till then"))?;
        }
    }
    Ok(())
}
