//! [`Inbox`]: the commands that wait for their devices.

use std::collections::VecDeque;
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

/// The commands that wait. Devices take turns, so that many commands to a slow one hold no other up by more than one of them.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// The devices for which commands wait, in the order of their turns.
    turns: VecDeque<Turn>,
    /// The device whose command was taken last, and may be in work. Others that come meanwhile have their turn first.
    last: Option<Turn>,
    is_closed: bool,
}

/// The commands that wait for one device.
#[derive(Debug)]
struct Turn {
    device: Arc<str>,
    orders: VecDeque<Order>,
}

impl Inbox {
    /// Adds a command. Returns `false` if an older one of the device was dropped for it.
    pub(crate) fn push(&self, order: Order) -> bool {
        let mut queue = self.queue.lock();
        let Queue { turns, last, .. } = &mut *queue;
        let mut is_full = false;
        match turns.iter_mut().chain(last).find(|turn| turn.device == order.device) {
            None => turns.push_back(Turn { device: order.device.clone(), orders: VecDeque::from([order]) }),
            Some(Turn { orders, .. }) => {
                is_full = orders.len() == LIMIT;
                if is_full {
                    orders.pop_front();
                }
                orders.push_back(order);
            }
        }
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
        self.turns.extend(self.last.take().filter(|turn| !turn.orders.is_empty()));
        let mut turn = self.turns.pop_front()?;
        let order = turn.orders.pop_front();
        self.last = Some(turn);
        order
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

    #[test]
    fn a_device_with_many_commands_holds_no_other_up_by_more_than_one() {
        let inbox = Inbox::default();
        for number in 0..LIMIT {
            inbox.push(order("lcd", number));
        }
        assert_eq!(inbox.wait(), Some(order("lcd", 0)));
        inbox.push(order("pump", 0));
        inbox.push(order("fan", 0));
        inbox.push(order("pump", 1));
        inbox.push(order("lcd", LIMIT));
        for (device, number) in [("pump", 0), ("fan", 0), ("lcd", 1), ("pump", 1), ("lcd", 2)] {
            assert_eq!(inbox.wait(), Some(order(device, number)));
        }
    }
}
