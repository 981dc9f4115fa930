//! What other threads tell the loop: edges, waves, transfers that have ended.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mio::{Registry, Token, Waker};
use parking_lot::Mutex;
use pinzero_core::Level;
use pinzero_core::time::Instant;
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
use crate::bus::Pins;
use crate::host::Answer;

/// A queue into the loop; it wakes the loop when there is something new in it. Its lock is a leaf.
#[derive(Debug)]
pub(crate) struct Inbox {
    queue: Mutex<Vec<Message>>,
    waker: Waker,
    /// The GPIO that some client wants to hear of.
    watched: AtomicU32,
}

#[derive(Debug)]
pub(crate) enum Message {
    /// A line that was opened as an input for the `epoch`th time has changed.
    Edge { gpio: u32, epoch: u32, level: Level, at: Instant },
    /// A wave has driven these lines high and low.
    Written { high: u32, low: u32, at: Instant },
    /// What a client asked for has been done, or has failed.
    Done { client: ClientId, answer: Result<Answer, Code> },
    /// A bus has been closed.
    BusClosed { pins: Pins },
    /// The daemon is to end.
    Stop,
}

impl Inbox {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Inbox {
            queue: Mutex::default(),
            waker: Waker::new(registry, token)?,
            watched: AtomicU32::new(0),
        }))
    }

    pub(crate) fn push(&self, message: Message) {
        let was_empty = {
            let mut queue = self.queue.lock();
            queue.push(message);
            queue.len() == 1
        };
        // Whoever put the first one in has woken the loop already.
        if was_empty {
            if let Err(error) = self.waker.wake() {
                log::error!("the daemon's loop cannot be woken: {error}");
            }
        }
    }

    /// The GPIO that some client wants to hear of.
    pub(crate) fn watched(&self) -> u32 {
        self.watched.load(Ordering::Relaxed)
    }

    pub(crate) fn set_watched(&self, mask: u32) {
        self.watched.store(mask, Ordering::Relaxed);
    }

    /// Swaps what has come for the empty `spare`.
    pub(crate) fn take(&self, spare: &mut Vec<Message>) {
        std::mem::swap(&mut *self.queue.lock(), spare);
    }
}
