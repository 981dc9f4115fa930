//! The exit guard: closes every real-time factory when the program ends, so that no pin is left driven.
//!
//! The first guarded factory installs the guard. The guard acts on
//!
//! * return from `main` and [`std::process::exit`], by `atexit`;
//! * a panic where panics abort, by the panic hook;
//! * SIGINT, SIGTERM and SIGHUP, **unless the program handles them itself** (tokio, signal-hook, ctrlc). Such a program
//!   ends in its own way, and `atexit` closes the pins then.
//!
//! The signal handler only wakes a thread. That thread closes each factory on a thread of its own, so that a hanging one
//! does not delay the others, and waits for at most a second. Then it restores the default handling and raises the signal
//! again, so that the exit status is the usual one. A second signal ends the program at once. In a forked child the guard
//! does nothing: the pins belong to the parent.
//!
//! From the moment at which the guard closes the pins, a wait of the program does not end, and a call that fails does not
//! return: there is nothing that the program could do without its pins but complain. See [`hold_at_end`].
//!
//! No code can run on SIGKILL, a crash of the process, or loss of power.

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

/// Registers a factory, and installs the guard if `is_guarded`.
///
/// # Errors
/// [`Closed`](crate::ErrorKind::Closed) once the guard has begun to close the pins.
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

/// Closes every real-time factory of this program and its open handles, the last created first.
///
/// Skips mocks on a virtual clock: they belong to the test that created them.
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
/// The first I/O error; closing goes on all the same.
pub fn close_all() -> Result<()> {
    let mut result = Ok(());
    for gpio in factories(|_| true) {
        result = result.and(gpio.close());
    }
    result
}

/// Blocks until a signal handler of the program has run on this thread; see `pinzero::pause`.
#[doc(hidden)]
pub fn wait_for_signal() {
    #[cfg(all(unix, feature = "exit-guard"))]
    guard::wait_for_signal();
    #[cfg(all(unix, not(feature = "exit-guard")))]
    // SAFETY: the call only waits.
    unsafe {
        libc::pause();
    }
    #[cfg(not(unix))]
    loop {
        std::thread::park();
    }
}

/// Returns the live factories that `wanted` accepts, the last created first.
fn factories(wanted: impl Fn(&Entry) -> bool) -> Vec<Gpio> {
    let factories = FACTORIES.lock();
    factories.iter().rev().filter(|entry| wanted(entry)).filter_map(|entry| entry.gpio.upgrade()).collect()
}

/// Returns the result of a user's call, unless the call failed because the program is ending; see [`hold_at_end`].
#[inline]
pub(crate) fn hold<T>(result: Result<T>) -> Result<T> {
    if result.is_err() {
        hold_at_end();
    }
    result
}

/// Blocks for good if the guard is closing the pins for the end of the program. Call this on the way back to the user, with no
/// lock held.
///
/// Otherwise `fn main() -> Result<()>` would print "Error: GPIO18: the device is closed" after each Ctrl-C.
#[cold]
pub(crate) fn hold_at_end() {
    #[cfg(all(unix, feature = "exit-guard"))]
    guard::hold();
}

#[cfg(all(unix, feature = "exit-guard"))]
mod guard {
    use std::env;
    use std::io;
    use std::mem::MaybeUninit;
    use std::panic;
    use std::ptr;
    use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
    use std::sync::{Once, OnceLock};
    use std::thread;
    use std::time::{Duration, Instant};

    use libc::c_int;
    use parking_lot::{Condvar, Mutex};

    use super::factories;
    use super::wakeup::SignalWakeup;
    use crate::error::Error;
    use crate::report::warn_user;
    use crate::thread::spawn;

    /// Switches the guard off if set, unless empty or `0`.
    const VARIABLE: &str = "PINZERO_NO_EXIT_GUARD";

    /// The longest time that the end of a program waits for its pins.
    const LIMIT: Duration = Duration::from_secs(1);

    const SIGNALS: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

    /// Stands for no signal.
    const NO_SIGNAL: c_int = 0;

    /// The id of this process, for the signal handler; set before the handler is installed.
    static PROCESS: AtomicI32 = AtomicI32::new(0);
    /// The signal in progress.
    static SIGNALLED: AtomicI32 = AtomicI32::new(NO_SIGNAL);
    /// Wakes the service; rung by the handler and the hooks.
    static WAKEUP: SignalWakeup = SignalWakeup::new();

    /// A `pthread_t`: an integer on some systems and an address on others.
    type ThreadId = usize;

    static SERVICE: OnceLock<ThreadId> = OnceLock::new();
    /// The thread that ends the program, by `exit` or a panic: it may do more after the pins are closed. 0 while there is none.
    static ENDER: AtomicUsize = AtomicUsize::new(0);

    /// The name of the threads that close factories.
    const CLOSING: &str = "pinzero-closing";

    static PHASE: Mutex<Phase> = Mutex::new(Phase::Working);
    /// Notified when the phase changes, and when the program has taken a signal over.
    static CHANGED: Condvar = Condvar::new();

