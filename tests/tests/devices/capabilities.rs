//! Checks that the table in `docs/capabilities.md` says what the code says.
//!
//! `PINZERO_WRITE=1 cargo test -p pinzero-tests --test devices capabilities` writes it anew.
#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use pinzero::board::{Board, PinKind, Soc};
use pinzero::expander::{Hc595, Mcp23s17, Mcp23017, Pca9685, Pcf8574};
use pinzero::{Capabilities, PinFactory, Result, Support, mock};
use pinzero_cdev::{CdevFactory, SysfsPwm};
use pinzero_parts as parts;
use pinzero_pigpio::PigpioFactory;
use pinzero_rppal::RppalFactory;

/// A revision code for each model that pinzero-board knows. By hand, as pinzero-board has no list of them.
const BOARDS: [u32; 24] = [
    0x00_0008, 0x00_0002, 0x90_0021, 0x90_0032, 0x90_0061, 0xa0_1041, 0xa0_2082, 0xa0_20d3, 0x90_20e0,
    0xa0_20a1, 0xa0_2101, 0x90_0092, 0x90_00c1, 0x90_2120, 0x90_21b0, 0xc0_3111, 0xc0_3130, 0xb0_3140,
    0xa0_3151, 0xc0_4170, 0xd0_4190, 0xe0_4190, 0xd0_4181, 0xc0_41a0,
];

/// The models that rppal 0.22 does not know. By hand, as rppal's table of models is not public.
const UNKNOWN_TO_RPPAL: [&str; 1] = ["Raspberry Pi CM0"];

/// Returns the text of a cell, from the support by the factory itself and the support with core's help.
fn cell(native: Support, all: Support) -> &'static str {
    match (native, all) {
        (Support::None, Support::None) => "no",
        (Support::None, _) => "by pinzero",
        _ => "yes",
    }
}

