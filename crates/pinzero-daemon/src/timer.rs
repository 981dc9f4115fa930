//! Deadlines, and the timer that wakes the loop for them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use mio::{Registry, Token};
use pinzero_core::time::Instant;

/// Deadlines by key. A deadline can only move nearer; a caller that is woken too early sets a new one.
#[derive(Debug)]
pub(crate) struct Deadlines<K> {
    queue: BTreeSet<(Instant, K)>,
    armed: BTreeMap<K, Instant>,
}

impl<K: Copy + Ord> Deadlines<K> {
    pub(crate) fn new() -> Self {
        Deadlines { queue: BTreeSet::new(), armed: BTreeMap::new() }
    }

    /// Sets the deadline of `key` to `at`, unless it is earlier already.
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

    /// Forgets the deadline of `key`.
    pub(crate) fn remove(&mut self, key: K) {
        if let Some(at) = self.armed.remove(&key) {
            self.queue.remove(&(at, key));
        }
    }

    /// Returns the next deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Removes and returns a key that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        let (_, key) = self.queue.first().filter(|(at, _)| *at <= now).copied()?;
        self.queue.pop_first();
        self.armed.remove(&key);
        Some(key)
    }
}

/// Wakes the loop at a given time. The poll's own timeout counts milliseconds, which is too coarse for filters and scripts.
#[derive(Debug)]
pub(crate) struct Timer {
    #[cfg(target_os = "linux")]
    timer: std::os::fd::OwnedFd,
    #[cfg(target_os = "linux")]
    armed: Option<Instant>,
}

#[cfg(target_os = "linux")]
impl Timer {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        use std::os::fd::AsRawFd;

        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registry.register(&mut mio::unix::SourceFd(&timer.as_raw_fd()), token, mio::Interest::READABLE)?;
        Ok(Timer { timer, armed: None })
    }

    /// Sets the timer; returns how long the poll may wait at most.
    pub(crate) fn set(&mut self, at: Option<Instant>, now: Instant) -> Option<Duration> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        if at.is_some_and(|at| at <= now) {
            return Some(Duration::ZERO);
        }
        // After firing, the timer stays armed for a past time. No caller asks for that time again.
        if at != self.armed {
            let left = at.map_or(Duration::ZERO, |at| at - now);
            let value = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            let setting = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
            if let Err(error) = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting) {
                log::error!("the timer cannot be set: {error}");
                return at.map(|at| at - now);
            }
            self.armed = at;
        }
        None
    }
}

#[cfg(not(target_os = "linux"))]
impl Timer {
    pub(crate) fn new(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Timer {})
    }

    pub(crate) fn set(&mut self, at: Option<Instant>, now: Instant) -> Option<Duration> {
        at.map(|at| at - now)
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
        let mut deadlines = Deadlines::new();
        deadlines.set('b', at(20));
        deadlines.set('a', at(10));
        assert_eq!(deadlines.next(), Some(at(10)));
        assert_eq!(deadlines.pop(at(9)), None);
        assert_eq!(deadlines.pop(at(30)), Some('a'));
        assert_eq!(deadlines.pop(at(30)), Some('b'));
        assert_eq!((deadlines.pop(at(30)), deadlines.next()), (None, None));
    }

    #[test]
    fn what_is_forgotten_does_not_come_up_and_takes_no_room() {
        let mut deadlines = Deadlines::new();
        deadlines.set('a', at(10));
        deadlines.remove('a');
        deadlines.remove('b');
        assert_eq!((deadlines.pop(at(30)), deadlines.queue.len(), deadlines.armed.len()), (None, 0, 0));
    }

    #[test]
    fn a_deadline_comes_nearer_and_never_recedes() {
        let mut deadlines = Deadlines::new();
        deadlines.set('a', at(20));
        deadlines.set('a', at(30));
        assert_eq!(deadlines.next(), Some(at(20)));
        deadlines.set('a', at(10));
        assert_eq!(deadlines.pop(at(10)), Some('a'));
        assert_eq!(deadlines.next(), None);
    }
}
