//! [`Post`]: the outbox, and the connection that takes from it.

use std::sync::Arc;

use crate::link::Sender;
use crate::outbox::Outbox;

/// What the broker has yet to be told, and the connection, if there is one.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) outbox: Outbox,
    pub(crate) sender: Option<Arc<dyn Sender>>,
}

impl Post {
    pub(crate) fn keep(&mut self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.outbox.keep(topic, payload);
        self.pump();
    }

    /// Sends what the connection takes.
    pub(crate) fn pump(&mut self) {
        let Some(sender) = &self.sender else { return };
        while let Some((ticket, message)) = self.outbox.next() {
            if !sender.publish(ticket, &message) {
                self.outbox.refused(ticket);
                return;
            }
        }
    }
}
