//! The thread of a bus: one transfer after another.

use std::sync::Arc;

use parking_lot::Mutex;
use pinzero_core::{Error, Gpio, Line, Result, Spi};
use pinzero_pigpio::protocol::Code;

use super::queue::{Job, Queue, Transfer};
use super::{Pins, ReplyWith, Talk};
use crate::answer::Answer;
use crate::inbox::{Inbox, Message};

/// The most bytes that are sent before the thread looks whether the client is still there.
const MOST: u32 = 64;

/// How many times a second the thread looks, at low clock rates.
const LOOKS: u32 = 100;

/// The pins of a bus while they are open. The lock is held only briefly.
#[derive(Debug)]
pub(super) struct Wires(Mutex<Slot>);

#[derive(Debug)]
enum Slot {
    /// Open with these settings.
    Open(Talk, Spi),
    /// Closed after a change of settings failed.
    Shut,
    /// Closed for good.
    Over,
}

impl Wires {
    pub(super) fn open(gpio: &Gpio, pins: Pins, talk: Talk) -> Result<Self> {
        Ok(Wires(Mutex::new(Slot::Open(talk, open(gpio, pins, talk)?))))
    }

    /// Closes the pins for good. A running transfer fails.
    pub(super) fn end(&self) {
        let before = std::mem::replace(&mut *self.0.lock(), Slot::Over);
        if let Slot::Open(_, spi) = before {
            if let Err(error) = spi.close() {
                log::warn!("a bus was not closed properly: {error}");
            }
        }
    }

    /// Returns the bus, opened with these settings.
    fn with(&self, gpio: &Gpio, pins: Pins, talk: Talk) -> Result<Spi> {
        let before = {
            let mut slot = self.0.lock();
            match &*slot {
                Slot::Open(current, spi) if *current == talk => return Ok(spi.clone()),
                Slot::Open(..) | Slot::Shut => std::mem::replace(&mut *slot, Slot::Shut),
                Slot::Over => return Err(Error::closed()),
            }
        };
        // No device is selected now, so all devices ignore the clock.
        drop(before);
        let spi = open(gpio, pins, talk)?;
        let mut slot = self.0.lock();
        if matches!(*slot, Slot::Over) {
            return Err(Error::closed());
        }
        *slot = Slot::Open(talk, spi.clone());
        Ok(spi)
    }
}

fn open(gpio: &Gpio, [clock, mosi, miso]: Pins, talk: Talk) -> Result<Spi> {
    gpio.spi(Line(clock))
        .mosi(Line(mosi))
        .miso(Line(miso))
        .mode(talk.mode)
        .lsb_first(talk.lsb_first)
        .max_rate(talk.hertz)
        .open()
}

/// Runs the thread of a bus.
pub(super) struct Worker {
    pub(super) gpio: Gpio,
    pub(super) pins: Pins,
    pub(super) wires: Arc<Wires>,
    pub(super) queue: Arc<Queue>,
    pub(super) inbox: Arc<Inbox>,
}

impl Worker {
    pub(super) fn run(self) {
        loop {
            match self.queue.next() {
                Job::Transfer(transfer) => self.serve(transfer),
                Job::Close(client) => {
                    self.wires.end();
                    self.inbox.push(Message::BusClosed { pins: self.pins });
                    return self.inbox.push(Message::Done { client, answer: Ok(Answer::Number(0)) });
                }
                Job::End => return,
            }
        }
    }

    /// Does a transfer, and answers unless the client has gone meanwhile.
    fn serve(&self, transfer: Transfer) {
        let (client, reply) = (transfer.client, transfer.reply);
        let result = self.transfer(transfer);
        if !self.queue.is_wanted() {
            return;
        }
        let answer = match (result, reply) {
            (Ok(bytes), ReplyWith::Bytes) => Ok(Answer::Bytes(bytes)),
            (Ok(bytes), ReplyWith::Count) => Ok(Answer::Number(bytes.len() as i32)),
            (Err(error), _) => {
                log::warn!("a transfer failed: {error}");
                Err(Code::SPI_XFER_FAILED)
            }
        };
        self.inbox.push(Message::Done { client, answer });
    }

    fn transfer(&self, Transfer { talk, select, data, .. }: Transfer) -> Result<Vec<u8>> {
        let spi = self.wires.with(&self.gpio, self.pins, talk)?;
        if let Some((pin, active)) = &select {
            pin.set(*active)?;
        }
        let mut data = data.into_bytes();
        // In pieces of about 10 ms, so that the bus is free soon after its client has gone.
        let piece = (talk.hertz / 8 / LOOKS).clamp(1, MOST);
        let mut pieces = data.chunks_mut(piece as usize).take_while(|_| self.queue.is_wanted());
        let result = pieces.try_for_each(|piece| spi.transfer(piece));
        // Even after an error, the device must not stay selected.
        let released = select.map_or(Ok(()), |(pin, active)| pin.set(!active));
        result.and(released).map(|()| data)
    }
}
