//! Plays a script.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use super::{Check, Doing, Step};
use crate::output;
use crate::sim::board::{Simulator, Viewer};
use crate::sim::part::LONGEST_TURN;
use crate::sim::state::Action;
use crate::sim::words;
use crate::verdict::Verdict;

/// How often the end is looked for, and a state without frames.
const PAUSE: Duration = Duration::from_millis(10);

/// Plays the steps until the first check that fails. Prints each check. `is_stopped` tells whether the user has stopped the command,
/// `failure` how the program has failed.
///
/// # Errors
/// If the user stops the command or the program fails before the end of the script, and any error of writing.
pub(crate) fn play(
    simulator: &Simulator,
    steps: &[Step],
    is_stopped: &dyn Fn() -> bool,
    failure: &dyn Fn() -> Option<String>,
) -> Result<Verdict, Box<dyn Error>> {
    let stage = Stage { simulator, viewer: simulator.viewer(), is_stopped, failure };
    let mut count = 0;
    for step in steps {
        let result = match &step.doing {
            Doing::Wait(time) => stage.wait(*time, || true),
            Doing::Act(action) => stage.act(action).map(|()| true),
            Doing::ActFor(down, time, up) => stage
                .viewer
                .act(down)
                .and_then(|()| stage.wait(*time, || true))
                .and_then(|_| stage.viewer.act(up))
                .map(|()| true),
            Doing::Expect { part, check, within, lasting } => {
                count += 1;
                stage.expect(*part, check, *within, *lasting)
            }
        };
        match result.map_err(|message| format!("line {}: {message}", step.line))? {
            true => output::print(&format!("ok      line {}: {}\n", step.line, step.text))?,
            false => {
                let now = match &step.doing {
                    Doing::Expect { part, .. } => stage.describe(*part),
                    _ => String::new(),
                };
                output::print(&format!("FAILED  line {}: {}\n        {now}\n", step.line, step.text))?;
                return Ok(Verdict::Bad);
            }
        }
    }
    output::print(&format!("{count} checks passed\n"))?;
    Ok(Verdict::Good)
}

struct Stage<'a> {
    simulator: &'a Simulator,
    viewer: Viewer,
    is_stopped: &'a dyn Fn() -> bool,
    failure: &'a dyn Fn() -> Option<String>,
}

impl Stage<'_> {
    /// Waits, as long as `goes_on` says. Returns whether that was all the time.
    fn wait(&self, time: Duration, goes_on: impl Fn() -> bool) -> Result<bool, String> {
        let end = Instant::now() + time;
        loop {
            if !goes_on() {
                return Ok(false);
            }
            if (self.is_stopped)() {
                return Err("stopped before the end of the script".to_owned());
            }
            if let Some(failure) = (self.failure)() {
                return Err(failure);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(true);
            }
            thread::sleep(left.min(PAUSE));
        }
    }

    /// Does an action. A knob that turns has to stand still first, as it would leave out steps.
    fn act(&self, action: &Action) -> Result<(), String> {
        if let Action::Turn { part, .. } = *action {
            self.wait(LONGEST_TURN, || self.simulator.is_turning(part))?;
        }
        self.viewer.act(action)
    }

    fn expect(
        &self,
        part: usize,
        check: &Check,
        within: Duration,
        lasting: Duration,
    ) -> Result<bool, String> {
        let holds = || self.holds(part, check);
        let came = if within.is_zero() { holds() } else { !self.wait(within, || !holds())? || holds() };
        Ok(came && (lasting.is_zero() || self.wait(lasting, holds)?))
    }

    fn holds(&self, part: usize, check: &Check) -> bool {
        let frame = self.simulator.frame();
        check.holds(&self.simulator.scene().parts[part], &frame.parts[part], self.simulator.is_ready(part))
    }

    fn describe(&self, part: usize) -> String {
        let scene = &self.simulator.scene().parts[part];
        let state = words::state(scene, &self.simulator.frame().parts[part]);
        let used = if self.simulator.is_used(part) { "" } else { "; no program uses this part" };
        format!("{} is {state}{used}", scene.name).replace("is shows", "shows")
    }
}
