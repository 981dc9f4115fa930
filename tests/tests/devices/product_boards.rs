//! Ready-made boards: each part is on its pin of the header, and the boards are devices as all others are.
//!
//! That the pins are those of gpiozero, the golden files tell.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::fmt::{Debug, Display};
use std::panic::{RefUnwindSafe, UnwindSafe};

use pinzero::mock::{self, MockGpio};
use pinzero::options::{Bars, Colored, Fitted, Labelled, Lights, Wheels};
use pinzero::prelude::*;
use pinzero::products::*;
use pinzero::{Builder, Curve, ErrorKind, Line, LineFunction, Open, Result};

/// Returns the lines of pins of the header.
fn lines<const N: usize>(gpio: &Gpio, pins: [u32; N]) -> [Line; N] {
    pins.map(|pin| gpio.resolve(format!("BOARD{pin}")).unwrap_or(Line(99)))
}

/// Checks what all boards have in common: names, lines, an earlier user of a line, and what becomes of the lines.
fn check<D, O, const N: usize>(name: &str, builder: Builder<D, O>, pins: [u32; N]) -> Result<()>
where
    D: Open<O> + Device + Debug + Display + Clone + UnwindSafe + RefUnwindSafe,
    O: Clone,
{
    let gpio = mock::gpio();
    let expected = lines(&gpio, pins);
    let board = builder.clone().gpio(&gpio).open()?;
    let names = expected.map(|line| line.to_string()).join(", ");
    assert_eq!(board.to_string(), format!("{name} on {names}"));
    assert!(format!("{board:?}").starts_with(&format!("{name}({names}, ")), "{board:?}");
    let error = Led::builder(expected[N - 1]).gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains(&format!("in use by {name} opened at {}", file!())), "{error}");
    let kept = board.clone();
    board.close()?;
    assert!(kept.is_closed());
    assert_eq!(format!("{kept:?}"), format!("{name}({names}, closed)"));
    assert_eq!(expected.map(|line| gpio.line(line).function()), [LineFunction::Input; N]);
    let led = Led::builder(expected[N - 1]).gpio(&gpio).open()?;
    let error = builder.gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().starts_with(&format!("{name} on {}", expected[N - 1])), "{error}");
    drop(led);
    assert_eq!(expected.map(|line| gpio.line(line).function()), [LineFunction::Input; N]);
    Ok(())
}

#[test]
fn each_board_is_on_its_pins() -> Result<()> {
    check::<_, Colored, 3>("LedBorg", LedBorg::builder(), [11, 13, 15])?;
    let row = [7, 11, 13, 12, 15, 16, 18, 22];
    check::<_, Lights, 8>("PiLiter", PiLiter::builder(), row)?;
    check::<_, Bars, 8>("PiLiterBarGraph", PiLiterBarGraph::builder(), row)?;
    check("PiTraffic", PiTraffic::builder(), [21, 19, 23])?;
    check("TrafficpHat", TrafficpHat::builder(), [22, 18, 16])?;
    for (location, pins) in [
        ("A", [26, 24, 22]),
        ("A+", [40, 38, 36]),
        ("B", [19, 21, 23]),
        ("B+", [33, 35, 37]),
        ("C", [12, 10, 8]),
        ("D", [3, 5, 7]),
    ] {
        check("PiStop", PiStop::builder(location.parse()?), pins)?;
    }
    check::<_, Fitted, 5>("TrafficHat", TrafficHat::builder(), [18, 16, 15, 29, 22])?;
    check("FishDish", FishDish::builder(), [21, 15, 7, 24, 26])?;
    check("JamHat", JamHat::builder(), [29, 32, 36, 31, 33, 11, 35, 12, 38])?;
    check("Pibrella", Pibrella::builder(), [13, 11, 7, 23, 12])?;
    check::<_, Labelled, 6>("StatusZero", StatusZero::builder(), [7, 11, 13, 15, 19, 21])?;
    let strips = [7, 11, 13, 15, 19, 21, 23, 29, 31, 33, 8, 35, 10, 37, 12];
    check("StatusBoard", StatusBoard::builder(), strips)?;
    check("SnowPi", SnowPi::builder(), [16, 18, 22, 11, 12, 15, 26, 24, 21])?;
    check("PumpkinPi", PumpkinPi::builder(), [32, 31, 12, 11, 36, 33, 18, 35, 38, 40, 15, 16])?;
    let tree =
        [3, 7, 10, 33, 40, 22, 24, 29, 19, 36, 11, 13, 37, 18, 21, 32, 31, 38, 35, 8, 12, 23, 26, 16, 15];
    check("PiHutXmasTree", PiHutXmasTree::builder(), tree)?;
    check::<_, Wheels, 4>("RyanteckRobot", RyanteckRobot::builder(), [11, 12, 15, 16])?;
    check("CamJamKitRobot", CamJamKitRobot::builder(), [21, 19, 26, 24])?;
    check("PololuDrv8835Robot", PololuDrv8835Robot::builder(), [29, 32, 31, 33])
}