    #[derive(PartialEq, Eq)]
    enum Phase {
        Working,
        /// This many factories are not closed yet.
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
                warn_user(&format!("pins may be left driven when the program ends: no exit guard: {error}"));
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

    /// Returns whether the guard is closing the pins or has closed them.
    pub(super) fn is_ending() -> bool {
        *PHASE.lock() != Phase::Working
    }

    pub(super) fn hold() {
        let this = thread_id();
        let is_child = PROCESS.load(Ordering::Acquire) != std::process::id() as i32;
        let is_ender = ENDER.load(Ordering::Acquire) == this || SERVICE.get() == Some(&this);
        if is_child || is_ender || !is_ending() || thread::current().name() == Some(CLOSING) {
            return;
        }
        // The end of the process ends this thread.
        loop {
            thread::park();
        }
    }

    extern "C" fn at_exit() {
        close_and_wait();
    }

    /// Wakes the service to close the pins, and waits up to the limit. Neither logs nor uses thread-locals, because they may
    /// be gone already.
    fn close_and_wait() {
        let is_child = PROCESS.load(Ordering::Acquire) != std::process::id() as i32;
        let is_service = SERVICE.get() == Some(&thread_id());
        if is_child || is_service {
            return;
        }
        ENDER.store(thread_id(), Ordering::Release);
        // A signal in progress ends the program; closing the pins for it may be the reason why this thread got here. Wait for
        // twice the limit, because the service may take all of one.
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

    pub(super) fn wait_for_signal() {
        // SAFETY: the call only waits. It returns when a handler has run on this thread.
        unsafe { libc::pause() };
        // If that was the guard's handler, the program is about to end. If the program has taken the signal over, it goes on.
        let mut phase = PHASE.lock();
        while SIGNALLED.load(Ordering::Acquire) != NO_SIGNAL {
            CHANGED.wait(&mut phase);
        }
    }

    fn thread_id() -> ThreadId {
        // SAFETY: `pthread_self` only returns the calling thread's id.
        unsafe { libc::pthread_self() as ThreadId }
    }

    /// Waits for a signal or a hook.
    fn serve() {
        // Cannot fail: set only here, and once.
        let _ = SERVICE.set(thread_id());
        while WAKEUP.wait() {
            let signal = SIGNALLED.load(Ordering::Acquire);
            if signal != NO_SIGNAL && disposition(signal) != on_signal as *const () as usize {
                // The program has installed its own handler meanwhile, which decides whether the program ends.
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

    /// Closes all guarded factories, each on a thread of its own, and waits for them up to the limit.
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
                    let reports = gpio.runtime().reports().clone();
                    let result = gpio.close();
                    drop(gpio);
                    let mut phase = PHASE.lock();
                    if let Phase::Closing(left) = *phase {
                        *phase = if left > 1 { Phase::Closing(left - 1) } else { Phase::Closed };
                    }
                    CHANGED.notify_all();
                    drop(phase);
                    // Last: this is user code and may block.
                    if let Err(error) = result {
                        reports
                            .report(&Error::new(error.kind(), "a pin may be left driven").with_source(error));
                    }
                };
                // If no thread can be started, the remaining time allows nothing else.
                drop(spawn(CLOSING, close));
            }
        }
        while *phase != Phase::Closed {
            if CHANGED.wait_until(&mut phase, deadline).timed_out() {
                let complain = || {
                    warn_user(&format!("pins may be left driven: closing them takes more than {LIMIT:?}"));
                };
                drop(spawn("pinzero-complaint", complain));
                return;
            }
        }
    }

    /// Stores the signal and wakes the service, which does the rest.
    extern "C" fn on_signal(signal: c_int) {
        let errno = Errno::save();
        // If the program has installed its own handler, which calls this one as well, the signal is the program's.
        if disposition(signal) == on_signal as *const () as usize {
            // SAFETY: `getpid` is async-signal-safe.
            let process = unsafe { libc::getpid() };
            if process != PROCESS.load(Ordering::Acquire)
                || SIGNALLED.swap(signal, Ordering::AcqRel) != NO_SIGNAL
            {
                // A forked child, which has no service, or a second signal from an impatient user.
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
            // Reached by process 1 of a container, to which default actions do not apply.
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

    /// The thread's `errno`, which a signal handler must preserve.
    struct Errno(c_int);

    impl Errno {
        fn place() -> *mut c_int {
            #[cfg(target_os = "linux")]
            // SAFETY: returns the address of this thread's `errno`.
            unsafe {
                libc::__errno_location()
            }
            #[cfg(not(target_os = "linux"))]
            // SAFETY: returns the address of this thread's `errno`.
            unsafe {
                libc::__error()
            }
        }

        fn save() -> Self {
            // SAFETY: the address of this thread's `errno` is valid as long as the thread runs.
            Errno(unsafe { *Errno::place() })
        }

        fn restore(self) {
            // SAFETY: see `save`.
            unsafe { *Errno::place() = self.0 };
        }
    }
}
