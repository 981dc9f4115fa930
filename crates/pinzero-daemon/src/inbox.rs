//! What other threads tell the loop: edges, waves, transfers that have ended.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mio::{Registry, Token, Waker};
use parking_lot::Mutex;
use pinzero_core::Level;
use pinzero_core::time::Instant;
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
use crate::answer::Answer;

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
    messages: VecDeque<Message>,
    has_lost: bool,
}

/// What there is besides the messages that were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    /// More of them.
    More,
    /// News of lines that has been lost behind them.
    Lost,
}

/// How many messages wait at most. Only lines that change faster than the loop can follow get here.
const MOST: usize = 1 << 16;

/// How many are taken at a time, before clients have their turn.
const SHARE: usize = 1000;

#[derive(Debug)]
pub(crate) enum Message {
    /// A line has changed while it was an input.
    Edge { gpio: u32, level: Level, at: Instant },
    /// A wave has driven these lines high and low.
    Written { high: u32, low: u32, at: Instant },
    /// What a client asked for has been done, or has failed.
    Done { client: ClientId, answer: Result<Answer, Code> },
    /// The bus on these pins (clock, data out, data in) has been closed.
    BusClosed { pins: [u32; 3] },
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
            // Once some has been lost, so is what comes behind it, until all lines are looked at.
            if is_news && (queue.has_lost || queue.messages.len() >= MOST) {
                queue.has_lost = true;
                return;
            }
            match message {
                Message::Stop => queue.messages.push_front(message),
                _ => queue.messages.push_back(message),
            }
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

    /// Takes the first of what has come. Whoever leaves some there comes back without being woken.
    pub(crate) fn take(&self, into: &mut Vec<Message>) -> Rest {
        let mut queue = self.queue.lock();
        let count = queue.messages.len().min(SHARE);
        into.extend(queue.messages.drain(..count));
        match queue.messages.is_empty() {
            false => Rest::More,
            true if std::mem::take(&mut queue.has_lost) => Rest::Lost,
            true => Rest::Nothing,
        }
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
        let edge = || Message::Edge { gpio: 4, level: Level::High, at: Instant::ZERO };
        let take_all = || {
            let mut messages = Vec::new();
            loop {
                let before = messages.len();
                let rest = inbox.take(&mut messages);
                assert!(messages.len() - before <= SHARE);
                if rest != Rest::More {
                    return (messages, rest);
                }
            }
        };
        (0..MOST).for_each(|_| inbox.push(edge()));
        let (messages, rest) = take_all();
        assert_eq!((messages.len(), rest), (MOST, Rest::Nothing));

        (0..=MOST).for_each(|_| inbox.push(edge()));
        inbox.push(Message::Stop);
        let mut first = Vec::new();
        assert_eq!(inbox.take(&mut first), Rest::More);
        assert!(matches!(first[0], Message::Stop), "it comes before all others");
        inbox.push(edge());
        let (messages, rest) = take_all();
        assert_eq!(
            (first.len() + messages.len(), rest),
            (MOST + 1, Rest::Lost),
            "nothing comes behind a loss"
        );
        inbox.push(edge());
        let (messages, rest) = take_all();
        assert_eq!((messages.len(), rest), (1, Rest::Nothing));
    }
}
