//! The poller for systems without epoll: no file descriptors, only a timer and a wake-up.

use std::io;

use parking_lot::Mutex;

use super::super::ids::SourceId;
use crate::condvar::Condvar;
use crate::time::{Clock, Instant};

#[derive(Debug, Default)]
pub(in crate::runtime) struct Poller {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Wanted {
    wakes: usize,
    timer: Option<Instant>,
    has_fired: bool,
}

impl Poller {
    pub(in crate::runtime) fn new() -> io::Result<Self> {
        Ok(Poller::default())
    }

    /// Blocks until a wake-up or the timer.
    pub(in crate::runtime) fn wait(&self) {
        let clock = Clock::real();
        let mut wanted = self.wanted.lock();
        loop {
            if wanted.wakes > 0 {
                wanted.wakes -= 1;
                return;
            }
            match wanted.timer.map(|at| at.since(clock.now())) {
                None => self.changed.wait(&mut wanted),
                Some(left) if left.is_zero() => {
                    wanted.timer = None;
                    wanted.has_fired = true;
                    return;
                }
                Some(left) => {
                    self.changed.wait_for(&mut wanted, left);
                }
            }
        }
    }

    /// Returns whether the timer has fired. Never adds to `_ready`.
    pub(in crate::runtime) fn collect(&self, _ready: &mut Vec<SourceId>) -> bool {
        std::mem::take(&mut self.wanted.lock().has_fired)
    }

    /// Wakes one of the waiting threads.
    pub(in crate::runtime) fn wake(&self) {
        self.wanted.lock().wakes += 1;
        self.changed.notify_one();
    }

    /// Sets the timer to `at`.
    pub(in crate::runtime) fn arm(&self, at: Instant) {
        self.wanted.lock().timer = Some(at);
        // Wake both threads: either may be waiting for a later time.
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_and_fires() {
        let poller = Poller::new().unwrap();
        poller.wake();
        poller.wait();
        assert!(!poller.collect(&mut Vec::new()));
        poller.arm(Clock::real().now());
        poller.wait();
        assert!(poller.collect(&mut Vec::new()));
    }
}
