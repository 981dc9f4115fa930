//! What pinzero costs, measured beside the least that the same work can cost. `cargo xtask bench` runs it.
//!
//! Every row of the table is two figures taken in one run, and a target for their ratio. *Counted* rows (instructions,
//! system calls, threads, wake-ups, bytes) come out the same each time and decide; *timed* rows are the best of several
//! rounds taken by turns, and on a busy machine measure the neighbours.

#[cfg(target_os = "linux")]
mod bare;
#[cfg(target_os = "linux")]
mod bench;
#[cfg(target_os = "linux")]
mod count;
#[cfg(target_os = "linux")]
mod groups;
#[cfg(target_os = "linux")]
mod page;
#[cfg(target_os = "linux")]
mod peer;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
mod plot;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod row;
#[cfg(target_os = "linux")]
mod time;
#[cfg(target_os = "linux")]
mod tracks;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    report::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("pinzero-bench: its measures are Linux's");
}
