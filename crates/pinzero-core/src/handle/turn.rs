//! [`Turn`]: lets one thread at a time use a bus.

use std::thread::{self, ThreadId};

use event_listener::{Event as Bell, Listener};
use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};

/// Lets one thread at a time use a bus.
///
/// Not a mutex: on a virtual clock callbacks run while a transfer sleeps, and one that uses the bus would deadlock.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    taken: Mutex<Option<ThreadId>>,
    /// Rung when the bus is free.
    freed: Bell,
}

impl Turn {
    /// Blocks until the bus is free. Fails if this thread has the bus already, because it would wait for itself.
    pub(crate) fn take(&self) -> Result<Taken<'_>> {
        let this = thread::current().id();
        loop {
            let listener = {
                let mut taken = self.taken.lock();
                match *taken {
                    None => {
                        *taken = Some(this);
                        return Ok(Taken(self));
                    }
                    Some(thread) if thread == this => {
                        let message = "a transfer of this thread's goes over the bus: let a callback of it leave \
                                       the bus to another thread, or to later";
                        return Err(Error::new(ErrorKind::PinInUse, message));
                    }
                    // Listen before the lock is released: the other thread takes the lock and then rings.
                    Some(_) => self.freed.listen(),
                }
            };
            listener.wait();
        }
    }

    /// Blocks until no other thread uses the bus.
    pub(crate) fn wait(&self) {
        // This thread, if the bus is its own, cannot wait for itself.
        drop(self.take());
    }
}

/// The right to use the bus, until dropped.
pub(crate) struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock() = None;
        self.0.freed.notify(usize::MAX);
    }
}
