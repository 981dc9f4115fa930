//! Makes trials from a rig, runs them, and returns an exit status.

use std::fmt;
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use pinzero_core::Result;

use crate::fixture::Fixture;
use crate::process::OtherProcess;
use crate::rig::Rig;
use crate::trials::{self, Check};
use crate::verdict::{Stop, Verdict, of_rig};

/// The most attempts at a trial on a machine that stalls.
const ATTEMPTS: u32 = 10;

/// The longest time for a trial. Only one that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(120);

/// A trial that a backend is known to fail.
///
/// The trial is reported as ignored with its reason while it fails, and as failed once it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation {
    /// The trial's name without the suite's: `"edges::a_burst_is_whole_or_counted"`.
    pub trial: &'static str,
    /// The reason why the backend differs from others; must not be empty.
    pub reason: &'static str,
}

type SetUp = Arc<dyn Fn() -> Result<Box<dyn Rig>> + Send + Sync>;

/// All trials on one rig.
#[derive(Clone)]
pub struct Suite {
    name: String,
    set_up: SetUp,
    deviations: Vec<Deviation>,
    missing: Option<String>,
}

impl Suite {
    /// Returns a suite whose trials are called `name::…`; `set_up` makes a rig for each of them.
    pub fn new<R: Rig + 'static>(
        name: impl Into<String>,
        set_up: impl Fn() -> Result<R> + Send + Sync + 'static,
    ) -> Self {
        let set_up = Arc::new(move || Ok(Box::new(set_up()?) as Box<dyn Rig>));
        Suite { name: name.into(), set_up, deviations: Vec::new(), missing: None }
    }

    /// Sets the trials that are known to fail, and must.
    #[must_use]
    pub fn deviations(mut self, deviations: &[Deviation]) -> Self {
        self.deviations.extend(deviations);
        self
    }

    /// Sets the reason why there is no rig here. All trials are then ignored for this reason, or fail for it with
    /// `--include-ignored` or `--ignored`. An empty reason means that there is a rig.
    #[must_use]
    pub fn missing(mut self, reason: Option<&str>) -> Self {
        self.missing = reason.filter(|reason| !reason.trim().is_empty()).map(str::to_owned);
        self
    }

    /// Returns the trials, for a harness of your own; [`run`] is one. The trials must run one at a time.
    pub fn trials(&self) -> Vec<Trial> {
        self.list(false)
    }

    /// Returns the trials; if `insist`, those of a missing rig fail.
    fn list(&self, insist: bool) -> Vec<Trial> {
        let known = trials::ALL.iter().map(|check| {
            let suite = self.clone();
            Trial::ignorable_test(format!("{}::{}", self.name, check.name), move || match &suite.missing {
                Some(reason) if insist => Err(Failed::from(reason)),
                Some(reason) => Ok(Completion::ignored_with(reason)),
                None => without_hanging(move || suite.judge(check)),
            })
        });
        let unknown = self
            .deviations
            .iter()
            .filter(|deviation| !trials::ALL.iter().any(|check| check.name == deviation.trial));
        let unknown = unknown.map(|deviation| {
            let complaint = format!("a deviation is listed for {}, which is no trial", deviation.trial);
            Trial::test(format!("{}::{}", self.name, deviation.trial), || Err(Failed::from(complaint)))
        });
        known.chain(unknown).collect()
    }

    /// Runs a trial, and compares the result with the list of deviations.
    fn judge(&self, check: &Check) -> Result<Completion, Failed> {
        let deviation = self.deviations.iter().find(|deviation| deviation.trial == check.name);
        if deviation.is_some_and(|deviation| deviation.reason.trim().is_empty()) {
            return Err("it is listed as a deviation without a reason".into());
        }
        match (self.attempt(check), deviation) {
            (Ok(()), None) => Ok(Completion::Completed),
            (Err(Stop::NotApplicable(reason)), None) => Ok(Completion::ignored_with(reason)),
            (Err(Stop::Failed(complaint)), None) => Err(complaint.into()),
            (Err(Stop::Failed(complaint)), Some(Deviation { reason, .. })) => {
                log::info!("{}::{} deviates: {complaint}", self.name, check.name);
                Ok(Completion::ignored_with(format!("deviates: {reason}")))
            }
            (Ok(()) | Err(Stop::NotApplicable(_)), Some(_)) => {
                Err("it is listed as a deviation and does not fail: take it off the list".into())
            }
            (Err(Stop::Rig(complaint)), _) => Err(format!("the rig is broken: {complaint}").into()),
            (Err(Stop::Stalled), _) => Err("the machine stalls too often for this trial".into()),
        }
    }

    /// Runs a trial, and repeats it while the machine stalls.
    fn attempt(&self, check: &Check) -> Verdict {
        for _ in 1..ATTEMPTS {
            match self.once(check) {
                Err(Stop::Stalled) => log::warn!("{}: the machine stalled, so once more", check.name),
                verdict => return verdict,
            }
        }
        self.once(check)
    }

    fn once(&self, check: &Check) -> Verdict {
        let rig = of_rig((self.set_up)())?;
        let fixture = Fixture::new(&*rig)?;
        check.needs.iter().try_for_each(|need| fixture.need(*need))?;
        (check.run)(&fixture)
    }
}

