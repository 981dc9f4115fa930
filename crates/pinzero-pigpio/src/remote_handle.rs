//! Buses and serial ports, which the daemon opens by number. A number is valid for one life of the daemon.

use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::{Error, Result};

use crate::client::{Client, Restorable};
use crate::connection::Connection;
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;
use crate::restore::{mark, range_before};

/// Requests that set pulls: before an object is opened, and after it is closed.
#[derive(Debug, Default)]
pub(crate) struct Pulls {
    pub(crate) before: Vec<Frame>,
    pub(crate) after: Vec<Frame>,
}

impl Pulls {
    fn set(&self, connection: &Connection) -> Result<()> {
        let answers = connection.pipeline.ask_all(&self.before)?;
        answers.iter().try_for_each(|answer| answer.value().map(drop))
    }
}

/// An object that is open at the daemon, and reopened with each new connection.
#[derive(Debug)]
pub(crate) struct RemoteObject {
    client: Arc<Client>,
    open: Frame,
    close: Command,
    /// The pulls of its lines: while the object is open, and then.
    pulls: Pulls,
    /// Its number, if the daemon does not choose one.
    own: Option<u32>,
    /// The line with our mark, and the PWM range that it had before.
    mark: Option<(u32, u32)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    number: u32,
    /// The connection over which the number was assigned.
    connection: u64,
    is_closed: bool,
    /// It is being reopened; the thread that reopens it must close it.
    is_moving: bool,
}

impl RemoteObject {
    /// Makes a request on the open object, by its number. The request keeps the daemon busy for up to `time`.
    pub(crate) fn ask(&self, time: Duration, frame: impl FnOnce(u32) -> Frame) -> Result<Answer> {
        let answer = self.ask_raw(time, frame)?;
        answer.value()?;
        Ok(answer)
    }

    /// Does the same, and leaves it to the caller to look at the result.
    pub(crate) fn ask_raw(&self, time: Duration, frame: impl FnOnce(u32) -> Frame) -> Result<Answer> {
        let connection = self.client.wait_for_connection()?;
        let frame = frame(self.number()?);
        connection.pipeline.ask_slowly(&frame, time)
    }

    /// Checks that the object is open.
    pub(crate) fn check(&self) -> Result<()> {
        self.number().map(drop)
    }

    fn number(&self) -> Result<u32> {
        let state = self.state.lock();
        if state.is_closed { Err(Error::closed()) } else { Ok(state.number) }
    }

    /// Opens it on another connection, where it may still be open as `old`, unless the daemon is new.
    fn open_again(&self, connection: &Connection, old: u32, is_new: bool) -> Result<u32> {
        if self.own.is_some() && !is_new {
            // If it is not open there, this does no harm.
            let _ = connection.pipeline.ask(&Frame::new(self.close, old, 0))?;
        }
        self.pulls.set(connection)?;
        let answer = connection.pipeline.ask(&self.open)?.value()?;
        let number = self.own.unwrap_or(answer);
        if self.own.is_none() && !is_new && number != old {
            // The old number is still taken, so the old object is open, and would stay so for ever.
            let _ = connection.pipeline.ask(&Frame::new(self.close, old, 0))?;
        }
        if let Some((line, _)) = self.mark {
            let _ = connection.pipeline.ask(&Frame::new(Command::Prs, line, mark()))?;
        }
        Ok(number)
    }

    /// Closes the object with this number of this connection at the daemon.
    fn give_back(&self, number: u32, connection: u64) -> Result<()> {
        let closed = self.client.give_back_number(Frame::new(self.close, number, 0), connection);
        let unmark = self.mark.map(|(line, range)| Frame::new(Command::Prs, line, range));
        let after = self.pulls.after.iter().cloned().chain(unmark);
        closed.and(self.client.give_back(after.collect()))
    }
}

