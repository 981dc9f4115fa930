//! The table of what each factory can do, in `docs/capabilities.md`, is what the code says.
//!
//! `PINZERO_WRITE=1 cargo test -p pinzero-tests --test devices capabilities` writes it anew.
#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use pinzero::board::{Board, PinKind, Soc};
use pinzero::{Capabilities, Support, mock};
use pinzero_cdev::{CdevFactory, SysfsPwm};
use pinzero_pigpio::PigpioFactory;
use pinzero_rppal::RppalFactory;

/// A board of each model that pinzero-board knows, by a revision code of it. By hand, as it has no list of them.
const BOARDS: [u32; 24] = [
    0x00_0008, 0x00_0002, 0x90_0021, 0x90_0032, 0x90_0061, 0xa0_1041, 0xa0_2082, 0xa0_20d3, 0x90_20e0,
    0xa0_20a1, 0xa0_2101, 0x90_0092, 0x90_00c1, 0x90_2120, 0x90_21b0, 0xc0_3111, 0xc0_3130, 0xb0_3140,
    0xa0_3151, 0xc0_4170, 0xd0_4190, 0xe0_4190, 0xd0_4181, 0xc0_41a0,
];

/// What rppal 0.22 does not know, by its table of models: by hand, as that table is not public.
const UNKNOWN_TO_RPPAL: [&str; 1] = ["Raspberry Pi CM0"];

/// A cell: what a factory does by itself, and what it is worth with core's help.
fn cell(native: Support, all: Support) -> &'static str {
    match (native, all) {
        (Support::None, Support::None) => "no",
        (Support::None, _) => "by pinzero",
        _ => "yes",
    }
}

fn table() -> String {
    // What it does by itself, and not what core adds to that.
    let mock = Capabilities { spi: Support::None, ..mock::gpio().capabilities() };
    let factories = [
        ("cdev", CdevFactory::CAPABILITIES),
        ("rppal", RppalFactory::CAPABILITIES),
        ("pigpio", PigpioFactory::CAPABILITIES),
        ("mock", mock),
    ];
    let mut text = String::from(HEAD);
    text += "| |";
    factories.iter().for_each(|(name, _)| text += &format!(" `{name}` |"));
    text += "\n|---|---|---|---|---|\n";
    type Power = fn(&Capabilities) -> Support;
    let powers: [(&str, Power); 8] = [
        ("outputs", |powers| powers.output),
        ("inputs", |powers| powers.input),
        ("pull-up and pull-down", |powers| powers.bias),
        ("edges as they happen", |powers| powers.edges),
        ("outputs that change together", |powers| powers.group),
        ("PWM on any pin", |powers| powers.pwm),
        ("SPI on any pins", |powers| powers.spi),
        ("a closed pin keeps its level", |powers| powers.keep),
    ];
    for (what, power) in powers {
        let cells = factories.iter().map(|(name, native)| match (*name, what) {
            ("cdev", "a closed pin keeps its level") => "if the kernel says so",
            _ => cell(power(native), power(&native.with_emulation())),
        });
        let _ = writeln!(text, "| {what} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    let settle = factories.iter().map(|(_, native)| match native.settle.is_zero() {
        true => "by pinzero".to_owned(),
        false => format!("up to {:?}, beyond that by pinzero", native.settle),
    });
    let _ = writeln!(text, "| settle times | {} |", settle.collect::<Vec<_>>().join(" | "));
    text += LOOKS;
    text += BOARDS_HEAD;
    for code in BOARDS {
        let board = Board::from_revision(code).unwrap_or_else(|error| panic!("{error}"));
        let is_pi_5 = board.soc() == Soc::Bcm2712;
        let pins = board.headers().iter().map(|header| header.pins().count()).max();
        // A module without a header has its lines on the board that carries it, which may use them all.
        let has = |line: &u32| {
            pins.is_none()
                || board
                    .headers()
                    .iter()
                    .any(|header| header.pins().any(|pin| pin.kind == PinKind::Gpio(*line)))
        };
        let hardware: Vec<_> =
            SysfsPwm::LINES.iter().map(|line| line.0).filter(has).map(|line| line.to_string()).collect();
        let cells = [
            board.model().to_owned(),
            format!("{:?}", board.soc()).to_uppercase(),
            pins.map_or_else(|| "no header".to_owned(), |pins| pins.to_string()),
            "yes".to_owned(),
            match is_pi_5 {
                _ if UNKNOWN_TO_RPPAL.contains(&board.model()) => "no",
                true => "where there is a `/dev/gpiochip0`",
                false => "yes",
            }
            .to_owned(),
            if is_pi_5 { "`pinzero serve`" } else { "`pigpiod`, `pinzero serve`" }.to_owned(),
            format!("GPIO{}", hardware.join(", ")),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

const HEAD: &str = "\
# What each factory can do

This page is written by the code, but for the rows on hardware PWM and looks: see `tests/tests/devices/capabilities.rs`. *By pinzero* means that the factory has no such
power and core makes up for it: edges by reading every few milliseconds, groups one line after the other, PWM and SPI in software.

";

/// By hand: no code says so, and no test would see it change.
const LOOKS: &str = "\
| hardware PWM, if asked for | by the kernel | by the kernel | by the daemon | yes |
| a look at any pin (`peek`) | function, pull that was asked for, holder | function, level, holder | function, level | all |
| a look at an own pin | and level, pull | and pull | and pull | all |

A look at a pin takes nothing and changes nothing. The kernel's GPIO interface has none at the level of a line that is another's, and calls whatever is no
output an input. A Raspberry Pi before the 4 has no register from which its pulls could be read; a later one has, but rppal does not read it.
";

const BOARDS_HEAD: &str = "
The factory `cdev` also works on boards that are no Raspberry Pi. Hardware PWM is had by asking for it, `PwmOutputDevice::builder(18).hardware(true)`: on
`cdev` and `rppal` the kernel needs a line in `config.txt`, which the error names; on `pigpio` the daemon has it. That of `cdev` and `rppal` has never run on a
kernel's PWM hardware yet, only on plain files of the same names.

| board | chip | pins | `cdev` | `rppal` | `pigpio`, through | hardware PWM |
|---|---|---|---|---|---|---|
";

#[test]
fn the_table_in_the_docs_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/capabilities.md");
    let table = table();
    if env::var_os("PINZERO_WRITE").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, table,
        "PINZERO_WRITE=1 cargo test -p pinzero-tests --test devices capabilities writes it anew"
    );
}
