//! Shows pin changes: on standard error, or in a file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::circuit::LineState;
use super::pulse::Pulse;
use crate::error::{Error, ErrorKind, Result};
use crate::line_info::LineFunction;
use crate::stderr::say;
use crate::time::{Instant, hertz, secs};
use crate::types::Line;

/// The most changes of a line that a terminal shows in a second; then it shows their number.
const MOST: u32 = 10;

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

    /// Prints the state of a line after a change. `wave`: the PWM signal on the line, whether the line drives it or hears it.
    pub(super) fn show(&self, line: Line, state: &mut LineState, wave: Option<Pulse>, now: Instant) {
        let (name, level) = (line.to_string(), state.level);
        match self {
            Output::Terminal => {
                let Some(hidden) = state.shown.admit(now) else { return };
                let arrow = if state.function == LineFunction::Input { "<-" } else { "->" };
                let sign = if level.is_high() { '●' } else { '○' };
                let what = wave.map_or_else(|| format!("{sign} {level}"), bar);
                let more = if hidden > 0 { format!("  ({hidden} more changes)") } else { String::new() };
                say(&format!("{name:<6} {arrow} {what}{more}"));
            }
            // `note_pulse` writes these.
            Output::Journal(_) if state.function == LineFunction::Pwm => {}
            Output::Journal(file) => {
                let function = if state.function == LineFunction::Input { "input" } else { "output" };
                note(file, &format!("{name} {function} {level}"));
            }
        }
    }

    /// Writes a new PWM signal into a journal. A terminal shows the line instead.
    pub(super) fn note_pulse(&self, line: Line, pulse: Pulse) {
        if let Output::Journal(file) = self {
            let (percent, hertz) = (pulse.duty() * 100.0, hertz(pulse.period));
            note(file, &format!("{line} pwm {percent:.1} % of {hertz} Hz"));
        }
    }
}

fn bar(pulse: Pulse) -> String {
    const WIDTH: usize = 20;
    let (percent, hertz) = (pulse.duty() * 100.0, hertz(pulse.period));
    let full = (pulse.duty() * WIDTH as f64).round() as usize;
    let bar: String = (0..WIDTH).map(|index| if index < full { '█' } else { '·' }).collect();
    format!("{bar} {percent:>5.1} % of {hertz} Hz")
}

/// The changes of a line that a terminal has shown lately.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The start of the current second.
    since: Instant,
    count: u32,
    hidden: u64,
}

impl Shown {
    /// Returns how many changes were left out before this one, if this one is shown.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if now >= self.since + secs(1) {
            (self.since, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count > MOST {
            self.hidden += 1;
            return None;
        }
        Some(std::mem::take(&mut self.hidden))
    }

    /// Returns when to show the changes that were left out.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.hidden > 0).then_some(self.since + secs(1))
    }
}

/// Appends a line in one write.
fn note(mut file: &File, line: &str) {
    if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
        log::error!("the journal cannot be written: {error}");
    }
}
