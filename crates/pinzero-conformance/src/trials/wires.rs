//! Two lines on one wire: a driver beats a pull, and a pull crosses.

use pinzero_core::{Bias, Input, Level};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check};

/// Fails unless the input at the far end reads `level`.
fn arrives(far: &Input, level: Level, what: &str) -> Verdict {
    let read = far.level()?;
    check(read == level, || format!("{what}: the other end of the wire reads {read}, not {level}"))
}

pub(super) fn carry_a_level(fixture: &Fixture<'_>) -> Verdict {
    let [one, other] = fixture.wire()?;
    for [near, far] in [[one, other], [other, one]] {
        let output = fixture.gpio().output(near).open()?;
        let far = fixture.input(far).open()?;
        let mut events = far.events();
        for level in [Level::High, Level::Low, Level::High] {
            fixture.tick();
            let when = fixture.time(|| output.set(level))?;
            arrives(&far, level, &format!("driven {level}"))?;
            fixture.expect(&mut events, level, when)?;
        }
        output.set(Level::Low)?;
    }
    Ok(())
}

pub(super) fn a_driver_beats_a_pull(fixture: &Fixture<'_>) -> Verdict {
    let [near, far] = fixture.wire()?;
    for (bias, level) in fixture.pulls() {
        let output = fixture.gpio().output(near).initial(!level).open()?;
        let far = fixture.input(far).bias(bias).open()?;
        arrives(&far, !level, &format!("driven against a {bias}"))?;
        output.set(level)?;
        arrives(&far, level, &format!("driven along with a {bias}"))?;
    }
    Ok(())
}

pub(super) fn carry_a_pull(fixture: &Fixture<'_>) -> Verdict {
    let [one, other] = fixture.wire()?;
    for [near, far] in [[one, other], [other, one]] {
        let far = fixture.input(far).bias(Bias::Disabled).open()?;
        for (bias, level) in fixture.pulls() {
            let _near = fixture.input(near).bias(bias).open()?;
            arrives(&far, level, &format!("with a {bias} on this one"))?;
        }
    }
    Ok(())
}
