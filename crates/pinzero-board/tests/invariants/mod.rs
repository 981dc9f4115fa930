//! What holds for any text and any revision code: checked by the properties, and by the fuzz targets in `fuzz`.

use pinzero_board::{Board, Header, PinError, PinKind};

/// A name is found on the board, and then by all other names of the line too, or refused with a reason.
pub(crate) fn pin_name(board: &Board, name: &str) {
    match board.find(name) {
        Ok(line) => {
            assert!(line < board.lines(), "{name:?} is GPIO{line} of {}", board.lines());
            names(board, line);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// All names of a line lead back to it; a line that the board does not have has none.
pub(crate) fn names(board: &Board, line: u32) {
    let names = board.names(line);
    assert_eq!(names.is_empty(), line >= board.lines());
    for name in names {
        assert_eq!(board.find(&name), Ok(line), "{name:?}");
    }
}

/// A code gives a board that is true to it, or is one of the old style that was never given.
pub(crate) fn revision_code(code: u32) {
    match Board::from_revision(code) {
        Ok(board) => {
            assert_eq!(board.revision(), Some(code & 0x00ff_ffff));
            assert!(!board.model().is_empty());
            board.headers().iter().for_each(|header| self::header(&board, header));
        }
        Err(error) => assert!(code & 1 << 23 == 0 && error.code() == code),
    }
}

/// No other header has the name, and each pin is found by it and its number.
fn header(board: &Board, header: &Header) {
    let name = header.name();
    assert_eq!(board.headers().iter().filter(|other| other.name() == name).count(), 1, "{name}");
    assert_eq!((header.rows() * header.columns()) as usize, header.pins().count());
    for pin in header.pins() {
        let found = board.find(&format!("{name}:{}", pin.number));
        match pin.kind {
            PinKind::Gpio(line) => {
                assert_eq!(found, Ok(line));
                names(board, line);
            }
            _ => assert!(matches!(found, Err(PinError::NotGpio { .. })), "{name}:{}", pin.number),
        }
    }
}
