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
    queue: Mutex<Queue>,
    waker: Waker,
    /// The GPIO that some client wants to hear of.
    watched: AtomicU32,
}

#[derive(Debug, Default)]
struct Queue {
    messages: Vec<Message>,
    has_lost: bool,
}

/// How many messages wait at most. Only lines that change faster than the loop can follow get here.
const MOST: usize = 1 << 16;

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
            let is_news = matches!(message, Message::Edge { .. } | Message::Written { .. });
            if is_news && queue.messages.len() >= MOST {
                queue.has_lost = true;
                return;
            }
            queue.messages.push(message);
            queue.messages.len() == 1
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

    /// Swaps what has come for the empty `spare`; tells whether news of lines has been lost.
    pub(crate) fn take(&self, spare: &mut Vec<Message>) -> bool {
        let mut queue = self.queue.lock();
        std::mem::swap(&mut queue.messages, spare);
        std::mem::take(&mut queue.has_lost)
    }
}

#[cfg(test)]
mod tests {
    use mio::Poll;

    use super::*;

    #[test]
    fn a_storm_of_edges_is_bounded_and_told() {
        let poll = Poll::new().unwrap();
        let inbox = Inbox::new(poll.registry(), Token(0)).unwrap();
        let edge = || Message::Edge { gpio: 4, epoch: 1, level: Level::High, at: Instant::ZERO };
        (0..MOST).for_each(|_| inbox.push(edge()));
        let mut messages = Vec::new();
        assert!(!inbox.take(&mut messages));
        assert_eq!(messages.len(), MOST);

        messages.clear();
        (0..=MOST).for_each(|_| inbox.push(edge()));
        inbox.push(Message::Stop);
        assert!(inbox.take(&mut messages));
        assert_eq!(messages.len(), MOST + 1, "what is no edge still gets in");
        assert!(!inbox.take(&mut Vec::new()));
    }
}
