//! Follows the edges of lines, for timing diagrams.

use std::time::Duration;

use pinzero::mock::MockGpio;

use super::state::Edges;

/// The most edges of a line at a time. A line that toggles faster is a gray block in any diagram.
const MOST: usize = 32;

/// Reads what is new in the histories of lines.
#[derive(Debug)]
pub(crate) struct Tracer {
    start: Duration,
    cursors: Vec<Cursor>,
}

/// How far a line has been read: up to this time, and so many edges at that very time.
#[derive(Debug)]
struct Cursor {
    line: u32,
    time: Duration,
    count: usize,
}

impl Tracer {
    /// Returns a tracer that begins now.
    pub(crate) fn new(mock: &MockGpio, start: Duration, lines: impl Iterator<Item = u32>) -> Self {
        let time = mock.elapsed();
        Tracer { start, cursors: lines.map(|line| Cursor { line, time, count: 0 }).collect() }
    }

    /// Returns the edges since the last call.
    pub(crate) fn read(&mut self, mock: &MockGpio) -> Vec<Edges> {
        let start = self.start;
        self.cursors.iter_mut().filter_map(|cursor| cursor.read(mock, start)).collect()
    }
}

impl Cursor {
    fn read(&mut self, mock: &MockGpio, start: Duration) -> Option<Edges> {
        let line = mock.line(self.line);
        if line.pulse().is_some() {
            (self.time, self.count) = (mock.elapsed(), 0);
            return None;
        }
        let history = line.history_since(self.time);
        let new = history.get(self.count..).unwrap_or(&[]);
        let (last, _) = *new.last()?;
        self.count = history.iter().rev().take_while(|(at, _)| *at == last).count();
        self.time = last;
        let more = new.len().saturating_sub(MOST);
        let millis = |at: Duration| at.saturating_sub(start).as_secs_f64() * 1000.0;
        let edges = new[more..].iter().map(|(at, level)| (millis(*at), level.is_high())).collect();
        Some(Edges { line: self.line, more, edges })
    }
}
