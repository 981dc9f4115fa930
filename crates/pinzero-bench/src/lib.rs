//! Measures the costs of pinzero, next to the least that the same work can cost. `cargo xtask bench` runs it.
//!
//! Every row of the table is two figures taken in one run, and a target for their ratio. *Counted* rows (instructions,
//! system calls, threads, wake-ups, bytes) come out the same each time and decide; *timed* rows are the best of several
//! rounds taken by turns, and on a busy machine measure the neighbours.
#![cfg(target_os = "linux")]

mod baseline;
mod bench;
mod count;
mod expected_misses;
mod groups;
mod least;
mod machine;
mod page;
mod process;
mod relay;
mod report;
mod row;
mod server;
mod time;

pub use report::main;
