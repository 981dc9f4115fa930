//! [`SignalWakeup`]: lets a signal handler wake a thread.

#[cfg(target_os = "linux")]
pub(crate) use semaphore::SignalWakeup;
#[cfg(not(target_os = "linux"))]
pub(crate) use socket::SignalWakeup;

/// Uses a semaphore rather than a pipe, because daemonising programs close unknown file descriptors.
#[cfg(target_os = "linux")]
mod semaphore {
    use std::cell::UnsafeCell;
    use std::io;
    use std::mem::MaybeUninit;

    #[derive(Debug)]
    pub(crate) struct SignalWakeup(UnsafeCell<MaybeUninit<libc::sem_t>>);

    // SAFETY: only `sem_*` calls access the semaphore, and those are thread-safe.
    unsafe impl Sync for SignalWakeup {}

    impl SignalWakeup {
        pub(crate) const fn new() -> Self {
            SignalWakeup(UnsafeCell::new(MaybeUninit::zeroed()))
        }

        /// Initialises the wake-up. Call this once, before anything else.
        pub(crate) fn set_up(&'static self) -> io::Result<()> {
            // SAFETY: no thread rings or waits yet; the memory is `'static` and used for nothing else.
            if unsafe { libc::sem_init(self.place(), 0, 0) } == 0 {
                Ok(())
            } else {
                Err(io::Error::last_os_error())
            }
        }

        /// Ends one wait. Async-signal-safe.
        pub(crate) fn ring(&self) {
            // SAFETY: the semaphore has been initialised and never moves; `sem_post` is async-signal-safe.
            unsafe { libc::sem_post(self.place()) };
        }

        /// Blocks until a ring. Returns `false` if none can come.
        pub(crate) fn wait(&self) -> bool {
            // SAFETY: the semaphore has been initialised and never moves. A signal on this thread interrupts the wait.
            while unsafe { libc::sem_wait(self.place()) } != 0 {
                if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                    return false;
                }
            }
            true
        }

        fn place(&self) -> *mut libc::sem_t {
            self.0.get().cast()
        }
    }
}

/// Uses a socket pair: macOS has only named semaphores.
#[cfg(not(target_os = "linux"))]
mod socket {
    use std::io::{self, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::sync::OnceLock;

    #[derive(Debug)]
    pub(crate) struct SignalWakeup(OnceLock<[UnixStream; 2]>);

    impl SignalWakeup {
        pub(crate) const fn new() -> Self {
            SignalWakeup(OnceLock::new())
        }

        /// Initialises the wake-up. Call this once, before anything else.
        pub(crate) fn set_up(&'static self) -> io::Result<()> {
            let (near, far) = UnixStream::pair()?;
            let _ = self.0.set([near, far]);
            Ok(())
        }

        /// Ends one wait. Async-signal-safe: only writes to the socket.
        pub(crate) fn ring(&self) {
            if let Some([near, _]) = self.0.get() {
                // Fails only if no thread waits any more.
                let _ = (&*near).write(&[0]);
            }
        }

        /// Blocks until a ring. Returns `false` if none can come.
        pub(crate) fn wait(&self) -> bool {
            self.0.get().is_some_and(|[_, far]| (&*far).read_exact(&mut [0]).is_ok())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ring_ends_one_wait() {
        static WAKEUP: SignalWakeup = SignalWakeup::new();
        WAKEUP.set_up().unwrap();
        WAKEUP.ring();
        WAKEUP.ring();
        assert!(WAKEUP.wait() && WAKEUP.wait());
        let waiting = std::thread::spawn(|| WAKEUP.wait());
        WAKEUP.ring();
        assert!(waiting.join().unwrap());
    }
}
