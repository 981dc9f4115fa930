//! Passes the changes of a factory's lines to its recordings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::ChangeKind;
use super::log::Log;
use crate::gpio::{Gpio, OpenHandle};
use crate::time::Instant;
use crate::types::Line;

/// The running recordings of a factory.
///
/// The locks here are leaves: a thread may note a change with any other lock held.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// Whether there are any. The standard library's own, so that the models of `loom_tests` have no steps for this.
    is_on: AtomicBool,
    logs: Mutex<Vec<Arc<Log>>>,
}

impl Recorder {
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Notes a change, if there are recordings. `kind` runs with a lock held.
    #[inline]
    pub(crate) fn note(&self, at: Instant, line: Line, kind: impl FnOnce() -> ChangeKind) {
        if self.is_on() {
            self.push(at, line, kind);
        }
    }

    /// Reads the change with the lock held: of two threads that write one line, the later note has the level that stays.
    #[cold]
    fn push(&self, at: Instant, line: Line, kind: impl FnOnce() -> ChangeKind) {
        let logs = self.logs.lock();
        let kind = kind();
        logs.iter().for_each(|log| log.push(at, line, kind));
    }

    fn add(&self, log: &Arc<Log>) {
        self.logs.lock().push(log.clone());
        self.is_on.store(true, Ordering::SeqCst);
    }

    /// Returns whether this was the last recording.
    fn remove(&self, log: &Arc<Log>) -> bool {
        let mut logs = self.logs.lock();
        logs.retain(|other| !Arc::ptr_eq(other, log));
        self.is_on.store(!logs.is_empty(), Ordering::SeqCst);
        logs.is_empty()
    }
}

impl Gpio {
    /// Returns the time, if there are recordings: for a write that is about to happen.
    #[inline]
    pub(crate) fn stamp(&self) -> Option<Instant> {
        self.recorder().is_on().then(|| self.now())
    }

    /// Passes all changes to `log` from now on, and first what the open lines carry.
    pub(super) fn begin_recording(&self, log: &Arc<Log>) {
        let open = self.runtime().enter(|_| {
            self.recorder().add(log);
            // After that: a handle that opens now is either on this list, or finds the recorder on.
            let open = self.open_handles();
            for handle in open.iter().filter(|handle| !handle.is_closed()) {
                handle.set_recorded(true);
                handle.present(&mut |line, kind| log.push(self.now(), line, kind));
            }
            open
        });
        // Without the lock: the last reference to a handle may be among these.
        drop(open);
    }

    pub(super) fn end_recording(&self, log: &Arc<Log>) {
        let open = self.runtime().enter(|_| {
            let is_last = self.recorder().remove(log);
            let open = if is_last { self.open_handles() } else { Vec::new() };
            open.iter().for_each(|handle| handle.set_recorded(false));
            open
        });
        drop(open);
    }

    /// Shows a handle that has just been opened to the recordings.
    pub(crate) fn show_to_recordings(&self, handle: &dyn OpenHandle) {
        if self.recorder().is_on() {
            self.runtime().enter(|_| {
                handle.set_recorded(true);
                let at = self.now();
                handle.present(&mut |line, kind| self.recorder().note(at, line, || kind));
            });
        }
    }
}
