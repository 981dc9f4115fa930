//! The log of the nodes of all tests, for tests that read a warning. Tests run at the same time, so a test looks for words of its own.

use std::sync::{Arc, Once, Weak};

use log::{LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use pinzero_mqtt::Node;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The nodes whose events are counted at each line with this word.
static COUNTED: Mutex<Vec<(&str, Weak<Node>)>> = Mutex::new(Vec::new());

struct Memory;

impl Log for Memory {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        let counted = COUNTED.lock().clone();
        for node in
            counted.iter().filter(|(word, _)| line.contains(word)).filter_map(|(_, node)| node.upgrade())
        {
            node.events();
        }
        LINES.lock().push(line);
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

/// Has each line with this word count the events of a node, as a logger may.
pub(crate) fn count_events(word: &'static str, node: &Arc<Node>) {
    COUNTED.lock().push((word, Arc::downgrade(node)));
}

/// Returns the lines with this word.
pub(crate) fn lines(word: &str) -> Vec<String> {
    LINES.lock().iter().filter(|line| line.contains(word)).cloned().collect()
}
