//! The locks, atomics and threads of all code that `loom_tests.rs` checks: loom's in those tests, else the real ones.

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

    /// loom's mutex with the methods of parking_lot's, which has no poisoning.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T> {
        lock: loom::sync::Mutex<T>,
        /// loom never switches threads between the last step under a lock and the unlock, so a `try_lock` that fails at
        /// exactly that point would never be explored. This extra step in `try_lock` and in the unlock makes loom do so.
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
            // Always `Ok`: loom's mutex has no poisoning either.
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
