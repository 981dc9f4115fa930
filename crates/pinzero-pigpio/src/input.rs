//! A line that is read, and its edges.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::{Bias, EdgeSink, Error, InputConfig, Level, Line, Pin, Result};

use crate::found::{Found, INPUT, pull};
use crate::link::{Held, Link};
use crate::look::{Look, watch_frames};
use crate::protocol::Command;
use crate::session::Session;
use crate::watch::LINES;
use crate::wire::{Answer, Frame};

/// The longest time that the daemon's glitch filter takes.
pub(crate) const LONGEST_SETTLE: Duration = Duration::from_millis(300);

/// An input; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioInput {
    input: Arc<Input>,
    ticket: u64,
}

#[derive(Debug)]
struct Input {
    link: Arc<Link>,
    line: u32,
    found: Found,
    bias: Bias,
    settle: Option<Duration>,
    is_watched: bool,
    is_closed: AtomicBool,
}

impl PigpioInput {
    pub(crate) fn open(link: &Arc<Link>, board: &Board, line: Line, config: InputConfig) -> Result<Self> {
        if config.settle.is_some_and(|time| time > LONGEST_SETTLE) {
            return Err(Error::unsupported(format!("a settle time of more than {LONGEST_SETTLE:?}")));
        }
        if config.edges.is_some() && line.0 >= LINES {
            return Err(Error::unsupported("watching a line above GPIO31"));
        }
        let session = link.wait_for_session()?;
        let found = Found::new(line.0, &session.wire.ask_all(&Found::questions(line.0))?, board)?;
        let InputConfig { bias, settle, edges } = config;
        let input = Arc::new(Input {
            link: link.clone(),
            line: line.0,
            found,
            bias,
            settle,
            is_watched: edges.is_some(),
            is_closed: AtomicBool::new(false),
        });
        let held: std::sync::Weak<Input> = Arc::downgrade(&input);
        let pin = PigpioInput { ticket: link.hold(held), input };
        // If one of these fails, dropping this gives the line back.
        all_done(&session.wire.ask_all(&pin.input.start())?)?;
        if let Some(sink) = edges {
            pin.input.watch(&session, sink)?;
        }
        Ok(pin)
    }
}

impl Input {
    /// What makes the line this input.
    fn start(&self) -> Vec<Frame> {
        let mut frames = vec![Frame::new(Command::Modes, self.line, INPUT)];
        frames.extend(pull(self.line, self.bias));
        frames.extend(self.settle.map(|time| Frame::new(Command::Fg, self.line, time.as_micros() as u32)));
        frames.extend(self.found.mark());
        frames
    }

    fn watch(&self, session: &Session, sink: EdgeSink) -> Result<()> {
        #[cfg(target_os = "linux")]
        self.link.inflow.go_to(&sink);
        let places = {
            let mut watch = self.link.watch.lock();
            watch.add(self.line, sink);
            // The place is given with the lock held, so that of two threads' masks the later one counts.
            session.wire.enqueue(&watch_frames(session, watch.mask()))?
        };
        session.wire.flush();
        let look = Look::new(&session.wire.wait(&places)?)?;
        let mut watch = self.link.watch.lock();
        watch.settle(self.line, &look, &mut self.link.ticks.lock(), self.link.now());
        Ok(())
    }

    /// Ends the reports. What the daemon says to that is of no interest: no edge is told any more either way.
    fn unwatch(&self) {
        let session = self.link.session();
        let places = {
            let mut watch = self.link.watch.lock();
            watch.remove(self.line);
            let mask = watch.mask();
            session.and_then(|session| {
                let frame = Frame::new(Command::Nb, session.handle, mask);
                let places = session.wire.enqueue([&frame])?;
                Ok((session, places))
            })
        };
        if let Ok((session, places)) = places {
            session.wire.flush();
            let _ = session.wire.wait(&places);
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
        Ok(Level::from(self.input.link.value(Command::Read, self.input.line, 0)? != 0))
    }

    fn close(&self) -> Result<()> {
        self.input.link.release(self.ticket);
        self.input.close()
    }
}

impl Held for Input {
    fn marked(&self) -> Option<(u32, u32)> {
        self.found.marked()
    }

    fn restore(&self, session: &Arc<Session>, _: bool) -> Result<()> {
        if self.is_closed.load(Ordering::Acquire) {
            return Ok(());
        }
        all_done(&session.wire.ask_all(&self.start())?)
    }

    fn catch_up(&self, _: &Arc<Session>) {}

    fn close(&self) -> Result<()> {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        if self.is_watched {
            self.unwatch();
        }
        self.link.give_back(self.found.leave_input(self.bias, self.settle.is_some()))
    }
}

impl Drop for PigpioInput {
    fn drop(&mut self) {
        if let Err(error) = Pin::close(self) {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}
