//! What holds for any revision code and any text.

mod invariants;

use pinzero_board::Board;
use proptest::prelude::*;

/// A board of any kind: a likely code, any code, or none.
fn boards() -> impl Strategy<Value = Board> {
    prop_oneof![
        any::<u32>()
            .prop_map(|code| Board::from_revision(code | 1 << 23).unwrap_or_else(|_| Board::generic(0))),
        (0u32..0x20).prop_map(|code| Board::from_revision(code).unwrap_or_else(|_| Board::generic(40))),
        any::<u32>().prop_map(Board::generic),
    ]
}

/// Text that is nearly a pin name, or anything.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["(GPIO|BCM|BOARD|WPI|J8:|P1:|P5:|gpio|)[0-9]{0,12}", "[ A-Za-z0-9:+-]{0,12}", any::<String>(),]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pin_name(board in boards(), text in texts()) {
        invariants::pin_name(&board, &text);
    }

    #[test]
    fn names_lead_back(board in boards(), line in 0u32..70) {
        invariants::names(&board, line);
    }

    #[test]
    fn any_revision_code(code in any::<u32>()) {
        invariants::revision_code(code);
    }

    #[test]
    fn new_style_codes_always_give_a_board(code in any::<u32>()) {
        prop_assert!(Board::from_revision(code | 1 << 23).is_ok());
    }
}
