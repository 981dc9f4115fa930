//! Makes a board of any revision code.

#![no_main]

#[allow(dead_code, reason = "the rest is for the other target")]
#[path = "../../tests/invariants/mod.rs"]
mod invariants;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|code: u32| invariants::revision_code(code));
