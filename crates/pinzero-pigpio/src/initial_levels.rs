//! The levels of lines when their reports begin.

use pinzero_core::{Level, Result};

use crate::connection::Connection;
use crate::error;
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;

/// Returns the requests that make the daemon report the lines of `mask`, and then read their levels twice.
pub(crate) fn watch_frames(connection: &Connection, mask: u32) -> [Frame; 5] {
    let [tick, levels] = [Command::Tick, Command::Br1].map(|command| Frame::new(command, 0, 0));
    [Frame::new(Command::Nb, connection.handle, mask), tick.clone(), levels.clone(), tick, levels]
}

/// The levels of lines, read twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LevelSnapshot {
    /// The ticks before both readings.
    ticks: [u32; 2],
    /// The levels of both readings.
    levels: [u32; 2],
}

impl LevelSnapshot {
    /// Builds the snapshot from the answers to [`watch_frames`].
    pub(crate) fn new(answers: &[Answer]) -> Result<Self> {
        let [begun, tick, levels, later, again] = answers else { return Err(error::closed()) };
        begun.value()?;
        Ok(LevelSnapshot {
            ticks: [tick.value()?, later.value()?],
            levels: [levels.value()?, again.value()?],
        })
    }

    /// Returns the tick before the first reading.
    pub(crate) fn since(&self) -> u32 {
        self.ticks[0]
    }

    /// Returns the level of the first reading.
    pub(crate) fn level(&self, line: u32) -> Level {
        Level::of_bit(self.levels[0].into(), line as usize)
    }

    /// Returns the tick before which that level includes all changes.
    ///
    /// The tick of a change between the two ticks does not show whether the level includes that change. If both
    /// readings agree, all such changes can be left out: the level includes them, or they have cancelled out. If the
    /// readings differ, there was a change between them and, except on lines that never rest, none between the first
    /// tick and the first reading.
    pub(crate) fn until(&self, line: u32) -> u32 {
        let is_at_rest = (self.levels[0] ^ self.levels[1]) >> line & 1 == 0;
        self.ticks[usize::from(is_at_rest)]
    }
}
