//! Makes trials from a rig, runs them, and returns an exit status.

use std::any::Any;
use std::fmt;
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

/// The result of a trial; see [`Suite::results`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialResult {
    /// The trial's name without the suite's: `"edges::come_in_order"`.
    pub trial: &'static str,
    /// How the trial ended.
    pub ending: Ending,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The factory did as it should.
    Passed,
    /// The factory, or the rig, did something else; in a few words.
    Failed(String),
    /// The trial did not run, or failed as its deviation says, for this reason.
    Ignored(String),
}

type SetUp = Arc<dyn Fn() -> Result<Box<dyn Rig>> + Send + Sync>;

/// All trials on one rig.
#[derive(Clone)]
pub struct Suite {
    name: String,
    set_up: SetUp,
    deviations: Vec<Deviation>,
    missing: Option<String>,
    limit: Duration,
}

impl Suite {
    /// Returns a suite whose trials are called `name::…`; `set_up` makes a rig for each of them.
    pub fn new<R: Rig + 'static>(
        name: impl Into<String>,
        set_up: impl Fn() -> Result<R> + Send + Sync + 'static,
    ) -> Self {
        let set_up = Arc::new(move || Ok(Box::new(set_up()?) as Box<dyn Rig>));
        Suite { name: name.into(), set_up, deviations: Vec::new(), missing: None, limit: LIMIT }
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

    /// Sets the longest time for a trial, which fails if it takes longer. Default: 120 seconds.
    ///
    /// A trial that took too long may still hold its lines, so that the trials after it fail too.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Returns an iterator that runs the next trial each time it is asked, for programs that show results in their own way.
    ///
    /// ```
    /// use pinzero_conformance::{Ending, Suite, WiredPins};
    /// use pinzero_core::mock;
    ///
    /// let suite = Suite::new("wired", || {
    ///     let gpio = mock::gpio();
    ///     gpio.wire(17, 27);
    ///     WiredPins::new(&gpio, 17, 27)
    /// });
    /// let failed = suite.results().filter(|result| matches!(result.ending, Ending::Failed(_)));
    /// assert_eq!(failed.count(), 0);
    /// ```
    pub fn results(&self) -> impl ExactSizeIterator<Item = TrialResult> + use<'_> {
        let run = |check: &'static Check| match &self.missing {
            Some(reason) => Ending::Ignored(reason.clone()),
            None => self.run(check),
        };
        trials::ALL.iter().map(move |check| TrialResult { trial: check.name, ending: run(check) })
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
                None => match suite.run(check) {
                    Ending::Passed => Ok(Completion::Completed),
                    Ending::Ignored(reason) => Ok(Completion::ignored_with(reason)),
                    Ending::Failed(complaint) => Err(complaint.into()),
                },
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

    /// Runs a trial on a thread of its own, and makes it fail if it hangs.
    fn run(&self, check: &'static Check) -> Ending {
        let (sender, receiver) = mpsc::channel();
        let suite = self.clone();
        let thread = thread::spawn(move || sender.send(suite.judge(check)));
        match receiver.recv_timeout(self.limit) {
            Ok(ending) => ending,
            Err(RecvTimeoutError::Timeout) => {
                Ending::Failed(format!("it has not come to an end within {:?}", self.limit))
            }
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => Ending::Failed(format!("it panicked: {}", panic_message(&*panic))),
                Ok(_) => Ending::Failed("it ended without a result".to_owned()),
            },
        }
    }

    /// Runs a trial, and compares the result with the list of deviations.
    fn judge(&self, check: &Check) -> Ending {
        let deviation = self.deviations.iter().find(|deviation| deviation.trial == check.name);
        if deviation.is_some_and(|deviation| deviation.reason.trim().is_empty()) {
            return Ending::Failed("it is listed as a deviation without a reason".to_owned());
        }
        match (self.attempt(check), deviation) {
            (Ok(()), None) => Ending::Passed,
            (Err(Stop::NotApplicable(reason)), None) => Ending::Ignored(reason),
            (Err(Stop::Failed(complaint)), None) => Ending::Failed(complaint),
            (Err(Stop::Failed(complaint)), Some(Deviation { reason, .. })) => {
                log::info!("{}::{} deviates: {complaint}", self.name, check.name);
                Ending::Ignored(format!("deviates: {reason}"))
            }
            (Ok(()) | Err(Stop::NotApplicable(_)), Some(_)) => Ending::Failed(
                "it is listed as a deviation and does not fail: take it off the list".to_owned(),
            ),
            (Err(Stop::Rig(complaint)), _) => Ending::Failed(format!("the rig is broken: {complaint}")),
            (Err(Stop::Stalled), _) => {
                Ending::Failed("the machine stalls too often for this trial".to_owned())
            }
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

/// Returns the words of a panic.
fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let words = panic.downcast_ref::<&str>().copied();
    words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
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
