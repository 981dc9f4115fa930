//! Every bus that each kind of board leads out, with its lines and its setting.
#![allow(clippy::unwrap_used, reason = "it fails a test here")]

use std::fmt::Write;

use pinzero_board::{Board, Header, PinKind};

const COMPUTE_MODULE: &str = "\
i2c-0 0 1: dtparam=i2c_vc=on
i2c-1 2 3: dtparam=i2c_arm=on
spi0 11 10 9, select 0 8: dtparam=spi=on
spi0 11 10 9, select 1 7: dtparam=spi=on
spi1 21 20 19, select 0 18: dtoverlay=spi1-1cs
spi1 21 20 19, select 1 17: dtoverlay=spi1-2cs
spi1 21 20 19, select 2 16: dtoverlay=spi1-3cs
spi2 42 41 40, select 0 43: dtoverlay=spi2-1cs
spi2 42 41 40, select 1 44: dtoverlay=spi2-2cs
spi2 42 41 40, select 2 45: dtoverlay=spi2-3cs
serial: enable_uart=1
";

const REV1: &str = "\
i2c-0 0 1: dtparam=i2c_arm=on
spi0 11 10 9, select 0 8: dtparam=spi=on
spi0 11 10 9, select 1 7: dtparam=spi=on
serial: enable_uart=1
";

const REV2: &str = "\
i2c-1 2 3: dtparam=i2c_arm=on
spi0 11 10 9, select 0 8: dtparam=spi=on
spi0 11 10 9, select 1 7: dtparam=spi=on
serial: enable_uart=1
";

const J8: &str = "\
i2c-0 0 1: dtparam=i2c_vc=on
i2c-1 2 3: dtparam=i2c_arm=on
spi0 11 10 9, select 0 8: dtparam=spi=on
spi0 11 10 9, select 1 7: dtparam=spi=on
spi1 21 20 19, select 0 18: dtoverlay=spi1-1cs
spi1 21 20 19, select 1 17: dtoverlay=spi1-2cs
spi1 21 20 19, select 2 16: dtoverlay=spi1-3cs
serial: enable_uart=1
";

const PI_4: &str = "\
i2c-0 0 1: dtparam=i2c_vc=on
i2c-1 2 3: dtparam=i2c_arm=on
i2c-3 4 5: dtoverlay=i2c3
i2c-4 8 9: dtoverlay=i2c4
i2c-5 12 13: dtoverlay=i2c5
i2c-6 22 23: dtoverlay=i2c6
spi0 11 10 9, select 0 8: dtparam=spi=on
spi0 11 10 9, select 1 7: dtparam=spi=on
spi1 21 20 19, select 0 18: dtoverlay=spi1-1cs
spi1 21 20 19, select 1 17: dtoverlay=spi1-2cs
spi1 21 20 19, select 2 16: dtoverlay=spi1-3cs
spi3 3 2 1, select 0 0: dtoverlay=spi3-1cs
spi3 3 2 1, select 1 24: dtoverlay=spi3-2cs
spi4 7 6 5, select 0 4: dtoverlay=spi4-1cs
spi4 7 6 5, select 1 25: dtoverlay=spi4-2cs
spi5 15 14 13, select 0 12: dtoverlay=spi5-1cs
spi5 15 14 13, select 1 26: dtoverlay=spi5-2cs
spi6 21 20 19, select 0 18: dtoverlay=spi6-1cs
spi6 21 20 19, select 1 27: dtoverlay=spi6-2cs
serial: enable_uart=1
";

