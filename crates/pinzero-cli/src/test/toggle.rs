//! Measures how fast a pin is written.

use std::time::{Duration, Instant};

use pinzero::{Gpio, Line, Result};
use serde::Serialize;

/// How long to write.
const TIME: Duration = Duration::from_millis(500);

/// The most writes, for pins on a virtual clock or in memory.
const MOST: u32 = 1_000_000;

/// How fast a pin was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ToggleRate {
    pub(crate) writes: u32,
    pub(crate) writes_per_second: f64,
}

/// Toggles a pin as fast as the factory can.
pub(crate) fn measure(gpio: &Gpio, pin: Line) -> Result<ToggleRate> {
    let output = gpio.output(pin).device("pinzero test").open()?;
    let start = Instant::now();
    let mut writes = 0;
    while writes < MOST && start.elapsed() < TIME {
        output.toggle()?;
        writes += 1;
    }
    let rate = f64::from(writes) / start.elapsed().as_secs_f64().max(1e-9);
    Ok(ToggleRate { writes, writes_per_second: rate.round() })
}
