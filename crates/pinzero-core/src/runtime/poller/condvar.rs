//! The poller where there is no epoll: nothing to poll, only a timer and a wake-up.

use std::io;

use parking_lot::{Condvar, Mutex};

use super::super::TaskId;
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
}

impl Poller {
    pub(in crate::runtime) fn new() -> io::Result<Self> {
        Ok(Poller::default())
    }

    /// Sleeps until something happens; nothing is ever put into `_ready`. Tells whether the timer fired.
    pub(in crate::runtime) fn wait(&self, _ready: &mut Vec<TaskId>) -> bool {
        let clock = Clock::real();
        let mut wanted = self.wanted.lock();
        loop {
            if wanted.wakes > 0 {
                wanted.wakes -= 1;
                return false;
            }
            match wanted.timer.map(|at| at.since(clock.now())) {
                None => self.changed.wait(&mut wanted),
                Some(left) if left.is_zero() => {
                    wanted.timer = None;
                    return true;
                }
                Some(left) => {
                    self.changed.wait_for(&mut wanted, left);
                }
            }
        }
    }

    /// Has one of the waiting threads look round.
    pub(in crate::runtime) fn wake(&self) {
        self.wanted.lock().wakes += 1;
        self.changed.notify_one();
    }

    /// Sets the timer to `at`.
    pub(in crate::runtime) fn arm(&self, at: Instant) {
        self.wanted.lock().timer = Some(at);
        // Both: the one that sleeps the longer must not be the only one to hear of it.
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
        assert!(!poller.wait(&mut Vec::new()));
        poller.arm(Clock::real().now());
        assert!(poller.wait(&mut Vec::new()));
    }
}
