//! Pin names: each way of writing one, there and back, and what is said of the wrong ones.

use std::collections::BTreeSet;

use pinzero_board::{Board, PinError, PinKind, Pull};

/// One code for each layout of headers: two kinds of P1, J8 on each chip, none.
const BOARDS: [u32; 10] =
    [0x0002, 0x000e, 0x0010, 0xa01041, 0xa02082, 0x902120, 0xc03114, 0xd04170, 0xa020a0, 0x9021b0];

const MODEL_B_1: u32 = 0x0002;
const MODEL_B_2: u32 = 0x000e;
const PI_3: u32 = 0xa02082;
const PI_4: u32 = 0xc03114;
const PI_5: u32 = 0xd04170;
const CM3: u32 = 0xa020a0;

fn board(code: u32) -> Board {
    Board::from_revision(code).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_name_leads_back_to_its_line() {
    for board in BOARDS.map(board).into_iter().chain([Board::generic(0), Board::generic(100)]) {
        for line in 0..board.lines() {
            let names = board.names(line);
            assert_eq!(names[0], format!("GPIO{line}"));
            let number = board.find_number(line).ok().map(|_| line.to_string());
            for name in names.into_iter().chain(number) {
                assert_eq!(board.find(&name), Ok(line), "{name} of {}", board.model());
                assert_eq!(board.find(&name.to_lowercase()), Ok(line), "{name} in lower case");
                assert_eq!(board.find(&format!(" \t{name}\n")), Ok(line), "{name} in white space");
            }
        }
        assert_eq!(board.names(board.lines()), Vec::<String>::new());
    }
}

#[test]
fn every_header_pin_is_found_by_its_number() {
    for board in BOARDS.map(board) {
        for header in board.headers() {
            for pin in header.pins() {
                let name = format!("{}:{}", header.name(), pin.number);
                let on_main_header = format!("BOARD{}", pin.number);
                match pin.kind {
                    PinKind::Gpio(line) => {
                        assert_eq!(board.find(&name), Ok(line));
                        assert!(board.names(line).contains(&name));
                        assert_eq!(board.names(line).contains(&on_main_header), header.name() != "P5");
                    }
                    _ => assert!(matches!(board.find(&name), Err(PinError::NotGpio { .. })), "{name}"),
                }
            }
        }
    }
}

#[test]
fn the_names_of_some_lines() {
    let names = |code, line| board(code).names(line);
    assert_eq!(names(PI_3, 17), ["GPIO17", "BCM17", "J8:11", "BOARD11", "WPI0"]);
    assert_eq!(names(PI_3, 0), ["GPIO0", "BCM0", "J8:27", "BOARD27", "WPI30"]);
    assert_eq!(names(PI_3, 47), ["GPIO47", "BCM47"]);
    assert_eq!(names(PI_5, 21), ["GPIO21", "BCM21", "J8:40", "BOARD40", "WPI29"]);
    assert_eq!(names(MODEL_B_1, 21), ["GPIO21", "BCM21", "P1:13", "BOARD13", "WPI2"]);
    assert_eq!(names(MODEL_B_2, 27), ["GPIO27", "BCM27", "P1:13", "BOARD13", "WPI2"]);
    assert_eq!(names(MODEL_B_2, 28), ["GPIO28", "BCM28", "P5:3", "WPI17"]);
    assert_eq!(names(CM3, 28), ["GPIO28", "BCM28"]);
    assert_eq!(Board::generic(4).names(3), ["GPIO3"]);
}

#[test]
fn the_lines_on_each_header() {
    let lines = |code, index: usize| {
        let lines = board(code).headers()[index].pins().filter_map(|pin| match pin.kind {
            PinKind::Gpio(line) => Some(line),
            _ => None,
        });
        lines.collect::<BTreeSet<u32>>()
    };
    assert_eq!(lines(PI_3, 0), BTreeSet::from_iter(0..=27));
    let common = [4, 7, 8, 9, 10, 11, 14, 15, 17, 18, 22, 23, 24, 25];
    assert_eq!(lines(MODEL_B_1, 0), BTreeSet::from_iter(common.into_iter().chain([0, 1, 21])));
    assert_eq!(lines(MODEL_B_2, 0), BTreeSet::from_iter(common.into_iter().chain([2, 3, 27])));
    assert_eq!(lines(MODEL_B_2, 1), BTreeSet::from_iter(28..=31));
}

/// The chip's other lines do the board's own work, and their numbers look like those of pins.
#[test]
fn a_number_is_a_line_on_a_header() {
    for board in BOARDS.map(board) {
        let has_header = !board.headers().is_empty();
        let on_headers: BTreeSet<u32> = (board.headers().iter())
            .flat_map(pinzero_board::Header::pins)
            .filter_map(|pin| if let PinKind::Gpio(line) = pin.kind { Some(line) } else { None })
            .collect();
        for line in 0..board.lines() {
            let is_found = !has_header || on_headers.contains(&line);
            let by_number = board.find_number(line);
            assert_eq!(by_number.is_ok(), is_found, "{line} of {}", board.model());
            assert_eq!(board.find(&line.to_string()), by_number, "as text");
            assert_eq!(board.find(&format!("GPIO{line}")), Ok(line), "by name");
        }
        assert!(board.find_number(board.lines()).is_err());
    }
    let hint = |code, number| match board(code).find_number(number) {
        Err(PinError::Unknown { hint, .. }) => hint.unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    let say = |number| format!("; for the internal line say \"GPIO{number}\"");
    assert_eq!(hint(PI_3, 40), format!("pin 40 of the header is \"BOARD40\" = GPIO21{}", say(40)));
    assert_eq!(hint(PI_4, 28), format!("pin 28 of the header is \"BOARD28\" = GPIO1{}", say(28)));
    let lines = "the lines of this board are GPIO0 to GPIO27";
    assert_eq!(hint(PI_5, 28), format!("pin 28 of the header is \"BOARD28\" = GPIO1; {lines}"));
    assert_eq!(hint(PI_3, 39), format!("pin 39 of the header is ground{}", say(39)));
    assert_eq!(hint(PI_3, 45), format!("GPIO45 is on no header of this board{}", say(45)));
    assert_eq!(hint(MODEL_B_1, 2), format!("pin 2 of the header is 5 V power{}", say(2)));
    // P5 of the second Model B has GPIO28 to GPIO31, and a compute module's carrier may have any.
    assert_eq!((board(MODEL_B_2).find_number(28), board(CM3).find_number(40)), (Ok(28), Ok(40)));
    assert_eq!(hint(PI_3, 54), "the lines of this board are GPIO0 to GPIO53");
}

#[test]
fn the_supply_pins_of_each_header() {
    let pins = |code, index: usize, kind| {
        let pins = board(code).headers()[index].pins();
        pins.filter(|pin| pin.kind == kind).map(|pin| pin.number).collect::<Vec<_>>()
    };
    assert_eq!(pins(PI_3, 0, PinKind::Power3v3), [1, 17]);
    assert_eq!(pins(PI_3, 0, PinKind::Power5v), [2, 4]);
    assert_eq!(pins(PI_3, 0, PinKind::Ground), [6, 9, 14, 20, 25, 30, 34, 39]);
    for code in [MODEL_B_1, MODEL_B_2] {
        assert_eq!(pins(code, 0, PinKind::Power3v3), [1, 17]);
        assert_eq!(pins(code, 0, PinKind::Power5v), [2, 4]);
        assert_eq!(pins(code, 0, PinKind::Ground), [6, 9, 14, 20, 25]);
    }
    assert_eq!(pins(MODEL_B_2, 1, PinKind::Power3v3), [2]);
    assert_eq!(pins(MODEL_B_2, 1, PinKind::Power5v), [1]);
    assert_eq!(pins(MODEL_B_2, 1, PinKind::Ground), [7, 8]);
}

/// wiringPi has two lists: the first 17 numbers and, on J8, 11 more; P5 has the four between.
#[test]
fn wiring_pi_numbers() {
    let numbered = |code| (0..64).map(|n| board(code).find(&format!("WPI{n}")).ok()).collect::<Vec<_>>();
    let row = |lines: &[u32]| lines.iter().copied().map(Some).collect::<Vec<_>>();

    let j8 = numbered(PI_3);
    assert_eq!(j8[..17], row(&[17, 18, 27, 22, 23, 24, 25, 4, 2, 3, 8, 7, 10, 9, 11, 14, 15]));
    assert_eq!(j8[17..21], [None; 4]);
    assert_eq!(j8[21..32], row(&[5, 6, 13, 19, 26, 12, 16, 20, 21, 0, 1]));
    assert_eq!(j8[32..], [None; 32]);

    let first = numbered(MODEL_B_1);
    assert_eq!(first[..17], row(&[17, 18, 21, 22, 23, 24, 25, 4, 0, 1, 8, 7, 10, 9, 11, 14, 15]));
    assert_eq!(first[17..], [None; 47]);

    let second = numbered(MODEL_B_2);
    assert_eq!(second[..17], j8[..17]);
    assert_eq!(second[17..21], row(&[28, 29, 30, 31]));
    assert_eq!(second[21..], [None; 43]);
}

#[test]
fn power_and_ground_are_no_lines() {
    for (name, what) in [
        ("BOARD1", "3.3 V power"),
        ("J8:17", "3.3 V power"),
        ("3v3", "3.3 V power"),
        ("BOARD2", "5 V power"),
        ("j8:4", "5 V power"),
        ("5V", "5 V power"),
        ("J8:6", "ground"),
        ("board39", "ground"),
        (" gnd ", "ground"),
    ] {
        let error = board(PI_3).find(name).unwrap_err();
        assert_eq!(error, PinError::NotGpio { name: name.trim().to_owned(), what });
    }
    let error = board(PI_3).find("BOARD1").unwrap_err();
    assert_eq!(error.to_string(), "pin \"BOARD1\" is 3.3 V power, not a GPIO line");
    assert_eq!(PinKind::Power3v3.to_string(), "3V3");
}

#[test]
fn unknown_names_come_with_a_hint() {
    let pi = "pins are named like \"17\", \"GPIO17\", \"BOARD11\", \"J8:11\" or \"WPI0\"";
    let none = "this board has no known header; the lines of this board are GPIO0 to GPIO7";
    for (board, name, hint) in [
        (board(PI_3), "GPIO54", "the lines of this board are GPIO0 to GPIO53"),
        (board(PI_5), "41", "the lines of this board are GPIO0 to GPIO27"),
        (board(PI_5), "99999999999999999999", "the lines of this board are GPIO0 to GPIO27"),
        (board(PI_3), "BOARD41", "the header has pins 1 to 40"),
        (board(PI_3), "BOARD0", "the header has pins 1 to 40"),
        (board(PI_3), "J8:41", "the header has pins 1 to 40"),
        (board(MODEL_B_1), "BOARD27", "the header has pins 1 to 26"),
        (board(MODEL_B_2), "P5:9", "the header has pins 1 to 8"),
        (board(PI_3), "p1:11", "this board calls it \"J8:11\""),
        (board(MODEL_B_2), "J8:11", "this board calls it \"P1:11\""),
        (board(MODEL_B_2), "J8:27", "the headers of this board are P1 and P5"),
        (board(PI_3), "P5:3", "the only header of this board is J8"),
        (board(PI_3), "P9:3", "the only header of this board is J8"),
        (board(PI_3), "WPI17", "wiringPi gives no pin of this board that number"),
        (board(PI_3), "GP17", pi),
        (board(PI_3), "GPIO", pi),
        (board(PI_3), "GPIO-1", pi),
        (board(PI_3), "+17", pi),
        (board(PI_3), "17.0", pi),
        (board(PI_3), "J8:", pi),
        (board(PI_3), "J8:1:1", pi),
        (board(PI_3), "", pi),
        (Board::generic(8), "8", "the lines of this board are GPIO0 to GPIO7"),
        (Board::generic(8), "BCM7", "this board is not a Raspberry Pi: use \"GPIO7\""),
        (Board::generic(8), "BOARD7", none),
        (Board::generic(8), "WPI7", none),
        (Board::generic(8), "J8:11", none),
        (Board::generic(8), "PA7", none),
        (Board::generic(1), "1", "the only line of this board is GPIO0"),
        (Board::generic(0), "0", "this board has no GPIO lines"),
    ] {
        let expected = PinError::Unknown { name: name.to_owned(), hint: Some(hint.to_owned()) };
        assert_eq!(board.find(name), Err(expected), "{name} of {}", board.model());
    }
    let error = PinError::Unknown { name: "X".to_owned(), hint: None };
    assert_eq!(error.to_string(), "unknown pin \"X\"");
}

#[test]
fn fixed_pulls_are_on_pins_3_and_5() {
    for (code, fixed) in [
        (MODEL_B_1, &[0, 1][..]),
        (MODEL_B_2, &[2, 3]),
        (PI_3, &[2, 3]),
        (0xc03114, &[2, 3]),
        (PI_5, &[2, 3]),
        (0xff_ffff, &[2, 3]),
        (CM3, &[]),
    ] {
        let board = board(code);
        let found: Vec<u32> = (0..64).filter(|&line| board.pull(line) == Pull::FixedUp).collect();
        assert_eq!(found, fixed, "{}", board.model());
    }
}

#[test]
fn default_pulls_are_those_of_the_datasheets() {
    let pulls = |board: &Board, pull| (0..64).filter(|&line| board.pull(line) == pull).collect::<Vec<_>>();
    let low_up = [0, 1, 4, 5, 6, 7, 8];

    let pi_3 = board(PI_3);
    assert_eq!(
        pulls(&pi_3, Pull::DefaultUp),
        Vec::from_iter(low_up.into_iter().chain(34..=36).chain(46..=53))
    );
    assert_eq!(pulls(&pi_3, Pull::DefaultDown), Vec::from_iter((9..=27).chain(30..=33).chain(37..=43)));
    assert_eq!(pulls(&pi_3, Pull::Unknown), Vec::from_iter([28, 29, 44, 45].into_iter().chain(54..64)));

    let pi_5 = board(PI_5);
    assert_eq!(pulls(&pi_5, Pull::DefaultUp), low_up);
    assert_eq!(pulls(&pi_5, Pull::DefaultDown), Vec::from_iter(9..=27));

    assert_eq!(pulls(&Board::generic(64), Pull::Unknown), Vec::from_iter(0..64));
}
