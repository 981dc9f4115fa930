//! What a signal handler may ring, and a thread waits for.

#[cfg(target_os = "linux")]
pub(crate) use semaphore::SignalWakeup;
#[cfg(not(target_os = "linux"))]
pub(crate) use socket::SignalWakeup;

/// By a semaphore: no descriptor, which a program that closes all it does not know would close.
#[cfg(target_os = "linux")]
mod semaphore {
    use std::cell::UnsafeCell;
    use std::io;
    use std::mem::MaybeUninit;

    #[derive(Debug)]
    pub(crate) struct SignalWakeup(UnsafeCell<MaybeUninit<libc::sem_t>>);

    // SAFETY: a semaphore is there for several threads: all that is done with it goes through calls that are made for that.
    unsafe impl Sync for SignalWakeup {}

    impl SignalWakeup {
        pub(crate) const fn new() -> Self {
            SignalWakeup(UnsafeCell::new(MaybeUninit::zeroed()))
        }

        /// To be called once, before anything else.
        pub(crate) fn set_up(&'static self) -> io::Result<()> {
            // SAFETY: nobody rings or waits yet; the place is this semaphore's own, for good.
            if unsafe { libc::sem_init(self.place(), 0, 0) } == 0 {
                Ok(())
            } else {
                Err(io::Error::last_os_error())
            }
        }

        /// Ends one wait. Does nothing that a signal handler may not do.
        pub(crate) fn ring(&self) {
            // SAFETY: it has been set up, and never moves after that; `sem_post` is async-signal-safe.
            unsafe { libc::sem_post(self.place()) };
        }

        /// Waits for a ring; false if there will be none.
        pub(crate) fn wait(&self) -> bool {
            // SAFETY: as for `ring`, the signals aside. It comes back early where a signal is handled on this thread.
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

/// By a socket: macOS has semaphores only by name.
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

        /// To be called once, before anything else.
        pub(crate) fn set_up(&'static self) -> io::Result<()> {
            let (near, far) = UnixStream::pair()?;
            let _ = self.0.set([near, far]);
            Ok(())
        }

        /// Ends one wait. Does nothing that a signal handler may not do: it sends.
        pub(crate) fn ring(&self) {
            if let Some([near, _]) = self.0.get() {
                // Where it fails nobody waits any more.
                let _ = (&*near).write(&[0]);
            }
        }

        /// Waits for a ring; false if there will be none.
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
