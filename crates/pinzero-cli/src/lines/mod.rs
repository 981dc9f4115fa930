//! The commands that read and drive single lines.

pub(crate) mod blink;
mod drive;
mod line_format;
pub(crate) mod monitor;
pub(crate) mod pulse;
pub(crate) mod pwm;
pub(crate) mod read;
mod recording;
pub(crate) mod servo;
mod stamp;
pub(crate) mod toggle;
pub(crate) mod value;
pub(crate) mod wait;
pub(crate) mod write;

use std::time::Duration;

use pinzero::{Gpio, Line};

use value::show_time;

/// Waits for this long, or until a signal ends the program.
fn hold(gpio: &Gpio, period: Option<Duration>) {
    match period {
        Some(period) => gpio.sleep(period),
        None => pinzero::pause(),
    }
}

/// Returns when a command ends.
fn show_end(period: Option<Duration>) -> String {
    period.map_or_else(|| "until Ctrl-C".to_owned(), |period| format!("for {}", show_time(period)))
}

/// Returns how often a command repeats.
fn show_times(times: Option<u32>) -> String {
    match times {
        None => "until Ctrl-C".to_owned(),
        Some(1) => "once".to_owned(),
        Some(times) => format!("{times} times"),
    }
}

/// Returns a list of lines for people.
fn list(lines: impl IntoIterator<Item = Line>) -> String {
    lines.into_iter().map(|line| line.to_string()).collect::<Vec<_>>().join(", ")
}
