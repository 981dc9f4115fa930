//! What the handles on one bus share: the reserved lines, and the bus itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::turn::Turn;
use crate::error::{Error, ErrorKind, Result};
use crate::gpio::Gpio;
use crate::types::Host;

/// The buses of one kind that a factory has open, by what tells them apart.
///
/// Buses are opened and closed one after the other, so that a handle neither opens a bus twice nor finds one half closed.
#[derive(Debug)]
pub(super) struct Buses<K, B> {
    open: Mutex<HashMap<K, Weak<B>>>,
    turn: Turn,
}

impl<K, B> Default for Buses<K, B> {
    fn default() -> Self {
        Buses { open: Mutex::default(), turn: Turn::default() }
    }
}

impl<K: Eq + Hash, B> Buses<K, B> {
    /// Returns the bus that is open as `key`, or opens it. `join` may refuse the new user; it runs in the same turn.
    pub(super) fn share<T>(
        &self,
        key: K,
        open: impl FnOnce() -> Result<B>,
        join: impl FnOnce(&Arc<B>) -> Result<T>,
    ) -> Result<T> {
        let _turn = self.turn.take()?;
        let found = self.open.lock().get(&key).and_then(Weak::upgrade);
        let bus = match found {
            Some(bus) => bus,
            None => {
                let bus = Arc::new(open()?);
                let mut all = self.open.lock();
                all.retain(|_, bus| bus.strong_count() > 0);
                all.insert(key, Arc::downgrade(&bus));
                bus
            }
        };
        join(&bus)
    }

    /// Gives up one use of a bus. If it was the last, `close` gets the bus.
    pub(super) fn leave(&self, bus: Arc<B>, close: impl FnOnce(B) -> Result<()>) -> Result<()> {
        // A callback of a transfer, on a virtual clock, may have the turn already.
        let _turn = self.turn.take();
        Arc::into_inner(bus).map_or(Ok(()), close)
    }
}

/// Fails if a transfer must not happen with a lock held: if it waits for a network, or `pauses` and so moves a virtual clock, whose
/// callbacks may want the lock.
pub(super) fn check_under_lock(gpio: &Gpio, pauses: bool, remedy: &str) -> Result<()> {
    if matches!(gpio.host(), Host::Remote(_)) {
        let message = "a bus of another computer cannot carry pins: a write to a pin must not wait for the network. Run the \
                       program on that computer, or drive the chip by its registers";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    if pauses && !gpio.is_realtime() {
        let message = format!("on a virtual clock, a chip with pins needs {remedy}");
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Ok(())
}
