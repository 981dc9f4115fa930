//! Two identical threads on one poller. Whoever wakes takes the turn.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use super::state::State;
use super::{Caller, Shared, TaskId};
use crate::error::{Error, ErrorKind, Result};
use crate::thread::spawn;
use crate::types::Edge;

use super::poller::Poller;

/// One to see to edges and deadlines while the other runs a slow callback.
const THREADS: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Threads {
    /// Not there before the threads are.
    poller: OnceLock<Arc<Poller>>,
    /// How many have been started.
    started: Mutex<usize>,
    stopped: Arc<AtomicBool>,
    running: Arc<AtomicUsize>,
}

pub(super) type Drain = Box<dyn FnMut(&mut Vec<Edge>) -> Result<()> + Send>;

/// A descriptor that is watched, and how to read it. Dropping it ends the watch.
pub(crate) struct Source {
    #[cfg(target_os = "linux")]
    fd: std::os::fd::OwnedFd,
    #[cfg(target_os = "linux")]
    poller: Arc<Poller>,
    drain: Drain,
}

impl Source {
    pub(super) fn drain(&mut self, edges: &mut Vec<Edge>) -> Result<()> {
        (self.drain)(edges)
    }
}

#[cfg(target_os = "linux")]
impl Drop for Source {
    fn drop(&mut self) {
        self.poller.forget(&self.fd);
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl Threads {
    /// Starts the threads, if they are not running yet: a program that only writes pins has none.
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
                // Of two wake-ups in a row the other thread may have slept through its own.
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

    /// Ends the threads; does not wait for them, as one may be what is calling.
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

    /// Sets the poller's timer to the first deadline, unless it fires by then anyway.
    ///
    /// If it fires too early, that is one turn for nothing; to move it with each press and release of a button would be a
    /// system call for each.
    pub(super) fn arm(&self, state: &mut State) {
        let (Some(first), Some(poller)) = (state.first_deadline(), self.poller.get()) else { return };
        if state.armed.is_none_or(|armed| armed > first) {
            state.armed = Some(first);
            poller.arm(first);
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn watch(&self, fd: std::os::fd::OwnedFd, id: TaskId, drain: Drain) -> Result<Source> {
        let cannot = || Error::new(ErrorKind::Io, "the line's descriptor cannot be polled");
        let poller = self.poller.get().ok_or_else(cannot)?;
        poller.watch(&fd, id).map_err(|error| cannot().with_source(error))?;
        Ok(Source { fd, poller: poller.clone(), drain })
    }
}

fn run(shared: &Weak<Shared>, poller: &Poller, stopped: &AtomicBool) {
    let mut ready: Vec<TaskId> = Vec::new();
    while !stopped.load(Ordering::Acquire) {
        ready.clear();
        let timer = poller.wait(&mut ready);
        // The runtime is held only for the turn: dropping its last handle must end this thread.
        let Some(shared) = shared.upgrade() else { return };
        shared.poll_once(Caller::Runtime, |state, effects| {
            if timer {
                // The timer has fired and is no longer set to anything.
                state.armed = None;
            }
            let now = shared.clock.now();
            for id in &ready {
                state.drain(*id, now, effects);
            }
            // What has been read may be of other tasks.
            shared.take_inbox(state, effects);
        });
    }
}
