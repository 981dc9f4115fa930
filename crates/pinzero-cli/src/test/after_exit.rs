//! Looks what a pin is after a program has ended: another process drives the pin and ends in different ways.

use std::process::ExitStatus;
use std::time::Duration;

use pinzero::time::ms;
use pinzero::{Bias, Error, ErrorKind, Gpio, Input, Level, Line, LineFunction, Result};
use pinzero_conformance::OtherProcess;
use serde::Serialize;

use super::other_process::drive_task;
use super::report::level_name;
use crate::pinout::words;

/// The longest time for a process to end. Only a process that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(5);

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Return,
    #[cfg(unix)]
    Signal(&'static str, rustix::process::Signal),
}

/// The ways to end, the one that no program can handle last.
pub(crate) const ENDS: &[End] = &[
    End::Return,
    #[cfg(unix)]
    End::Signal("SIGINT (Ctrl-C)", rustix::process::Signal::INT),
    #[cfg(unix)]
    End::Signal("SIGTERM", rustix::process::Signal::TERM),
    #[cfg(unix)]
    End::Signal(SIGKILL, rustix::process::Signal::KILL),
];

/// The end after which the kernel decides, and not pinzero.
pub(crate) const SIGKILL: &str = "SIGKILL";

/// A pin after the end of the program that drove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AfterExit {
    pub(crate) ended_by: &'static str,
    /// The exit status of that program.
    pub(crate) status: String,
    /// The level that the program drove.
    pub(crate) driven: &'static str,
    /// The level at the other end of the wire, with a pull against the driven level.
    pub(crate) level: &'static str,
    pub(crate) state: State,
    /// The pin's function as the factory reads it, if it can.
    pub(crate) function: Option<String>,
}

/// What has become of the pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    GivenBack,
    StillDriven,
    /// An input, as the factory reads the pin, but the pull against the driven level has not changed the level.
    Unclear,
}

/// Lets another process drive the first pin and end; reads the pin by the second.
pub(crate) fn look(gpio: &Gpio, [pin, far]: [Line; 2], factory: &str, end: End) -> Result<AfterExit> {
    // With this pull at both ends, only a driver can make the wire have the other level.
    let pull = match Bias::from(gpio.board().pull(pin.0)) {
        Bias::PullUp => Bias::PullUp,
        _ => Bias::PullDown,
    };
    let driven = Level::from(pull == Bias::PullDown);
    let mut process = OtherProcess::start(&drive_task(pin.0, driven, factory))?;
    let meter = gpio.input(far).bias(pull).device("pinzero test").open()?;
    if settled(gpio, &meter)? != driven {
        let message = format!("another process was to drive {pin} {driven}, and {far} does not read so");
        return Err(Error::new(ErrorKind::Io, message));
    }
    let status = match end {
        End::Return => process.finish(LIMIT)?,
        #[cfg(unix)]
        End::Signal(_, signal) => {
            send(&process, signal)?;
            process.wait(LIMIT)?
        }
    };
    let status = status.ok_or_else(|| Error::new(ErrorKind::TimedOut, "the other process did not end"))?;
    let level = settled(gpio, &meter)?;
    let function = gpio.line_info(pin)?.function;
    let state = match (level == driven, function) {
        (false, _) => State::GivenBack,
        (true, Some(LineFunction::Input)) => State::Unclear,
        (true, _) => State::StillDriven,
    };
    Ok(AfterExit {
        ended_by: end.name(),
        status: describe(status),
        driven: level_name(driven),
        level: level_name(level),
        state,
        function: function.map(words::function),
    })
}

impl End {
    pub(crate) fn name(self) -> &'static str {
        match self {
            End::Return => "return from main",
            #[cfg(unix)]
            End::Signal(name, _) => name,
        }
    }
}

/// Returns the level once a weak pull has had the time to change it.
fn settled(gpio: &Gpio, meter: &Input) -> Result<Level> {
    gpio.sleep(ms(20));
    meter.level()
}

#[cfg(unix)]
fn send(process: &OtherProcess, signal: rustix::process::Signal) -> Result<()> {
    use rustix::process::{Pid, kill_process};
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let gone = || Error::new(ErrorKind::Io, "the other process has no number");
    kill_process(pid.ok_or_else(gone)?, signal).map_err(|error| {
        Error::new(ErrorKind::Io, "the other process cannot be signalled").with_source(error)
    })
}

/// Returns the status in the words of the system: "exit status: 0", "signal: 9 (SIGKILL)".
fn describe(status: ExitStatus) -> String {
    status.to_string()
}
