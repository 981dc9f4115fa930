//! Lines that are read, and their edges: one line or several, all on the factory's one notification handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::{
    Bias, EdgeSink, Error, InputConfig, InputPins, InputsConfig, Level, Line, OnClose, Pin, Result,
};

use crate::client::{Client, Restorable};
use crate::connection::Connection;
use crate::edges::LINES;
use crate::group;
use crate::initial_levels::{LevelSnapshot, watch_frames};
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;
use crate::restore::{SavedState, listen};

/// The longest time that the daemon's glitch filter takes.
pub(crate) const LONGEST_SETTLE: Duration = Duration::from_millis(300);

/// Inputs; closed when dropped.
///
/// The daemon reports the lines of all inputs on one handle, in one order, however they were opened. Opening several
/// together only sends their requests at once.
#[derive(Debug)]
pub(crate) struct PigpioInputs {
    inputs: Arc<InputLines>,
    ticket: u64,
}

#[derive(Debug)]
struct InputLines {
    client: Arc<Client>,
    saved: Vec<SavedState>,
    bias: Bias,
    settle: Option<Duration>,
    is_watched: bool,
    is_closed: AtomicBool,
}

impl PigpioInputs {
    pub(crate) fn open(client: &Arc<Client>, board: &Board, line: Line, config: InputConfig) -> Result<Self> {
        if config.settle.is_some_and(|time| time > LONGEST_SETTLE) {
            return Err(Error::unsupported(format!("a settle time of more than {LONGEST_SETTLE:?}")));
        }
        let sinks = config.edges.into_iter().collect();
        PigpioInputs::open_as(client, board, &[line], config.bias, config.settle, sinks)
    }

    pub(crate) fn open_all(
        client: &Arc<Client>,
        board: &Board,
        lines: &[Line],
        config: InputsConfig,
    ) -> Result<Self> {
        PigpioInputs::open_as(client, board, lines, config.bias, None, config.edges)
    }

    fn open_as(
        client: &Arc<Client>,
        board: &Board,
        lines: &[Line],
        bias: Bias,
        settle: Option<Duration>,
        sinks: Vec<EdgeSink>,
    ) -> Result<Self> {
        if !sinks.is_empty() {
            lines.iter().try_for_each(|line| check_watchable(*line))?;
        }
        let connection = client.wait_for_connection()?;
        let inputs = Arc::new(InputLines {
            client: client.clone(),
            saved: SavedState::ask_all(&connection, board, lines)?,
            bias,
            settle,
            is_watched: !sinks.is_empty(),
            is_closed: AtomicBool::new(false),
        });
        let weak: std::sync::Weak<InputLines> = Arc::downgrade(&inputs);
        let pins = PigpioInputs { ticket: client.register(weak), inputs };
        // If one of these fails, dropping this gives the lines back.
        all_done(&connection.pipeline.ask_all(&pins.inputs.start())?)?;
        pins.inputs.watch(&connection, sinks)?;
        Ok(pins)
    }
}

/// Refuses a line that reports do not cover.
pub(crate) fn check_watchable(line: Line) -> Result<()> {
    if line.0 < LINES {
        Ok(())
    } else {
        Err(Error::unsupported("watching a line above GPIO31").with_pin(line))
    }
}

impl InputLines {
    fn lines(&self) -> impl Iterator<Item = u32> {
        self.saved.iter().map(SavedState::line)
    }

    /// Returns the requests that make the lines these inputs.
    fn start(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        for saved in &self.saved {
            let line = saved.line();
            frames.extend(listen(line, self.bias));
            frames.extend(self.settle.map(|time| Frame::new(Command::Fg, line, time.as_micros() as u32)));
            frames.extend(saved.mark());
        }
        frames
    }

    fn watch(&self, connection: &Connection, sinks: Vec<EdgeSink>) -> Result<()> {
        let Some(first) = sinks.first() else { return Ok(()) };
        self.client.go_to(first);
        let places = {
            let mut edges = self.client.edges.lock();
            self.lines().zip(sinks).for_each(|(line, sink)| edges.add(line, sink));
            // The requests are enqueued with the lock held, so that the later of two threads' masks wins.
            connection.pipeline.enqueue(&watch_frames(connection, edges.mask()))?
        };
        connection.pipeline.flush();
        let snapshot = LevelSnapshot::new(&connection.pipeline.wait(&places)?)?;
        self.client.settle(&self.lines().collect::<Vec<_>>(), &snapshot);
        Ok(())
    }

    /// Ends the reports. The daemon's answer does not matter: no edge is reported any more either way.
    fn unwatch(&self) {
        let connection = self.client.connection();
        let places = {
            let mut edges = self.client.edges.lock();
            self.lines().for_each(|line| edges.remove(line));
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

    fn check_open(&self) -> Result<()> {
        if self.is_closed.load(Ordering::Acquire) { Err(Error::closed()) } else { Ok(()) }
    }
}

fn all_done(answers: &[Answer]) -> Result<()> {
    answers.iter().try_for_each(|answer| answer.value().map(drop))
}

impl PigpioInputs {
    fn close(&self) -> Result<()> {
        self.inputs.client.unregister(self.ticket);
        self.inputs.close()
    }
}

impl Pin for PigpioInputs {
    fn level(&self) -> Result<Level> {
        self.inputs.check_open()?;
        // One line is opened as a `Pin`.
        let line = self.inputs.saved[0].line();
        Ok(Level::from(self.inputs.client.value(Command::Read, line, 0)? != 0))
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl InputPins for PigpioInputs {
    fn levels(&self) -> Result<u64> {
        self.inputs.check_open()?;
        group::levels(&self.inputs.client, self.inputs.lines())
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Restorable for InputLines {
    fn marked(&self) -> Option<(u32, u32)> {
        self.saved.iter().find_map(SavedState::marked)
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
        let mut frames = Vec::new();
        for saved in self.saved.iter().rev() {
            frames.extend(self.settle.map(|_| Frame::new(Command::Fg, saved.line(), 0)));
            frames.extend(saved.give_back_pull().filter(|_| self.bias != Bias::AsIs));
            frames.extend(saved.give_back(OnClose::Restore, None));
        }
        self.client.give_back(frames)
    }
}

impl Drop for PigpioInputs {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            pinzero_core::warn_user(&format!("a line was not given back as it should be: {error}"));
        }
    }
}
