//! The log of the nodes of all tests, for tests that read a warning. Tests run at the same time, so a test looks for words of its own.

use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Memory;

impl Log for Memory {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.lock().push(record.args().to_string());
    }

    fn flush(&self) {}
}

/// Keeps the lines of the log from now on.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Memory).unwrap();
        log::set_max_level(LevelFilter::Warn);
    });
}

/// Returns the lines with this word.
pub(crate) fn lines(word: &str) -> Vec<String> {
    LINES.lock().iter().filter(|line| line.contains(word)).cloned().collect()
}
