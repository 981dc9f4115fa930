//! No pin is left driven: every factory in real time is known here, and closed when the program ends.
//!
//! The guard is installed with the first factory that wants it. It acts on
//!
//! * return from `main` and [`std::process::exit`], by `atexit`;
//! * a panic where panics abort, by the panic hook;
//! * SIGINT, SIGTERM and SIGHUP, **as long as nobody else handles them**. A program that does (tokio, signal-hook,
//!   ctrlc) ends in its own way, and `atexit` sees to the pins then.
//!
//! On a signal the handler rings a bell. A thread that waits for that closes the pins, each factory on a thread of its
//! own so that one that hangs holds no other up, for at most a second; then it restores the default handling and
//! raises the signal again, so that the exit status is what it would have been. A second signal ends the program at
//! once. A forked child is left alone: its pins are its parent's.
//!
//! Nothing can be done on SIGKILL, a crash of the process, or loss of power.

#[cfg(all(unix, feature = "exit-guard"))]
mod wakeup;

use parking_lot::Mutex;

use crate::error::Result;
#[cfg(all(unix, feature = "exit-guard"))]
use crate::error::{Error, ErrorKind};
use crate::gpio::{Gpio, WeakGpio};

static FACTORIES: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

struct Entry {
    gpio: WeakGpio,
    #[cfg_attr(
        not(all(unix, feature = "exit-guard")),
        expect(dead_code, reason = "there is no guard to ask")
    )]
    is_guarded: bool,
}

/// Makes a factory known, and installs the guard if it is to be guarded.
///
/// # Errors
/// [`Closed`](crate::ErrorKind::Closed) once the guard closes the pins: nothing is driven any more then.
pub(crate) fn register(gpio: &Gpio, is_guarded: bool) -> Result<()> {
    let mut factories = FACTORIES.lock();
    factories.retain(|entry| entry.gpio.is_alive());
    factories.push(Entry { gpio: gpio.downgrade(), is_guarded });
    drop(factories);
    #[cfg(all(unix, feature = "exit-guard"))]
    if is_guarded {
        guard::install();
        if guard::is_ending() {
            return Err(Error::new(ErrorKind::Closed, "the program is ending"));
        }
    }
    Ok(())
}

/// Closes every factory of this program that runs in real time, the last made first, with all that is open on it.
///
/// Mocks on virtual time are left out: they belong to the test that made them.
///
/// ```
/// use pinzero::{ErrorKind, Level, mock};
///
/// let gpio = mock::builder().realtime().open();
/// let relay = gpio.output(17).initial(Level::High).open()?;
/// pinzero::close_all()?;
/// assert_eq!(gpio.line(17).level(), Level::Low);
/// assert_eq!(relay.set(Level::High).unwrap_err().kind(), ErrorKind::Closed);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// # Errors
/// The first one met; closing goes on all the same.
pub fn close_all() -> Result<()> {
    let mut result = Ok(());
    for gpio in factories(|_| true) {
        result = result.and(gpio.close());
    }
    result
}

/// The factories that are still there and that `wanted` picks, the last made first.
fn factories(wanted: impl Fn(&Entry) -> bool) -> Vec<Gpio> {
    let factories = FACTORIES.lock();
    factories.iter().rev().filter(|entry| wanted(entry)).filter_map(|entry| entry.gpio.upgrade()).collect()
}

/// Whether this process is a fork of the one that opened the pins: they are not its to close.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home(u32);

impl Home {
    pub(crate) fn here() -> Self {
        Home(std::process::id())
    }

    pub(crate) fn is_elsewhere(self) -> bool {
        std::process::id() != self.0
    }
}

#[cfg(all(unix, feature = "exit-guard"))]
mod guard {
    use std::env;
    use std::io;
    use std::mem::MaybeUninit;
    use std::panic;
    use std::ptr;
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::sync::{Once, OnceLock};
    use std::time::{Duration, Instant};

    use libc::c_int;
    use parking_lot::{Condvar, Mutex};

    use super::factories;
    use super::wakeup::SignalWakeup;
    use crate::thread::spawn;

