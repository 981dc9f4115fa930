//! How a trial ends.

use pinzero_core::{Error, ErrorKind};

/// What a trial comes to: nothing to complain of, or why it stopped.
pub(crate) type Verdict<T = ()> = Result<T, Stop>;

/// Why a trial did not get to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is not as it has to be.
    Failed(String),
    /// It is not for this factory or this rig, for this reason.
    NotApplicable(String),
    /// The rig does not do what it is for, which says nothing about the factory.
    Rig(String),
    /// The machine stood still for so long that what came out says nothing about the factory.
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

/// What a rig has answered, or the end of a trial on one that is broken.
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

/// What is there, or the end of a trial that cannot do without it.
pub(crate) fn or_not_applicable<T>(there: Option<T>, reason: &str) -> Verdict<T> {
    there.ok_or_else(|| Stop::NotApplicable(reason.to_owned()))
}
