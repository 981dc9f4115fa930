//! [`Condvar`]: a condition that also a forked child can wait for.

use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

/// Blocks threads until something under a lock has changed. For backends, and other code that a forked child may run.
///
/// `parking_lot` keeps all waiting threads of a process in one table. A forked child has a copy of the table, with threads that the child
/// does not have, and may wait for ever behind them. So on Linux a thread waits at the condition itself (futex(2)), where a child finds
/// nobody.
///
/// A wait may end without a notification: look at what is under the lock, and wait again.
///
/// # Examples
///
/// ```
/// use parking_lot::Mutex;
/// use pinzero_core::Condvar;
///
/// let (is_ready, changed) = (Mutex::new(false), Condvar::new());
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         *is_ready.lock() = true;
///         changed.notify_all();
///     });
///     let mut guard = is_ready.lock();
///     while !*guard {
///         changed.wait(&mut guard);
///     }
/// });
/// ```
#[derive(Debug, Default)]
pub struct Condvar(Place);

impl Condvar {
    /// Returns a condition for which nobody waits.
    pub const fn new() -> Self {
        Condvar(Place::new())
    }

    /// Gives the lock back, blocks until a notification, and takes the lock again.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        self.0.wait(guard, None);
    }

    /// Does the same, for `time` at most. Returns whether the time is over.
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, time: Duration) -> bool {
        // A time without an end is none.
        self.0.wait(guard, Instant::now().checked_add(time))
    }

    /// Does the same, until `end` at the latest. Returns whether the time is over.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, end: Instant) -> bool {
        self.0.wait(guard, Some(end))
    }

    /// Wakes one thread that waits. Change what the thread waits for under the lock, before this call.
    pub fn notify_one(&self) {
        self.0.notify(1);
    }

    /// Wakes all threads that wait.
    pub fn notify_all(&self) {
        // The kernel takes the number for a signed one.
        self.0.notify(i32::MAX as u32);
    }
}

#[cfg(not(target_os = "linux"))]
use elsewhere::Place;
#[cfg(target_os = "linux")]
use on_linux::Place;

