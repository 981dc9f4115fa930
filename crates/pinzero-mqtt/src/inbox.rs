//! [`Inbox`]: the commands that wait for their devices.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// The number of commands that may wait for one device. Of more, the oldest is dropped: the newer ones decide.
const LIMIT: usize = 64;

/// A command that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// The name of the device.
    pub(crate) device: Arc<str>,
    /// The last level of the topic: `"set"`.
    pub(crate) verb: String,
    pub(crate) payload: Vec<u8>,
}

/// The commands that wait, first come, first served, with a bound for each device.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    orders: VecDeque<Order>,
    waiting: BTreeMap<Arc<str>, usize>,
    is_closed: bool,
}

impl Inbox {
    /// Adds a command. Returns `false` if an older one of the device was dropped for it.
    pub(crate) fn push(&self, order: Order) -> bool {
        let mut queue = self.queue.lock();
        let waiting = queue.waiting.entry(order.device.clone()).or_default();
        let is_full = *waiting == LIMIT;
        if !is_full {
            *waiting += 1;
        } else if let Some(oldest) = queue.orders.iter().position(|other| other.device == order.device) {
            queue.orders.remove(oldest);
        }
        queue.orders.push_back(order);
        self.arrived.notify_one();
        !is_full
    }

    /// Blocks until a command comes, and takes it; `None` once the inbox is closed.
    pub(crate) fn wait(&self) -> Option<Order> {
        let mut queue = self.queue.lock();
        loop {
            if queue.is_closed {
                return None;
            }
            if let Some(order) = queue.take() {
                return Some(order);
            }
            self.arrived.wait(&mut queue);
        }
    }

    /// Returns whether nobody waits for commands any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.lock().is_closed
    }

    /// Ends all waiting. Commands that are left are dropped.
    pub(crate) fn close(&self) {
        self.queue.lock().is_closed = true;
        self.arrived.notify_all();
    }
}

impl Queue {
    fn take(&mut self) -> Option<Order> {
        let order = self.orders.pop_front()?;
        if let Some(waiting) = self.waiting.get_mut(&order.device) {
            *waiting -= 1;
        }
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(device: &str, payload: usize) -> Order {
        Order { device: device.into(), verb: "set".to_owned(), payload: payload.to_string().into_bytes() }
    }

    #[test]
    fn of_too_many_commands_the_oldest_of_the_same_device_is_dropped() {
        let inbox = Inbox::default();
        assert!(inbox.push(order("lamp", 1000)));
        assert!((0..LIMIT).all(|number| inbox.push(order("pump", number))));
        assert!(!inbox.push(order("pump", LIMIT)));
        assert_eq!(inbox.wait(), Some(order("lamp", 1000)));
        assert_eq!(inbox.wait(), Some(order("pump", 1)));
        // The one that was taken has made room.
        assert!(inbox.push(order("pump", LIMIT + 1)));
        inbox.close();
        assert_eq!(inbox.wait(), None);
    }
}
