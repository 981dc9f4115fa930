//! Threads of the library's own, and of backends.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread that leaves all signals to the program's own threads, which may be waiting for them.
///
/// # Errors
/// Those of the system, if it has no thread left.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    spawn_boxed(name.to_owned(), Box::new(body))
}

/// One copy of it in a program, however many bodies.
fn spawn_boxed(name: String, body: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    // A thread begins with the mask of the one that starts it: there is no moment at which it could take a signal.
    let _blocked = Blocked::all();
    Builder::new().name(name).spawn(body)
}

/// Signals that this thread does not take, until this is dropped.
struct Blocked {
    #[cfg(unix)]
    before: libc::sigset_t,
}

#[cfg(unix)]
impl Blocked {
    fn all() -> Self {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: `set` is initialised by `sigfillset` before it is read; a set of zeros is a valid one, should the call
        // that writes `before` fail; and only this thread's mask is changed.
        unsafe {
            libc::sigfillset(set.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, set.as_ptr(), before.as_mut_ptr());
            Blocked { before: before.assume_init() }
        }
    }
}

#[cfg(unix)]
impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: `before` is the mask that this thread had, and lives until the call returns.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}

#[cfg(not(unix))]
impl Blocked {
    fn all() -> Self {
        Blocked {}
    }
}
