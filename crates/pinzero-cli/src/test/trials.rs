//! Runs the conformance trials on the two pins.

use std::time::{Duration, Instant};

use pinzero::{Gpio, Host, Line};
use pinzero_conformance::{Deviation, Ending, Suite, WiredPins};
use serde::Serialize;

use super::message::{Message, Private};
use super::progress::Progress;

/// The longest time for one trial. Only a trial that hangs, or a machine that stalls, takes this long.
const LIMIT: Duration = Duration::from_secs(30);

/// The trial that fails where lines have no holders.
const ONE_HOLDER: &str = "ownership::one_holder_among_processes";

/// How a factory over pigpiod differs.
const PIGPIO: Deviation = Deviation {
    trial: ONE_HOLDER,
    reason: "lines have no holders in pigpiod's protocol: every client may drive every line",
};

/// How registers differ.
const RPPAL: Deviation = Deviation { trial: ONE_HOLDER, reason: "registers do not record who drives a line" };

/// The results of the trials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Trials {
    pub(crate) passed: usize,
    pub(crate) failed: Vec<Told>,
    pub(crate) ignored: Vec<Told>,
    /// Trials for which there was no time left.
    pub(crate) not_run: usize,
    pub(crate) seconds: u64,
}

/// A trial that failed or was ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    pub(crate) trial: &'static str,
    pub(crate) message: Message,
}

/// Runs the trials, none after `end`. With `other_process`, the name of a factory, other processes hold lines.
pub(crate) fn run(
    gpio: &Gpio,
    [one, other]: [Line; 2],
    other_process: Option<&str>,
    end: Instant,
    private: &Private,
    progress: &Progress,
) -> Trials {
    let (rig_gpio, factory) = (gpio.clone(), other_process.map(str::to_owned));
    let set_up = move || {
        let rig = WiredPins::new(&rig_gpio, one, other)?;
        Ok(match &factory {
            Some(factory) => rig.with_other_process_on(factory),
            None => rig,
        })
    };
    let deviations: &[Deviation] = match gpio.name() {
        "pigpio" if other_process.is_some() => &[PIGPIO],
        "rppal" if other_process.is_some() => &[RPPAL],
        _ => &[],
    };
    let suite = Suite::new("wired", set_up).deviations(deviations).limit(LIMIT);

    let start = Instant::now();
    let mut trials = Trials::default();
    let mut results = suite.results();
    let count = results.len();
    while Instant::now() < end {
        progress.detail(&format!("trial {} of {count}", count - results.len() + 1));
        let began = Instant::now();
        let Some(result) = results.next() else { break };
        let told = |message| Told { trial: result.trial, message: private.message(message) };
        match result.ending {
            Ending::Passed => trials.passed += 1,
            Ending::Failed(complaint) => trials.failed.push(told(complaint)),
            Ending::Ignored(reason) => trials.ignored.push(told(reason)),
        }
        if began.elapsed() >= LIMIT {
            // It may still hold the lines, and then nothing else can be said of them.
            break;
        }
    }
    trials.not_run = results.len();
    trials.seconds = start.elapsed().as_secs();
    trials
}

/// Returns whether other processes share the pins of this factory.
pub(crate) fn are_shared(gpio: &Gpio) -> bool {
    !matches!(gpio.host(), Host::Virtual(_))
}
