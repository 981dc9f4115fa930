//! Two lines on one wire: a driver beats a pull, and a pull crosses.

use pinzero_core::{Bias, Input, Level};

use crate::bench::Bench;
use crate::outcome::{Outcome, check};

/// Fails unless the input at the far end reads `level`.
fn arrives(far: &Input, level: Level, what: &str) -> Outcome {
    let read = far.level()?;
    check(read == level, || format!("{what}: the other end of the wire reads {read}, not {level}"))
}

pub(super) fn carry_a_level(bench: &Bench<'_>) -> Outcome {
    let [one, other] = bench.wire()?;
    for [near, far] in [[one, other], [other, one]] {
        let output = bench.gpio().output(near).open()?;
        let far = bench.input(far).open()?;
        let mut events = far.events();
        for level in [Level::High, Level::Low, Level::High] {
            bench.tick();
            let when = bench.time(|| output.set(level))?;
            arrives(&far, level, &format!("driven {level}"))?;
            bench.expect(&mut events, level, when)?;
        }
        output.set(Level::Low)?;
    }
    Ok(())
}

pub(super) fn a_driver_beats_a_pull(bench: &Bench<'_>) -> Outcome {
    let [near, far] = bench.wire()?;
    for (bias, level) in [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)] {
        let output = bench.gpio().output(near).initial(!level).open()?;
        let far = bench.input(far).bias(bias).open()?;
        arrives(&far, !level, &format!("driven against a {bias}"))?;
        output.set(level)?;
        arrives(&far, level, &format!("driven along with a {bias}"))?;
    }
    Ok(())
}

pub(super) fn carry_a_pull(bench: &Bench<'_>) -> Outcome {
    let [one, other] = bench.wire()?;
    for [near, far] in [[one, other], [other, one]] {
        let far = bench.input(far).bias(Bias::Disabled).open()?;
        for (bias, level) in [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)] {
            let _near = bench.input(near).bias(bias).open()?;
            arrives(&far, level, &format!("with a {bias} on this one"))?;
        }
    }
    Ok(())
}
