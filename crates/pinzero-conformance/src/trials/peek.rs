//! A look at a line that takes nothing: what it tells is so, and what it cannot tell it leaves out.

use pinzero_core::{Bias, Level, LineFunction};

use crate::bench::Bench;
use crate::outcome::{Outcome, check};

/// Fails if a look at the line tells something else than this.
fn tells(bench: &Bench<'_>, function: LineFunction, level: Level, bias: Option<Bias>) -> Outcome {
    let seen = bench.gpio().peek(bench.line)?;
    let agrees = seen.function.is_none_or(|seen| seen == function)
        && seen.level.is_none_or(|seen| seen == level)
        && (bias.is_none() || seen.bias.is_none() || seen.bias == bias);
    check(agrees, || format!("{} is {function:?} and {level}, but shows as {seen:?}", bench.line))
}

pub(super) fn at_an_output_takes_nothing(bench: &Bench<'_>) -> Outcome {
    for level in [Level::High, Level::Low] {
        let output = bench.gpio().output(bench.line).initial(level).open()?;
        tells(bench, LineFunction::Output, level, None)?;
        bench.sees(bench.line, level, "an output that was looked at")?;
        output.close()?;
    }
    Ok(())
}

pub(super) fn at_an_input_takes_nothing(bench: &Bench<'_>) -> Outcome {
    let rest = bench.observe(bench.line)?;
    tells(bench, LineFunction::Input, rest, None)?;
    for bias in [Bias::PullUp, Bias::PullDown] {
        let input = bench.input(bench.line).bias(bias).open()?;
        tells(bench, LineFunction::Input, bench.observe(bench.line)?, Some(bias))?;
        input.close()?;
    }
    Ok(())
}
