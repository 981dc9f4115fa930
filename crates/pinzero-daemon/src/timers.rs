//! What is due when: one entry for each key, in the order of time.

use std::collections::{BTreeMap, BTreeSet};

use pinzero_core::time::Instant;

/// Deadlines by key. A deadline can only come nearer: whoever is called too early asks again.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    queue: BTreeSet<(Instant, K)>,
    armed: BTreeMap<K, Instant>,
}

impl<K: Copy + Ord> Timers<K> {
    pub(crate) fn new() -> Self {
        Timers { queue: BTreeSet::new(), armed: BTreeMap::new() }
    }

    /// Has `key` come up at `at`, or earlier if it was to do so already.
    pub(crate) fn set(&mut self, key: K, at: Instant) {
        match self.armed.get(&key).copied() {
            Some(earlier) if earlier <= at => {}
            later => {
                if let Some(later) = later {
                    self.queue.remove(&(later, key));
                }
                self.queue.insert((at, key));
                self.armed.insert(key, at);
            }
        }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes out one that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        let (_, key) = self.queue.first().filter(|(at, _)| *at <= now).copied()?;
        self.queue.pop_first();
        self.armed.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn they_come_up_in_the_order_of_time_and_once() {
        let mut timers = Timers::new();
        timers.set('b', at(20));
        timers.set('a', at(10));
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.pop(at(9)), None);
        assert_eq!(timers.pop(at(30)), Some('a'));
        assert_eq!(timers.pop(at(30)), Some('b'));
        assert_eq!((timers.pop(at(30)), timers.next()), (None, None));
    }

    #[test]
    fn a_deadline_comes_nearer_and_never_recedes() {
        let mut timers = Timers::new();
        timers.set('a', at(20));
        timers.set('a', at(30));
        assert_eq!(timers.next(), Some(at(20)));
        timers.set('a', at(10));
        assert_eq!(timers.pop(at(10)), Some('a'));
        assert_eq!(timers.next(), None);
    }
}
