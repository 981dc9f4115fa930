#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod driven;
mod fixture;
mod process;
mod rig;
mod suite;
mod trials;
mod verdict;
mod waves;
mod wired;

pub use libtest_mimic::Trial;
pub use process::OtherProcess;
pub use rig::{Pulses, Rig};
pub use suite::{Deviation, Ending, Suite, TrialResult, run};
pub use wired::WiredPins;
