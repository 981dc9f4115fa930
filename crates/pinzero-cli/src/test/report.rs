//! The report: all facts, and what is wrong among them.

use pinzero::Level;
use serde::Serialize;

use super::after_exit::{AfterExit, SIGKILL, State};
use super::edges::Latency;
use super::message::Message;
use super::pulls::PullSeen;
use super::system::{BoardFacts, FactoryFacts, System, Tried};
use super::toggle::ToggleRate;
use super::trials::Trials;
use super::waves::Jitter;

/// The number of the format of the JSON; see `schema/report.json`.
pub(crate) const FORMAT: u32 = 1;

/// The facts about two wired pins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    pub(crate) format: u32,
    pub(crate) pinzero: &'static str,
    /// `true` if pinzero was built without optimisation.
    pub(crate) is_debug_build: bool,
    /// `true` if the pins are those of the mock.
    pub(crate) is_simulation: bool,
    /// `true` if the pins are those of another computer than the `system`.
    pub(crate) is_remote: bool,
    pub(crate) board: BoardFacts,
    pub(crate) system: System,
    pub(crate) factory: FactoryFacts,
    pub(crate) pins: [String; 2],
    /// In a sentence each; empty if all is well.
    pub(crate) problems: Vec<String>,
    /// The fault of the wire at the end of the test, in a sentence.
    pub(crate) wire_fault: Option<String>,
    pub(crate) trials: Trials,
    /// The measurements; `None` without `--report`.
    pub(crate) measured: Option<Measurements>,
    pub(crate) seconds: u64,
}

/// The measurements of `--report`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Measurements {
    pub(crate) factories: Vec<Tried>,
    pub(crate) toggle_rate: Maybe<ToggleRate>,
    pub(crate) edge_latency: Maybe<Latency>,
    /// PWM as a program gets it by default: in software, unless the factory makes it.
    pub(crate) pwm: Maybe<Jitter>,
    pub(crate) hardware_pwm: Maybe<Jitter>,
    pub(crate) pulls: Maybe<Vec<PullSeen>>,
    pub(crate) after_exit: Maybe<Vec<AfterExit>>,
}

/// A measurement, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Maybe<T> {
    Measured(T),
    Not {
        not_measured: Message,
        /// `true` if the measurement ought to work: an error, and not a missing capability.
        is_problem: bool,
    },
}

impl<T> Maybe<T> {
    fn measured(&self) -> Option<&T> {
        match self {
            Maybe::Measured(value) => Some(value),
            Maybe::Not { .. } => None,
        }
    }

    fn problem(&self, what: &str) -> Option<String> {
        match self {
            Maybe::Not { not_measured, is_problem: true } => Some(format!("{what}: {not_measured}")),
            _ => None,
        }
    }
}

pub(crate) fn level_name(level: Level) -> &'static str {
    if level.is_high() { "high" } else { "low" }
}

impl Report {
    /// Notes what is wrong in [`Report::problems`].
    pub(crate) fn judge(&mut self) {
        let mut problems = self.wire_fault.iter().cloned().collect::<Vec<_>>();
        problems.extend(self.measured.iter().flat_map(Measurements::problems));
        let Trials { failed, not_run, .. } = &self.trials;
        problems.extend(match failed.len() {
            0 => None,
            1 => Some("trials: 1 failed, see below".to_owned()),
            count => Some(format!("trials: {count} failed, see below")),
        });
        if *not_run > 0 {
            problems
                .push(format!("trials: {not_run} did not run, as no time was left or a trial did not end"));
        }
        self.problems = problems;
    }
}

impl Measurements {
    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = [
            self.toggle_rate.problem("toggle rate"),
            self.edge_latency.problem("edge latency"),
            self.pwm.problem("PWM"),
            self.hardware_pwm.problem("PWM by hardware"),
            self.pulls.problem("pulls"),
            self.after_exit.problem("after the end of a program"),
        ]
        .into_iter()
        .flatten()
        .collect();

        if let Some(Latency { sent, heard, counted_as_lost, unexpected, .. }) = self.edge_latency.measured() {
            if heard < sent {
                let lost = sent - heard;
                problems.push(format!(
                    "edge latency: {lost} of {sent} edges were not heard; the factory counted {counted_as_lost} as lost"
                ));
            }
            if *unexpected > 0 {
                problems.push(format!(
                    "edge latency: {unexpected} edges were heard late, twice, or without a write"
                ));
            }
        }
        for (what, pwm) in [("PWM", &self.pwm), ("PWM by hardware", &self.hardware_pwm)] {
            let Some(Jitter { cycles, expected_cycles, .. }) = pwm.measured() else { continue };
            if cycles.abs_diff(*expected_cycles) > expected_cycles / 50 {
                problems.push(format!("{what}: {cycles} cycles were seen instead of {expected_cycles}"));
            }
        }
        for seen in self.pulls.measured().into_iter().flatten() {
            let PullSeen { pin, pull, own: Some(own), across: Some(across), holds: Some(false) } = seen
            else {
                continue;
            };
            let across =
                if across == own { String::new() } else { format!(", and {across} across the wire") };
            problems.push(format!("pulls: {pin} with its {pull} reads {own}{across}"));
        }
        for after in self.after_exit.measured().into_iter().flatten() {
            if after.state == State::StillDriven && after.ended_by != SIGKILL {
                problems.push(format!(
                    "after the end of a program by {}: the pin is still driven {}",
                    after.ended_by, after.driven
                ));
            }
        }
        problems
    }
}
