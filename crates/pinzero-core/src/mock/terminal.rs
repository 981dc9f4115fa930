//! The mock's terminal: prints pin changes on standard error or into a journal, and reads commands from standard input.

use std::io::{self, BufRead};
use std::time::Duration;

use super::MockGpio;
use super::view::say;
use crate::error::{Error, ErrorKind, Result};
use crate::thread::spawn;
use crate::time::ms;
use crate::types::Level;

const HELP: &str =
    "mock pins: type `2` to press GPIO2 for a moment, `2 low`, `2 high`, `2 free`, `2 press 1500` (ms)";

/// The default length of a press.
const PRESS: Duration = ms(200);

/// Starts a thread that runs commands from standard input.
pub(super) fn listen(mock: &MockGpio) -> Result<()> {
    say(HELP);
    let mock = mock.clone();
    let body = move || {
        for line in io::stdin().lock().lines().map_while(io::Result::ok) {
            if let Err(complaint) = obey(&mock, &line) {
                say(&complaint);
            }
        }
    };
    spawn("pinzero-mock", body).map(drop).map_err(|error| {
        Error::new(ErrorKind::Io, "the thread that reads the terminal cannot be started").with_source(error)
    })
}

/// Runs one command. On error, returns the text to print.
fn obey(mock: &MockGpio, input: &str) -> std::result::Result<(), String> {
    let words: Vec<&str> = input.split_whitespace().collect();
    let Some((pin, command)) = words.split_first() else { return Ok(()) };
    let line = mock.resolve(*pin).map_err(|error| format!("{error}\n{HELP}"))?;
    let line = mock.line(line);
    match command {
        ["high" | "1"] => line.drive(Level::High),
        ["low" | "0"] => line.drive(Level::Low),
        ["free"] => line.release(),
        [] | ["press"] => line.press(PRESS),
        ["press", time] => {
            let time = time
                .parse()
                .map_err(|_| format!("bad time {time:?}: use a number of milliseconds\n{HELP}"))?;
            line.press(ms(time));
        }
        other => {
            return Err(format!(
                "unknown action {:?}: use low, high, free or press\n{HELP}",
                other.join(" ")
            ));
        }
    }
    Ok(())
}
