//! The locks, atomics and threads of what the concurrency model checks (`model.rs`): loom's when it does, else the real ones.

#[cfg(not(all(test, loom)))]
pub(crate) use parking_lot::{Mutex, MutexGuard};
#[cfg(not(all(test, loom)))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64},
    thread,
};

#[cfg(all(test, loom))]
pub(crate) use checked::{Mutex, MutexGuard};
#[cfg(all(test, loom))]
pub(crate) use loom::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64},
    thread,
};

#[cfg(loom)]
#[cfg(test)]
mod checked {
    use std::ops::{Deref, DerefMut};
    use std::sync::atomic::Ordering;

    use super::AtomicBool;

    /// loom's mutex with parking_lot's way of being called, for which there is no poison.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T> {
        lock: loom::sync::Mutex<T>,
        /// loom lets nobody come between the last step under a lock and letting go of it. That would never be noticed
        /// but for somebody who tries the lock just then; so that, and letting go, is made a step of its own.
        step: AtomicBool,
    }

    #[derive(Debug)]
    pub(crate) struct MutexGuard<'a, T> {
        guard: loom::sync::MutexGuard<'a, T>,
        step: &'a AtomicBool,
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex { lock: loom::sync::Mutex::new(value), step: AtomicBool::new(false) }
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            // loom's has no poison either: it is always `Ok`.
            MutexGuard { guard: self.lock.lock().unwrap(), step: &self.step }
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.step.swap(true, Ordering::Relaxed);
            self.lock.try_lock().ok().map(|guard| MutexGuard { guard, step: &self.step })
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.guard
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.guard
        }
    }

    impl<T> Drop for MutexGuard<'_, T> {
        fn drop(&mut self) {
            self.step.swap(true, Ordering::Relaxed);
        }
    }
}
