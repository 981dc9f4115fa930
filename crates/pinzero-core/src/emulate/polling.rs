//! Edges for a backend that reports none: core reads the levels periodically.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::factory::Pin;
use crate::runtime::{LineEdge, Next, Outbox, Task};
use crate::time::{Instant, us};
use crate::types::{Edge, Level};

/// The shortest time between two reads.
const SHORTEST: Duration = us(100);

/// Wraps a task: reads its lines periodically, and passes changes on as edges.
#[derive(Debug)]
pub(crate) struct Polled<T> {
    task: T,
    pins: Vec<Arc<dyn Pin>>,
    levels: u64,
    next: Instant,
    interval: Duration,
    /// `true` if the last read failed.
    fails: bool,
}

impl<T: Task> Polled<T> {
    /// Returns a task that reads `pins` every `interval` from `now` on, when they are at `levels`.
    pub(crate) fn new(
        task: T,
        pins: Vec<Arc<dyn Pin>>,
        levels: u64,
        now: Instant,
        interval: Duration,
    ) -> Self {
        let interval = interval.max(SHORTEST);
        Polled { task, pins, levels, next: now + interval, interval, fails: false }
    }

    fn poll(&mut self, now: Instant, outbox: &mut Outbox) {
        let mut error = None;
        for (index, pin) in self.pins.iter().enumerate() {
            match pin.level() {
                Ok(level) if level != Level::of_bit(self.levels, index) => {
                    self.levels ^= 1 << index;
                    let edge = Edge { at: now, level, missed: 0 };
                    self.task.edges(&[LineEdge { index: index as u8, edge }], outbox);
                }
                Ok(_) => {}
                Err(failed) => error = error.or(Some(failed)),
            }
        }
        let is_new = error.is_some() && !self.fails;
        self.fails = error.is_some();
        match error {
            Some(error) if error.kind() == ErrorKind::NoChip => self.task.lose(error, outbox),
            // Once, and not at every beat.
            Some(error) if is_new && error.kind() != ErrorKind::Closed => {
                outbox.complain(Error::new(error.kind(), "a line cannot be read").with_source(error));
            }
            _ => {}
        }
    }
}

impl<T: Task> Task for Polled<T> {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        if self.next <= now {
            self.poll(now, outbox);
            // Missed reads are skipped; later ones keep the beat.
            self.next = self.next.next_beat(self.interval, now);
        }
        self.task.fire(now, outbox);
    }

    fn lose(&mut self, error: Error, outbox: &mut Outbox) {
        self.task.lose(error, outbox);
    }

    fn next(&self) -> Next {
        match self.task.next() {
            Next::At(at) => Next::At(at.min(self.next)),
            Next::Idle => Next::At(self.next),
            Next::Done => Next::Done,
        }
    }
}
