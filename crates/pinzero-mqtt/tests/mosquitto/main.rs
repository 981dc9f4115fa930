//! A node with a real broker: mosquitto.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod access;
mod attic;
mod away;
mod leftovers;
mod observer;
mod server;
mod talk;
