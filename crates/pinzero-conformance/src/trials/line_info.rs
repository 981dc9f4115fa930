//! Line information: reading it claims nothing, and each fact is correct or left out.

use pinzero_core::{Bias, Level, LineFunction};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check};

/// Fails if the line's information contradicts this.
fn tells(fixture: &Fixture<'_>, function: LineFunction, level: Level, bias: Option<Bias>) -> Verdict {
    let seen = fixture.gpio().line_info(fixture.line)?;
    let agrees = seen.function.is_none_or(|seen| seen == function)
        && seen.level.is_none_or(|seen| seen == level)
        && (bias.is_none() || seen.bias.is_none() || seen.bias == bias);
    check(agrees, || format!("{} is {function:?} and {level}, but shows as {seen:?}", fixture.line))
}

/// Like [`tells`], for an open line: no fact may be missing.
fn tells_all(fixture: &Fixture<'_>, function: LineFunction, level: Level, bias: Option<Bias>) -> Verdict {
    let seen = fixture.gpio().line_info(fixture.line)?;
    let is_whole = seen.function.is_some() && seen.level.is_some() && seen.bias.is_some() >= bias.is_some();
    check(is_whole, || format!("{} is open, but a look at it shows only {seen:?}", fixture.line))?;
    tells(fixture, function, level, bias)
}

pub(super) fn at_an_output_takes_nothing(fixture: &Fixture<'_>) -> Verdict {
    for level in [Level::High, Level::Low] {
        let output = fixture.gpio().output(fixture.line).initial(level).open()?;
        tells_all(fixture, LineFunction::Output, level, None)?;
        fixture.sees(fixture.line, level, "an output that was looked at")?;
        output.close()?;
    }
    Ok(())
}

pub(super) fn at_an_input_takes_nothing(fixture: &Fixture<'_>) -> Verdict {
    let rest = fixture.observe(fixture.line)?;
    tells(fixture, LineFunction::Input, rest, None)?;
    for (bias, _) in fixture.pulls() {
        let input = fixture.input(fixture.line).bias(bias).open()?;
        tells_all(fixture, LineFunction::Input, fixture.observe(fixture.line)?, Some(bias))?;
        input.close()?;
    }
    Ok(())
}

pub(super) fn at_pwm_takes_nothing(fixture: &Fixture<'_>) -> Verdict {
    for (duty, level) in [(0.0, Level::Low), (1.0, Level::High)] {
        let pwm = fixture.gpio().pwm(fixture.line).frequency(100.0).initial(duty).open()?;
        tells_all(fixture, LineFunction::Pwm, level, None)?;
        fixture.sees(fixture.line, level, "a steady PWM output that was looked at")?;
        pwm.close()?;
    }
    Ok(())
}