/// Returns which of the pins of the header are high.
fn lit<const N: usize>(gpio: &MockGpio, pins: [u32; N]) -> [u8; N] {
    lines(gpio, pins).map(|line| u8::from(gpio.line(line).level().is_high()))
}

#[test]
fn members_of_trees_have_names_and_are_boards() -> Result<()> {
    let gpio = mock::gpio();
    let snowman = SnowPi::builder().gpio(&gpio).open()?;
    snowman.arms.left.on()?;
    snowman.eyes.right.on()?;
    assert_eq!(lit(&gpio, [11, 12, 15, 26, 24, 21, 16, 18, 22]), [1, 1, 1, 0, 0, 0, 0, 1, 0]);
    assert_eq!(snowman.value()?.to_string(), "[[0, 1], 0, [[1, 1, 1], [0, 0, 0]]]");
    assert_eq!(
        snowman.member("arms.left.top")?.light().map(pinzero::Light::pin),
        Some(snowman.arms.left.top.pin())
    );
    snowman.set_value(([1, 0], 1, [[0, 0, 1], [1, 0, 0]]))?;
    assert!(snowman.nose.is_lit()? && snowman.arms.right.top.is_lit()? && !snowman.arms.left.top.is_lit()?);
    snowman.arms.blink(ms(10), ms(10))?;
    snowman.arms.left.middle.off()?;
    gpio.advance(ms(25));
    assert_eq!(lit(&gpio, [11, 12, 15, 26, 24, 21]), [1, 0, 1, 1, 1, 1]);
    drop(snowman.clone());
    assert!(!snowman.is_closed());
    drop(snowman);

    let pumpkin = PumpkinPi::builder().pwm(true).initial_value(0.25).gpio(&gpio).open()?;
    pumpkin.sides.right.midtop.set_value(0.5)?;
    assert_eq!(pumpkin.sides.right.value()?.to_string(), "[0.25, 0.25, 0.25, 0.5, 0.25]");
    drop(pumpkin);

    let tree = PiHutXmasTree::builder().initial_value(true).gpio(&gpio).open()?;
    tree.leds[23].off()?;
    tree.star.off()?;
    assert_eq!(lit(&gpio, [3, 7, 10, 16, 15]), [0, 1, 1, 1, 0]);
    assert_eq!(tree.member("led24")?.light().map(pinzero::Light::pin), Some(tree.leds[23].pin()));
    tree.leds.iter().try_for_each(Switch::off)?;
    assert!(!tree.is_lit()?);
    Ok(())
}

