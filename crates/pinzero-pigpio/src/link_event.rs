//! Loss and return of the connection.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use pinzero_core::Error;
use pinzero_core::process::Home;
use pinzero_core::time::Instant;

/// The connection was lost, or is back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LinkEvent {
    /// The connection was lost: from now on nothing gets through, and edges of inputs are missed.
    #[non_exhaustive]
    Lost {
        /// The time at which the loss was noticed.
        at: Instant,
        /// The error.
        error: Error,
    },
    /// The connection is back. All pins are restored, except those that the daemon refuses, which are logged. Inputs
    /// have their present levels.
    #[non_exhaustive]
    Restored {
        /// The time of the return.
        at: Instant,
        /// How long the connection was lost.
        after: Duration,
        /// `true` if the daemon has forgotten us: the daemon or its host restarted, or has put our pins into a safe
        /// state. Pins may have had any level meanwhile. `false` if only the network was down, and outputs have kept
        /// their levels. `None` if nothing is open that could show it.
        is_new_daemon: Option<bool>,
    },
}

/// An iterator over the losses and returns of a connection, which ends when the factory is closed, and in a forked child; returned by
/// [`PigpioFactory::link_events`](crate::PigpioFactory::link_events).
///
/// An iterator that lags by more than 64 events misses the newest.
#[derive(Debug)]
pub struct LinkEvents {
    receiver: Receiver<LinkEvent>,
    home: Home,
}

impl LinkEvents {
    pub(crate) fn new(receiver: Receiver<LinkEvent>) -> Self {
        LinkEvents { receiver, home: Home::here() }
    }

    /// Returns the next event, or `None` if none comes within `timeout`.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<LinkEvent> {
        self.home.check().ok().and_then(|()| self.receiver.recv_timeout(timeout).ok())
    }
}

/// Blocks until there is an event.
impl Iterator for LinkEvents {
    type Item = LinkEvent;

    fn next(&mut self) -> Option<LinkEvent> {
        self.home.check().ok().and_then(|()| self.receiver.recv().ok())
    }
}
