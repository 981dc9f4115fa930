//! Programs that others wrote for pigpiod, as they are, against the daemon: pigpio and gpiozero in Python, pigpio-client
//! in Node. The page of the simulator, in Chromium.
//!
//! A client program in `clients` goes from step to step. At each it says what it sees and waits, while the test looks at
//! the mock's pins, drives them from outside, and lets the program go on.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod bench;
mod browser;
mod client;
mod node;
mod python;
