//! The threads and descriptors of this process.

use std::collections::BTreeMap;
use std::fs;

/// The names of the library's threads, and how often each went to sleep so far.
pub(crate) fn of_the_library() -> BTreeMap<u32, (String, u64)> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let thread = |task: fs::DirEntry| {
        let number = task.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(task.path().join("comm")).ok()?.trim().to_owned();
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let switches = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        Some((number, (name, switches?.trim().parse().ok()?)))
    };
    let is_ours = |name: &str| name.starts_with("pinzero") && name != "pinzero-exit";
    tasks.filter_map(thread).filter(|(_, (name, _))| is_ours(name)).collect()
}

/// How many descriptors are open.
pub(crate) fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
