//! Reads what anybody may send to a daemon.

#![no_main]

#[allow(dead_code, reason = "the rest is for the other target")]
#[path = "../../tests/invariants/mod.rs"]
mod invariants;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| invariants::requests(input.1, input.0));
