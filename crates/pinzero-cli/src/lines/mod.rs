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

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use pinzero::board::{Board, Header, HeaderPin, PinKind};
use pinzero::{ErrorKind, Gpio, Line};

use value::show_time;

/// Returns the line of a name.
///
/// # Errors
/// A sentence that names the pin once.
pub(crate) fn find(gpio: &Gpio, pin: &str) -> Result<Line, Box<dyn Error>> {
    gpio.resolve(pin).map_err(|error| {
        let is_about_name = matches!(error.kind(), ErrorKind::UnknownPin | ErrorKind::NotGpio);
        match gpio.board().find(pin) {
            // The board's own sentence begins with the name, which the factory's error puts before the sentence.
            Err(wrong) if is_about_name => wrong.into(),
            _ => error.into(),
        }
    })
}

/// Returns the lines of a list of names.
///
/// # Errors
/// See [`find`]; and a sentence about a line that is in the list twice.
fn find_all<'a>(
    gpio: &Gpio,
    pins: impl IntoIterator<Item = &'a String>,
) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut lines = Vec::new();
    for pin in pins {
        let line = find(gpio, pin)?;
        if lines.contains(&line) {
            return Err(format!("{line} is given twice").into());
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Returns the lines on headers, in their order; all lines of a board without a known header.
pub(crate) fn on_headers(board: &Board) -> Vec<Line> {
    let pins = board.headers().iter().flat_map(Header::pins);
    let line = |pin: HeaderPin| if let PinKind::Gpio(line) = pin.kind { Some(Line(line)) } else { None };
    let lines: BTreeSet<Line> = pins.filter_map(line).collect();
    if lines.is_empty() { (0..board.lines()).map(Line).collect() } else { lines.into_iter().collect() }
}

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