#[test]
fn strips_have_labels() -> Result<()> {
    let gpio = mock::gpio();
    let zero = StatusZero::builder().labels(["wifi", "disk"]).gpio(&gpio).open()?;
    zero.strip("disk")?.red.on()?;
    zero.strip(0)?.green.on()?;
    assert_eq!((zero.strips().len(), lit(&gpio, [7, 11, 13, 15])), (2, [0, 1, 1, 0]));
    assert_eq!(zero.value()?, [[0, 1], [1, 0]].into());
    zero.member("disk")?.toggle()?;
    assert_eq!(zero.value()?, [[0, 1], [0, 1]].into());
    let error = zero.strip("three").unwrap_err();
    assert!(error.to_string().contains("no member `three`: it has `wifi`, `disk`"), "{error}");
    drop(zero);

    let board = StatusBoard::builder().labels(["door", "lift"]).initial_value(true).gpio(&gpio).open()?;
    assert_eq!((board.strips().len(), lit(&gpio, [7, 11, 13, 15, 19])), (2, [1, 1, 1, 1, 0]));
    gpio.line("BOARD35").drive(Level::Low);
    assert!(board.strip("lift")?.button.is_pressed()? && !board.strip("door")?.button.is_pressed()?);
    board.off()?;
    assert!(!board.is_active()?);
    board.toggle()?;
    board.strip(-1)?.lights.off()?;
    assert_eq!(board.lights().value()?, [[1, 1], [0, 0]].into());
    assert!(board.is_active()?);
    drop(board);

    let labels = |labels: &[&'static str]| StatusZero::builder().labels(labels.to_vec());
    for (builder, part) in [
        (labels(&["a", "b", "c", "d"]), "the board has 3 strips: give 3 labels at most, not 4"),
        (labels(&["a", "a"]), "two members `a`"),
        (labels(&["a.b"]), "`a.b` cannot name a member"),
        (labels(&[]), "no LED"),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidValue && error.to_string().contains(part), "{error}");
        assert!(error.to_string().contains("StatusZero"), "{error}");
    }
    let error = StatusBoard::builder().labels(["a"; 6]).gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains("give 5 labels at most, not 6"), "{error}");
    Ok(())
}

