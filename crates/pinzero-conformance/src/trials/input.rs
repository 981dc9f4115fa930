//! Inputs: what they read, and their pulls.

use pinzero_core::{Bias, Input, Level, Line};

use crate::bench::Bench;
use crate::outcome::{Outcome, check};

const PULLS: [(Bias, Level); 2] = [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)];

fn open(bench: &Bench<'_>, line: Line, bias: Bias) -> Outcome<Input> {
    Ok(bench.input(line).bias(bias).open()?)
}

/// Fails unless the input reads `level`.
fn reads(input: &Input, level: Level, what: &str) -> Outcome {
    let read = input.level()?;
    check(read == level, || format!("{}, {what}: reads {read}, not {level}", input.line()))
}

pub(super) fn follows_the_line(bench: &Bench<'_>) -> Outcome {
    let input = open(bench, bench.line, Bias::AsIs)?;
    for level in [Level::High, Level::Low, Level::Low, Level::High] {
        bench.drive(bench.line, level)?;
        reads(&input, level, &format!("driven {level}"))?;
    }
    Ok(())
}

pub(super) fn is_pulled(bench: &Bench<'_>) -> Outcome {
    for &line in &bench.lines {
        for (bias, level) in PULLS {
            let input = open(bench, line, bias)?;
            reads(&input, level, &format!("with a {bias} and nothing else"))?;
            bench.sees(line, level, &format!("with a {bias} and nothing else"))?;
        }
    }
    Ok(())
}

pub(super) fn a_driver_beats_the_pull(bench: &Bench<'_>) -> Outcome {
    for (bias, level) in PULLS {
        let input = open(bench, bench.line, bias)?;
        bench.drive(bench.line, !level)?;
        reads(&input, !level, &format!("driven against its {bias}"))?;
        bench.drive(bench.line, None)?;
        reads(&input, level, &format!("let go, with a {bias}"))?;
    }
    Ok(())
}

pub(super) fn a_pull_gives_way_to_a_driver(bench: &Bench<'_>) -> Outcome {
    for (bias, level) in PULLS {
        bench.drive(bench.line, !level)?;
        let input = open(bench, bench.line, bias)?;
        reads(&input, !level, &format!("driven before it got its {bias}"))?;
        input.close()?;
        bench.drive(bench.line, None)?;
    }
    Ok(())
}

pub(super) fn gives_the_pull_back(bench: &Bench<'_>) -> Outcome {
    for &line in &bench.lines {
        let before = bench.observe(line)?;
        for (bias, level) in PULLS {
            let input = open(bench, line, bias)?;
            reads(&input, level, &format!("with a {bias} and nothing else"))?;
            input.close()?;
            bench.sees(line, before, &format!("an input that was closed, with a {bias} till then"))?;
        }
    }
    Ok(())
}
