//! Writes to standard error without waiting for a reader.

use std::io::{self, Write};

use parking_lot::Mutex;

use crate::process::PerProcess;

/// Prints a line on standard error. Drops and counts the line if nobody reads there: no pin waits for a terminal.
pub(crate) fn say(line: &str) {
    static DROPPED: PerProcess<Mutex<u64>> = PerProcess::new(Mutex::default);
    let mut dropped = DROPPED.get().lock();
    if !has_room() {
        *dropped += 1;
        return;
    }
    let gap = match std::mem::take(&mut *dropped) {
        0 => String::new(),
        count => format!("({count} lines are missing here: nobody read them in time)\n"),
    };
    // In one write, for which there is room. A closed terminal must not end the program.
    let _ = io::stderr().write_all(format!("{gap}{line}\n").as_bytes());
}

/// Returns whether a write of a few lines to standard error does not block.
#[cfg(target_os = "linux")]
fn has_room() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = io::stderr();
    let mut descriptors = [PollFd::new(&stderr, PollFlags::OUT)];
    // An error is left to the write.
    !matches!(poll(&mut descriptors, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0))
}

#[cfg(not(target_os = "linux"))]
fn has_room() -> bool {
    true
}
