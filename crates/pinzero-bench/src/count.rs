//! Counting what a *subject* does: a piece of work that a process of its own does a number of times.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A piece of work, done the given number of times.
pub(crate) type Work = fn(u64);

/// The two numbers of times that are compared, so that starting and ending do not count.
const TIMES: [u64; 2] = [1_000, 11_000];

/// Returns the instructions of one round of a subject, by valgrind's callgrind; fails with the reason if they cannot be
/// counted.
pub(crate) fn instructions(subject: &str) -> Result<f64, String> {
    // Some threads of the system's own come between.
    instructions_in(subject, TIMES.map(|times| times * 10))
}

/// The same by other numbers of rounds, for those that are long.
pub(crate) fn instructions_in(subject: &str, times: [u64; 2]) -> Result<f64, String> {
    each(times, |times| {
        let options = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
        let output = under("valgrind", &options, &this(subject, times)?)?;
        // `==12== Collected : 30412345`
        let collected = output.lines().find_map(|line| line.split_once("Collected :"));
        collected.and_then(|(_, count)| count.trim().parse().ok()).ok_or_else(|| output.clone())
    })
}

/// How many system calls one round of a subject takes, in all of its threads, by strace.
pub(crate) fn system_calls(subject: &str) -> Result<f64, String> {
    system_calls_in(subject, TIMES)
}

/// The same by other numbers of rounds, for those that are long.
pub(crate) fn system_calls_in(subject: &str, times: [u64; 2]) -> Result<f64, String> {
    each(times, |times| system_calls_of(&this(subject, times)?))
}

/// How many calls of `ioctl` one round of a subject takes, by strace: on the character device, the writes.
pub(crate) fn ioctls_in(subject: &str, times: [u64; 2]) -> Result<f64, String> {
    each(times, |times| traced("--trace=ioctl", &this(subject, times)?))
}

/// Like [`system_calls`], for a subject with environment variables.
pub(crate) fn system_calls_with(subject: &str, variables: &[(&str, &str)]) -> Result<f64, String> {
    each(TIMES, |times| system_calls_of(this(subject, times)?.envs(variables.iter().copied())))
}

/// Returns the system calls of a command from start to end.
pub(crate) fn system_calls_of(command: &Command) -> Result<f64, String> {
    traced("--trace=all", command)
}

fn traced(which: &str, command: &Command) -> Result<f64, String> {
    let options = ["--follow-forks", which, "--summary-only", "--summary-columns=calls,name"];
    let output = under("strace", &options, command)?;
    let total = output.lines().find_map(|line| line.trim().strip_suffix(" total"));
    total.and_then(|count| count.trim().parse().ok()).ok_or_else(|| output.clone())
}

/// Returns the cost of a round, from the costs of two numbers of rounds.
fn each([few, many]: [u64; 2], count: impl Fn(u64) -> Result<f64, String>) -> Result<f64, String> {
    let (less, more) = (count(few)?, count(many)?);
    Ok((more - less).max(0.0) / (many - few) as f64)
}

/// The command that does a subject.
fn this(subject: &str, times: u64) -> Result<Command, String> {
    let mut command = Command::new(env::current_exe().map_err(|error| error.to_string())?);
    command.args(["subject", subject, &times.to_string()]);
    Ok(command)
}

/// Runs a command under a tool, and returns what the tool says.
fn under(tool: &str, options: &[&str], command: &Command) -> Result<String, String> {
    let mut whole = Command::new(tool);
    whole.args(options).arg(command.get_program()).args(command.get_args());
    whole.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = whole.stdin(Stdio::null()).stdout(Stdio::null()).output();
    let output = output.map_err(|error| format!("{tool}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{tool} {command:?}: {}: {said}", output.status))
    }
}

/// Runs a subject in a process of its own, and returns the figures that it [tells](tell).
pub(crate) fn figures<T: DeserializeOwned>(subject: &str, times: u64) -> Result<T, String> {
    let output = this(subject, times)?.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{subject}: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{subject}: {}: {error}", output.status))
}

/// Tells the figures of a subject that measures itself. Without any, it has not come to its end.
pub(crate) fn tell(figures: Result<impl Serialize, String>) {
    match figures.and_then(|figures| serde_json::to_string(&figures).map_err(|error| error.to_string())) {
        Ok(figures) => {
            // If this fails, the reader is gone.
            let _ = writeln!(std::io::stdout(), "{figures}");
        }
        Err(why) => eprintln!("{why}"),
    }
}
