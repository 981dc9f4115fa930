//! [`Outbox`]: what the broker has yet to be told.

use std::collections::{BTreeMap, VecDeque};

use crate::link::Message;

/// The number of messages on their way at a time. The broker and the network are never given more.
const WINDOW: usize = 32;

/// The messages that the broker has yet to be told: the newest of each topic that is kept, and each event. Pure: no clock, no network.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// The messages that the broker keeps, by topic.
    kept: BTreeMap<String, Kept>,
    /// The topics whose message is to be sent, first come, first served.
    changed: VecDeque<String>,
    /// The events that have not been sent yet, in order.
    events: VecDeque<Message>,
    /// The messages on their way, by ticket.
    sent: BTreeMap<u64, Sent>,
    next_ticket: u64,
    is_connected: bool,
    /// The number of events to hold.
    limit: usize,
    counts: Counts,
}

/// The number of events since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) made: u64,
    pub(crate) told: u64,
    pub(crate) lost: u64,
}

#[derive(Debug)]
struct Kept {
    payload: Vec<u8>,
    /// Whether the topic waits in `changed`.
    is_waiting: bool,
}

#[derive(Debug)]
enum Sent {
    Kept { topic: String, payload: Vec<u8> },
    Event(Message),
}

impl Outbox {
    /// Returns an empty outbox that holds at most `limit` events.
    pub(crate) fn new(limit: usize) -> Self {
        Outbox {
            kept: BTreeMap::new(),
            changed: VecDeque::new(),
            events: VecDeque::new(),
            sent: BTreeMap::new(),
            next_ticket: 0,
            is_connected: false,
            limit,
            counts: Counts::default(),
        }
    }

    /// Sets the message of a topic that the broker keeps. An empty payload makes the broker forget the topic. A message that the broker
    /// has already is not sent again.
    pub(crate) fn keep(&mut self, topic: &str, payload: impl Into<Vec<u8>>) {
        let payload = payload.into();
        match self.kept.get_mut(topic) {
            Some(kept) if kept.payload == payload => {}
            Some(kept) => {
                kept.payload = payload;
                self.change(topic);
            }
            None => {
                self.kept.insert(topic.to_owned(), Kept { payload, is_waiting: false });
                self.change(topic);
            }
        }
    }

    /// Sends the message of a topic once more.
    pub(crate) fn repeat(&mut self, topic: &str) {
        if self.kept.contains_key(topic) {
            self.change(topic);
        }
    }

    /// Sends the messages of all topics once more, in the order of their names.
    pub(crate) fn repeat_all(&mut self) {
        let topics: Vec<String> = self.kept.keys().cloned().collect();
        for topic in topics {
            self.change(&topic);
        }
    }

    fn change(&mut self, topic: &str) {
        if let Some(kept) = self.kept.get_mut(topic) {
            if !kept.is_waiting {
                kept.is_waiting = true;
                self.changed.push_back(topic.to_owned());
            }
        }
    }

    /// Adds an event. If there are too many, the oldest that has not been sent is lost, and counted.
    pub(crate) fn event(&mut self, message: Message) {
        self.counts.made += 1;
        self.events.push_back(message);
        self.bound();
    }

    fn bound(&mut self) {
        while self.events.len() > self.limit {
            self.events.pop_front();
            self.counts.lost += 1;
        }
    }

    /// Takes the next message to send, with its ticket; `None` while there is no connection, nothing to send, or too much on the way.
    /// Give the message back by [`Outbox::refused`], if the connection does not take it.
    pub(crate) fn next(&mut self) -> Option<(u64, Message)> {
        if !self.is_connected || self.sent.len() >= WINDOW {
            return None;
        }
        let (message, sent) = if let Some(topic) = self.changed.pop_front() {
            // Each topic in `changed` is in `kept`: topics leave `kept` only when they are told and not waiting.
            let kept = self.kept.get_mut(&topic)?;
            kept.is_waiting = false;
            let payload = kept.payload.clone();
            (Message::new(topic.clone(), payload.clone()).retained(), Sent::Kept { topic, payload })
        } else {
            let event = self.events.pop_front()?;
            (event.clone(), Sent::Event(event))
        };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.sent.insert(ticket, sent);
        Some((ticket, message))
    }

    /// Takes back a message that the connection did not take. It is the next again.
    pub(crate) fn refused(&mut self, ticket: u64) {
        match self.sent.remove(&ticket) {
            Some(Sent::Kept { topic, .. }) => {
                if let Some(kept) = self.kept.get_mut(&topic) {
                    if !kept.is_waiting {
                        kept.is_waiting = true;
                        self.changed.push_front(topic);
                    }
                }
            }
            Some(Sent::Event(event)) => {
                self.events.push_front(event);
                self.bound();
            }
            None => {}
        }
    }

    /// Records that the broker has a message.
    pub(crate) fn told(&mut self, ticket: u64) {
        match self.sent.remove(&ticket) {
            Some(Sent::Kept { topic, payload }) => {
                let is_forgotten = payload.is_empty()
                    && self.kept.get(&topic).is_some_and(|kept| kept.payload.is_empty() && !kept.is_waiting);
                if is_forgotten {
                    self.kept.remove(&topic);
                }
            }
            Some(Sent::Event(_)) => self.counts.told += 1,
            None => {}
        }
    }

    /// Records a new connection: all that is kept is to be sent, for the broker may have forgotten.
    pub(crate) fn connected(&mut self) {
        self.is_connected = true;
        self.repeat_all();
    }

    /// Records the end of the connection. What was on its way is to be sent again.
    pub(crate) fn disconnected(&mut self) {
        self.is_connected = false;
        let sent = std::mem::take(&mut self.sent);
        for event in sent.into_values().rev().filter_map(|sent| match sent {
            Sent::Event(event) => Some(event),
            Sent::Kept { .. } => None,
        }) {
            self.events.push_front(event);
        }
        self.bound();
    }

    /// Returns the number of events made, told and lost. The others wait.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns whether nothing waits, and nothing is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.changed.is_empty() && self.events.is_empty() && self.sent.is_empty()
    }
}
