//! Messages from other threads to the loop: edges, waves, completed transfers.

use std::collections::VecDeque;
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use mio::{Registry, Token, Waker};
use parking_lot::Mutex;
use pinzero_core::Edge;
use pinzero_core::time::Instant;
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
use crate::answer::Answer;
use crate::bus::BusId;

/// A queue into the loop. A new message wakes the loop. The queue's lock is a leaf.
#[derive(Debug)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    waker: Waker,
    /// The GPIOs that some client watches.
    watched: AtomicU32,
    /// The number of programs that are connected.
    programs: AtomicUsize,
    /// When a client last sent a request, in nanoseconds.
    last_request: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    has_lost: bool,
}

/// What is left after messages were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    /// More messages.
    More,
    /// Changes were lost after these messages.
    Lost,
}

/// The most waiting messages. Only lines that change faster than the loop can follow reach this limit.
const MOST: usize = 1 << 16;

/// The least and the most messages taken at a time, before clients have their turn.
const SHARE: RangeInclusive<usize> = 16..=1000;

#[derive(Debug)]
pub(crate) enum Message {
    /// A line has changed while it was an input.
    Edge { gpio: u32, edge: Edge },
    /// A wave has driven these lines high and low.
    Written { high: u32, low: u32, at: Instant },
    /// A client's request is done, or has failed.
    Done { client: ClientId, answer: Result<Answer, Code> },
    /// A bus has been closed by its thread.
    BusClosed { bus: BusId },
    /// The daemon must end.
    Stop,
}

impl Inbox {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Inbox {
            queue: Mutex::default(),
            waker: Waker::new(registry, token)?,
            watched: AtomicU32::new(0),
            programs: AtomicUsize::new(0),
            last_request: AtomicU64::new(0),
        }))
    }

    pub(crate) fn push(&self, message: Message) {
        let was_empty = {
            let mut queue = self.queue.lock();
            let is_news = matches!(message, Message::Edge { .. } | Message::Written { .. });
            // After a loss, later changes are dropped too, until the loop has read all lines.
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
        // The first message has woken the loop already.
        if was_empty {
            if let Err(error) = self.waker.wake() {
                log::error!("cannot wake the daemon's loop: {error}");
            }
        }
    }

    /// The GPIOs that some client watches.
    pub(crate) fn watched(&self) -> u32 {
        self.watched.load(Ordering::Relaxed)
    }

    pub(crate) fn set_watched(&self, mask: u32) {
        self.watched.store(mask, Ordering::Relaxed);
    }

    pub(crate) fn programs(&self) -> usize {
        self.programs.load(Ordering::Relaxed)
    }

    pub(crate) fn set_programs(&self, count: usize) {
        self.programs.store(count, Ordering::Relaxed);
    }

    /// When a client last sent a request; zero before the first.
    pub(crate) fn last_request(&self) -> Instant {
        Instant::from_nanos(self.last_request.load(Ordering::Relaxed))
    }

    pub(crate) fn set_last_request(&self, at: Instant) {
        self.last_request.store(at.as_nanos(), Ordering::Relaxed);
    }

    /// Takes the first messages, about as many as wanted. If some are left, the loop must come back without a wake-up.
    pub(crate) fn take(&self, wanted: usize, into: &mut Vec<Message>) -> Rest {
        let mut queue = self.queue.lock();
        let count = queue.messages.len().min(wanted.clamp(*SHARE.start(), *SHARE.end()));
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
    use pinzero_core::Level;

    use super::*;

    #[test]
    fn a_storm_of_edges_is_bounded_and_told() {
        let poll = Poll::new().unwrap();
        let inbox = Inbox::new(poll.registry(), Token(0)).unwrap();
        let edge =
            || Message::Edge { gpio: 4, edge: Edge { at: Instant::ZERO, level: Level::High, missed: 0 } };
        let take_all = || {
            let mut messages = Vec::new();
            loop {
                let before = messages.len();
                let rest = inbox.take(usize::MAX, &mut messages);
                assert!(messages.len() - before <= *SHARE.end());
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
        assert_eq!(inbox.take(usize::MAX, &mut first), Rest::More);
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
