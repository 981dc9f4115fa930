//! Shows pin changes: on standard error, or in a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use parking_lot::Mutex;

use super::pulse::Pulse;
use crate::error::{Error, ErrorKind, Result};
use crate::line_info::LineFunction;
use crate::types::{Level, Line};

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
    pub(super) fn show(&self, line: Line, function: LineFunction, level: Level) {
        if function == LineFunction::Pwm {
            // `show_pulse` prints its signals instead.
            return;
        }
        let sign = if level.is_high() { '●' } else { '○' };
        let (arrow, function) = match function {
            LineFunction::Input => ("<-", "input"),
            _ => ("->", "output"),
        };
        let (name, level) = (line.to_string(), level);
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

/// Prints a line on standard error. Drops and counts the line if nobody reads there: no pin waits for a terminal.
pub(super) fn say(line: &str) {
    static DROPPED: Mutex<u64> = Mutex::new(0);
    let mut dropped = DROPPED.lock();
    if !has_room() {
        *dropped += 1;
        return;
    }
    let gap = match std::mem::take(&mut *dropped) {
        0 => String::new(),
        count => format!("({count} lines are missing here: nobody read them in time)\n"),
    };
    // In one write, for which there is room. A closed terminal must not end the program.
    let _ = io::stderr().write_all(format!("{gap}{line}\n").as_bytes());
}

/// Returns whether a write of a few lines to standard error does not block.
#[cfg(target_os = "linux")]
fn has_room() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = io::stderr();
    let mut descriptors = [PollFd::new(&stderr, PollFlags::OUT)];
    // An error is left to the write.
    !matches!(poll(&mut descriptors, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0))
}

#[cfg(not(target_os = "linux"))]
fn has_room() -> bool {
    true
}

/// Appends a line in one write.
fn note(mut file: &File, line: &str) {
    if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
        log::error!("the journal cannot be written: {error}");
    }
}
