//! Drives lines from outside at set times.

use std::collections::VecDeque;
use std::sync::Arc;

use super::MockGpio;
use super::circuit::Circuit;
use crate::error::Result;
use crate::runtime::{Next, Outbox, Task};
use crate::time::Instant;
use crate::types::{Level, Line};

/// A line is driven, or released with `None`, at a time.
pub(super) type Step = (Instant, Line, Option<Level>);

#[derive(Debug)]
pub(super) struct Script {
    circuit: Arc<Circuit>,
    steps: VecDeque<Step>,
}

impl Script {
    /// Starts a script. Steps at the same time keep their order.
    pub(super) fn start(mock: &MockGpio, mut steps: Vec<Step>) -> Result<()> {
        steps.sort_by_key(|(at, ..)| *at);
        let script = Script { circuit: mock.circuit.clone(), steps: steps.into() };
        let runtime = mock.runtime();
        runtime.start()?;
        let id = runtime.reserve();
        runtime.enter(|state| state.insert(id, Box::new(script)));
        Ok(())
    }
}

impl Task for Script {
    fn fire(&mut self, now: Instant, _: &mut Outbox) {
        while let Some((at, line, level)) = self.steps.front().copied().filter(|(at, ..)| *at <= now) {
            self.steps.pop_front();
            self.circuit.drive_at(at, line, level);
        }
    }

    fn next(&self) -> Next {
        self.steps.front().map_or(Next::Done, |(at, ..)| Next::At(*at))
    }
}