fn table() -> String {
    // Without core's emulation.
    let mock = Capabilities { spi: Support::None, soft_i2c: Support::None, ..mock::gpio().capabilities() };
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
    type Capability = fn(&Capabilities) -> Support;
    let rows: [(&str, Capability); 14] = [
        ("outputs", |all| all.output),
        ("inputs", |all| all.input),
        ("pull-up and pull-down", |all| all.bias),
        ("edges as they happen", |all| all.edges),
        ("inputs that belong together", |all| all.inputs),
        ("outputs that change together", |all| all.group),
        ("flexible lines (`flex`)", |all| all.flex),
        ("PWM on any pin", |all| all.pwm),
        ("SPI on any pins", |all| all.spi),
        ("hardware SPI", |all| all.hardware_spi),
        ("hardware I2C", |all| all.i2c),
        ("I2C on any pins", |all| all.soft_i2c),
        ("serial ports", |all| all.serial),
        ("a closed pin keeps its level", |all| all.keep),
    ];
    for (what, support) in rows {
        let cells = factories.iter().map(|(name, native)| match (*name, what) {
            ("cdev", "a closed pin keeps its level") => "if the kernel promises it",
            _ => cell(support(native), support(&native.with_emulation())),
        });
        let _ = writeln!(text, "| {what} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    let settle = factories.iter().map(|(_, native)| match native.settle.is_zero() {
        true => "by pinzero".to_owned(),
        false => format!("up to {:?}, longer ones by pinzero", native.settle),
    });
    let _ = writeln!(text, "| settle times | {} |", settle.collect::<Vec<_>>().join(" | "));
    text += LINE_INFO;
    text += &expander_table().unwrap_or_else(|error| panic!("{error}"));
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

/// Returns the table of the expanders, each on a bus of a mock.
fn expander_table() -> Result<String> {
    let gpio = mock::gpio();
    gpio.i2c_chip(1, 0x20, parts::Mcp23017::new());
    gpio.i2c_chip(1, 0x38, parts::Pcf8574::new());
    gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    gpio.spi_chip(0, 0, parts::Mcp23s17::new(0));
    let i2c = gpio.i2c(1).open()?;
    let (spi, other) = (gpio.hardware_spi(0, 0).open()?, gpio.hardware_spi(0, 1).open()?);
    let chips = [
        Mcp23017::builder(&i2c).interrupt(&gpio, 4).factory()?.capabilities(),
        Mcp23s17::builder(&spi).interrupt(&gpio, 5).factory()?.capabilities(),
        Pcf8574::builder(&i2c).address(0x38).interrupt(&gpio, 6).factory()?.capabilities(),
        Hc595::builder(&other).factory()?.capabilities(),
        Pca9685::builder(&i2c).factory()?.capabilities(),
    ];
    let mut text = String::from(EXPANDERS);
    type Capability = fn(&Capabilities) -> Support;
    let rows: [(&str, Capability); 8] = [
        ("outputs", |all| all.output),
        ("inputs", |all| all.input),
        ("edges as they happen", |all| all.edges),
        ("inputs that belong together", |all| all.inputs),
        ("outputs that change together", |all| all.group),
        ("flexible lines (`flex`)", |all| all.flex),
        ("PWM", |all| all.pwm),
        ("a closed pin keeps its level", |all| all.keep),
    ];
    for (what, support) in rows {
        let cells = chips.iter().map(|native| match (what, support(native)) {
            ("edges as they happen", Support::Native) => "with an interrupt pin, else by pinzero",
            _ => cell(support(native), support(&native.with_emulation())),
        });
        let _ = writeln!(text, "| {what} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    Ok(text + EXPANDERS_BY_HAND)
}

const EXPANDERS: &str = "
The pins of an expander are a `Gpio` of their own, over a bus of another one: see [pinzero-expander](../crates/pinzero-expander/README.md).

| | MCP23017 | MCP23S17 | PCF8574 | 74HC595 | PCA9685 |
|---|---|---|---|---|---|
";

/// By hand, as in the table above.
const EXPANDERS_BY_HAND: &str = "\
| pulls | up, none | up, none | weakly up, always | no | no |
| line numbers | 0 to 15 | 0 to 15 | 0 to 7 | 0 to 7, up to 63 in a chain | 0 to 15 |
| names | GPA0 to GPB7 | GPA0 to GPB7 | P0 to P7 | QA to QH, QA2 to QH2, … | LED0 to LED15 |
";

const HEAD: &str = "\
# What each factory can do

The test `tests/tests/devices/capabilities.rs` writes this page from the code, except for the rows on hardware PWM and line info. *By pinzero* means that the factory lacks the
capability and core emulates it. Core reads inputs every few milliseconds to find edges, sorts edges of several inputs by their timestamps, writes groups one line
after the other, and makes PWM, SPI and I2C in software. Core does not emulate flexible lines: an emulation would have to release the line.

";

/// By hand: no code says so, and no test would see it change.
const LINE_INFO: &str = "\
| hardware PWM, on request | by the kernel | by the kernel | by the daemon | yes |
| `line_info` of any pin | function, requested pull, consumer | function, level, consumer | function, level | all |
| `line_info` of an open pin | also level, pull | also pull | also pull | all |

`line_info` never claims or changes a pin. The kernel cannot show the level of a line that another program holds, and calls every line that is not an
output an input. On a Raspberry Pi before the 4, software cannot read the pulls. The Pi 4 and later have a register for them, but rppal does not read it.

On `rppal`, edges and inputs that belong together need the character device. Without it, core emulates both.

Hardware SPI, hardware I2C and serial ports of `cdev` and `rppal` are those of the kernel. Most need a line in `config.txt`, which the error message names.
";

const BOARDS_HEAD: &str = "
The factory `cdev` also works on other boards than the Raspberry Pi. `PwmOutputDevice::builder(18).hardware(true)` requires hardware PWM. On
`cdev` and `rppal` the kernel then needs a line in `config.txt`, which the error message names. Other lines than those in the table need an overlay each:
`dtoverlay=pwm-pio,gpio=23` on a Pi 5 (GPIO0 to 27, four at most), or `dtoverlay=pwm-gpio,gpio=23` elsewhere (software in the kernel, 6.6 or newer). On `pigpio` the daemon provides hardware PWM. Hardware PWM of `cdev` and
`rppal` has never run on real hardware: it is tested only against ordinary files standing in for `/sys/class/pwm`.

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