/// Marks a line as ours, if the daemon permits it and no other object of ours has done so. Returns the line and its old
/// range.
fn put_mark(connection: &Connection, line: u32) -> Option<(u32, u32)> {
    let ask = |command, p2| {
        connection.pipeline.ask(&Frame::new(command, line, p2)).and_then(|answer| answer.value()).ok()
    };
    let range = ask(Command::Prg, 0).filter(|range| *range != mark())?;
    ask(Command::Prs, mark())?;
    Some((line, range_before(range)))
}

/// Keeps a remote object open; closed when dropped.
#[derive(Debug)]
pub(crate) struct RemoteHandle {
    object: Arc<RemoteObject>,
    ticket: u64,
}

impl RemoteHandle {
    /// Opens the object with `open`, whose reply is its number unless that is `own`; `close` closes the object with
    /// that number. The mark goes on `line`, one of the object's lines.
    pub(crate) fn open(
        client: &Arc<Client>,
        open: Frame,
        close: Command,
        own: Option<u32>,
        line: Option<u32>,
    ) -> Result<Self> {
        RemoteHandle::open_pulled(client, open, close, own, line, Pulls::default())
    }

    /// Does the same for an object whose lines need pulls.
    pub(crate) fn open_pulled(
        client: &Arc<Client>,
        open: Frame,
        close: Command,
        own: Option<u32>,
        line: Option<u32>,
        pulls: Pulls,
    ) -> Result<Self> {
        let connection = client.wait_for_connection()?;
        let opened = pulls.set(&connection).and_then(|()| {
            let answer = connection.pipeline.ask(&open).inspect_err(|_| {
                // It may be open nevertheless.
                own.map(|number| client.give_back_number(Frame::new(close, number, 0), connection.number));
            })?;
            answer.value()
        });
        let answer = opened.inspect_err(|_| {
            if !pulls.after.is_empty() {
                // The error that counts is the first one.
                let _ = client.give_back(pulls.after.clone());
            }
        })?;
        let state = State {
            number: own.unwrap_or(answer),
            connection: connection.number,
            is_closed: false,
            is_moving: false,
        };
        let mark = line.and_then(|line| put_mark(&connection, line));
        let object = Arc::new(RemoteObject {
            client: client.clone(),
            open,
            close,
            pulls,
            own,
            mark,
            state: Mutex::new(state),
        });
        let weak: Weak<RemoteObject> = Arc::downgrade(&object);
        Ok(RemoteHandle { ticket: client.register(weak), object })
    }

    /// Closes the object at the daemon. Does nothing in a forked child.
    pub(crate) fn close(&self) -> Result<()> {
        if self.object.client.is_elsewhere() {
            return Ok(());
        }
        self.object.client.unregister(self.ticket);
        Restorable::close(&*self.object)
    }
}

impl Deref for RemoteHandle {
    type Target = RemoteObject;

    fn deref(&self) -> &RemoteObject {
        &self.object
    }
}

impl Drop for RemoteHandle {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            pinzero_core::warn_user(&format!("something stays open at the daemon: {error}"));
        }
    }
}

impl Restorable for RemoteObject {
    fn marked(&self) -> Option<(u32, u32)> {
        self.mark.map(|(line, _)| (line, mark()))
    }

    fn restore(&self, connection: &Arc<Connection>, is_new: bool) -> Result<()> {
        let old = {
            let mut state = self.state.lock();
            if state.is_closed {
                return Ok(());
            }
            state.is_moving = true;
            state.number
        };
        let moved = self.open_again(connection, old, is_new);
        let mut state = self.state.lock();
        state.is_moving = false;
        if let Ok(number) = &moved {
            (state.number, state.connection) = (*number, connection.number);
        }
        if state.is_closed {
            let (number, connection) = (state.number, state.connection);
            drop(state);
            // Until this connection is in use, the close is a pending request, which is sent first.
            let _ = self.give_back(number, connection);
        }
        moved.map(drop)
    }

    fn catch_up(&self, _: &Arc<Connection>) {}

    fn close(&self) -> Result<()> {
        let (number, connection) = {
            let mut state = self.state.lock();
            if std::mem::replace(&mut state.is_closed, true) || state.is_moving {
                return Ok(());
            }
            (state.number, state.connection)
        };
        self.give_back(number, connection)
    }
}
