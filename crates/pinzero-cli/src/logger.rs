//! Writes the libraries' log to standard error, where systemd's journal finds it.

use std::io::{self, Write};

use log::{LevelFilter, Log, Metadata, Record};

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        // A closed standard error is no reason to end.
        let _ =
            writeln!(io::stderr(), "pinzero: {}: {}", record.level().as_str().to_lowercase(), record.args());
    }

    fn flush(&self) {}
}

/// Starts the log: warnings and errors; with `verbose`, all messages but traces.
pub(crate) fn start(verbose: bool) {
    log::set_max_level(if verbose { LevelFilter::Debug } else { LevelFilter::Warn });
    // This fails only if there is a logger already, and this function is called once.
    let _ = log::set_logger(&Stderr);
}
