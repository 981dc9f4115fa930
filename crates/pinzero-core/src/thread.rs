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
    let _blocked = Blocked::all();
    Builder::new().name(name).spawn(body)
}

/// Blocks all signals of this thread until dropped.
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
