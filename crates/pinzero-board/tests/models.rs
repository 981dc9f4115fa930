//! Every known model: what its revision code says and which headers it has.

use pinzero_board::{Board, Header, Soc};

/// Code, model, circuit board, chip, maker, memory in MB, headers.
type Row = (u32, &'static str, &'static str, Soc, &'static str, u32, &'static [&'static str]);

const REV1: &[&str] = &["P1"];
const REV2: &[&str] = &["P1", "P5"];
const J8: &[&str] = &["J8"];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (0x0002, "B",   "1.0", Soc::Bcm2835, "Egoman", 256, REV1),
    (0x0003, "B",   "1.0", Soc::Bcm2835, "Egoman", 256, REV1),
    (0x0004, "B",   "2.0", Soc::Bcm2835, "Sony",   256, REV2),
    (0x0005, "B",   "2.0", Soc::Bcm2835, "Qisda",  256, REV2),
    (0x0006, "B",   "2.0", Soc::Bcm2835, "Egoman", 256, REV2),
    (0x0007, "A",   "2.0", Soc::Bcm2835, "Egoman", 256, REV2),
    (0x0008, "A",   "2.0", Soc::Bcm2835, "Sony",   256, REV2),
    (0x0009, "A",   "2.0", Soc::Bcm2835, "Qisda",  256, REV2),
    (0x000d, "B",   "2.0", Soc::Bcm2835, "Egoman", 512, REV2),
    (0x000e, "B",   "2.0", Soc::Bcm2835, "Sony",   512, REV2),
    (0x000f, "B",   "2.0", Soc::Bcm2835, "Qisda",  512, REV2),
    (0x0010, "B+",  "1.2", Soc::Bcm2835, "Sony",   512, J8),
    (0x0011, "CM1", "1.1", Soc::Bcm2835, "Sony",   512, &[]),
    (0x0012, "A+",  "1.1", Soc::Bcm2835, "Sony",   256, J8),
    (0x0013, "B+",  "1.2", Soc::Bcm2835, "Egoman", 512, J8),
    (0x0014, "CM1", "1.1", Soc::Bcm2835, "Embest", 512, &[]),
    (0x0015, "A+",  "1.1", Soc::Bcm2835, "Embest", 256, J8),
    (0x800001, "A",        "1.0", Soc::Bcm2835, "Sony", 256,  REV2),
    (0x900011, "B",        "1.0", Soc::Bcm2835, "Sony", 512,  REV1),
    (0x900021, "A+",       "1.1", Soc::Bcm2835, "Sony", 512,  J8),
    (0x900031, "B+",       "1.1", Soc::Bcm2835, "Sony", 512,  J8),
    (0xa01041, "2B",       "1.1", Soc::Bcm2836, "Sony", 1024, J8),
    (0x900061, "CM1",      "1.1", Soc::Bcm2835, "Sony", 512,  &[]),
    (0xa02081, "3B",       "1.1", Soc::Bcm2837, "Sony", 1024, J8),
    (0x900091, "Zero",     "1.1", Soc::Bcm2835, "Sony", 512,  J8),
    (0xa020a1, "CM3",      "1.1", Soc::Bcm2837, "Sony", 1024, &[]),
    (0x9000c1, "Zero W",   "1.1", Soc::Bcm2835, "Sony", 512,  J8),
    (0xa020d1, "3B+",      "1.1", Soc::Bcm2837, "Sony", 1024, J8),
    (0x9020e1, "3A+",      "1.1", Soc::Bcm2837, "Sony", 512,  J8),
    (0xa02101, "CM3+",     "1.1", Soc::Bcm2837, "Sony", 1024, &[]),
    (0xc03111, "4B",       "1.1", Soc::Bcm2711, "Sony", 4096, J8),
    (0x902121, "Zero 2 W", "1.1", Soc::Bcm2837, "Sony", 512,  J8),
    (0xc03131, "400",      "1.1", Soc::Bcm2711, "Sony", 4096, J8),
    (0xc03141, "CM4",      "1.1", Soc::Bcm2711, "Sony", 4096, J8),
    (0xa03151, "CM4S",     "1.1", Soc::Bcm2711, "Sony", 1024, &[]),
    (0xd04171, "5B",       "1.1", Soc::Bcm2712, "Sony", 8192, J8),
    (0xd04181, "CM5",      "1.1", Soc::Bcm2712, "Sony", 8192, J8),
    (0xd04191, "500",      "1.1", Soc::Bcm2712, "Sony", 8192, J8),
    (0xd041a1, "CM5 Lite", "1.1", Soc::Bcm2712, "Sony", 8192, J8),
    // Newer than gpiozero's table, and codes that vary one field of a row above.
    (0xe04190, "500+",     "1.0", Soc::Bcm2712, "Sony", 16384, J8),
    (0x9021b0, "CM0",      "1.0", Soc::Bcm2837, "Sony", 512,   &[]),
    (0x900012, "B",        "2.0", Soc::Bcm2835, "Sony", 512,   REV2),
    (0xa22042, "2B",       "1.2", Soc::Bcm2837, "Embest", 1024, J8),
    (0xa32082, "3B",       "1.2", Soc::Bcm2837, "Sony Japan", 1024, J8),
    (0xa52082, "3B",       "1.2", Soc::Bcm2837, "Stadium", 1024, J8),
    (0xb03115, "4B",       "1.5", Soc::Bcm2711, "Sony", 2048, J8),
];

fn header_names(board: &Board) -> Vec<&'static str> {
    board.headers().iter().map(Header::name).collect()
}