const PI_5: &str = "\
i2c-0 0 1: dtparam=i2c_vc=on
i2c-1 2 3: dtparam=i2c_arm=on
i2c-2 4 5: dtoverlay=i2c2-pi5
i2c-3 6 7: dtoverlay=i2c3-pi5
spi0 11 10 9, select 0 8: dtparam=spi=on
spi0 11 10 9, select 1 7: dtparam=spi=on
spi1 21 20 19, select 0 18: dtoverlay=spi1-1cs
spi1 21 20 19, select 1 17: dtoverlay=spi1-2cs
spi1 21 20 19, select 2 16: dtoverlay=spi1-3cs
spi2 3 2 1, select 0 0: dtoverlay=spi2-1cs-pi5
spi2 3 2 1, select 1 24: dtoverlay=spi2-2cs-pi5
spi3 7 6 5, select 0 4: dtoverlay=spi3-1cs-pi5
spi3 7 6 5, select 1 25: dtoverlay=spi3-2cs-pi5
spi5 15 14 13, select 0 12: dtoverlay=spi5-1cs-pi5
spi5 15 14 13, select 1 26: dtoverlay=spi5-2cs-pi5
serial: dtparam=uart0=on
";

/// Returns all that a board says of its buses.
fn buses(board: &Board) -> String {
    let mut text = String::new();
    for bus in 0..=16 {
        if let Some([data, clock]) = board.i2c_lines(bus) {
            writeln!(text, "i2c-{bus} {data} {clock}: {}", board.i2c_setting(bus).unwrap()).unwrap();
        }
    }
    for bus in 0..=16 {
        for select in 0..=4 {
            let Some(line) = board.spi_select(bus, select) else {
                assert_eq!(board.spi_setting(bus, select), None);
                continue;
            };
            let [clock, mosi, miso] = board.spi_lines(bus).unwrap();
            let setting = board.spi_setting(bus, select).unwrap();
            writeln!(text, "spi{bus} {clock} {mosi} {miso}, select {select} {line}: {setting}").unwrap();
        }
    }
    if let Some(setting) = board.serial_setting() {
        writeln!(text, "serial: {setting}").unwrap();
    }
    text
}

#[test]
fn each_board_leads_out_its_buses() {
    for (code, expected) in [
        (0x0002, REV1),
        (0x000e, REV2),
        (0x0007, REV2),
        (0x0011, COMPUTE_MODULE),
        (0xa020a1, COMPUTE_MODULE),
        (0x0010, J8),
        (0x9000c1, J8),
        (0xa01041, J8),
        (0xa02082, J8),
        (0x902120, J8),
        (0xb03115, PI_4),
        (0xc03131, PI_4),
        (0xc03141, PI_4),
        (0xd04171, PI_5),
        (0xd04191, PI_5),
        (0xd04181, PI_5),
    ] {
        let board = Board::from_revision(code).unwrap();
        assert_eq!(buses(&board), expected, "{} ({code:#x})", board.model());
    }
}

#[test]
fn a_module_without_a_header_has_the_buses_of_its_chip() {
    let text = buses(&Board::from_revision(0xa03151).unwrap());
    assert!(text.contains("i2c-6 22 23") && text.contains("spi2 42 41 40, select 2 45"), "{text}");
}

#[test]
fn a_board_that_is_no_raspberry_pi_has_no_known_buses() {
    assert_eq!(buses(&Board::generic(54)), "");
}

#[test]
fn a_newer_type_has_the_buses_of_the_header() {
    let text = buses(&Board::from_revision(0xd051e0).unwrap());
    assert!(text.contains("i2c-1 2 3: dtparam=i2c_arm=on") && text.contains("spi0 11 10 9"), "{text}");
}

#[test]
fn all_lines_are_on_a_header() {
    for code in [0x0002, 0x000e, 0xa02082, 0xb03115, 0xd04171] {
        let board = Board::from_revision(code).unwrap();
        let is_out = |line: u32| {
            let pins = board.headers().iter().flat_map(Header::pins);
            pins.map(|pin| pin.kind).any(|kind| kind == PinKind::Gpio(line))
        };
        for bus in 0..=16 {
            let lines = board.i2c_lines(bus).into_iter().flatten();
            let lines = lines.chain(board.spi_lines(bus).into_iter().flatten());
            let selects = (0..=4).filter_map(|select| board.spi_select(bus, select));
            assert!(lines.chain(selects).all(is_out), "bus {bus} of {}", board.model());
        }
    }
}
