//! The mock's terminal: prints pin changes on standard error or into a journal, and reads commands from standard input.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

use super::MockGpio;
use super::circuit::LineState;
use super::line::Pulse;
use crate::error::{Error, ErrorKind, Result};
use crate::handle::line_info::LineFunction;
use crate::thread::spawn;
use crate::time::ms;
use crate::types::{Level, Line};

const HELP: &str =
    "mock pins: type `2` to press GPIO2 for a moment, `2 low`, `2 high`, `2 free`, `2 press 1500` (ms)";

/// The default length of a press.
const PRESS: Duration = ms(200);

/// The output for changes of pins.
#[derive(Debug)]
pub(super) enum Output {
    /// Standard error, for a person.
    Terminal,
    /// A file, for another process to read.
    Journal(File),
}

impl Output {
    pub(super) fn journal(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path).map_err(|error| {
            Error::new(ErrorKind::Io, format!("the journal {} cannot be written", path.display()))
                .with_source(error)
        })?;
        Ok(Output::Journal(file))
    }

    /// Returns whether changes of a function are shown even if the level stays.
    pub(super) fn wants_functions(&self) -> bool {
        matches!(self, Output::Journal(_))
    }

    /// Prints the state of a line after a change.
    pub(super) fn show(&self, line: Line, state: &LineState) {
        if state.function == LineFunction::Pwm {
            // `show_pulse` prints its signals instead.
            return;
        }
        let sign = if state.level.is_high() { '●' } else { '○' };
        let (arrow, function) = match state.function {
            LineFunction::Input => ("<-", "input"),
            _ => ("->", "output"),
        };
        let (name, level) = (line.to_string(), state.level);
        match self {
            Output::Terminal => say(&format!("{name:<6} {arrow} {sign} {level}")),
            Output::Journal(file) => note(file, &format!("{name} {function} {level}")),
        }
    }

    /// Prints a PWM signal after a change.
    pub(super) fn show_pulse(&self, line: Line, pulse: Pulse) {
        const WIDTH: usize = 20;
        let name = line.to_string();
        let percent = pulse.duty() * 100.0;
        let hertz = 1.0 / pulse.period.as_secs_f64();
        match self {
            Output::Terminal => {
                let full = (pulse.duty() * WIDTH as f64).round() as usize;
                let bar: String = (0..WIDTH).map(|index| if index < full { '█' } else { '·' }).collect();
                say(&format!("{name:<6} -> {bar} {percent:>5.1} % of {hertz:.0} Hz"));
            }
            Output::Journal(file) => note(file, &format!("{name} pwm {percent:.1} % of {hertz:.0} Hz")),
        }
    }
}

/// Appends a line in one write.
fn note(mut file: &File, line: &str) {
    if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
        log::error!("the journal cannot be written: {error}");
    }
}

fn say(line: &str) {
    // A closed terminal must not end the program.
    let _ = writeln!(io::stderr(), "{line}");
}

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
