//! Edges for a backend that reports none: the level is read at set times.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ErrorKind;
use crate::factory::Pin;
use crate::runtime::{Effects, Next, Task};
use crate::time::{Instant, us};
use crate::types::{Edge, Level};

/// The least time between two looks.
const SHORTEST: Duration = us(100);

/// A task whose line is read again and again, and that is told of changes as if the backend had reported them.
#[derive(Debug)]
pub(crate) struct Polled<T> {
    task: T,
    pin: Arc<dyn Pin>,
    level: Level,
    /// The last look has found another level than the one before.
    has_changed: bool,
    next: Instant,
    interval: Duration,
}

impl<T: Task> Polled<T> {
    /// Reads `pin`, which is at `level` `now`, every `interval` from then on.
    pub(crate) fn new(task: T, pin: Arc<dyn Pin>, level: Level, now: Instant, interval: Duration) -> Self {
        let interval = interval.max(SHORTEST);
        Polled { task, pin, level, has_changed: false, next: now + interval, interval }
    }

    fn poll(&mut self, now: Instant, effects: &mut Effects) {
        self.has_changed = false;
        match self.pin.level() {
            Ok(level) if level != self.level => {
                self.level = level;
                self.has_changed = true;
                self.task.edges(&[Edge { at: now, level, missed: 0 }], effects);
            }
            Err(error) if error.kind() != ErrorKind::Closed => {
                effects.complain(format!("a line cannot be read: {error}"));
            }
            _ => {}
        }
    }
}

impl<T: Task> Task for Polled<T> {
    fn edges(&mut self, edges: &[Edge], effects: &mut Effects) {
        self.task.edges(edges, effects);
    }

    fn resync(&mut self, now: Instant, effects: &mut Effects) {
        self.task.resync(now, effects);
    }

    fn fire(&mut self, now: Instant, effects: &mut Effects) {
        if self.next <= now {
            self.poll(now, effects);
            // Looks that were slept through are left out; those to come stay on their beat.
            let behind = now.since(self.next).as_nanos() / self.interval.as_nanos();
            self.next += self.interval.saturating_mul(u32::try_from(behind + 1).unwrap_or(u32::MAX));
        }
        self.task.fire(now, effects);
    }

    fn next(&self) -> Next {
        match self.task.next() {
            Next::At(at) => Next::At(at.min(self.next)),
            // What has happened may have set off more.
            Next::Idle | Next::Look(_) if self.has_changed => Next::At(self.next),
            Next::Idle | Next::Look(_) => Next::Look(self.next),
            Next::Done => Next::Done,
        }
    }
}
