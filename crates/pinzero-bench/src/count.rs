//! Counting what a *subject* does: a piece of work that a process of its own does a number of times.

use std::env;
use std::process::{Command, Stdio};

/// A piece of work, done the given number of times.
pub(crate) type Work = fn(u64);

/// The two numbers of times that are compared, so that starting and ending do not count.
const TIMES: [u64; 2] = [1_000, 11_000];

/// How many instructions one round of a subject takes, by valgrind's callgrind; why not, if it cannot be told.
pub(crate) fn instructions(subject: &str) -> Result<f64, String> {
    instructions_in(subject, TIMES)
}

/// The same by other numbers of rounds, for those that are long.
pub(crate) fn instructions_in(subject: &str, times: [u64; 2]) -> Result<f64, String> {
    let count = |times| {
        let output =
            this("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null"], subject, times)?;
        // `==12== Collected : 30412345`
        let collected = output.lines().find_map(|line| line.split_once("Collected :"));
        collected.and_then(|(_, count)| count.trim().parse().ok()).ok_or_else(|| output.clone())
    };
    each(times, count)
}

/// How many system calls one round of a subject takes, in all of its threads, by strace.
pub(crate) fn system_calls(subject: &str) -> Result<f64, String> {
    system_calls_in(subject, TIMES)
}

/// The same by other numbers of rounds, for those that are long.
pub(crate) fn system_calls_in(subject: &str, times: [u64; 2]) -> Result<f64, String> {
    let count = |times| {
        let output = this(
            "strace",
            &["--follow-forks", "--summary-only", "--summary-columns=calls,name"],
            subject,
            times,
        )?;
        let total = output.lines().find_map(|line| line.trim().strip_suffix(" total"));
        total.and_then(|count| count.trim().parse().ok()).ok_or_else(|| output.clone())
    };
    each(times, count)
}

/// What a round costs, by the costs of two numbers of rounds.
fn each([few, many]: [u64; 2], count: impl Fn(u64) -> Result<u64, String>) -> Result<f64, String> {
    let (less, more) = (count(few)?, count(many)?);
    Ok(more.saturating_sub(less) as f64 / (many - few) as f64)
}

/// Runs a subject under a tool, and returns what the tool says.
fn this(tool: &str, options: &[&str], subject: &str, times: u64) -> Result<String, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(tool);
    command.args(options).arg(program).args(["subject", subject, &times.to_string()]);
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output();
    let output = output.map_err(|error| format!("{tool}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{tool} {subject}: {}: {said}", output.status))
    }
}
