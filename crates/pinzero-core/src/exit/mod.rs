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
//! again, so that the exit status is the usual one. A second signal ends the program at once.
//!
//! Factories and guard are per process. A forked child has none until it opens a factory of its own: the pins of its parent's
//! factories belong to the parent.
//!
//! From the moment at which the guard closes the pins, a wait of the program does not end, and a call that fails does not
//! return: there is nothing that the program could do without its pins but complain. See [`hold_at_end`].
//!
//! No code can run on SIGKILL, a crash of the process, or loss of power.

#[cfg(all(unix, feature = "exit-guard"))]
mod wakeup;

use parking_lot::Mutex;

#[cfg(all(unix, feature = "exit-guard"))]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::gpio::{Gpio, WeakGpio};
use crate::process::PerProcess;

static FACTORIES: PerProcess<Mutex<Vec<Entry>>> = PerProcess::new(Mutex::default);

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
    let mut factories = FACTORIES.get().lock();
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

/// Returns whether a factory in real time is open.
#[doc(hidden)]
pub fn has_realtime() -> bool {
    !factories(|_| true).is_empty()
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
    let factories = FACTORIES.get().lock();
    factories.iter().rev().filter(|entry| wanted(entry)).filter_map(|entry| entry.gpio.upgrade()).collect()
}

/// Returns the result of a user's call, unless the call failed because the program is ending; see [`hold_at_end`].
#[inline]
pub(crate) fn hold<T>(result: Result<T>) -> Result<T> {
    // On the way of an error only, and as a call that ends the function: a write that succeeds must not pay for this.
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(held(error)),
    }
}

