//! What the daemon opens by number: SPI, I2C. Such a number is good for one life of the daemon.

use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::{Error, Result};

use crate::link::{self, Link};
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
    /// Its number; `None` once it is closed.
    number: Mutex<Option<u32>>,
}

impl Handle {
    /// Opens it by `open`, which answers with its number unless that is `own`; `close` closes what has that.
    pub(crate) fn open(link: &Arc<Link>, open: Frame, close: Command, own: Option<u32>) -> Result<Held> {
        let number = own.unwrap_or(link.ask(&open)?.value()?);
        let handle =
            Arc::new(Handle { link: link.clone(), open, close, own, number: Mutex::new(Some(number)) });
        let weak: Weak<Handle> = Arc::downgrade(&handle);
        Ok(Held { ticket: link.hold(weak), handle })
    }

    /// Asks something of what is open, by its number; that keeps the daemon busy for up to `time`.
    pub(crate) fn ask(&self, time: Duration, frame: impl FnOnce(u32) -> Frame) -> Result<Answer> {
        let session = self.link.wait_for_session()?;
        let frame = frame(self.number.lock().ok_or_else(Error::closed)?);
        let answer =
            if time.is_zero() { session.wire.ask(&frame)? } else { session.wire.ask_slowly(&frame, time)? };
        answer.value()?;
        Ok(answer)
    }
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
        None
    }

    fn restore(&self, session: &Session, is_new: bool) -> Result<()> {
        let Some(old) = *self.number.lock() else { return Ok(()) };
        if !is_new {
            // It is still open there, and would be for ever. Should it not be, nothing is lost.
            let _ = session.wire.ask(&Frame::new(self.close, old, 0))?;
        }
        let number = self.own.unwrap_or(session.wire.ask(&self.open)?.value()?);
        let mut slot = self.number.lock();
        if slot.is_some() {
            *slot = Some(number);
            return Ok(());
        }
        drop(slot);
        session.wire.ask(&Frame::new(self.close, number, 0)).map(drop)
    }

    fn catch_up(&self, _: &Arc<Session>) {}

    fn close(&self) -> Result<()> {
        let Some(number) = self.number.lock().take() else { return Ok(()) };
        // Not by way of what is owed to a daemon that is away: by then the number may be somebody else's.
        let session = self.link.session()?;
        session.wire.ask(&Frame::new(self.close, number, 0))?.value().map(drop)
    }
}
