//! Two identical threads on one poller.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use super::ids::SourceId;
use super::poller::Poller;
use super::{Shared, State};
use crate::error::{Error, ErrorKind, Result};
use crate::thread::spawn;

/// Two: one handles edges and deadlines while the other runs a slow callback.
const THREADS: usize = 2;

/// How often one pass checks for further readable file descriptors. Limited, so that a flood does not delay callbacks.
const ROUNDS: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Threads {
    /// Created with the threads.
    poller: OnceLock<Arc<Poller>>,
    /// The number of threads started.
    started: Mutex<usize>,
    stopped: Arc<AtomicBool>,
    running: Arc<AtomicUsize>,
}

impl Threads {
    /// Starts the threads, if they are not running yet. A program that only writes pins never starts them.
    pub(super) fn start(&self, shared: &Arc<Shared>) -> Result<()> {
        let mut started = self.started.lock();
        if *started == THREADS {
            return Ok(());
        }
        let poller = match self.poller.get() {
            Some(poller) => poller,
            None => {
                let poller = Poller::new().map_err(|error| {
                    Error::new(ErrorKind::Io, "the runtime cannot be set up").with_source(error)
                })?;
                self.poller.get_or_init(|| Arc::new(poller))
            }
        };
        while *started < THREADS {
            let shared = Arc::downgrade(shared);
            let poller = poller.clone();
            let stopped = self.stopped.clone();
            let running = self.running.clone();
            let body = move || {
                run(&shared, &poller, &stopped);
                // Two wake-ups in a row may both have gone to this thread, so pass one on.
                poller.wake();
                running.fetch_sub(1, Ordering::Relaxed);
            };
            self.running.fetch_add(1, Ordering::Relaxed);
            spawn(&format!("pinzero-{started}"), body).map_err(|error| {
                self.running.fetch_sub(1, Ordering::Relaxed);
                Error::new(ErrorKind::Io, "the runtime's threads cannot be started").with_source(error)
            })?;
            *started += 1;
        }
        Ok(())
    }

    /// Ends the threads. Does not wait for them, because the caller may be one.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        for _ in 0..THREADS {
            self.wake();
        }
    }

    pub(super) fn wake(&self) {
        if let Some(poller) = self.poller.get() {
            poller.wake();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Sets the poller's timer to the first deadline, unless the timer fires by then anyway.
    ///
    /// A timer that fires too early costs one empty pass. Moving the timer at each press and release of a button would cost a
    /// system call each.
    pub(super) fn arm(&self, state: &mut State) {
        let (Some(first), Some(poller)) = (state.tasks.first_deadline(), self.poller.get()) else { return };
        if state.armed.is_none_or(|armed| armed > first) {
            state.armed = Some(first);
            poller.arm(first);
        }
    }

    /// Reads all readable file descriptors.
    ///
    /// If there are several, checks again after each round: another one may have an edge that is older than one just read.
    pub(super) fn read(&self, state: &mut State) {
        let Some(poller) = self.poller.get() else { return };
        let mut ready: Vec<SourceId> = Vec::new();
        for _ in 0..ROUNDS {
            ready.clear();
            if poller.collect(&mut ready) {
                // The timer has fired, so it is not set any more.
                state.armed = None;
            }
            for id in &ready {
                state.tasks.read(*id, &mut state.outbox);
            }
            if ready.is_empty() || state.tasks.sources() < 2 {
                return;
            }
        }
    }

    /// Returns the poller. Fails before the threads have been started.
    #[cfg(target_os = "linux")]
    pub(super) fn poller(&self) -> Result<Arc<Poller>> {
        let missing = || Error::new(ErrorKind::Io, "a descriptor cannot be watched before the runtime runs");
        self.poller.get().cloned().ok_or_else(missing)
    }
}

fn run(shared: &Weak<Shared>, poller: &Poller, stopped: &AtomicBool) {
    while !stopped.load(Ordering::Acquire) {
        poller.wait();
        // Upgraded for one pass only: dropping the last handle of the runtime must end this thread.
        let Some(shared) = shared.upgrade() else { return };
        shared.poll_once();
    }
}
