//! Stamps edges with the time since the start, and with the time of day.

use std::time::{Duration, SystemTime};

use pinzero::time::Instant;
use pinzero::{Event, Gpio, Line};
use serde::Serialize;

use super::value::edge_to;

/// The start of a command, on the factory's clock and by the time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamps {
    pub(crate) start: Instant,
    wall: SystemTime,
}

/// One edge, as `--json` prints it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EdgeFacts {
    /// Seconds since the start, to the nanosecond.
    pub(crate) at: f64,
    /// The time of day and date, in seconds since 1970.
    pub(crate) unix: f64,
    pub(crate) pin: String,
    pub(crate) line: u32,
    pub(crate) edge: &'static str,
    pub(crate) level: &'static str,
    /// How many edges were lost before this one.
    pub(crate) missed: u32,
}

impl Stamps {
    pub(crate) fn start(gpio: &Gpio) -> Stamps {
        Stamps { start: gpio.now(), wall: gpio.wall_time() }
    }

    pub(crate) fn facts(&self, line: Line, event: &Event) -> EdgeFacts {
        let since = event.at.since(self.start);
        let wall = (self.wall + since).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        EdgeFacts {
            at: since.as_secs_f64(),
            unix: (wall.as_secs_f64() * 1e6).round() / 1e6,
            pin: line.to_string(),
            line: line.0,
            edge: edge_to(event.level),
            level: if event.level.is_high() { "high" } else { "low" },
            missed: event.missed,
        }
    }
}

impl EdgeFacts {
    pub(crate) fn since_start(&self) -> Duration {
        Duration::from_secs_f64(self.at)
    }
}
