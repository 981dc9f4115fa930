//! Pins by name, on boards of several kinds.

use pinzero::board::Board;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Line};

/// The first Model B, whose P1 carries GPIO21 where later ones carry GPIO27.
const MODEL_B_1: u32 = 0x0002;
/// The second Model B, which has P5 beside P1.
const MODEL_B_2: u32 = 0x000e;
const PI_4: u32 = 0x00c0_3111;
const PI_5: u32 = 0x00d0_4171;
const ZERO_2_W: u32 = 0x0090_2121;

fn pi(code: u32) -> MockGpio {
    mock::builder().board(Board::from_revision(code).unwrap_or_else(|error| panic!("{error}"))).open()
}

#[test]
fn a_line_has_many_names() -> pinzero::Result<()> {
    for code in [PI_4, PI_5, ZERO_2_W] {
        let gpio = pi(code);
        for name in
            ["17", "GPIO17", "gpio17", "BCM17", "Bcm17", "BOARD11", "board11", "WPI0", "J8:11", " j8:11 "]
        {
            assert_eq!(gpio.resolve(name)?, gpio.resolve(17)?, "{name} of {}", gpio.board().model());
        }
    }
    Ok(())
}

#[test]
fn every_header_pin_of_every_board_drives_its_own_line() -> pinzero::Result<()> {
    for (code, header, pins) in
        [(MODEL_B_1, "P1", 26), (MODEL_B_2, "P1", 26), (PI_4, "J8", 40), (PI_5, "J8", 40)]
    {
        let gpio = pi(code);
        let mut leds = Vec::new();
        for pin in 1..=pins {
            match Led::builder(format!("{header}:{pin}")).initial_value(true).gpio(&gpio).open() {
                Ok(led) => {
                    assert_eq!(gpio.line(format!("BOARD{pin}").as_str()).level(), Level::High);
                    leds.push(led);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::NotGpio, "{error}"),
            }
        }
        // No two pins lead to one line: they are all open at the same time.
        assert_eq!(leds.len(), if pins == 26 { 17 } else { 28 }, "{}", gpio.board().model());
    }
    Ok(())
}

#[test]
fn the_same_name_is_another_line_on_another_board() -> pinzero::Result<()> {
    for (code, name, line) in [
        (MODEL_B_1, "BOARD3", 0),
        (MODEL_B_2, "BOARD3", 2),
        (MODEL_B_1, "P1:13", 21),
        (MODEL_B_2, "P1:13", 27),
        (MODEL_B_2, "P5:3", 28),
        (MODEL_B_1, "WPI2", 21),
        (PI_5, "WPI2", 27),
    ] {
        assert_eq!(pi(code).resolve(name)?.0, line, "{name} of {code:#x}");
    }
    Ok(())
}

#[test]
fn the_fixed_pulls_are_where_the_board_has_them() -> pinzero::Result<()> {
    // Pins 3 and 5 of the header carry the resistors, whatever their lines are called.
    for (code, fixed, free) in [(MODEL_B_1, 0, 4), (MODEL_B_2, 2, 4), (PI_5, 3, 4)] {
        let gpio = pi(code);
        let refused = Button::builder(fixed).pull_up(false).gpio(&gpio).open().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::FixedPull);
        drop(Button::builder(free).pull_up(false).gpio(&gpio).open()?);
    }
    Ok(())
}

