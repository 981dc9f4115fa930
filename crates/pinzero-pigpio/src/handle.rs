//! What the daemon opens by number: SPI, I2C. Such a number is good for one life of the daemon.

use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::{Error, Result};

use crate::found::range_before;
use crate::link::{self, Link, mark};
use crate::protocol::Command;
use crate::session::Session;
use crate::wire::{Answer, Frame};

/// Something that is open at the daemon, and opened again when the connection is.
#[derive(Debug)]
pub(crate) struct Handle {
    link: Arc<Link>,
    open: Frame,
    close: Command,
    /// Its number where the daemon does not choose one.
    own: Option<u32>,
    /// The line that is marked as ours, and the PWM range that it had before.
    mark: Option<(u32, u32)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    number: u32,
    /// The session in which it was given that number.
    session: u64,
    is_closed: bool,
    /// It is being opened again, and closing it falls to who does that.
    is_moving: bool,
}

impl Handle {
    /// Opens it by `open`, which answers with its number unless that is `own`; `close` closes what has that. By `line`,
    /// one of those that it uses, the daemon is known.
    pub(crate) fn open(
        link: &Arc<Link>,
        open: Frame,
        close: Command,
        own: Option<u32>,
        line: Option<u32>,
    ) -> Result<Held> {
        let session = link.wait_for_session()?;
        let answer = session.wire.ask(&open).inspect_err(|_| {
            // It may be open all the same.
            own.map(|number| link.give_back_number(Frame::new(close, number, 0), session.number));
        })?;
        let answer = answer.value()?;
        let state = State {
            number: own.unwrap_or(answer),
            session: session.number,
            is_closed: false,
            is_moving: false,
        };
        let mark = line.and_then(|line| put_mark(&session, line));
        let handle =
            Arc::new(Handle { link: link.clone(), open, close, own, mark, state: Mutex::new(state) });
        let weak: Weak<Handle> = Arc::downgrade(&handle);
        Ok(Held { ticket: link.hold(weak), handle })
    }

    /// Asks something of what is open, by its number; that keeps the daemon busy for up to `time`.
    pub(crate) fn ask(&self, time: Duration, frame: impl FnOnce(u32) -> Frame) -> Result<Answer> {
        let session = self.link.wait_for_session()?;
        let frame = frame(self.number()?);
        let answer =
            if time.is_zero() { session.wire.ask(&frame)? } else { session.wire.ask_slowly(&frame, time)? };
        answer.value()?;
        Ok(answer)
    }

    fn number(&self) -> Result<u32> {
        let state = self.state.lock();
        if state.is_closed { Err(Error::closed()) } else { Ok(state.number) }
    }

    /// Opens it on another session, where it may be open as `old` unless the daemon is a new one.
    fn open_again(&self, session: &Session, old: u32, is_new: bool) -> Result<u32> {
        if self.own.is_some() && !is_new {
            // Should it not be open there, nothing is lost.
            let _ = session.wire.ask(&Frame::new(self.close, old, 0))?;
        }
        let answer = session.wire.ask(&self.open)?.value()?;
        let number = self.own.unwrap_or(answer);
        if self.own.is_none() && !is_new && number != old {
            // It is still open there, and would be for ever. That it is not shows in that we get the same number.
            let _ = session.wire.ask(&Frame::new(self.close, old, 0))?;
        }
        if let Some((line, _)) = self.mark {
            let _ = session.wire.ask(&Frame::new(Command::Prs, line, mark()))?;
        }
        Ok(number)
    }

    /// Closes at the daemon what was given this number in this session.
    fn give_back(&self, number: u32, session: u64) -> Result<()> {
        let closed = self.link.give_back_number(Frame::new(self.close, number, 0), session);
        let unmark = self.mark.map(|(line, range)| Frame::new(Command::Prs, line, range));
        closed.and(self.link.give_back(unmark.into_iter().collect()))
    }
}

/// Marks a line as ours if the daemon permits it and no other thing of ours has done so; tells which, and its range before.
fn put_mark(session: &Session, line: u32) -> Option<(u32, u32)> {
    let ask =
        |command, p2| session.wire.ask(&Frame::new(command, line, p2)).and_then(|answer| answer.value()).ok();
    let range = ask(Command::Prg, 0).filter(|range| *range != mark())?;
    ask(Command::Prs, mark())?;
    Some((line, range_before(range)))
}

/// What holds it open: closed when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    handle: Arc<Handle>,
    ticket: u64,
}

impl Held {
    pub(crate) fn close(&self) -> Result<()> {
        self.handle.link.release(self.ticket);
        link::Held::close(&*self.handle)
    }
}

impl Deref for Held {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::warn!("something stays open at the daemon: {error}");
        }
    }
}

impl link::Held for Handle {
    fn marked(&self) -> Option<(u32, u32)> {
        self.mark.map(|(line, _)| (line, mark()))
    }

    fn restore(&self, session: &Arc<Session>, is_new: bool) -> Result<()> {
        let old = {
            let mut state = self.state.lock();
            if state.is_closed {
                return Ok(());
            }
            state.is_moving = true;
            state.number
        };
        let moved = self.open_again(session, old, is_new);
        let mut state = self.state.lock();
        state.is_moving = false;
        if let Ok(number) = &moved {
            (state.number, state.session) = (*number, session.number);
        }
        if state.is_closed {
            let (number, session) = (state.number, state.session);
            drop(state);
            // Until this session is in use that is a debt, which is paid before.
            let _ = self.give_back(number, session);
        }
        moved.map(drop)
    }

    fn catch_up(&self, _: &Arc<Session>) {}

    fn close(&self) -> Result<()> {
        let (number, session) = {
            let mut state = self.state.lock();
            if std::mem::replace(&mut state.is_closed, true) || state.is_moving {
                return Ok(());
            }
            (state.number, state.session)
        };
        self.give_back(number, session)
    }
}
