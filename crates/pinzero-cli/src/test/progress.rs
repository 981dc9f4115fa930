//! Shows on a terminal what is running.

use std::io::{self, IsTerminal, Write};

/// A line on standard error, if that is a terminal, which the next step overwrites.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
    step: usize,
    steps: usize,
}

impl Progress {
    /// Returns the progress of this many steps.
    pub(crate) fn new(steps: usize) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Progress { is_shown: io::stderr().is_terminal() && !is_dumb, step: 0, steps }
    }

    /// Begins the next step.
    pub(crate) fn step(&mut self, what: &str) {
        self.step += 1;
        self.detail(what);
    }

    /// Shows more about the current step.
    pub(crate) fn detail(&self, what: &str) {
        self.show(&format!("[{}/{}] {what}", self.step, self.steps));
    }

    fn show(&self, text: &str) {
        if self.is_shown {
            let mut error = io::stderr().lock();
            // With nobody to see it, progress is lost.
            let _ = write!(error, "\r\x1b[K{text}").and_then(|()| error.flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
