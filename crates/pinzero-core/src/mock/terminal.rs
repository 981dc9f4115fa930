//! The mock's terminal: prints pin changes on standard error or into a journal, and reads commands from standard input.

use std::io::{self, BufRead, IsTerminal};
use std::time::Duration;

use super::MockGpio;
use crate::error::{Error, ErrorKind, Result};
use crate::line_info::LineFunction;
use crate::stderr::say;
use crate::thread::spawn;
use crate::time::ms;
use crate::types::Level;

const HINT: &str = "mock pins: type `2` to press GPIO2 for a moment, `2 low`, `2 high`, `2 free`, `2 press 1500` (ms), or `help`";

const HELP: &str = "Commands:
  2              presses a button on GPIO2 for 200 ms: drives the pin against its pull, and then the other way
  2 press 1500   does the same for 1500 ms
  2 low, 2 high  drives GPIO2 from outside, until you type `2 free`
  help           prints this
  quit           ends the program, as Ctrl-C does
Instead of 2, you can type any name of a pin: GPIO2, BOARD3, J8:3.
  GPIO17 -> ● high   the program drives GPIO17 high, an output
  GPIO2  <- ○ low    GPIO2 is an input, and low now
  GPIO18 -> █████···············  25.0 % of 100 Hz   the program puts PWM on GPIO18";

/// The default length of a press.
const PRESS: Duration = ms(200);

/// Starts a thread that runs commands from standard input.
pub(super) fn listen(mock: &MockGpio) -> Result<()> {
    say(HINT);
    let mock = mock.clone();
    let body = move || {
        for line in io::stdin().lock().lines().map_while(io::Result::ok) {
            if let Some(answer) = obey(&mock, &line) {
                say(&answer);
            }
        }
        // A program in the background has no terminal, and nobody to tell.
        if io::stdin().is_terminal() {
            say("no more commands: the input has ended. The program goes on; Ctrl-C ends it");
        }
    };
    spawn("pinzero-mock", body).map(drop).map_err(|error| {
        Error::new(ErrorKind::Io, "the thread that reads the terminal cannot be started").with_source(error)
    })
}

/// Runs one command. Returns the text to print, if there is something to say.
fn obey(mock: &MockGpio, input: &str) -> Option<String> {
    let words: Vec<&str> = input.split_whitespace().collect();
    let (first, action) = words.split_first()?;
    match (first.to_ascii_lowercase().as_str(), action) {
        ("help" | "h" | "?", _) => return Some(HELP.to_owned()),
        ("quit" | "exit" | "q", []) => return end(),
        _ => {}
    }
    let line = match mock.resolve(*first) {
        Ok(line) => line,
        Err(error) => return Some(format!("{error}\n{HINT}")),
    };
    let pin = mock.line(line);
    let is_output = pin.function() != LineFunction::Input;
    match action {
        ["high" | "1"] => pin.drive(Level::High),
        ["low" | "0"] => pin.drive(Level::Low),
        ["free"] => {
            pin.release();
            return None;
        }
        [] | ["press"] | ["press", _] if is_output => {
            return Some(format!(
                "{line} is an output: the program drives it, and a press is for inputs. To short-circuit it, type `{first} \
                 low`, and `{first} free` later"
            ));
        }
        [] | ["press"] => pin.press(PRESS),
        ["press", time] => match time.parse() {
            Ok(time) => pin.press(ms(time)),
            Err(_) => return Some(format!("bad time {time:?}: use a number of milliseconds\n{HINT}")),
        },
        other => {
            let action = other.join(" ");
            return Some(format!("unknown action {action:?}: use low, high, free or press\n{HINT}"));
        }
    }
    is_output.then(|| {
        format!("{line} is an output: now two drive it, and low wins, until you type `{first} free`")
    })
}

/// Ends the program as Ctrl-C does, so that its own handlers run.
#[cfg(unix)]
fn end() -> Option<String> {
    // SAFETY: `kill` sends a signal to this process and touches no memory.
    unsafe { libc::kill(libc::getpid(), libc::SIGINT) };
    None
}

#[cfg(not(unix))]
fn end() -> Option<String> {
    Some("press Ctrl-C to end the program".to_owned())
}
