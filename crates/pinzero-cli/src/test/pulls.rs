//! Reads the pulls of both pins, at the pin and across the wire.

use pinzero::time::ms;
use pinzero::{Bias, ErrorKind, Gpio, Level, Line, Result};
use serde::Serialize;

use super::report::level_name;
use super::waves::can_float;

/// A pull, and the levels with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PullSeen {
    pub(crate) pin: String,
    pub(crate) pull: &'static str,
    /// The level at the pin; `None` if the board or the factory refuses the pull.
    pub(crate) own: Option<&'static str>,
    /// The level at the other end of the wire, where no pull is set.
    pub(crate) across: Option<&'static str>,
    /// Whether both levels are those of the pull; `None` if the pull is refused.
    pub(crate) holds: Option<bool>,
}

/// Sets each pull of each pin, while the other pin is an input without one.
pub(crate) fn measure(gpio: &Gpio, [one, other]: [Line; 2]) -> Result<Vec<PullSeen>> {
    let mut seen = Vec::new();
    for (pin, far) in [(one, other), (other, one)] {
        for bias in [Bias::PullUp, Bias::PullDown] {
            seen.push(look(gpio, pin, far, bias)?);
        }
    }
    Ok(seen)
}

fn look(gpio: &Gpio, pin: Line, far: Line, bias: Bias) -> Result<PullSeen> {
    let pull = if bias == Bias::PullUp { "pull-up" } else { "pull-down" };
    let mut seen = PullSeen { pin: pin.to_string(), pull, own: None, across: None, holds: None };
    let far = match gpio.input(far).bias(can_float(gpio)).open() {
        // The board has a resistor there.
        Err(error) if error.kind() == ErrorKind::FixedPull => gpio.input(far).open()?,
        result => result?,
    };
    let near = match gpio.input(pin).bias(bias).open() {
        Err(error) if matches!(error.kind(), ErrorKind::FixedPull | ErrorKind::Unsupported) => {
            return Ok(seen);
        }
        result => result?,
    };
    // A weak pull charges the wire through 50 kΩ.
    gpio.sleep(ms(2));
    let levels = [near.level()?, far.level()?];
    [seen.own, seen.across] = levels.map(|level| Some(level_name(level)));
    seen.holds = Some(levels == [Level::from(bias == Bias::PullUp); 2]);
    Ok(seen)
}
