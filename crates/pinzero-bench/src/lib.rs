//! What pinzero costs, measured beside the least that the same work can cost. `cargo xtask bench` runs it.
//!
//! Every row of the table is two figures taken in one run, and a target for their ratio. *Counted* rows (instructions,
//! system calls, threads, wake-ups, bytes) come out the same each time and decide; *timed* rows are the best of several
//! rounds taken by turns, and on a busy machine measure the neighbours.
#![cfg(target_os = "linux")]

mod bare;
mod bench;
mod count;
mod groups;
mod known;
mod page;
mod peer;
mod place;
mod plot;
mod process;
mod python;
mod report;
mod row;
mod time;
mod tracks;

pub use report::main;
