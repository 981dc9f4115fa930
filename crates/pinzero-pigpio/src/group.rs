//! Outputs that change together.

use std::sync::Arc;

use pinzero_core::board::Board;
use pinzero_core::{GroupConfig, Level, Line, OnClose, OutputGroupPins, Result};

use crate::client::{Client, Restorable};
use crate::connection::Connection;
use crate::desired::Desired;
use crate::pipeline::Frame;
use crate::protocol::Command;
use crate::restore::{SavedState, write};

/// Outputs that change together; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioGroup {
    group: Arc<OutputLines>,
    ticket: u64,
}

#[derive(Debug)]
struct OutputLines {
    lines: Vec<u32>,
    saved: Vec<SavedState>,
    on_close: OnClose,
    desired: Desired<u64>,
}

impl PigpioGroup {
    pub(crate) fn open(
        client: &Arc<Client>,
        board: &Board,
        lines: &[Line],
        config: GroupConfig,
    ) -> Result<Self> {
        let connection = client.wait_for_connection()?;
        let saved = SavedState::ask_all(&connection, board, lines)?;
        let lines = lines.iter().map(|line| line.0).collect();
        let desired = Desired::new(client.clone(), config.initial);
        let group = Arc::new(OutputLines { lines, saved, on_close: config.on_close, desired });
        let weak: std::sync::Weak<OutputLines> = Arc::downgrade(&group);
        let pins = PigpioGroup { ticket: client.register(weak), group };
        // If the daemon refuses one, dropping this gives the others back.
        pins.group.restore(&connection, false)?;
        Ok(pins)
    }
}

impl OutputLines {
    /// Returns the requests that make the lines outputs at these levels, and mark them.
    fn start(&self, levels: u64) -> Vec<Frame> {
        let writes =
            self.lines.iter().enumerate().map(|(index, line)| write(*line, Level::of_bit(levels, index)));
        writes.chain(self.saved.iter().filter_map(SavedState::mark)).collect()
    }

    /// Returns the requests that drive the lines in `mask` to their bits in `levels`: first those that go low, then
    /// those that go high.
    fn change(&self, mask: u64, levels: u64) -> Vec<Frame> {
        let gpios = |wanted: u64| -> u64 {
            let lines =
                self.lines.iter().enumerate().filter(|(index, _)| Level::of_bit(wanted, *index).is_high());
            lines.fold(0, |gpios, (_, line)| gpios | 1 << line)
        };
        let (low, high) = (gpios(mask & !levels), gpios(mask & levels));
        let banks = [
            (Command::Bc1, low as u32),
            (Command::Bc2, (low >> 32) as u32),
            (Command::Bs1, high as u32),
            (Command::Bs2, (high >> 32) as u32),
        ];
        let used = banks.into_iter().filter(|(_, gpios)| *gpios != 0);
        used.map(|(command, gpios)| Frame::new(command, gpios, 0)).collect()
    }
}

/// Reads the levels of lines; bit 0 is the first of them.
pub(crate) fn levels(client: &Client, lines: impl Iterator<Item = u32>) -> Result<u64> {
    let banks = [Command::Br1, Command::Br2].map(|command| Frame::new(command, 0, 0));
    let answers = client.wait_for_connection()?.pipeline.ask_all(&banks)?;
    let [low, high] = &answers[..] else { unreachable!("each question has an answer") };
    let gpios = u64::from(low.value()?) | u64::from(high.value()?) << 32;
    Ok(lines.enumerate().fold(0, |levels, (index, line)| levels | (gpios >> line & 1) << index))
}

impl OutputGroupPins for PigpioGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        let change = |before: u64| Ok(before & !mask | levels & mask);
        self.group.desired.set(change, |_, levels| self.group.change(mask, levels))
    }

    fn confirm(&self) -> Result<()> {
        self.group.desired.confirm(|connection| self.group.catch_up(connection))
    }

    fn levels(&self) -> Result<u64> {
        self.group.desired.check_open()?;
        let levels = levels(self.group.desired.client(), self.group.lines.iter().copied())?;
        self.group.desired.complaint()?;
        Ok(levels)
    }

    fn close(&self) -> Result<()> {
        self.group.desired.client().unregister(self.ticket);
        self.group.close()
    }
}

impl Restorable for OutputLines {
    fn marked(&self) -> Option<(u32, u32)> {
        self.saved.iter().find_map(SavedState::marked)
    }

    fn restore(&self, connection: &Arc<Connection>, _: bool) -> Result<()> {
        self.desired.restore(connection, |levels| self.start(levels))
    }

    fn catch_up(&self, connection: &Arc<Connection>) {
        self.desired.catch_up(connection, |levels| self.change(u64::MAX, levels));
    }

    fn close(&self) -> Result<()> {
        let Some(last) = self.desired.close() else { return Ok(()) };
        let lines = self.saved.iter().enumerate().rev();
        let give_back = |(index, saved): (usize, &SavedState)| {
            saved.give_back(self.on_close, Some(Level::of_bit(last, index)))
        };
        self.desired.client().give_back(lines.flat_map(give_back).collect()).and(self.desired.complaint())
    }
}

impl Drop for PigpioGroup {
    fn drop(&mut self) {
        if let Err(error) = OutputGroupPins::close(self) {
            pinzero_core::warn_user(&format!("lines were not given back as they should be: {error}"));
        }
    }
}
