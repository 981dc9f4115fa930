//! What holds for any revision code and any text.

use pinzero_board::{Board, Header, PinKind};
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
    #[test]
    fn find_never_panics(board in boards(), text in texts()) {
        match board.find(&text) {
            Ok(line) => prop_assert!(line < board.lines()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn names_lead_back(board in boards(), line in 0u32..70) {
        for name in board.names(line) {
            prop_assert_eq!(board.find(&name), Ok(line));
        }
        prop_assert_eq!(board.names(line).is_empty(), line >= board.lines());
    }

    #[test]
    fn any_revision_code(code in any::<u32>()) {
        match Board::from_revision(code) {
            Ok(board) => {
                prop_assert_eq!(board.revision(), Some(code & 0x00ff_ffff));
                for pin in board.headers().iter().flat_map(Header::pins) {
                    if let PinKind::Gpio(line) = pin.kind {
                        prop_assert!(line < board.lines());
                    }
                }
            }
            Err(error) => prop_assert!(code & 1 << 23 == 0 && error.code() == code),
        }
    }

    #[test]
    fn new_style_codes_always_give_a_board(code in any::<u32>()) {
        prop_assert!(Board::from_revision(code | 1 << 23).is_ok());
    }
}