    /// Switches the guard off, if set to anything but nothing or `0`.
    const VARIABLE: &str = "PINZERO_NO_EXIT_GUARD";

    /// How long the end of a program may wait for its pins.
    const LIMIT: Duration = Duration::from_secs(1);

    const SIGNALS: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

    /// In place of a signal's number.
    const NO_SIGNAL: c_int = 0;

    /// What the signal handler may look at, set before it is installed.
    static PROCESS: AtomicI32 = AtomicI32::new(0);
    /// The signal that is being seen to.
    static SIGNALLED: AtomicI32 = AtomicI32::new(NO_SIGNAL);
    /// Rung by the handler and the hooks, heard by the service.
    static WAKEUP: SignalWakeup = SignalWakeup::new();

    /// A thread as the system knows it: a number on some systems and an address on others.
    type ThreadId = usize;

    static SERVICE: OnceLock<ThreadId> = OnceLock::new();

    static PHASE: Mutex<Phase> = Mutex::new(Phase::Working);
    /// Rung when the phase changes, and when a signal is no longer ours.
    static CHANGED: Condvar = Condvar::new();

    #[derive(PartialEq, Eq)]
    enum Phase {
        Working,
        /// So many factories are still to be closed.
        Closing(usize),
        Closed,
    }

    pub(super) fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            if env::var_os(VARIABLE).is_some_and(|value| !value.is_empty() && value != "0") {
                return;
            }
            if let Err(error) = try_install() {
                log::error!("pins may be left driven when the program ends: no exit guard: {error}");
            }
        });
    }

    fn try_install() -> io::Result<()> {
        WAKEUP.set_up()?;
        drop(spawn("pinzero-exit", serve)?);
        PROCESS.store(std::process::id() as i32, Ordering::Release);
        // SAFETY: `at_exit` is a plain function that never unwinds, and stays loaded as long as the program.
        unsafe { libc::atexit(at_exit) };
        for signal in SIGNALS {
            if disposition(signal) == libc::SIG_DFL {
                set_disposition(signal, on_signal as *const () as usize);
            }
        }
        if cfg!(panic = "abort") {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                before(info);
                close_and_wait();
            }));
        }
        Ok(())
    }

    /// Whether pins are being closed, or have been.
    pub(super) fn is_ending() -> bool {
        *PHASE.lock() != Phase::Working
    }

    extern "C" fn at_exit() {
        close_and_wait();
    }

    /// Has the service close the pins, and waits for that, but not longer than the limit. Runs where thread-locals may
    /// be gone: it logs nothing and uses none.
    fn close_and_wait() {
        let is_child = PROCESS.load(Ordering::Acquire) != std::process::id() as i32;
        let is_service = SERVICE.get() == Some(&thread_id());
        if is_child || is_service {
            return;
        }
        // A signal that is being seen to ends the program: its closing of the pins is perhaps what has let this thread come
        // here. Twice the limit, as the service has all of one.
        let end = Instant::now() + 2 * LIMIT;
        let mut phase = PHASE.lock();
        while SIGNALLED.load(Ordering::Acquire) != NO_SIGNAL {
            if CHANGED.wait_until(&mut phase, end).timed_out() {
                break;
            }
        }
        drop(phase);
        if factories(|entry| entry.is_guarded).iter().all(|gpio| !gpio.has_open()) {
            return;
        }
        let deadline = Instant::now() + LIMIT;
        WAKEUP.ring();
        let mut phase = PHASE.lock();
        while *phase != Phase::Closed {
            if CHANGED.wait_until(&mut phase, deadline).timed_out() {
                return;
            }
        }
    }

    fn thread_id() -> ThreadId {
        // SAFETY: it only returns what the thread is called.
        unsafe { libc::pthread_self() as ThreadId }
    }

    /// Waits for a signal or a hook.
    fn serve() {
        // It is set once, here.
        let _ = SERVICE.set(thread_id());
        while WAKEUP.wait() {
            let signal = SIGNALLED.load(Ordering::Acquire);
            if signal != NO_SIGNAL && disposition(signal) != on_signal as *const () as usize {
                // Somebody has taken the signal over meanwhile: it is theirs to end the program, or not.
                let _phase = PHASE.lock();
                SIGNALLED.store(NO_SIGNAL, Ordering::Release);
                CHANGED.notify_all();
                continue;
            }
            close();
            if signal != NO_SIGNAL {
                end_by(signal);
            }
        }
    }

    /// Closes all guarded factories, each on a thread of its own, and waits for them as long as the limit allows.
    fn close() {
        let deadline = Instant::now() + LIMIT;
        let mut phase = PHASE.lock();
        if *phase == Phase::Working {
            let all = factories(|entry| entry.is_guarded);
            *phase = Phase::Closing(all.len());
            if all.is_empty() {
                *phase = Phase::Closed;
            }
            for gpio in all {
                let close = move || {
                    let result = gpio.close();
                    drop(gpio);
                    let mut phase = PHASE.lock();
                    if let Phase::Closing(left) = *phase {
                        *phase = if left > 1 { Phase::Closing(left - 1) } else { Phase::Closed };
                    }
                    CHANGED.notify_all();
                    drop(phase);
                    // Last: a logger is the program's code, and may block.
                    if let Err(error) = result {
                        log::error!("a pin may be left driven: {error}");
                    }
                };
                // Without a thread nothing can be done in the time that is left.
                drop(spawn("pinzero-closing", close));
            }
        }
        while *phase != Phase::Closed {
            if CHANGED.wait_until(&mut phase, deadline).timed_out() {
                let complain =
                    || log::error!("pins may be left driven: closing them takes more than {LIMIT:?}");
                drop(spawn("pinzero-complaint", complain));
                return;
            }
        }
    }

    /// Notes the signal and rings; all else is the service's.
    extern "C" fn on_signal(signal: c_int) {
        let errno = Errno::save();
        // Where somebody took the signal over, and calls us as well, it is theirs.
        if disposition(signal) == on_signal as *const () as usize {
            // SAFETY: `getpid` is async-signal-safe.
            let process = unsafe { libc::getpid() };
            if process != PROCESS.load(Ordering::Acquire)
                || SIGNALLED.swap(signal, Ordering::AcqRel) != NO_SIGNAL
            {
                // A fork, which has no service, or a person who does not want to wait.
                end_by(signal);
            }
            WAKEUP.ring();
        }
        errno.restore();
    }

    /// Ends the process by the signal's default action, and at once.
    fn end_by(signal: c_int) -> ! {
        set_disposition(signal, libc::SIG_DFL);
        // SAFETY: all of these are async-signal-safe, and `set` is initialised by `sigemptyset`.
        unsafe {
            let mut set = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), ptr::null_mut());
            libc::raise(signal);
            // The first process of a container is spared by default actions.
            libc::_exit(128 + signal)
        }
    }

    fn disposition(signal: c_int) -> usize {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: with a null pointer for the new action, `sigaction` only writes the old one; it is async-signal-safe.
        unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
            action.assume_init().sa_sigaction
        }
    }

    fn set_disposition(signal: c_int, handler: usize) {
        // SAFETY: a zeroed action has no flags and an empty mask; the handler is a function of the right kind, or
        // SIG_DFL; `sigaction` is async-signal-safe.
        unsafe {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            action.sa_sigaction = handler;
            action.sa_flags = libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }

    /// The thread's error number, which a signal handler must leave as it was.
    struct Errno(c_int);

    impl Errno {
        fn place() -> *mut c_int {
            #[cfg(target_os = "linux")]
            // SAFETY: it only returns the address of this thread's number.
            unsafe {
                libc::__errno_location()
            }
            #[cfg(not(target_os = "linux"))]
            // SAFETY: it only returns the address of this thread's number.
            unsafe {
                libc::__error()
            }
        }

        fn save() -> Self {
            // SAFETY: the address is that of this thread's number, which is there as long as the thread.
            Errno(unsafe { *Errno::place() })
        }

        fn restore(self) {
            // SAFETY: as for `save`.
            unsafe { *Errno::place() = self.0 };
        }
    }
}
