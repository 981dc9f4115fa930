//! Drives a line from outside at set times.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::MockGpio;
use super::circuit::Circuit;
use crate::error::Result;
use crate::runtime::{Next, Outbox, Task};
use crate::time::Instant;
use crate::types::{Level, Line};

#[derive(Debug)]
pub(super) struct Script {
    circuit: Arc<Circuit>,
    line: Line,
    steps: VecDeque<(Instant, Level)>,
}

impl Script {
    pub(super) fn start(
        mock: &MockGpio,
        line: Line,
        steps: impl IntoIterator<Item = (Duration, Level)>,
    ) -> Result<()> {
        let start = mock.now();
        let mut steps: Vec<_> = steps.into_iter().map(|(at, level)| (start + at, level)).collect();
        steps.sort_by_key(|(at, _)| *at);
        let script = Script { circuit: mock.circuit.clone(), line, steps: steps.into() };
        let runtime = mock.runtime();
        runtime.start()?;
        let id = runtime.reserve();
        runtime.enter(|state| state.insert(id, Box::new(script)));
        Ok(())
    }
}

impl Task for Script {
    fn fire(&mut self, now: Instant, _: &mut Outbox) {
        while let Some((at, level)) = self.steps.front().copied().filter(|(at, _)| *at <= now) {
            self.steps.pop_front();
            self.circuit.drive_at(at, self.line, Some(level));
        }
    }

    fn next(&self) -> Next {
        self.steps.front().map_or(Next::Done, |(at, _)| Next::At(*at))
    }
}
