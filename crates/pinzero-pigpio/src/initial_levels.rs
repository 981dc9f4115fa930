//! Where lines are when their reports begin.

use pinzero_core::{Level, Result};

use crate::connection::Connection;
use crate::error;
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;

/// What has the daemon report the lines of `mask`, and then looks where they are, twice.
pub(crate) fn watch_frames(connection: &Connection, mask: u32) -> [Frame; 5] {
    let [tick, levels] = [Command::Tick, Command::Br1].map(|command| Frame::new(command, 0, 0));
    [Frame::new(Command::Nb, connection.handle, mask), tick.clone(), levels.clone(), tick, levels]
}

/// Where lines were when they were looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LevelSnapshot {
    /// The ticks before both looks.
    ticks: [u32; 2],
    /// What they found.
    levels: [u32; 2],
}

impl LevelSnapshot {
    /// Makes it out of the answers to [`watch_frames`].
    pub(crate) fn new(answers: &[Answer]) -> Result<Self> {
        let [begun, tick, levels, later, again] = answers else { return Err(error::closed()) };
        begun.value()?;
        Ok(LevelSnapshot {
            ticks: [tick.value()?, later.value()?],
            levels: [levels.value()?, again.value()?],
        })
    }

    /// The tick before the first look.
    pub(crate) fn since(&self) -> u32 {
        self.ticks[0]
    }

    /// The level that the first look found.
    pub(crate) fn level(&self, line: u32) -> Level {
        Level::of_bit(self.levels[0].into(), line as usize)
    }

    /// Before which tick changes are in that level.
    ///
    /// Whether one between the two ticks is in it nobody can tell by its own tick. But if the second look finds the same, all of them
    /// can be left out: either they are in the level, or they have gone back. If it finds another level, there was a change between
    /// the looks, and, but for lines that never rest, none between the first tick and the first look.
    pub(crate) fn until(&self, line: u32) -> u32 {
        let is_at_rest = (self.levels[0] ^ self.levels[1]) >> line & 1 == 0;
        self.ticks[usize::from(is_at_rest)]
    }
}
