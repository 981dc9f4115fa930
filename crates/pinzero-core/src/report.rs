//! Reports errors that no caller receives: of handlers, of blinks in the background, of lost connections.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;

use log::{Level, LevelFilter};
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::process::PerProcess;
use crate::stderr;
use crate::thread::SignalMask;

/// Takes the errors of one factory that no caller receives. Clones share one place.
///
/// A factory gets its `Reports` by [`PinFactory::report_to`](crate::PinFactory::report_to).
///
/// Each error goes to the function that the program gave to [`Gpio::on_error`](crate::Gpio::on_error). Without one, it goes to
/// the logger of the `log` crate. Without a logger, the first error of each kind in the program goes to standard error.
#[derive(Clone)]
pub struct Reports(Arc<Inner>);

struct Inner {
    on_error: Mutex<Option<OnError>>,
    /// The program's signal mask. The library's threads block all signals, and a process that user code starts inherits the mask
    /// of its thread: with those, nothing but SIGKILL would end the process.
    mask: SignalMask,
}

type OnError = Arc<dyn Fn(&Error) + Send + Sync>;

impl Reports {
    /// Reports an error. Call this with no lock held: loggers and the program's function are user code.
    ///
    /// ```
    /// use pinzero_core::{Error, ErrorKind, Reports};
    ///
    /// Reports::default().report(&Error::new(ErrorKind::Disconnected, "the link is down"));
    /// ```
    pub fn report(&self, error: &Error) {
        let on_error = self.0.on_error.lock().clone();
        let _mask = self.program_mask().wear();
        match on_error {
            // Caught, so that it does not end a thread of the runtime.
            Some(on_error) => drop(catch_unwind(AssertUnwindSafe(|| on_error(error)))),
            None => say(Level::Error, Kind::Error(error.kind() as u32), error),
        }
    }

    /// Reports the errors of user code, which `name` completes. Returns the number of panics.
    pub(crate) fn report_all(
        &self,
        results: [Result<Option<Error>>; 2],
        name: impl Fn(Error) -> Error,
    ) -> u64 {
        let mut panicked = 0;
        for result in results {
            panicked += u64::from(result.is_err());
            if let Ok(Some(error)) | Err(error) = result {
                self.report(&name(error));
            }
        }
        panicked
    }

    pub(crate) fn set(&self, on_error: impl Fn(&Error) + Send + Sync + 'static) {
        let before = self.0.on_error.lock().replace(Arc::new(on_error));
        // Dropped without the lock: its captures are user code.
        drop(before);
    }

    /// Returns the signal mask that user code has.
    pub(crate) fn program_mask(&self) -> &SignalMask {
        &self.0.mask
    }
}

impl Default for Reports {
    fn default() -> Self {
        Reports(Arc::new(Inner { on_error: Mutex::new(None), mask: SignalMask::current() }))
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reports")
    }
}

/// Warns of something that the user may not expect, and of which no call tells: by the logger, or else on standard error, each
/// place in the code once.
///
/// ```
/// pinzero_core::warn_user("pins are driven by pigpio at localhost, since there is no GPIO chip here");
/// ```
#[track_caller]
pub fn warn_user(message: &str) {
    let place = Location::caller();
    say(Level::Warn, Kind::Warning(place.file(), place.line()), &message);
}

/// What standard error shows once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Error(u32),
    Warning(&'static str, u32),
}

fn say(level: Level, kind: Kind, message: &dyn fmt::Display) {
    static SHOWN: PerProcess<Mutex<BTreeSet<Kind>>> = PerProcess::new(Mutex::default);

    // Without a logger, the maximum level is off.
    if log::max_level() != LevelFilter::Off {
        // A logger is user code, too.
        drop(catch_unwind(AssertUnwindSafe(|| log::log!(level, "{message}"))));
    } else if SHOWN.get().lock().insert(kind) {
        let remedy = match kind {
            Kind::Error(_) => ", or give `gpio.on_error(..)` a function",
            Kind::Warning(..) => "",
        };
        stderr::say(&format!(
            "pinzero: {message}\npinzero: more of this kind is not shown: install a logger for the crate `log` to see all{remedy}"
        ));
    }
}
