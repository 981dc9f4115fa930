//! Scripts.

use pinzero_core::time::Instant;
use pinzero_pigpio::protocol::{Command, Request};

use crate::answer::Answer;
use crate::executor::{Executor, SHARE_TIME, TURN_TIME};
use crate::script::{Script, State, Turn};

/// The most instructions of a script before others have their turn.
const SHARE: usize = 100;

impl Executor {
    /// Runs the scripts that are due, until the time of all scripts for this turn is used up.
    pub(crate) fn run_scripts(&mut self, now: Instant) {
        for index in self.scripts.due(now) {
            // Taken out, because its commands need the rest of the executor. No script command is about scripts.
            if let Some(mut script) = self.scripts.take(index) {
                script.state = self.go_on(&mut script, now + SHARE_TIME);
                self.scripts.put_back(index, script);
            }
            if self.is_used_up(now + TURN_TIME) {
                return;
            }
        }
    }

    fn go_on(&mut self, script: &mut Script, end: Instant) -> State {
        for _ in 0..SHARE {
            match script.machine.step() {
                Turn::Go => {}
                Turn::Halt => return State::Halted,
                Turn::Fail => return State::Failed,
                Turn::Wait(mask) => {
                    self.listen(mask);
                    return State::Waiting(mask);
                }
                Turn::WaitEvent(mask) => return State::WaitingForEvent(mask),
                Turn::Command(command, values) => {
                    let (is_slow, pause) = self.command(script, command, &values);
                    if let Some(at) = pause {
                        return State::Sleeping(at);
                    }
                    if is_slow || self.is_used_up(end) {
                        return State::Running;
                    }
                }
            }
        }
        State::Running
    }

    /// Runs a command of a script. Returns whether the command is a whole share, and when the script continues, unless at once.
    fn command(&mut self, script: &mut Script, command: Command, values: &[u32]) -> (bool, Option<Instant>) {
        let value = |index: usize| values.get(index).copied().unwrap_or(0);
        let third = value(2).to_le_bytes();
        let extension = if values.len() > 2 { &third[..] } else { &[] };
        let request = Request { command: command.code(), p1: value(0), p2: value(1), extension };
        let is_slow = self.is_slow(&request);
        let (result, at) = match self.execute(script.owner, &request) {
            Ok(Answer::Number(number)) => (number, None),
            Ok(Answer::At(at)) => (0, Some(at)),
            // No command in a script uses another thread or returns bytes.
            Ok(Answer::Bytes(_) | Answer::Later) => (0, None),
            Err(code) => (code.0, None),
        };
        script.machine.put(result);
        (is_slow, at)
    }
}
