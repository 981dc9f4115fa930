//! Looks any text up on a board of any kind.

#![no_main]

#[allow(dead_code, reason = "the rest is for the other target")]
#[path = "../../tests/invariants/mod.rs"]
mod invariants;

use libfuzzer_sys::fuzz_target;
use pinzero_board::Board;

fuzz_target!(|input: (u32, &str)| {
    let (number, name) = input;
    invariants::pin_name(&Board::generic(number), name);
    if let Ok(board) = Board::from_revision(number) {
        invariants::pin_name(&board, name);
    }
});