#[cold]
#[inline(never)]
fn held(error: Error) -> Error {
    hold_at_end();
    error
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
    use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};
    use std::sync::{Once, OnceLock};
    use std::thread;
    use std::time::{Duration, Instant};

    use libc::c_int;
    use parking_lot::Mutex;

    use super::factories;
    use super::wakeup::SignalWakeup;
    use crate::condvar::Condvar;
    use crate::error::Error;
    use crate::process::PerProcess;
    use crate::report::warn_user;
    use crate::thread::spawn;

    /// Switches the guard off if set, unless empty or `0`.
    const VARIABLE: &str = "PINZERO_NO_EXIT_GUARD";

    /// The longest time that the end of a program waits for its pins.
    const LIMIT: Duration = Duration::from_secs(1);

    /// The same signal within so many milliseconds is not sent by an impatient user.
    const ECHO: u64 = 100;

    const SIGNALS: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

    /// Stands for no signal.
    const NO_SIGNAL: c_int = 0;

    static GUARD: PerProcess<Guard> = PerProcess::new(Guard::new);

    /// The guard of one process.
    struct Guard {
        once: Once,
        /// Set once the service has been started. Without one, a signal has its default action.
        works: AtomicBool,
        /// The signal in progress.
        signalled: AtomicI32,
        /// The time of that signal in milliseconds, 0 before it is known.
        signalled_at: AtomicU64,
        /// Wakes the service; rung by the handler and the hooks.
        wakeup: SignalWakeup,
        service: OnceLock<ThreadId>,
        /// The thread that ends the program, by `exit` or a panic: it may do more after the pins are closed. 0 while there is none.
        ender: AtomicUsize,
        phase: Mutex<Phase>,
        /// Notified when the phase changes, and when the program has taken a signal over.
        changed: Condvar,
    }

    /// A `pthread_t`: an integer on some systems and an address on others.
    type ThreadId = usize;

    /// The name of the threads that close factories.
    const CLOSING: &str = "pinzero-closing";

    #[derive(Default, PartialEq, Eq)]
    enum Phase {
        #[default]
        Working,
        /// This many factories are not closed yet.
        Closing(usize),
        Closed,
    }

    impl Guard {
        fn new() -> Self {
            Guard {
                once: Once::new(),
                works: AtomicBool::new(false),
                signalled: AtomicI32::new(NO_SIGNAL),
                signalled_at: AtomicU64::new(0),
                wakeup: SignalWakeup::new(),
                service: OnceLock::new(),
                ender: AtomicUsize::new(0),
                phase: Mutex::new(Phase::Working),
                changed: Condvar::new(),
            }
        }
    }

    impl Guard {
        /// Returns whether the signal in progress came just now.
        fn is_echo(&self) -> bool {
            let first = self.signalled_at.load(Ordering::Acquire);
            first == 0 || millis() < first + ECHO
        }
    }

    /// Returns the time in milliseconds. Async-signal-safe.
    fn millis() -> u64 {
        let mut now = MaybeUninit::<libc::timespec>::zeroed();
        // SAFETY: a zeroed time is a valid one, which `clock_gettime` overwrites; it is async-signal-safe.
        let now = unsafe {
            libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr());
            now.assume_init()
        };
        now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
    }

    /// Returns the guard of this process, if one works. A forked child has none before it opens a factory.
    fn working() -> Option<&'static Guard> {
        GUARD.peek().filter(|guard| guard.works.load(Ordering::Acquire))
    }

    pub(super) fn install() {
        let guard = GUARD.get();
        guard.once.call_once(|| {
            if env::var_os(VARIABLE).is_some_and(|value| !value.is_empty() && value != "0") {
                return;
            }
            if let Err(error) = try_install(guard) {
                warn_user(&format!("pins may be left driven when the program ends: no exit guard: {error}"));
            }
        });
    }

    fn try_install(guard: &'static Guard) -> io::Result<()> {
        guard.wakeup.set_up()?;
        drop(spawn("pinzero-exit", move || serve(guard))?);
        guard.works.store(true, Ordering::Release);
        for signal in SIGNALS {
            if disposition(signal) == libc::SIG_DFL {
                set_disposition(signal, on_signal as *const () as usize);
            }
        }
        set_hooks();
        Ok(())
    }

    /// Sets the hooks for the end of the program, unless they are set: a forked child inherits them.
    fn set_hooks() {
        static ARE_SET: AtomicBool = AtomicBool::new(false);
        if ARE_SET.load(Ordering::Relaxed) {
            return;
        }
        // SAFETY: `at_exit` is a plain function that never unwinds, and stays loaded as long as the program.
        unsafe { libc::atexit(at_exit) };
        if cfg!(panic = "abort") {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                before(info);
                close_and_wait();
            }));
        }
        // Last: a child that is forked meanwhile sets them twice, which does no harm.
        ARE_SET.store(true, Ordering::Relaxed);
    }

    /// Returns whether the guard is closing the pins or has closed them.
    pub(super) fn is_ending() -> bool {
        *GUARD.get().phase.lock() != Phase::Working
    }

    pub(super) fn hold() {
        let Some(guard) = working() else { return };
        let this = thread_id();
        let is_ender = guard.ender.load(Ordering::Acquire) == this || guard.service.get() == Some(&this);
        let is_working = || *guard.phase.lock() == Phase::Working;
        if is_ender || is_working() || thread::current().name() == Some(CLOSING) {
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
        let Some(guard) = working() else { return };
        if guard.service.get() == Some(&thread_id()) {
            return;
        }
        guard.ender.store(thread_id(), Ordering::Release);
        // A signal in progress ends the program; closing the pins for it may be the reason why this thread got here. Wait for
        // twice the limit, because the service may take all of one.
        let end = Instant::now() + 2 * LIMIT;
        let mut phase = guard.phase.lock();
        while guard.signalled.load(Ordering::Acquire) != NO_SIGNAL {
            if guard.changed.wait_until(&mut phase, end) {
                break;
            }
        }
        drop(phase);
        if factories(|entry| entry.is_guarded).iter().all(|gpio| !gpio.has_open()) {
            return;
        }
        let deadline = Instant::now() + LIMIT;
        guard.wakeup.ring();
        let mut phase = guard.phase.lock();
        while *phase != Phase::Closed {
            if guard.changed.wait_until(&mut phase, deadline) {
                return;
            }
        }
    }

    pub(super) fn wait_for_signal() {
        // SAFETY: the call only waits. It returns when a handler has run on this thread.
        unsafe { libc::pause() };
        let Some(guard) = working() else { return };
        // If that was the guard's handler, the program is about to end. If the program has taken the signal over, it goes on.
        let mut phase = guard.phase.lock();
        while guard.signalled.load(Ordering::Acquire) != NO_SIGNAL {
            guard.changed.wait(&mut phase);
        }
    }

    fn thread_id() -> ThreadId {
        // SAFETY: `pthread_self` only returns the calling thread's id.
        unsafe { libc::pthread_self() as ThreadId }
    }

    /// Waits for a signal or a hook.
    fn serve(guard: &'static Guard) {
        // Cannot fail: set only here, and once.
        let _ = guard.service.set(thread_id());
        while guard.wakeup.wait() {
            let signal = guard.signalled.load(Ordering::Acquire);
            if signal != NO_SIGNAL && disposition(signal) != on_signal as *const () as usize {
                // The program has installed its own handler meanwhile, which decides whether the program ends.
                let _phase = guard.phase.lock();
                guard.signalled.store(NO_SIGNAL, Ordering::Release);
                guard.changed.notify_all();
                continue;
            }
            close(guard);
            if signal != NO_SIGNAL {
                end_by(signal);
            }
        }
    }

    /// Closes all guarded factories, each on a thread of its own, and waits for them up to the limit.
    fn close(guard: &'static Guard) {
        let deadline = Instant::now() + LIMIT;
        let mut phase = guard.phase.lock();
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
                    let mut phase = guard.phase.lock();
                    if let Phase::Closing(left) = *phase {
                        *phase = if left > 1 { Phase::Closing(left - 1) } else { Phase::Closed };
                    }
                    guard.changed.notify_all();
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
            if guard.changed.wait_until(&mut phase, deadline) {
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
            match working() {
                Some(guard) => match guard.signalled.swap(signal, Ordering::AcqRel) {
                    NO_SIGNAL => {
                        guard.signalled_at.store(millis(), Ordering::Release);
                        guard.wakeup.ring();
                    }
                    // One Ctrl-C that reaches the program twice: from the terminal, and from a program that passes signals on.
                    first if first == signal && guard.is_echo() => {}
                    // A second signal from an impatient user.
                    _ => end_by(signal),
                },
                // A forked child without a guard.
                None => end_by(signal),
            }
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
