//! Scripts: small programs that clients store in the daemon. The loop runs a few instructions at a time.

mod machine;
mod parse;

use pinzero_core::time::Instant;
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
pub(crate) use machine::{Machine, Turn};
use parse::PARAMETERS;

/// The most scripts.
const SCRIPTS: usize = 32;

/// The state of a script, by the protocol's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Halted,
    /// The script continues as soon as the loop is free.
    Running,
    /// The script continues at that time.
    Sleeping(Instant),
    /// The script continues when one of these GPIOs changes.
    Waiting(u32),
    /// The script continues when one of these events is triggered.
    WaitingForEvent(u32),
    Failed,
}

impl State {
    fn number(self) -> u32 {
        match self {
            State::Halted => 1,
            State::Running | State::Sleeping(_) => 2,
            State::Waiting(_) | State::WaitingForEvent(_) => 3,
            State::Failed => 4,
        }
    }

    fn is_running(self) -> bool {
        !matches!(self, State::Halted | State::Failed)
    }
}

#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) machine: Machine,
    pub(crate) state: State,
    /// The client that started the script last.
    pub(crate) owner: ClientId,
}

/// The scripts, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    scripts: Vec<Option<Script>>,
    /// The script that ran last: the others have their turn first.
    last: usize,
}

impl Scripts {
    /// Stores a script under the lowest free number.
    pub(crate) fn store(&mut self, text: &[u8], owner: ClientId) -> Result<u32, Code> {
        let machine = Machine::new(parse::parse(text)?);
        let free = self.scripts.iter().position(Option::is_none).unwrap_or(self.scripts.len());
        if free == SCRIPTS {
            return Err(Code::NO_SCRIPT_ROOM);
        }
        if free == self.scripts.len() {
            self.scripts.push(None);
        }
        self.scripts[free] = Some(Script { machine, state: State::Halted, owner });
        Ok(free as u32)
    }

    fn get(&mut self, id: u32) -> Result<&mut Script, Code> {
        self.scripts.get_mut(id as usize).and_then(Option::as_mut).ok_or(Code::BAD_SCRIPT_ID)
    }

    /// Starts a script at its beginning, with new values for its first parameters.
    pub(crate) fn run(&mut self, id: u32, parameters: &[u8], owner: ClientId) -> Result<(), Code> {
        let script = self.get(id)?;
        if script.state.is_running() {
            return Err(Code::SCRIPT_NOT_READY);
        }
        script.machine.restart();
        set_parameters(script, parameters)?;
        (script.state, script.owner) = (State::Running, owner);
        Ok(())
    }

    /// Gives new values to the first parameters of a script, running or not.
    pub(crate) fn update(&mut self, id: u32, parameters: &[u8]) -> Result<(), Code> {
        set_parameters(self.get(id)?, parameters)
    }

    pub(crate) fn stop(&mut self, id: u32) -> Result<(), Code> {
        self.get(id)?.state = State::Halted;
        Ok(())
    }

    /// Stops the scripts of a client that is gone.
    pub(crate) fn stop_for(&mut self, client: ClientId) {
        for script in self.scripts.iter_mut().flatten().filter(|script| script.owner == client) {
            script.state = State::Halted;
        }
    }

    pub(crate) fn delete(&mut self, id: u32) -> Result<(), Code> {
        self.get(id)?;
        self.scripts[id as usize] = None;
        Ok(())
    }

    /// Returns the state of a script and its parameters, in the protocol's form.
    pub(crate) fn status(&mut self, id: u32) -> Result<Vec<u8>, Code> {
        let script = self.get(id)?;
        let mut bytes = script.state.number().to_le_bytes().to_vec();
        for parameter in script.machine.parameters {
            bytes.extend_from_slice(&parameter.to_le_bytes());
        }
        Ok(bytes)
    }

    /// Wakes the scripts that wait for these GPIOs.
    pub(crate) fn changed(&mut self, bits: u32) {
        for script in self.scripts.iter_mut().flatten() {
            if matches!(script.state, State::Waiting(mask) if mask & bits != 0) {
                script.machine.put(bits as i32);
                script.state = State::Running;
            }
        }
    }

    /// Wakes the scripts that wait for this event.
    pub(crate) fn triggered(&mut self, event: u32) {
        for script in self.scripts.iter_mut().flatten() {
            if matches!(script.state, State::WaitingForEvent(mask) if mask >> event & 1 == 1) {
                script.machine.put(1 << event);
                script.state = State::Running;
            }
        }
    }

    /// Returns when the next script continues.
    pub(crate) fn next(&self) -> Option<Instant> {
        let next = |script: &Script| match script.state {
            State::Running => Some(Instant::ZERO),
            State::Sleeping(at) => Some(at),
            _ => None,
        };
        self.scripts.iter().flatten().filter_map(next).min()
    }

    /// Returns the numbers of the scripts that continue now, in the order of their turns.
    pub(crate) fn due(&self, now: Instant) -> Vec<usize> {
        let is_due = |script: &Script| match script.state {
            State::Running => true,
            State::Sleeping(at) => at <= now,
            _ => false,
        };
        let due = self.scripts.iter().enumerate().filter(|(_, script)| script.as_ref().is_some_and(is_due));
        let mut due: Vec<usize> = due.map(|(index, _)| index).collect();
        let first = due.partition_point(|index| *index <= self.last);
        due.rotate_left(first);
        due
    }

    /// Takes a script out to run it; [`put_back`](Scripts::put_back) returns it.
    pub(crate) fn take(&mut self, index: usize) -> Option<Script> {
        self.last = index;
        self.scripts.get_mut(index).and_then(Option::take)
    }

    pub(crate) fn put_back(&mut self, index: usize, script: Script) {
        self.scripts[index] = Some(script);
    }
}

fn set_parameters(script: &mut Script, bytes: &[u8]) -> Result<(), Code> {
    if bytes.len() > 4 * PARAMETERS {
        return Err(Code::TOO_MANY_PARAM);
    }
    for (parameter, bytes) in script.machine.parameters.iter_mut().zip(bytes.chunks_exact(4)) {
        *parameter = bytes.iter().rev().fold(0, |word, byte| word << 8 | i32::from(*byte));
    }
    Ok(())
}
