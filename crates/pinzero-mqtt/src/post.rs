//! [`Post`]: the outbox, and the connection that takes from it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pinzero::Gpio;
use pinzero::time::Instant;
use serde_json::Value;

use crate::link::{Message, Sender};
use crate::outbox::{Content, Event, Outbox};

/// What the broker has yet to be told, and the connection.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) outbox: Outbox,
    /// The connection, if there is one, or one is about to come about. The outbox knows which.
    pub(crate) sender: Option<Arc<dyn Sender>>,
    /// Tells the time of events.
    pub(crate) gpio: Gpio,
    /// The number of lost events that the facts about the node tell of.
    pub(crate) lost: u64,
}

impl Post {
    /// Returns an empty outbox without a connection. `limit` is the number of events to hold.
    pub(crate) fn new(gpio: &Gpio, limit: usize) -> Self {
        Post { outbox: Outbox::new(limit), sender: None, gpio: gpio.clone(), lost: 0 }
    }

    pub(crate) fn keep(&mut self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.outbox.keep(topic, payload);
        self.pump();
    }

    pub(crate) fn repeat(&mut self, topic: &str) {
        self.outbox.repeat(topic);
        self.pump();
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.outbox.event(event);
        self.pump();
        self.outbox.bound();
    }

    /// Sends what the connection takes.
    pub(crate) fn pump(&mut self) {
        let Some(sender) = &self.sender else { return };
        while let Some((ticket, content)) = self.outbox.next() {
            let message = match content {
                Content::Kept { topic, payload } => Message::new(topic, payload).retained(),
                Content::Event(event) => message(&self.gpio, event),
            };
            if !sender.publish(ticket, &message) {
                self.outbox.refused(ticket);
                return;
            }
        }
    }
}

/// Returns the message of an event, stamped by the wall clock as it is now.
fn message(gpio: &Gpio, event: Event) -> Message {
    let Event { topic, at, mut fields, .. } = event;
    fields.insert("at".to_owned(), wall_milliseconds(gpio, at).into());
    Message::new(topic, Value::Object(fields).to_string())
}

/// Returns the milliseconds from 1970 to a time on the factory's clock, by the wall clock as it is now: a Pi without a clock of its own
/// learns the time after its start.
pub(crate) fn wall_milliseconds(gpio: &Gpio, at: Instant) -> u64 {
    let age = gpio.now().since(at);
    milliseconds(gpio.wall_time().checked_sub(age).unwrap_or(UNIX_EPOCH))
}

/// Returns the milliseconds since 1970.
pub(crate) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
