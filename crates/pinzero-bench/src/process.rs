//! Measures this process: threads, wake-ups, time and memory.

use std::fs;
use std::process;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the number of this process's threads, the one that asks included.
pub(crate) fn threads() -> Result<u64, String> {
    threads_of(process::id())
}

/// Returns the number of another process's threads.
pub(crate) fn threads_of(process: u32) -> Result<u64, String> {
    Ok(tasks(process)?.len() as u64)
}

/// Returns how often this process's threads have gone to sleep so far, which they do once for each time that they are woken up.
///
/// The first thread is left out: that one measures.
pub(crate) fn wakeups() -> Result<u64, String> {
    let this = process::id();
    let first = this.to_string();
    tasks(this)?.iter().filter(|task| **task != first).map(|task| sleeps(this, task)).sum()
}

/// Returns how often all threads of another process have gone to sleep so far.
pub(crate) fn wakeups_of(process: u32) -> Result<u64, String> {
    tasks(process)?.iter().map(|task| sleeps(process, task)).sum()
}

fn sleeps(process: u32, task: &str) -> Result<u64, String> {
    field(&format!("/proc/{process}/task/{task}/status"), "voluntary_ctxt_switches:")
}

/// Returns the time that all threads of this process have had of the processors.
pub(crate) fn time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Returns the bytes of memory of its own that this process has in use now.
pub(crate) fn memory() -> Result<u64, String> {
    memory_of(process::id())
}

/// Returns the bytes of memory of its own that another process has in use now: without the pages of its program, which are there once,
/// however many devices or connections there are.
///
/// The kernel counts the pages one by one for this file. The figures of `status` leave out what the processors have not yet added up, which
/// is up to 128 KiB each.
pub(crate) fn memory_of(process: u32) -> Result<u64, String> {
    field(&format!("/proc/{process}/smaps_rollup"), "Anonymous:").map(|kilobytes| kilobytes * 1024)
}

/// Returns the most memory that another process has had in use so far, in bytes.
pub(crate) fn peak_of(process: u32) -> Result<u64, String> {
    field(&format!("/proc/{process}/status"), "VmHWM:").map(|kilobytes| kilobytes * 1024)
}

fn tasks(process: u32) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(format!("/proc/{process}/task")).map_err(|error| error.to_string())?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// Reads the number behind a name in a file of `/proc`.
fn field(path: &str, name: &str) -> Result<u64, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.ok_or_else(|| format!("{path}: no {name}"))
}