/// Runs a trial on a thread of its own, and makes it fail if it hangs.
fn without_hanging(
    trial: impl FnOnce() -> Result<Completion, Failed> + Send + 'static,
) -> Result<Completion, Failed> {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || sender.send(trial()));
    match receiver.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(format!("it has not come to an end within {LIMIT:?}").into()),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => resume_unwind(panic),
            Ok(_) => Err("it ended without a result".into()),
        },
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("name", &self.name)
            .field("deviations", &self.deviations)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

/// Runs suites with the arguments of this program, which are those of any test. Call this from `main` of a test target
/// with `harness = false`.
///
/// Trials run one at a time: they share the pins, and some measure.
///
/// Fails at once if this is an [`OtherProcess`]: `main` did not ask for its [`task`](OtherProcess::task), and the other
/// process would start others without end.
pub fn run(suites: impl IntoIterator<Item = Suite>) -> ExitCode {
    if OtherProcess::task().is_some() {
        eprintln!(
            "this is the other process of a trial: `main` has to ask `OtherProcess::task()` before all else"
        );
        return ExitCode::FAILURE;
    }
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, list(&arguments, suites)).exit_code()
}

/// Returns the trials for these arguments. With `--ignored`, these are the trials of missing rigs, which fail for that
/// reason.
fn list(arguments: &Arguments, suites: impl IntoIterator<Item = Suite>) -> Vec<Trial> {
    let insist = arguments.include_ignored || arguments.ignored;
    let trials = suites.into_iter().flat_map(|suite| {
        let is_ignored = arguments.ignored && suite.missing.is_some();
        suite.list(insist).into_iter().map(move |trial| trial.with_ignored_flag(is_ignored))
    });
    trials.collect()
}

#[cfg(test)]
mod tests {
    use pinzero_core::mock;

    use super::*;
    use crate::wired::WiredPins;

    #[test]
    fn whoever_asks_for_what_is_ignored_gets_the_rigs_that_are_missing() {
        let set_up = || WiredPins::new(&mock::gpio(), 17, 27);
        let suites = || [Suite::new("here", set_up), Suite::new("gone", set_up).missing(Some("no rig"))];
        let run = |arguments: Arguments| -> Vec<String> {
            let arguments = Arguments { filter: Some("honesty::output".to_owned()), ..arguments };
            let trials = list(&arguments, suites());
            let run = trials
                .iter()
                .filter(|trial| !arguments.is_filtered_out(trial) && !arguments.is_ignored(trial));
            run.map(|trial| trial.name().to_owned()).collect()
        };
        assert_eq!(run(Arguments::default()), ["here::honesty::output", "gone::honesty::output"]);
        assert_eq!(run(Arguments { ignored: true, ..Arguments::default() }), ["gone::honesty::output"]);
    }
}