/// The other lines of a Pi 4's chip do the board's own work: network, SD card, activity LED.
#[test]
fn a_number_beyond_the_header_opens_nothing() {
    let gpio = pi(PI_4);
    let refused = |what: &str, pin: u32, error: pinzero::Error| {
        assert_eq!(error.kind(), ErrorKind::UnknownPin, "{what}: {error}");
        let name = match pin {
            40 => "pin 40 of the header is \"BOARD40\" = GPIO21".to_owned(),
            28 => "pin 28 of the header is \"BOARD28\" = GPIO1".to_owned(),
            _ => format!("GPIO{pin} is on no header"),
        };
        let text = error.to_string();
        assert!(text.contains(&name), "{what}: {text}");
        assert!(text.contains(&format!("for the internal line say \"GPIO{pin}\"")), "{what}: {text}");
    };
    for pin in [28, 40, 42, 57] {
        refused("Led", pin, Led::builder(pin).gpio(&gpio).open().unwrap_err());
        refused("Led by text", pin, Led::builder(pin.to_string()).gpio(&gpio).open().unwrap_err());
        refused("PwmLed", pin, PwmOutputDevice::builder(pin).gpio(&gpio).open().unwrap_err());
        refused("Button", pin, Button::builder(pin).gpio(&gpio).open().unwrap_err());
        refused("group", pin, gpio.group([17, pin]).open().unwrap_err());
        refused("inputs", pin, gpio.inputs([17, pin]).open().unwrap_err());
        refused("flex", pin, gpio.flex(pin).open().unwrap_err());
        refused("SPI", pin, gpio.spi(11).mosi(10).select(pin).open().unwrap_err());
        refused("SPI's clock", pin, gpio.spi(pin).mosi(10).open().unwrap_err());
        refused("close_pins", pin, gpio.close_pins([pin]).unwrap_err());
        refused("line_info", pin, gpio.line_info(pin).unwrap_err());
    }
    // Nothing of the group stayed open.
    drop(Led::builder(17).gpio(&gpio).open().unwrap());
}

#[test]
fn a_line_beyond_the_header_opens_by_name() -> pinzero::Result<()> {
    let gpio = pi(PI_4);
    let led = Led::builder("GPIO42").gpio(&gpio).open()?;
    led.on()?;
    assert_eq!(gpio.line(Line(42)).level(), Level::High);
    assert_eq!((led.pin(), gpio.line_info("gpio42")?.level), (Line(42), Some(Level::High)));
    // A line is no number that was typed.
    let again = led.pin();
    led.close()?;
    drop(Led::builder(again).gpio(&gpio).open()?);
    Ok(())
}

/// P5 of the second Model B has GPIO28 to GPIO31; a compute module's carrier may have any line on its header.
#[test]
fn where_the_header_may_have_it_the_number_opens() -> pinzero::Result<()> {
    const CM_3: u32 = 0x00a0_20a0;
    for (code, pin) in [(MODEL_B_2, 28), (CM_3, 28), (CM_3, 45)] {
        drop(Led::builder(pin).gpio(&pi(code)).open()?);
    }
    drop(Led::builder(40).gpio(&mock::builder().board(Board::generic(64)).open()).open()?);
    Ok(())
}

#[test]
fn a_generic_board_has_numbers_only() -> pinzero::Result<()> {
    let gpio = mock::builder().board(Board::generic(8)).open();
    let led = Led::builder("GPIO7").gpio(&gpio).open()?;
    led.on()?;
    assert_eq!(gpio.line("7").level(), Level::High);
    drop(Button::builder(6).gpio(&gpio).open()?);
    for name in ["8", "GPIO8", "BOARD1", "J8:1", "BCM7", "WPI0"] {
        assert_eq!(
            Led::builder(name).gpio(&gpio).open().unwrap_err().kind(),
            ErrorKind::UnknownPin,
            "{name}"
        );
    }
    let error = Led::builder(8).gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains("GPIO0 to GPIO7"), "{error}");
    Ok(())
}

#[test]
fn a_board_without_lines_has_no_pins() {
    let gpio = mock::builder().board(Board::generic(0)).open();
    let error = Led::builder(0).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPin);
    assert!(!error.to_string().contains("GPIO0 to GPIO0"), "there is no GPIO0: {error}");
}

#[test]
fn all_kinds_of_numbers_and_strings_are_pins() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let line = gpio.resolve(17u8)?;
    assert_eq!(gpio.resolve(17u32)?, line);
    assert_eq!(gpio.resolve(17i32)?, line);
    assert_eq!(gpio.resolve(String::from("GPIO17"))?, line);
    assert_eq!(gpio.resolve(line)?, line);
    assert_eq!(Led::builder(line).gpio(&gpio).open()?.output().line(), line);
    Ok(())
}
