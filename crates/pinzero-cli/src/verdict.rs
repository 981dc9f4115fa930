//! How a command ends.

use std::error::Error;

/// The exit code of [`Verdict::Bad`].
pub(crate) const BAD: u8 = 3;

/// What `pinzero --help` says of exit codes.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  an error, which is on standard error, such as a pin that the board does not have
  2  the command line cannot be read
  3  a check failed: `doctor` found no factory that works, a trial of `test` failed, `wait` ran out of time,
     a check of `sim --script` was not met, a device has not done what `fleet` asked for
128+n  ended by signal n";

/// The answer of a command that checks something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Done, or all is well.
    Good,
    /// What was checked is not well; the command has said so.
    Bad,
}

/// The result of a command. An error is printed on standard error.
pub(crate) type Outcome = Result<Verdict, Box<dyn Error>>;
