//! What this process uses: threads, wake-ups, time and memory.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Its threads, the one that asks included.
pub(crate) fn threads() -> Result<u64, String> {
    Ok(tasks()?.len() as u64)
}

/// How often its threads have gone to sleep so far, which they do once for each time that they are woken up.
///
/// The first thread is left out: it is the one that measures.
pub(crate) fn wakeups() -> Result<u64, String> {
    let first = std::process::id().to_string();
    tasks()?.iter().filter(|task| **task != first).map(|task| wakeups_of(task)).sum()
}

fn wakeups_of(task: &str) -> Result<u64, String> {
    field(&format!("/proc/self/task/{task}/status"), "voluntary_ctxt_switches:")
}

/// The time that all of its threads have had of the processors.
pub(crate) fn time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The memory that it has in use now, in bytes.
pub(crate) fn memory() -> Result<u64, String> {
    field("/proc/self/status", "VmRSS:").map(|kilobytes| kilobytes * 1024)
}

/// The most memory that another process has had in use so far, in bytes.
pub(crate) fn peak_of(process: u32) -> Result<u64, String> {
    field(&format!("/proc/{process}/status"), "VmHWM:").map(|kilobytes| kilobytes * 1024)
}

fn tasks() -> Result<Vec<String>, String> {
    let entries = fs::read_dir("/proc/self/task").map_err(|error| error.to_string())?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// The number behind a name in a file of `/proc`.
fn field(path: &str, name: &str) -> Result<u64, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.ok_or_else(|| format!("{path}: no {name}"))
}