#[test]
fn every_row_of_the_table() {
    for &(code, model, pcb, soc, maker, memory, headers) in ROWS {
        let board = Board::from_revision(code).unwrap();
        assert_eq!(board.model(), format!("Raspberry Pi {model}"), "{code:x}");
        assert_eq!(board.revision(), Some(code));
        assert_eq!(board.pcb_revision(), pcb, "{code:x}");
        assert_eq!(board.soc(), soc, "{code:x}");
        assert_eq!(board.manufacturer(), maker, "{code:x}");
        assert_eq!(board.memory_mb(), Some(memory), "{code:x}");
        assert_eq!(header_names(&board), headers, "{code:x}");
    }
}

#[test]
fn flags_above_bit_23_are_not_about_the_board() {
    for (flagged, plain) in [
        (0x0100_000e, 0x00_000e),
        (0x1000_0002, 0x00_0002),
        (0x0200_0010, 0x00_0010),
        (0x02a0_2082, 0xa0_2082),
        (0xe2c0_3114, 0xc0_3114),
    ] {
        assert_eq!(Board::from_revision(flagged), Board::from_revision(plain), "{flagged:x}");
    }
}

#[test]
fn fields_not_yet_in_use_are_unknown() {
    let board = Board::from_revision(0xff_ffff).unwrap();
    assert_eq!(board.model(), "unknown type 0xff");
    assert_eq!(board.soc(), Soc::Unknown);
    assert_eq!(board.manufacturer(), "unknown");
    assert_eq!(board.memory_mb(), None);
    assert_eq!(board.pcb_revision(), "1.15");
    assert_eq!(board.lines(), 28);
    assert_eq!(header_names(&board), ["J8"]);

    let board = Board::from_revision(0xd041c0).unwrap();
    assert_eq!(board.model(), "unknown type 0x1c");
    assert_eq!(board.soc(), Soc::Bcm2712);
    assert_eq!(board.find("BOARD40"), Ok(21));

    // Nobody made this one: a Model A has P5, which reaches further than the lines of an RP1.
    let board = Board::from_revision(0x804002).unwrap();
    assert_eq!(board.find("P5:6"), board.find("GPIO31"));

    assert_eq!(Board::from_revision(0x90_0013).unwrap().pcb_revision(), "unknown");
}

#[test]
fn old_style_codes_that_nobody_has() {
    for code in [0x00, 0x01, 0x0a, 0x0b, 0x0c, 0x16, 0xff, 0x7f_ffff, 0x0100_0001] {
        let error = Board::from_revision(code).unwrap_err();
        assert_eq!(error.code(), code);
    }
    let error = Board::from_revision(0x16).unwrap_err();
    assert_eq!(error.to_string(), "0016 is not the revision code of a known Raspberry Pi");
}

#[test]
fn lines_of_each_chip() {
    for (code, lines) in [(0x0010, 54), (0xa01041, 54), (0xa02082, 54), (0xc03114, 58), (0xd04170, 28)] {
        assert_eq!(Board::from_revision(code).unwrap().lines(), lines, "{code:x}");
    }
}

#[test]
fn headers_are_complete_rectangles() {
    for &(code, ..) in ROWS {
        for header in Board::from_revision(code).unwrap().headers() {
            let numbers: Vec<u32> = header.pins().map(|pin| pin.number).collect();
            let pins = header.rows() * header.columns();
            assert_eq!(numbers, Vec::from_iter(1..=pins), "{code:x} {}", header.name());
            assert!(header.pins().all(|pin| header.pin(pin.number) == Some(pin.kind)));
            assert_eq!(header.pin(0), None);
            assert_eq!(header.pin(pins + 1), None);
        }
    }
}

#[test]
fn a_generic_board_has_lines_and_nothing_else() {
    let board = Board::generic(32);
    assert_eq!(board.model(), "generic board");
    assert_eq!(board.revision(), None);
    assert_eq!(board.lines(), 32);
    assert!(board.headers().is_empty());
}