#[cfg(target_os = "linux")]
mod on_linux {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, Instant};

    use parking_lot::MutexGuard;
    use rustix::thread::futex::{self, Flags};
    use rustix::time::Timespec;

    /// Where threads wait.
    #[derive(Debug, Default)]
    pub(super) struct Place {
        /// The number of notifications, on which the kernel lets threads wait.
        notified: AtomicU32,
        /// The number of threads that wait; changed under the lock. Without any, a notification costs no system call.
        waiting: AtomicU32,
    }

    impl Place {
        pub(super) const fn new() -> Self {
            Place { notified: AtomicU32::new(0), waiting: AtomicU32::new(0) }
        }

        pub(super) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>, end: Option<Instant>) -> bool {
            // Both before the lock is given back: a change that the caller has not seen is notified after them.
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let seen = self.notified.load(Ordering::Relaxed);
            let is_over = MutexGuard::unlocked(guard, || {
                loop {
                    let left = end.map(|end| end.saturating_duration_since(Instant::now()));
                    if left == Some(Duration::ZERO) {
                        return true;
                    }
                    // A time of more seconds than the kernel counts is none.
                    let left = left.and_then(|left| Timespec::try_from(left).ok());
                    // What ended the wait, a signal say, shows below.
                    let _ = futex::wait(&self.notified, Flags::PRIVATE, seen, left.as_ref());
                    if self.notified.load(Ordering::Relaxed) != seen {
                        return false;
                    }
                }
            });
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            is_over
        }

        pub(super) fn notify(&self, threads: u32) {
            if self.waiting.load(Ordering::Relaxed) > 0 {
                self.notified.fetch_add(1, Ordering::Relaxed);
                // Fails for no reason but a wrong address.
                let _ = futex::wake(&self.notified, Flags::PRIVATE, threads);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::time::Instant;

    use parking_lot::MutexGuard;

    /// Where threads wait.
    #[derive(Debug, Default)]
    pub(super) struct Place(parking_lot::Condvar);

    impl Place {
        pub(super) const fn new() -> Self {
            Place(parking_lot::Condvar::new())
        }

        pub(super) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>, end: Option<Instant>) -> bool {
            match end {
                Some(end) => self.0.wait_until(guard, end).timed_out(),
                None => {
                    self.0.wait(guard);
                    false
                }
            }
        }

        pub(super) fn notify(&self, threads: u32) {
            if threads == 1 {
                self.0.notify_one();
            } else {
                self.0.notify_all();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn each_notification_wakes_a_thread_that_waits() {
        const THREADS: u32 = 8;
        let shared = Arc::new((Mutex::new(0_u32), Condvar::new()));
        let waiters: Vec<_> = (0..THREADS)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || {
                    let (tickets, changed) = &*shared;
                    let mut tickets = tickets.lock();
                    while *tickets == 0 {
                        changed.wait(&mut tickets);
                    }
                    *tickets -= 1;
                })
            })
            .collect();
        let (tickets, changed) = &*shared;
        for number in 0..THREADS {
            *tickets.lock() += 1;
            if number % 2 == 0 { changed.notify_one() } else { changed.notify_all() }
        }
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        assert_eq!(*tickets.lock(), 0);
    }

    #[test]
    fn a_wait_ends_in_time_and_with_the_lock() {
        let (lock, changed) = (Mutex::new(1), Condvar::new());
        // Nobody waits for this one, so the next wait does not end by it.
        changed.notify_all();
        let mut guard = lock.lock();
        let start = Instant::now();
        let time = Duration::from_millis(20);
        assert!(changed.wait_for(&mut guard, time) && start.elapsed() >= time);
        assert!(changed.wait_until(&mut guard, start));
        assert!(lock.try_lock().is_none());
        *guard = 2;
    }

    #[test]
    fn a_time_without_an_end_is_none() {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let waiter = thread::spawn({
            let shared = shared.clone();
            move || {
                let mut guard = shared.0.lock();
                while !*guard {
                    assert!(!shared.1.wait_for(&mut guard, Duration::MAX));
                }
            }
        });
        *shared.0.lock() = true;
        shared.1.notify_all();
        waiter.join().unwrap();
    }

    /// Starts a thread that waits until the flag is set, and returns once the thread waits.
    #[cfg(target_os = "linux")]
    fn start_waiter(shared: &'static (Mutex<bool>, Condvar)) -> thread::JoinHandle<()> {
        let (is_there, there) = std::sync::mpsc::channel();
        let waiter = thread::spawn(move || {
            let mut is_over = shared.0.lock();
            is_there.send(()).unwrap();
            while !*is_over {
                shared.1.wait(&mut is_over);
            }
        });
        there.recv().unwrap();
        // Once the lock is free, the thread waits.
        drop(shared.0.lock());
        waiter
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_of_a_forked_child_wait_although_threads_of_its_parent_did() {
        const THREADS: usize = 64;
        let conditions: Vec<&_> = (0..THREADS).map(|_| &*Box::leak(Box::default())).collect();
        conditions.iter().for_each(|shared| drop(start_waiter(shared)));
        // SAFETY: the child starts threads, as a daemon does, waits for them, and ends without the hooks of its parent.
        match unsafe { libc::fork() } {
            0 => {
                // SAFETY: a signal without a handler ends the process.
                unsafe { libc::alarm(20) };
                let waiters = (0..THREADS / 2).map(|_| {
                    let shared: &(Mutex<bool>, Condvar) = Box::leak(Box::default());
                    (shared, start_waiter(shared))
                });
                let waiters: Vec<_> = waiters.collect();
                // New threads get the memory of those that the child does not have.
                let others: Vec<_> = (0..THREADS).map(|_| thread::spawn(thread::park)).collect();
                for (shared, waiter) in waiters {
                    *shared.0.lock() = true;
                    shared.1.notify_one();
                    waiter.join().unwrap();
                }
                drop(others);
                // SAFETY: the call ends the process, and does nothing else.
                unsafe { libc::_exit(0) }
            }
            child => {
                let mut status = 0;
                // SAFETY: `status` lives until the call returns.
                unsafe { libc::waitpid(child, &raw mut status, 0) };
                assert_eq!(status, 0);
            }
        }
        for shared in conditions {
            *shared.0.lock() = true;
            shared.1.notify_all();
        }
    }
}
