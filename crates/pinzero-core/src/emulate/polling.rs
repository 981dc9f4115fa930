//! Edges for a backend that reports none: the levels are read at set times.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ErrorKind;
use crate::factory::Pin;
use crate::runtime::{LineEdge, Next, Outbox, Task};
use crate::time::{Instant, us};
use crate::types::{Edge, Level};

/// The least time between two reads.
const SHORTEST: Duration = us(100);

/// A task whose lines are read again and again, and that is told of changes as if the backend had reported them.
#[derive(Debug)]
pub(crate) struct Polled<T> {
    task: T,
    pins: Vec<Arc<dyn Pin>>,
    levels: u64,
    next: Instant,
    interval: Duration,
}

impl<T: Task> Polled<T> {
    /// Reads `pins`, which are at `levels` `now`, every `interval` from then on.
    pub(crate) fn new(
        task: T,
        pins: Vec<Arc<dyn Pin>>,
        levels: u64,
        now: Instant,
        interval: Duration,
    ) -> Self {
        let interval = interval.max(SHORTEST);
        Polled { task, pins, levels, next: now + interval, interval }
    }

    fn poll(&mut self, now: Instant, outbox: &mut Outbox) {
        for (index, pin) in self.pins.iter().enumerate() {
            match pin.level() {
                Ok(level) if level != Level::of_bit(self.levels, index) => {
                    self.levels ^= 1 << index;
                    let edge = Edge { at: now, level, missed: 0 };
                    self.task.edges(&[LineEdge { index: index as u8, edge }], outbox);
                }
                Err(error) if error.kind() != ErrorKind::Closed => {
                    outbox.complain(format!("a line cannot be read: {error}"));
                }
                _ => {}
            }
        }
    }
}

impl<T: Task> Task for Polled<T> {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        if self.next <= now {
            self.poll(now, outbox);
            // Reads that were slept through are left out; those to come stay on their beat.
            let behind = now.since(self.next).as_nanos() / self.interval.as_nanos();
            self.next += self.interval.saturating_mul(u32::try_from(behind + 1).unwrap_or(u32::MAX));
        }
        self.task.fire(now, outbox);
    }

    fn next(&self) -> Next {
        match self.task.next() {
            Next::At(at) => Next::At(at.min(self.next)),
            Next::Idle => Next::At(self.next),
            Next::Done => Next::Done,
        }
    }
}
