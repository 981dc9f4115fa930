//! Lines that are driven.

use std::sync::Arc;

use pinzero_core::board::Board;
use pinzero_core::{Level, Line, OnClose, OutputConfig, OutputPin, Pin, Result};

use crate::client::{Client, Restorable};
use crate::connection::Connection;
use crate::desired::Desired;
use crate::pipeline::Frame;
use crate::protocol::Command;
use crate::restore::{SavedState, write};

/// An output; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioOutput {
    output: Arc<OutputLine>,
    ticket: u64,
}

#[derive(Debug)]
struct OutputLine {
    line: u32,
    saved: SavedState,
    on_close: OnClose,
    desired: Desired<Level>,
}

impl PigpioOutput {
    pub(crate) fn open(
        client: &Arc<Client>,
        board: &Board,
        line: Line,
        config: OutputConfig,
    ) -> Result<Self> {
        let connection = client.wait_for_connection()?;
        let saved = SavedState::ask(&connection, board, line)?;
        let level = config.initial.unwrap_or(saved.level);
        let desired = Desired::new(client.clone(), level);
        let output = Arc::new(OutputLine { line: line.0, saved, on_close: config.on_close, desired });
        let weak: std::sync::Weak<OutputLine> = Arc::downgrade(&output);
        let pin = PigpioOutput { ticket: client.register(weak), output };
        // If the daemon refuses or the connection is lost on the way, dropping this gives the line back.
        pin.output.restore(&connection, false)?;
        Ok(pin)
    }
}

/// Returns the requests that make a line an output, and mark it. The daemon sets the level first.
fn start(saved: &SavedState, line: u32, level: Level) -> Vec<Frame> {
    std::iter::once(write(line, level)).chain(saved.mark()).collect()
}

impl Pin for PigpioOutput {
    fn level(&self) -> Result<Level> {
        let OutputLine { desired, line, .. } = &*self.output;
        desired.check_open()?;
        let level = Level::from(desired.client().value(Command::Read, *line, 0)? != 0);
        desired.complaint()?;
        Ok(level)
    }

    fn close(&self) -> Result<()> {
        self.output.desired.client().unregister(self.ticket);
        self.output.close()
    }
}

impl OutputPin for PigpioOutput {
    fn set(&self, level: Level) -> Result<()> {
        let OutputLine { desired, line, .. } = &*self.output;
        desired.set(|_| Ok(level), |_, level| [write(*line, level)])
    }

    fn confirm(&self) -> Result<()> {
        self.output.desired.confirm(|connection| self.output.catch_up(connection))
    }
}

impl Restorable for OutputLine {
    fn marked(&self) -> Option<(u32, u32)> {
        self.saved.marked()
    }

    fn restore(&self, connection: &Arc<Connection>, _: bool) -> Result<()> {
        self.desired.restore(connection, |level| start(&self.saved, self.line, level))
    }

    fn catch_up(&self, connection: &Arc<Connection>) {
        self.desired.catch_up(connection, |level| vec![write(self.line, level)]);
    }

    fn close(&self) -> Result<()> {
        match self.desired.close() {
            Some(last) => {
                let frames = self.saved.give_back(self.on_close, Some(last));
                self.desired.client().give_back(frames).and(self.desired.complaint())
            }
            None => Ok(()),
        }
    }
}

impl Drop for PigpioOutput {
    fn drop(&mut self) {
        if let Err(error) = Pin::close(self) {
            pinzero_core::warn_user(&format!("a line was not given back as it should be: {error}"));
        }
    }
}
