//! The mock's terminal: reads commands from standard input, and answers on standard error.

mod circuits;

use std::io::{self, BufRead, IsTerminal};
use std::time::Duration;

use self::circuits::Circuits;
use super::MockGpio;
use crate::error::{Error, ErrorKind, Result};
use crate::line_info::LineFunction;
use crate::stderr::say;
use crate::thread::spawn;
use crate::time::ms;
use crate::types::Level;

const HINT: &str = "mock pins: type `2` to press GPIO2 for a moment, `2 low`, `2 high`, `2 free`, `2 press 1500` (ms), or `help`, for sensors and knobs too";

const HELP: &str = "Commands:
  2              presses a button on GPIO2 for 200 ms: drives the pin against its pull, and then the other way
  2 press 1500   does the same for 1500 ms
  2 low, 2 high  drives GPIO2 from outside, until you type `2 free`
  wait 500       reads the next command after 500 ms, in a file of commands
  help           prints this
  quit           ends the program, as Ctrl-C does
Instead of 2, you can type any name of a pin: GPIO2, BOARD3, J8:3.";

const SIGNS: &str = "Pins, as this terminal shows them:
  GPIO17 -> ● high   the program drives GPIO17 high, an output
  GPIO2  <- ○ low    GPIO2 is an input, and low now
  GPIO18 -> █████···············  25.0 % of 100 Hz   the program puts PWM on GPIO18";

/// The default length of a press.
const PRESS: Duration = ms(200);

/// The longest press or wait in milliseconds: an hour.
const LONGEST: u64 = 3_600_000;

/// The text to print after a command, if there is something to say. `Err` says what to type instead.
type Answer = std::result::Result<Option<String>, String>;

/// Starts a thread that runs commands from standard input.
pub(super) fn listen(mock: &MockGpio) -> Result<()> {
    say(HINT);
    let mock = mock.clone();
    let body = move || {
        let mut circuits = Circuits::new(mock.clone());
        for line in io::stdin().lock().lines().map_while(io::Result::ok) {
            match obey(&mock, &mut circuits, &line) {
                Ok(None) => {}
                Ok(Some(answer)) | Err(answer) => say(&answer),
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

/// Runs one command.
fn obey(mock: &MockGpio, circuits: &mut Circuits, input: &str) -> Answer {
    let words: Vec<&str> = input.split_whitespace().collect();
    let Some((first, action)) = words.split_first() else { return Ok(None) };
    let command = first.to_ascii_lowercase();
    match (command.as_str(), action) {
        ("help" | "h" | "?", _) => Ok(Some(format!("{HELP}\n{}\n{SIGNS}", circuits::HELP))),
        ("quit" | "exit" | "q", []) => Ok(end()),
        ("wait", [time]) => {
            std::thread::sleep(millis(time)?);
            Ok(None)
        }
        ("wait", _) => Err("give a time in milliseconds: `wait 500`".to_owned()),
        _ => circuits.obey(&command, action).unwrap_or_else(|| touch(mock, first, action)),
    }
}

/// Drives a pin, releases it, or presses a button on it.
fn touch(mock: &MockGpio, name: &str, action: &[&str]) -> Answer {
    let line = mock.resolve(name).map_err(|error| format!("{error}\n{HINT}"))?;
    let pin = mock.line(line);
    let is_output = pin.function() != LineFunction::Input;
    match action {
        ["high" | "1"] => pin.drive(Level::High),
        ["low" | "0"] => pin.drive(Level::Low),
        ["free"] => {
            pin.release();
            return Ok(None);
        }
        [] | ["press"] | ["press", _] if is_output => {
            return Err(format!(
                "{line} is an output: the program drives it, and a press is for inputs. To short-circuit it, type `{name} \
                 low`, and `{name} free` later"
            ));
        }
        [] | ["press"] => pin.press(PRESS),
        ["press", time] => pin.press(millis(time)?),
        other => {
            let action = other.join(" ");
            return Err(format!("unknown action {action:?}: use low, high, free or press\n{HINT}"));
        }
    }
    Ok(is_output.then(|| {
        format!("{line} is an output: now two drive it, and low wins, until you type `{name} free`")
    }))
}

/// Parses a number of milliseconds.
fn millis(word: &str) -> std::result::Result<Duration, String> {
    let time = word.parse().ok().filter(|time| *time <= LONGEST);
    time.map(ms).ok_or_else(|| format!("bad time {word:?}: use a number of milliseconds, up to {LONGEST}"))
}

/// Ends the program as Ctrl-C does, so that its own handlers run. A program in the background of a script ignores Ctrl-C: there, SIGTERM.
#[cfg(unix)]
fn end() -> Option<String> {
    // SAFETY: a `sigaction` is made of integers and pointers, for which zero is valid; the call only fills it in.
    let is_ignored = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGINT, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    };
    let signal = if is_ignored { libc::SIGTERM } else { libc::SIGINT };
    // SAFETY: `kill` sends a signal to this process and touches no memory.
    unsafe { libc::kill(libc::getpid(), signal) };
    None
}

#[cfg(not(unix))]
fn end() -> Option<String> {
    Some("press Ctrl-C to end the program".to_owned())
}