#[test]
fn a_hat_switches_its_outputs() -> Result<()> {
    let gpio = mock::gpio();
    let hat = TrafficHat::builder().gpio(&gpio).open()?;
    hat.on()?;
    assert_eq!((lit(&gpio, [18, 16, 15, 29]), hat.is_active()?), ([1, 1, 1, 1], true));
    hat.lights.amber.off()?;
    hat.toggle()?;
    assert_eq!(lit(&gpio, [18, 16, 15, 29]), [0, 1, 0, 0]);
    hat.off()?;
    gpio.line("BOARD22").drive(Level::Low);
    assert!(hat.button.is_pressed()? && !hat.is_active()?);
    let all: Vec<Box<dyn Switch>> = vec![Box::new(hat.clone())];
    all.iter().try_for_each(Switch::on)?;
    assert!(hat.buzzer.is_active()?);
    hat.close()?;
    assert_eq!(hat.on().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn a_tone_is_the_on_of_a_buzzer_with_tones() -> Result<()> {
    let gpio = mock::gpio();
    let hat = JamHat::builder().pwm(true).gpio(&gpio).open()?;
    hat.on()?;
    assert_eq!(hat.buzzer.tone()?, Some(pinzero::Tone::A4));
    hat.lights_1.red.set_value(0.25)?;
    hat.lights_2.yellow().set_value(0.5)?;
    hat.toggle()?; // a tone goes on
    assert_eq!(
        (hat.lights_1.value()?, hat.lights_2.value()?),
        ([0.75, 0.0, 0.0].into(), [0.0, 0.5, 0.0].into())
    );
    assert!(hat.buzzer.is_active()?);
    hat.off()?;
    assert!(!hat.is_active()? && hat.buzzer.tone()?.is_none());
    gpio.line("BOARD12").drive(Level::High);
    assert!(hat.button_2.is_pressed()? && !hat.button_1.is_pressed()?);
    drop(hat);

    let pibrella = Pibrella::builder().gpio(&gpio).open()?;
    let inputs = [Pibrella::INPUT_A, Pibrella::INPUT_B, Pibrella::INPUT_C, Pibrella::INPUT_D];
    let outputs = [Pibrella::OUTPUT_E, Pibrella::OUTPUT_F, Pibrella::OUTPUT_G, Pibrella::OUTPUT_H];
    for pin in inputs.into_iter().chain(outputs) {
        drop(Led::builder(pin).gpio(&gpio).open()?);
    }
    pibrella.lights.green.on()?;
    assert_eq!(lit(&gpio, [13, 11, 7]), [0, 0, 1]);
    Ok(())
}

#[test]
fn parts_of_your_own_are_a_hat_too() -> Result<()> {
    let gpio = mock::gpio();
    let lights = TrafficLights::builder(2, 3, 4).gpio(&gpio).open()?;
    let (buzzer, button) = (Buzzer::builder(22).gpio(&gpio).open()?, Button::builder(17).gpio(&gpio).open()?);
    let crossing = TrafficLightsBuzzer::new(lights, buzzer, button);
    crossing.toggle()?;
    assert!(crossing.lights.red.is_lit()? && crossing.buzzer.is_active()?);
    assert_eq!(format!("{crossing:?}"), "TrafficLightsBuzzer(GPIO2, GPIO3, GPIO4, GPIO22, GPIO17, on)");
    crossing.close()?;
    assert_eq!(crossing.to_string(), "TrafficLightsBuzzer on GPIO2, GPIO3, GPIO4, GPIO22, GPIO17");
    assert!(crossing.button.is_closed());
    Ok(())
}

#[test]
fn boards_do_what_their_base_does() -> Result<()> {
    let gpio = mock::gpio();
    let graph = PiLiterBarGraph::builder().initial_value(-0.25).gpio(&gpio).open()?;
    assert_eq!(lit(&gpio, [7, 11, 16, 18, 22]), [0, 0, 0, 1, 1]);
    graph.set_lit_count(1)?;
    assert_eq!(lit(&gpio, [7, 11, 18, 22]), [1, 0, 0, 0]);
    drop(graph);
    let led = LedBorg::builder().initial_value(pinzero::Color::RED).gpio(&gpio).open()?;
    led.set_blue(0.5)?;
    assert_eq!(format!("{led:?}"), "LedBorg(GPIO17, GPIO27, GPIO22, #ff0080)");
    drop(led);
    let lights = PiTraffic::builder().active_high(false).gpio(&gpio).open()?;
    lights.set_value([1, 0, 0])?;
    assert_eq!((lit(&gpio, [21, 19, 23]), lights.yellow().is_lit()?), ([0, 1, 1], false));
    drop(lights);
    let robot = PololuDrv8835Robot::builder().pwm(false).gpio(&gpio).open()?;
    robot.forward_curve(1.0, Curve::Right(1.0))?;
    assert_eq!((lit(&gpio, [29, 32, 31, 33]), robot.value()?), ([0, 1, 0, 0], (1.0, 0.0)));
    robot.left(1.0)?;
    assert_eq!(lit(&gpio, [29, 32, 31, 33]), [1, 1, 0, 1]);
    let error = "E".parse::<Location>().unwrap_err();
    assert!(error.to_string().contains("no location `E`: give A, A+, B, B+, C or D"), "{error}");
    Ok(())
}

/// On a computer without a header, the error names the pin.
#[test]
fn a_board_needs_a_header() {
    let gpio = mock::builder().board(pinzero::board::Board::generic(32)).open();
    let error = SnowPi::builder().gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPin, "{error}");
    assert!(error.to_string().contains("BOARD16"), "{error}");
}

#[test]
fn what_is_closed_does_not_keep_the_rest_of_a_board_on() -> Result<()> {
    let gpio = mock::gpio();
    let fish = pinzero::products::FishDish::builder().gpio(&gpio).open()?;
    fish.on()?;
    fish.lights.close()?;
    assert_eq!(fish.off().unwrap_err().kind(), ErrorKind::Closed);
    assert!(!fish.buzzer.is_active()?);
    Ok(())
}
