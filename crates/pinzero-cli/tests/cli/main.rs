//! The commands as a user runs them: each module starts the built program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests, which fail where they cannot go on"
)]

mod board;
mod completions;
mod demo;
mod doctor;
#[cfg(all(unix, feature = "mqtt"))]
mod fleet;
mod lines;
#[cfg(all(unix, feature = "mqtt"))]
mod mqtt;
#[cfg(feature = "mqtt")]
mod mqtt_import;
mod pinout;
#[cfg(unix)]
mod pinout_live;
mod pty;
#[cfg(target_os = "linux")]
mod rig;
mod run;
mod served;
mod sim;
mod test;
#[cfg(feature = "web")]
mod web;
