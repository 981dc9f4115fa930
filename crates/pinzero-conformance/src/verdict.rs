//! How a trial ends.

use pinzero_core::{Error, ErrorKind};

/// The result of a trial: passed, or the reason why it stopped.
pub(crate) type Verdict<T = ()> = Result<T, Stop>;

/// The reason why a trial did not reach its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The factory is wrong.
    Failed(String),
    /// The trial does not apply to this factory or rig, for this reason.
    NotApplicable(String),
    /// The rig is broken, which shows nothing about the factory.
    Rig(String),
    /// The machine stalled for so long that the result shows nothing about the factory.
    Stalled,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(format!("{error:?}"))
    }
}

/// Fails with `complaint` unless `holds`.
pub(crate) fn check(holds: bool, complaint: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Stop::Failed(complaint())) }
}

/// Returns the rig's answer; ends the trial if the rig is broken.
pub(crate) fn of_rig<T>(result: pinzero_core::Result<T>) -> Verdict<T> {
    result.map_err(|error| Stop::Rig(format!("{error:?}")))
}

/// Fails unless `result` is an error of this kind.
pub(crate) fn refused<T>(what: &str, kind: ErrorKind, result: pinzero_core::Result<T>) -> Verdict {
    match result {
        Ok(_) => Err(Stop::Failed(format!("{what}: accepted, instead of refused as {kind:?}"))),
        Err(error) => {
            check(error.kind() == kind, || format!("{what}: refused as {error:?} instead of {kind:?}"))
        }
    }
}

/// Returns the value; ends the trial if there is none.
pub(crate) fn or_not_applicable<T>(there: Option<T>, reason: &str) -> Verdict<T> {
    there.ok_or_else(|| Stop::NotApplicable(reason.to_owned()))
}
