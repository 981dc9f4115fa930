//! Models by name: every spelling that users have, and the errors for the others.

use pinzero_board::{Board, FormFactor, Soc};
use proptest::prelude::*;

#[rustfmt::skip]
const SPELLINGS: &[(&str, &str)] = &[
    ("A", "A"), ("Model B", "B"), ("b+", "B+"), ("Raspberry Pi Model B Plus Rev 1.2", "B+"), ("pi a plus", "A+"),
    ("2", "2B"), ("RPi 2", "2B"), ("3b", "3B"), ("3B+", "3B+"), ("3 model b plus", "3B+"), ("pi-3a+", "3A+"), ("3a", "3A+"),
    ("4b", "4B"), ("pi 4", "4B"), ("Raspberry Pi 4 Model B Rev 1.4", "4B"), ("Raspberry Pi 5 Model B Rev 1.0", "5B"),
    ("pi 5", "5B"), ("5", "5B"), ("pi5b", "5B"), ("400", "400"), ("Pi 400", "400"), ("500", "500"), ("pi 500+", "500+"),
    ("500 plus", "500+"), ("zero", "Zero"), ("Pi Zero W", "Zero W"), ("zero2w", "Zero 2 W"), ("ZERO 2", "Zero 2 W"),
    ("pi_zero_2_w", "Zero 2 W"), ("Raspberry Pi Zero 2 W Rev 1.0", "Zero 2 W"), ("cm0", "CM0"), ("cm1", "CM1"), ("cm3", "CM3"),
    ("cm3+", "CM3+"), ("Compute Module 3 Plus", "CM3+"), ("cm4", "CM4"), ("cm4s", "CM4S"), ("CM5", "CM5"),
    ("cm5 lite", "CM5 Lite"), ("cm5l", "CM5 Lite"), ("Raspberry Pi Compute Module 5 Lite Rev 1.0", "CM5 Lite"),
    ("a02082", "3B"), ("0xa02082", "3B"), ("0XC03114", "4B"), (" 902120 ", "Zero 2 W"), ("000e", "B"), ("0002", "B"), ("0x2", "B"),
    ("e04190", "500+"),
];

#[test]
fn every_spelling_finds_its_model() {
    for (name, model) in SPELLINGS {
        let board = Board::from_name(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(board.model(), format!("Raspberry Pi {model}"), "{name:?}");
    }
}

#[test]
fn every_model_is_found_by_its_name_and_by_its_code() {
    let models: Vec<Board> = Board::models().collect();
    assert_eq!(models.len(), 24);
    for board in models {
        assert_eq!(Board::from_name(board.model()).as_ref(), Ok(&board));
        let code = board.revision().unwrap();
        assert_eq!(Board::from_name(&format!("{code:04x}")).as_ref(), Ok(&board));
    }
}

#[test]
fn a_code_may_be_of_a_type_that_is_not_known_yet() {
    let board = Board::from_name("d041c0").unwrap();
    assert_eq!(board.model(), "unknown type 0x1c");
    assert_eq!(board.facts(), None);
}

#[test]
fn an_error_lists_the_names_that_may_be_meant() {
    for (name, text) in [
        ("3", r#""3" may be several models: use "3B", "3B+" or "3A+""#),
        (
            "cm5x",
            r#""cm5x" is neither a model nor a revision code: use "CM1", "CM3", "CM3+", "CM4", "CM4S", "CM5", "CM5 Lite" or "CM0""#,
        ),
        ("zorro", r#""zorro" is neither a model nor a revision code: use "Zero", "Zero W" or "Zero 2 W""#),
        ("501", r#""501" is neither a model nor a revision code: use "500" or "500+""#),
        ("3c", r#""3c" is neither a model nor a revision code: use "3B", "3B+" or "3A+""#),
    ] {
        assert_eq!(Board::from_name(name).unwrap_err().to_string(), text);
    }
    for name in ["", "pi", "raspberry pi", "6", "0016", "0xzz", "+a02082", "0x1a020820000", "ß", "🥧"] {
        let error = Board::from_name(name).unwrap_err();
        assert_eq!((error.near.len(), error.is_ambiguous), (24, false), "{name:?}: {error}");
    }
}

#[test]
fn facts_fit_the_board() {
    for board in Board::models() {
        let facts = board.facts().unwrap();
        let name = board.model();
        assert!((2012..=2025).contains(&facts.released), "{name}");
        assert!(facts.memory_mb.contains(&board.memory_mb().unwrap()), "{name}");
        assert!(facts.clock_mhz >= 700 && !facts.storage.is_empty() && !facts.video.is_empty(), "{name}");
        let is_fast = match board.soc() {
            Soc::Bcm2711 => facts.form != FormFactor::Module,
            soc => soc == Soc::Bcm2712,
        };
        assert_eq!(facts.usb3 > 0, is_fast, "{name}");
        assert_eq!(facts.wifi.is_some(), facts.bluetooth.is_some(), "{name}");
        assert!(board.soc().cores().is_some(), "{name}");
    }
    assert_eq!(Board::generic(8).facts(), None);
}

#[test]
fn functions_of_lines_by_chip() {
    let functions = |name: &str, line: u32| {
        let functions = Board::from_name(name).unwrap().functions(line);
        functions.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(functions("3B", 2), ["I2C1 SDA"]);
    assert_eq!(functions("3B", 14), ["UART0 TXD"]);
    assert_eq!(functions("3B", 12), ["PWM0"]);
    assert_eq!(functions("3B", 17), ["UART0 RTS", "SPI1 CE1"]);
    assert_eq!(functions("4B", 12), ["PWM0", "I2C5 SDA", "SPI5 CE0", "UART5 TXD"]);
    assert_eq!(functions("5B", 19), ["PWM3", "PCM FS", "SPI1 MISO"]);
    assert_eq!(functions("5B", 4), ["GPCLK0", "I2C2 SDA", "SPI3 CE0", "UART2 TXD"]);
    assert_eq!(functions("B", 28), ["I2C0 SDA", "PCM CLK"]);
    assert_eq!(functions("4B", 27), ["SPI6 CE1"]);
    assert!(functions("3B", 27).is_empty());
    assert!(functions("3B", 999).is_empty());
    assert!(Board::generic(40).functions(2).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_board_or_names(text in prop_oneof!["(pi|zero|cm|a|0x|)[0-9a-f +]{0,9}", any::<String>()]) {
        match Board::from_name(&text) {
            Ok(board) => prop_assert!(board.revision().is_some()),
            Err(error) => prop_assert!(!error.near.is_empty() && error.to_string().contains("use")),
        }
    }
}
