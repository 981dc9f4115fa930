//! A line that is read, and its edges.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::{Bias, EdgeSink, Error, InputConfig, Level, Line, Pin, Result};

use crate::client::{Client, Restorable};
use crate::connection::Connection;
use crate::edges::LINES;
use crate::initial_levels::{LevelSnapshot, watch_frames};
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;
use crate::restore::{INPUT, SavedState, pull};

/// The longest time that the daemon's glitch filter takes.
pub(crate) const LONGEST_SETTLE: Duration = Duration::from_millis(300);

/// An input; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioInput {
    input: Arc<InputLine>,
    ticket: u64,
}

#[derive(Debug)]
struct InputLine {
    client: Arc<Client>,
    line: u32,
    saved: SavedState,
    bias: Bias,
    settle: Option<Duration>,
    is_watched: bool,
    is_closed: AtomicBool,
}

impl PigpioInput {
    pub(crate) fn open(client: &Arc<Client>, board: &Board, line: Line, config: InputConfig) -> Result<Self> {
        if config.settle.is_some_and(|time| time > LONGEST_SETTLE) {
            return Err(Error::unsupported(format!("a settle time of more than {LONGEST_SETTLE:?}")));
        }
        if config.edges.is_some() && line.0 >= LINES {
            return Err(Error::unsupported("watching a line above GPIO31"));
        }
        let connection = client.wait_for_connection()?;
        let saved =
            SavedState::new(line.0, &connection.pipeline.ask_all(&SavedState::questions(line.0))?, board)?;
        let InputConfig { bias, settle, edges } = config;
        let input = Arc::new(InputLine {
            client: client.clone(),
            line: line.0,
            saved,
            bias,
            settle,
            is_watched: edges.is_some(),
            is_closed: AtomicBool::new(false),
        });
        let weak: std::sync::Weak<InputLine> = Arc::downgrade(&input);
        let pin = PigpioInput { ticket: client.register(weak), input };
        // If one of these fails, dropping this gives the line back.
        all_done(&connection.pipeline.ask_all(&pin.input.start())?)?;
        if let Some(sink) = edges {
            pin.input.watch(&connection, sink)?;
        }
        Ok(pin)
    }
}

impl InputLine {
    /// What makes the line this input.
    fn start(&self) -> Vec<Frame> {
        let mut frames = vec![Frame::new(Command::Modes, self.line, INPUT)];
        frames.extend(pull(self.line, self.bias));
        frames.extend(self.settle.map(|time| Frame::new(Command::Fg, self.line, time.as_micros() as u32)));
        frames.extend(self.saved.mark());
        frames
    }

    fn watch(&self, connection: &Connection, sink: EdgeSink) -> Result<()> {
        #[cfg(target_os = "linux")]
        self.client.report_reader.go_to(&sink);
        let places = {
            let mut edges = self.client.edges.lock();
            edges.add(self.line, sink);
            // The place is given with the lock held, so that of two threads' masks the later one counts.
            connection.pipeline.enqueue(&watch_frames(connection, edges.mask()))?
        };
        connection.pipeline.flush();
        let snapshot = LevelSnapshot::new(&connection.pipeline.wait(&places)?)?;
        let mut edges = self.client.edges.lock();
        edges.settle(self.line, &snapshot, &mut self.client.clock_sync.lock(), self.client.now());
        Ok(())
    }

    /// Ends the reports. What the daemon says to that is of no interest: no edge is told any more either way.
    fn unwatch(&self) {
        let connection = self.client.connection();
        let places = {
            let mut edges = self.client.edges.lock();
            edges.remove(self.line);
            let mask = edges.mask();
            connection.and_then(|connection| {
                let frame = Frame::new(Command::Nb, connection.handle, mask);
                let places = connection.pipeline.enqueue([&frame])?;
                Ok((connection, places))
            })
        };
        if let Ok((connection, places)) = places {
            connection.pipeline.flush();
            let _ = connection.pipeline.wait(&places);
        }
    }
}

fn all_done(answers: &[Answer]) -> Result<()> {
    answers.iter().try_for_each(|answer| answer.value().map(drop))
}

impl Pin for PigpioInput {
    fn level(&self) -> Result<Level> {
        if self.input.is_closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        Ok(Level::from(self.input.client.value(Command::Read, self.input.line, 0)? != 0))
    }

    fn close(&self) -> Result<()> {
        self.input.client.unregister(self.ticket);
        self.input.close()
    }
}

impl Restorable for InputLine {
    fn marked(&self) -> Option<(u32, u32)> {
        self.saved.marked()
    }

    fn restore(&self, connection: &Arc<Connection>, _: bool) -> Result<()> {
        if self.is_closed.load(Ordering::Acquire) {
            return Ok(());
        }
        all_done(&connection.pipeline.ask_all(&self.start())?)
    }

    fn catch_up(&self, _: &Arc<Connection>) {}

    fn close(&self) -> Result<()> {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        if self.is_watched {
            self.unwatch();
        }
        self.client.give_back(self.saved.leave_input(self.bias, self.settle.is_some()))
    }
}

impl Drop for PigpioInput {
    fn drop(&mut self) {
        if let Err(error) = Pin::close(self) {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}
