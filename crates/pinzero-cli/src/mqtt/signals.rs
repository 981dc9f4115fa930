//! Takes signals: SIGHUP to read the file again, SIGINT and SIGTERM to end.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use crate::output;

/// The longest time between the signal and the end of the program.
const LONGEST_END: Duration = Duration::from_millis(1900);

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To read the file again.
    Reload,
    /// To end. Whatever hangs, the program ends within two seconds.
    End,
}

/// Calls `tell` for each signal. The second signal to end ends the program at once.
///
/// # Errors
/// Any error of the system, or if the program handles signals already.
#[cfg(unix)]
pub(crate) fn watch(tell: impl Fn(Wish) + Send + 'static) -> io::Result<()> {
    use std::time::Instant;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    /// One Ctrl-C may reach a program twice.
    const TWICE: Duration = Duration::from_millis(100);

    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::Builder::new().name("pinzero-signals".to_owned()).spawn(move || {
        let mut first: Option<(i32, Instant)> = None;
        for signal in signals.forever() {
            match first {
                None if signal == SIGHUP => tell(Wish::Reload),
                None => {
                    first = Some((signal, Instant::now()));
                    tell(Wish::End);
                    end_in_time(None);
                }
                Some(_) if signal == SIGHUP => {}
                Some((same, at)) if same == signal && at.elapsed() < TWICE => {}
                // This returns only for a signal that ends no program.
                Some(_) => drop(emulate_default_handler(signal)),
            }
        }
    })?;
    Ok(())
}

/// Calls `tell` at Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn watch(tell: impl Fn(Wish) + Send + 'static) -> io::Result<()> {
    let mut is_ending = false;
    let handled = ctrlc::set_handler(move || {
        if std::mem::replace(&mut is_ending, true) {
            process::exit(130);
        }
        tell(Wish::End);
        end_in_time(None);
    });
    handled.map_err(io::Error::other)
}

/// Ends the program in two seconds, if it has not ended by itself: a bus may hang, or a file on a network. Then prints the error for which
/// the program ends, if any.
pub(crate) fn end_in_time(error: Option<String>) {
    let end = move || {
        thread::sleep(LONGEST_END);
        if let Some(error) = error {
            output::complain(&error);
        }
        process::exit(1);
    };
    // Without a thread, systemd ends the program.
    let _ = thread::Builder::new().name("pinzero-end".to_owned()).spawn(end);
}
