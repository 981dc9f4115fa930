//! Declared capabilities work, or at least open; others are refused as unsupported.

use pinzero_core::{Bias, ErrorKind, OnClose, Result};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, refused};

/// Fails unless `result` matches the declaration.
fn keeps_its_word<T>(what: &str, is_available: bool, result: Result<T>) -> Verdict {
    if is_available { Ok(result.map(drop)?) } else { refused(what, ErrorKind::Unsupported, result) }
}

pub(super) fn output(fixture: &Fixture<'_>) -> Verdict {
    let is_available = fixture.powers().output.is_available();
    keeps_its_word("an output", is_available, fixture.gpio().output(fixture.line).open())
}

pub(super) fn input(fixture: &Fixture<'_>) -> Verdict {
    keeps_its_word("an input", fixture.powers().input.is_available(), fixture.input(fixture.line).open())
}

pub(super) fn bias(fixture: &Fixture<'_>) -> Verdict {
    for bias in [Bias::PullUp, Bias::PullDown, Bias::Disabled] {
        let result = fixture.input(fixture.line).bias(bias).open();
        keeps_its_word(&bias.to_string(), fixture.can_pull(bias), result)?;
    }
    Ok(())
}

pub(super) fn group(fixture: &Fixture<'_>) -> Verdict {
    let is_available = fixture.powers().group.is_available();
    keeps_its_word("a group", is_available, fixture.gpio().group(fixture.lines.clone()).open())
}

pub(super) fn inputs(fixture: &Fixture<'_>) -> Verdict {
    let is_available = fixture.powers().inputs.is_available();
    let opened = fixture.gpio().inputs(fixture.lines.clone()).open();
    keeps_its_word("inputs that belong together", is_available, opened)
}

pub(super) fn flex(fixture: &Fixture<'_>) -> Verdict {
    let is_available = fixture.powers().flex.is_available();
    keeps_its_word("a flexible line (`flex`)", is_available, fixture.gpio().flex(fixture.line).open())
}

pub(super) fn spi(fixture: &Fixture<'_>) -> Verdict {
    let is_available = fixture.powers().spi.is_available();
    let other = fixture.other_line()?;
    keeps_its_word("SPI", is_available, fixture.gpio().spi(fixture.line).mosi(other).open())
}

pub(super) fn soft_i2c(fixture: &Fixture<'_>) -> Verdict {
    let is_available = fixture.powers().soft_i2c.is_available();
    let other = fixture.other_line()?;
    let opened = fixture.gpio().soft_i2c(fixture.line, other).open();
    keeps_its_word("I2C on any lines", is_available, opened)
}

/// A factory's own bus has all four wires; what has fewer is core's.
pub(super) fn native_spi(fixture: &Fixture<'_>) -> Verdict {
    let [clock, mosi, miso, select] = fixture.four_lines()?;
    let spi = fixture.gpio().spi(clock).mosi(mosi).miso(miso).select(select).open()?;
    spi.transfer(&mut [0xa5])?;
    Ok(spi.close()?)
}

pub(super) fn pwm(fixture: &Fixture<'_>) -> Verdict {
    let is_available = fixture.powers().pwm.is_available();
    keeps_its_word("PWM", is_available, fixture.gpio().pwm(fixture.line).open())
}

pub(super) fn keep(fixture: &Fixture<'_>) -> Verdict {
    let open = || fixture.gpio().output(fixture.line).on_close(OnClose::Keep).open();
    keeps_its_word("an output that keeps its level", fixture.powers().keep.is_available(), open())?;
    fixture.leave_undriven()
}
