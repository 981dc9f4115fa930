//! What is declared works, or at least opens; what is not declared is refused as unsupported.

use pinzero_core::{Bias, ErrorKind, OnClose, Result};

use crate::bench::Bench;
use crate::outcome::{Outcome, refused};

/// Fails unless `result` is as good as what was declared.
fn keeps_its_word<T>(what: &str, is_available: bool, result: Result<T>) -> Outcome {
    if is_available { Ok(result.map(drop)?) } else { refused(what, ErrorKind::Unsupported, result) }
}

pub(super) fn output(bench: &Bench<'_>) -> Outcome {
    let is_available = bench.powers().output.is_available();
    keeps_its_word("an output", is_available, bench.gpio().output(bench.line).open())
}

pub(super) fn input(bench: &Bench<'_>) -> Outcome {
    keeps_its_word("an input", bench.powers().input.is_available(), bench.input(bench.line).open())
}

pub(super) fn bias(bench: &Bench<'_>) -> Outcome {
    for bias in [Bias::PullUp, Bias::PullDown, Bias::Disabled] {
        let result = bench.input(bench.line).bias(bias).open();
        keeps_its_word(&bias.to_string(), bench.powers().bias.is_available(), result)?;
    }
    Ok(())
}

pub(super) fn group(bench: &Bench<'_>) -> Outcome {
    let is_available = bench.powers().group.is_available();
    keeps_its_word("a group", is_available, bench.gpio().group(bench.lines.clone()).open())
}

pub(super) fn spi(bench: &Bench<'_>) -> Outcome {
    let is_available = bench.powers().spi.is_available();
    let other = bench.other_line()?;
    keeps_its_word("SPI", is_available, bench.gpio().spi(bench.line).mosi(other).open())
}

/// A factory's own bus has all four wires; what has fewer is core's.
pub(super) fn native_spi(bench: &Bench<'_>) -> Outcome {
    let [clock, mosi, miso, select] = bench.four_lines()?;
    let spi = bench.gpio().spi(clock).mosi(mosi).miso(miso).select(select).open()?;
    spi.transfer(&mut [0xa5])?;
    Ok(spi.close()?)
}

pub(super) fn pwm(bench: &Bench<'_>) -> Outcome {
    let is_available = bench.powers().pwm.is_available();
    keeps_its_word("PWM", is_available, bench.gpio().pwm(bench.line).open())
}

pub(super) fn keep(bench: &Bench<'_>) -> Outcome {
    let open = || bench.gpio().output(bench.line).on_close(OnClose::Keep).open();
    keeps_its_word("an output that keeps its level", bench.powers().keep.is_available(), open())?;
    bench.leave_undriven()
}
