//! The process that a device or a static belongs to. The child of a `fork` gets copies of both, and must leave them alone.
//!
//! The child has none of its parent's threads, and locks that those held at the instant of the fork stay locked for ever. So
//! a handle compares its [`Home`] with this process before it takes a lock, and statics with locks are [`PerProcess`].

use std::fmt;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// The number of forks since a factory was first opened, from parent to child. A child's number differs
/// from those of all its ancestors.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// The process that something belongs to.
///
/// Compares a count of forks: asking for the process id would cost a system call at each write to a pin. `fork` and `daemon`
/// of the C library count. A bare `clone` or `_Fork` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home(u32);

impl Home {
    /// Returns this process.
    pub fn here() -> Self {
        count_forks();
        Home(FORKS.load(Ordering::Relaxed))
    }

    /// Returns whether this process is another, forked from that one.
    #[inline]
    pub fn is_elsewhere(self) -> bool {
        self.0 != FORKS.load(Ordering::Relaxed)
    }

    /// Fails if this process is another than the one that opened a device. Takes no lock.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed): for this process, the device is closed.
    #[inline]
    pub fn check(self) -> Result<()> {
        if self.is_elsewhere() { Err(elsewhere()) } else { Ok(()) }
    }
}

#[cold]
#[inline(never)]
fn elsewhere() -> Error {
    let message = "the device was opened by another process, which gives it back: open devices after `fork()` or `daemon()`";
    Error::new(ErrorKind::Closed, message)
}

/// Makes every child count its fork.
#[cfg(unix)]
fn count_forks() {
    use std::sync::atomic::AtomicBool;

    /// No `Once`: a child that is forked during its call would wait for ever. A fork that counts twice does no harm.
    static COUNTS: AtomicBool = AtomicBool::new(false);

    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    if !COUNTS.load(Ordering::Relaxed) {
        // SAFETY: `in_child` only touches an atomic, so it may run in the child of a program with threads.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        COUNTS.store(true, Ordering::Relaxed);
    }
}

#[cfg(not(unix))]
fn count_forks() {}

/// A static of which each process has its own. A forked child gets a fresh one, and leaves that of its parent alone.
pub struct PerProcess<T> {
    current: AtomicPtr<Owned<T>>,
    fresh: fn() -> T,
}

struct Owned<T> {
    home: Home,
    value: T,
}

impl<T: Send + Sync> PerProcess<T> {
    /// Returns a static that `fresh` fills in each process that asks for the value.
    pub const fn new(fresh: fn() -> T) -> Self {
        PerProcess { current: AtomicPtr::new(std::ptr::null_mut()), fresh }
    }

    /// Returns this process's value. The first call creates it.
    pub fn get(&'static self) -> &'static T {
        let (before, value) = self.look();
        if let Some(value) = value {
            return value;
        }
        // Never freed: a process has one, and its threads may use the value to their end.
        let fresh = Box::leak(Box::new(Owned { home: Home::here(), value: (self.fresh)() }));
        match self.current.compare_exchange(before, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => &fresh.value,
            // Another thread was faster.
            Err(_) => self.get(),
        }
    }

    /// Returns this process's value, if there is one yet. Neither blocks nor allocates, so a signal handler may call this.
    pub fn peek(&'static self) -> Option<&'static T> {
        self.look().1
    }

    fn look(&'static self) -> (*mut Owned<T>, Option<&'static T>) {
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: the pointer is null or that of a leaked box, which is never changed: only shared references are handed out.
        let owned = unsafe { current.as_ref() };
        (current, owned.filter(|owned| !owned.home.is_elsewhere()).map(|owned| &owned.value))
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerProcess").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn a_forked_child_begins_anew_even_if_a_lock_was_held_at_the_fork() {
        static NUMBER: PerProcess<Mutex<i32>> = PerProcess::new(Mutex::default);
        assert!(NUMBER.peek().is_none());
        let mut held = NUMBER.get().lock();
        *held = 5;
        let home = Home::here();
        // SAFETY: the child takes a lock of its own, and ends.
        match unsafe { libc::fork() } {
            0 => {
                let is_fresh =
                    NUMBER.peek().is_none() && NUMBER.get().try_lock().is_some_and(|number| *number == 0);
                let is_child = home.is_elsewhere() && home.check().is_err() && !Home::here().is_elsewhere();
                // SAFETY: ends the child, and runs none of the tests' code.
                unsafe { libc::_exit(if is_fresh && is_child { 0 } else { 1 }) }
            }
            child => {
                let mut status = 0;
                // SAFETY: `status` lives until the call returns.
                unsafe { libc::waitpid(child, &raw mut status, 0) };
                assert_eq!(status, 0);
            }
        }
        drop(held);
        assert!(*NUMBER.get().lock() == 5 && !home.is_elsewhere());
    }
}
