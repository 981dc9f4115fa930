//! Threads for the library and for backends.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a named thread that blocks all signals, so that the program's own threads receive them.
///
/// ```
/// let thread = pinzero_core::thread::spawn("my-backend", || println!("reads the device"))?;
/// thread.join().unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Any I/O error of [`std::thread::Builder::spawn`]: the system has no thread left.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    spawn_boxed(name.to_owned(), Box::new(body))
}

/// Starts the thread. Not generic, so that a program contains one copy however many bodies it starts.
fn spawn_boxed(name: String, body: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    // A new thread inherits the signal mask, so there is no moment at which it could receive a signal.
    let _blocked = SignalMask::all().wear();
    Builder::new().name(name).spawn(body)
}

/// The signals that a thread blocks. A process that the thread starts blocks them too.
#[derive(Clone, Copy)]
pub(crate) struct SignalMask {
    #[cfg(unix)]
    set: libc::sigset_t,
}

/// Restores a thread's mask when dropped.
pub(crate) struct Worn(SignalMask);

#[cfg(unix)]
impl SignalMask {
    fn all() -> Self {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: a set of zeros is a valid one, and `sigfillset` only writes it.
        unsafe {
            libc::sigfillset(set.as_mut_ptr());
            SignalMask { set: set.assume_init() }
        }
    }

    /// Returns the mask of the calling thread.
    pub(crate) fn current() -> Self {
        change(None)
    }

    /// Gives this thread the mask until the returned guard is dropped.
    pub(crate) fn wear(&self) -> Worn {
        Worn(change(Some(self)))
    }
}

#[cfg(unix)]
impl Drop for Worn {
    fn drop(&mut self) {
        change(Some(&self.0));
    }
}

/// Sets the mask of the calling thread, unless `to` is `None`, and returns the one before.
#[cfg(unix)]
fn change(to: Option<&SignalMask>) -> SignalMask {
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    let to = to.map_or(std::ptr::null(), |to| &raw const to.set);
    // SAFETY: `to` is null or a mask that lives until the call returns; a set of zeros is a valid one, should the call that
    // writes `before` fail; and only this thread's mask is changed.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, to, before.as_mut_ptr());
        SignalMask { set: before.assume_init() }
    }
}

#[cfg(not(unix))]
impl SignalMask {
    fn all() -> Self {
        SignalMask {}
    }

    pub(crate) fn current() -> Self {
        SignalMask {}
    }

    pub(crate) fn wear(&self) -> Worn {
        Worn(*self)
    }
}
