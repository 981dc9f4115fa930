//! What happens to the connection itself.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use pinzero_core::Error;
use pinzero_core::time::Instant;

/// The connection was lost, or is there again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LinkEvent {
    /// From now on nothing gets through, and what inputs do is not seen.
    #[non_exhaustive]
    Lost {
        /// When that was noticed.
        at: Instant,
        /// What was met.
        error: Error,
    },
    /// All pins are again what they should be, but for those that the daemon refuses, which are logged; inputs are told where
    /// they are now.
    #[non_exhaustive]
    Restored {
        /// When.
        at: Instant,
        /// How long the connection was lost.
        after: Duration,
        /// Whether the daemon has forgotten us: it or its host was started anew, or it has put our pins into a safe state.
        /// They may have been anything meanwhile. If not, only the network was gone, and outputs have kept their
        /// levels. `None` if nothing is open by which that could be told.
        is_new_daemon: Option<bool>,
    },
}

/// The losses and returns of a connection, as an iterator that ends when the factory is closed; made by
/// [`PigpioFactory::link_events`](crate::PigpioFactory::link_events).
///
/// One that lags by more than 64 events misses the newest.
#[derive(Debug)]
pub struct LinkEvents(pub(crate) Receiver<LinkEvent>);

impl LinkEvents {
    /// The next event if it comes within `timeout`.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<LinkEvent> {
        self.0.recv_timeout(timeout).ok()
    }
}

/// Blocks until there is an event.
impl Iterator for LinkEvents {
    type Item = LinkEvent;

    fn next(&mut self) -> Option<LinkEvent> {
        self.0.recv().ok()
    }
}
