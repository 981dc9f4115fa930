//! Scripts.

use pinzero_core::time::Instant;
use pinzero_pigpio::protocol::{Command, Request};

use crate::answer::Answer;
use crate::executor::Executor;
use crate::script::{Script, State, Turn};

/// How many instructions of a script are done before others have their turn.
const SHARE: usize = 100;

impl Executor {
    /// Lets the scripts that are due go on.
    pub(crate) fn run_scripts(&mut self, now: Instant) {
        for index in self.scripts.due(now) {
            // Taken out, as its commands want the rest of the executor. None of them is about scripts.
            if let Some(mut script) = self.scripts.take(index) {
                script.state = self.go_on(&mut script);
                self.scripts.put_back(index, script);
            }
        }
    }

    fn go_on(&mut self, script: &mut Script) -> State {
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
                    if let Some(at) = self.command(script, command, &values) {
                        return State::Sleeping(at);
                    }
                    // Nobody else is served meanwhile: one of them is a share.
                    if command == Command::Trig {
                        return State::Running;
                    }
                }
            }
        }
        State::Running
    }

    /// Does a command of a script, which goes on at once or at the time that is returned.
    fn command(&mut self, script: &mut Script, command: Command, values: &[u32]) -> Option<Instant> {
        let value = |index: usize| values.get(index).copied().unwrap_or(0);
        let third = value(2).to_le_bytes();
        let extension = if values.len() > 2 { &third[..] } else { &[] };
        let request = Request { command: command.code(), p1: value(0), p2: value(1), extension };
        let (result, at) = match self.execute(script.owner, &request) {
            Ok(Answer::Number(number)) => (number, None),
            Ok(Answer::At(at)) => (0, Some(at)),
            // No command of a script's takes another thread or gives bytes.
            Ok(Answer::Bytes(_) | Answer::Later) => (0, None),
            Err(code) => (code.0, None),
        };
        script.machine.put(result);
        at
    }
}
