//! Boards of LEDs.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::sync::atomic::Ordering;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{AnimationEnd, BoardValue, ErrorKind, Line, LineFunction, Member, Result, Source};

use crate::flaky::Flaky;

fn levels<const N: usize>(gpio: &MockGpio, pins: [u32; N]) -> [u8; N] {
    pins.map(|pin| gpio.line(pin).level().is_high().into())
}

/// Opens a board of four LEDs, two of them in a board of their own.
fn nested(gpio: &MockGpio) -> Result<LedBoard> {
    let eyes = LedBoard::builder([17, 27]);
    LedBoard::builder([4]).board("eyes", eyes).led("nose", 22).gpio(gpio).open()
}

const NESTED: [u32; 4] = [4, 17, 27, 22];

#[test]
fn all_leds_are_switched_together() -> Result<()> {
    let gpio = mock::gpio();
    let board = LedBoard::builder([17, 27, 22]).gpio(&gpio).open()?;
    assert_eq!((levels(&gpio, [17, 27, 22]), board.is_lit()?), ([0, 0, 0], false));
    board.on()?;
    assert_eq!((levels(&gpio, [17, 27, 22]), board.value()?), ([1, 1, 1], [1, 1, 1].into()));
    board.set_value([true, false, true])?;
    assert_eq!((levels(&gpio, [17, 27, 22]), board.is_active()?), ([1, 0, 1], true));
    board.toggle()?;
    assert_eq!((levels(&gpio, [17, 27, 22]), board.value()?), ([0, 1, 0], [0, 1, 0].into()));
    board.off()?;
    assert_eq!((levels(&gpio, [17, 27, 22]), board.is_lit()?), ([0, 0, 0], false));
    Ok(())
}

/// Lines of a group are written in one call, and one call writes no line that stays as it is.
#[test]
fn a_whole_tree_is_one_group() -> Result<()> {
    let gpio = mock::gpio();
    let inner = LedBoard::builder([5, 6]).active_high(false).initial_value(true);
    let board = LedBoard::builder([4]).board("inner", inner).initial_value(true).gpio(&gpio).open()?;
    assert_eq!(levels(&gpio, [4, 5, 6]), [1, 0, 0]);
    // The lines of one group close together.
    board.lights()[0].close()?;
    assert!(board.lights().iter().all(pinzero::Device::is_closed));
    Ok(())
}

#[test]
fn a_board_is_active_low_if_told() -> Result<()> {
    let gpio = mock::gpio();
    let board = LedBoard::builder([17, 27]).active_high(false).gpio(&gpio).open()?;
    assert_eq!((levels(&gpio, [17, 27]), board.is_lit()?), ([1, 1], false));
    board.set_value([0, 1])?;
    assert_eq!((levels(&gpio, [17, 27]), board.value()?), ([1, 0], [0, 1].into()));
    board.toggle()?;
    assert_eq!((levels(&gpio, [17, 27]), board.value()?), ([0, 1], [1, 0].into()));
    Ok(())
}

#[test]
fn members_have_names_and_indices() -> Result<()> {
    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    assert_eq!(board.names(), [None, Some("eyes"), Some("nose")]);
    assert_eq!(board.pins(), NESTED.map(Line));
    assert_eq!((board.members().len(), board.lights().len()), (3, 4));
    for (key, switched) in [("0", [1, 0, 0, 0]), ("eyes", [0, 1, 1, 0]), ("nose", [0, 0, 0, 1])] {
        board.member(key)?.on()?;
        assert_eq!(levels(&gpio, NESTED), switched, "{key}");
        assert!(board.member(key)?.is_lit()?);
        board.member(key)?.off()?;
        assert!(!board.member(key)?.is_lit()?);
    }
    for (key, switched) in [(0, [1, 0, 0, 0]), (-1, [0, 0, 0, 1]), (1, [0, 1, 1, 0]), (-3, [1, 0, 0, 0])] {
        board.member(key)?.toggle()?;
        assert_eq!(levels(&gpio, NESTED), switched, "{key}");
        board.off()?;
    }
    board.member("eyes.-1")?.on()?;
    board.member("1.0")?.on()?;
    board.member(0_usize)?.on()?;
    assert_eq!(levels(&gpio, NESTED), [1, 1, 1, 0]);
    assert!(matches!(board.members(), [Member::Light(_), Member::Board(_), Member::Light(_)]));
    let eyes = board.member("eyes")?;
    assert_eq!((eyes.light().is_some(), eyes.board().unwrap().pins()), (false, vec![Line(17), Line(27)]));
    assert!(board.member("nose")?.light().is_some() && board.member("nose")?.board().is_none());
    Ok(())
}

#[test]
fn a_board_of_named_leds_keeps_their_order() -> Result<()> {
    let gpio = mock::gpio();
    let board = LedBoard::named([("red", 17), ("green", 27), ("blue", 22)]).gpio(&gpio).open()?;
    assert_eq!(board.names(), [Some("red"), Some("green"), Some("blue")]);
    board.select(["blue", "red"])?.on()?;
    assert_eq!(levels(&gpio, [17, 27, 22]), [1, 0, 1]);
    Ok(())
}

#[test]
fn a_member_that_is_not_there_is_an_error_that_says_which_are() -> Result<()> {
    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    for (found, message) in [
        (board.member(3), "has 3 members, from 0 to 2: none is 3"),
        (board.member(-4), "has 3 members, from 0 to 2: none is -4"),
        (board.member(usize::MAX), "none is"),
        (board.member("mouth"), "no member `mouth`: it has `eyes`, `nose`"),
        (board.member("eyes.left"), "no member `left`: it has no names"),
        (board.member("eyes.2"), "has 2 members, from 0 to 1"),
        (board.member("nose.0"), "`nose` is one LED"),
        (board.member(""), "no member ``"),
    ] {
        let error = found.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(message), "{error}");
    }
    Ok(())
}

#[test]
fn selected_members_are_a_board() -> Result<()> {
    let gpio = mock::gpio();
    let board = LedBoard::builder([17, 27, 22, 23]).gpio(&gpio).open()?;
    board.select([0, 2])?.on()?;
    assert_eq!(levels(&gpio, [17, 27, 22, 23]), [1, 0, 1, 0]);
    board.select([-1, 0])?.toggle()?;
    assert_eq!(levels(&gpio, [17, 27, 22, 23]), [0, 0, 1, 1]);
    let pair = board.select([3, 1])?;
    pair.set_value([0, 1])?;
    assert_eq!((levels(&gpio, [17, 27, 22, 23]), pair.value()?), ([0, 1, 1, 0], [0, 1].into()));
    assert_eq!(pair.pins(), [Line(23), Line(27)]);

    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    board.select(["eyes.1", "nose"])?.on()?;
    assert_eq!(levels(&gpio, NESTED), [0, 0, 1, 1]);
    let half = board.select(["nose", "eyes"])?;
    half.set_value((0, [1, 0]))?;
    assert_eq!((levels(&gpio, NESTED), half.names()), ([0, 1, 0, 0], vec![None, None]));
    let none: [i32; 0] = [];
    for (refused, message) in [
        (board.select(none), "no member is selected"),
        (board.select([0, 3]), "none is 3"),
        (board.select([0, -3]), "the LED on GPIO4 is selected twice"),
        (board.select(["eyes", "eyes.0"]), "the LED on GPIO17 is selected twice"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(message), "{error}");
    }
    // A selection keeps its LEDs open.
    drop(board);
    assert!(!half.is_closed());
    drop(half);
    assert_ne!(gpio.line(17).function(), LineFunction::Output);
    Ok(())
}

#[test]
fn values_have_the_shape_of_the_board() -> Result<()> {
    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    for value in [
        BoardValue::from((1, [0, 1], 0)),
        BoardValue::from((false, vec![true, false], true)),
        BoardValue::from((0.0, (1.0, 1), false)),
        BoardValue::List(vec![1.into(), [1, 0][..].into(), 1.into()]),
    ] {
        board.set_value(value.clone())?;
        assert_eq!(board.value()?, value);
        assert_eq!(levels(&gpio, NESTED).map(f64::from).to_vec(), value.numbers());
    }
    assert_eq!(board.value()?.to_string(), "[1, [1, 0], 1]");
    // A number stands for all LEDs below.
    board.set_value((0, 1, 0))?;
    assert_eq!(levels(&gpio, NESTED), [0, 1, 1, 0]);
    board.set_value(true)?;
    assert_eq!(levels(&gpio, NESTED), [1, 1, 1, 1]);
    for (refused, message) in [
        (BoardValue::from([0, 0]), "the board has 3 members: give 3 values, not 2"),
        ((0, [0, 0, 0], 0).into(), "the board `eyes` has 2 members: give 2 values, not 3"),
        (([0], [0, 0], 0).into(), "`0` is one LED: give one number"),
        ((0, (0, [0]), 0).into(), "`eyes.1` is one LED: give one number"),
        ((0, [0.0, 0.5], 0).into(), "GPIO27"),
        ((0, [0, 2], 0).into(), "GPIO27"),
        ((0, [0.0, f64::NAN], 0).into(), "NaN"),
        (Vec::<f64>::new().into(), "give 3 values, not 0"),
    ] {
        let error = board.set_value(refused).unwrap_err();
        assert_eq!((error.kind(), levels(&gpio, NESTED)), (ErrorKind::InvalidValue, [1, 1, 1, 1]));
        assert!(error.to_string().contains(message), "{error}");
    }
    Ok(())
}

#[test]
fn with_pwm_leds_have_any_brightness() -> Result<()> {
    let gpio = mock::gpio();
    let duty = |pin: u32| gpio.line(pin).pulses().last().unwrap().duty();
    let builder = LedBoard::builder([18, 19]).pwm(true).frequency(200.0).initial_value(0.25);
    let board = builder.board("plain", LedBoard::builder([4, 5]).initial_value(true)).gpio(&gpio).open()?;
    assert_eq!(board.value()?, (0.25, 0.25, [1, 1]).into());
    assert_eq!((gpio.line(18).pulses()[0].period, duty(18)), (ms(5), 0.25));
    assert_eq!(levels(&gpio, [4, 5]), [1, 1]);
    board.set_value((0.3, 0.5, [0, 1]))?;
    board.toggle()?;
    assert_eq!(board.value()?, (0.7, 0.5, [1, 0]).into());
    board.toggle()?;
    assert_eq!(board.value()?, (0.3, 0.5, [0, 1]).into());
    board.select([0, 1])?.pulse(ms(100), ms(100))?;
    gpio.advance(ms(50));
    let values = board.value()?.numbers();
    assert!(
        (values[0] - 0.4).abs() < 1e-9 && values[1] == values[0] && values[2..] == [0.0, 1.0],
        "{values:?}"
    );
    let refused = board.pulse(ms(100), ms(100)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidValue);
    Ok(())
}

#[test]
fn all_leds_blink_in_one_animation() -> Result<()> {
    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    let blink = board.blink_with(Blink::new(ms(100), ms(200)).times(2))?;
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(600));
    for pin in NESTED {
        let changes = [(0, true), (100, false), (300, true), (400, false)];
        let changes = changes.map(|(at, high)| (ms(at), Level::from(high)));
        assert!(gpio.line(pin).history().ends_with(&changes), "{:?}", gpio.line(pin).history());
    }
    Ok(())
}

#[test]
fn a_member_that_is_set_leaves_the_blink_and_the_others_go_on() -> Result<()> {
    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    let blink = board.blink(ms(100), ms(100))?;
    gpio.advance(ms(150));
    board.member("eyes.0")?.on()?;
    gpio.advance(ms(100)); // at 250 ms, on
    assert_eq!(levels(&gpio, NESTED), [1, 1, 1, 1]);
    board.member("nose")?.off()?;
    gpio.advance(ms(50));
    assert_eq!(levels(&gpio, NESTED), [0, 1, 0, 0]);
    gpio.advance(ms(100));
    assert_eq!((levels(&gpio, NESTED), blink.is_running()), ([1, 1, 1, 0], true));
    // An inner board that blinks takes its LEDs with it.
    let eyes = board.member("eyes")?.board().unwrap().blink(ms(10), ms(10))?;
    gpio.advance(ms(15));
    assert_eq!((levels(&gpio, NESTED)[1..3].to_vec(), blink.is_running()), (vec![0, 0], true));
    board.off()?;
    assert_eq!((blink.wait()?, eyes.wait()?), (AnimationEnd::Replaced, AnimationEnd::Stopped));
    gpio.advance(secs(1));
    assert_eq!(levels(&gpio, NESTED), [0, 0, 0, 0]);
    Ok(())
}

#[test]
fn a_board_follows_values_in_its_shape_or_one_for_all() -> Result<()> {
    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    let button = Button::builder(2).gpio(&gpio).open()?;
    let follower = board.follow(button.values())?;
    gpio.line(2).press(ms(100));
    gpio.advance(ms(50));
    assert_eq!(levels(&gpio, NESTED), [1, 1, 1, 1]);
    // A member that is set leaves; the others go on.
    board.member("eyes.1")?.on()?;
    gpio.advance(ms(100));
    assert_eq!(levels(&gpio, NESTED), [0, 0, 1, 0]);

    let values = Source::from([BoardValue::from((1, [0, 1], 0)), BoardValue::from((0, [1, 1], 1))]);
    board.follow(values.every(ms(10)))?.wait()?;
    assert_eq!((levels(&gpio, NESTED), follower.wait()?), ([0, 1, 1, 1], AnimationEnd::Replaced));
    let error = board.follow(Source::from(vec![[0, 1]])).unwrap_err();
    assert!(error.to_string().contains("give 3 values, not 2"), "{error}");

    let other = LedBoard::builder([5, 6, 13]).gpio(&gpio).open()?;
    other.follow(board.values().map(|value| value.numbers()[1..].to_vec()))?;
    gpio.advance(ms(10));
    assert_eq!(levels(&gpio, [5, 6, 13]), [1, 1, 1]);
    board.off()?;
    gpio.advance(ms(10));
    assert_eq!(levels(&gpio, [5, 6, 13]), [0, 0, 0]);
    // The last handle ends the follower, and frees the lines.
    drop(other);
    assert!(LedBoard::builder([5, 6, 13]).gpio(&gpio).open().is_ok());
    Ok(())
}

#[test]
fn a_pin_twice_is_an_error_that_names_both_places() -> Result<()> {
    let gpio = mock::gpio();
    let inner = |pin: u32| LedBoard::builder([5]).led("tip", pin);
    for (builder, places) in [
        (LedBoard::builder([17, 27, 17]), ["`0`", "`2`"]),
        (LedBoard::builder([17]).led("power", "J8:11"), ["`0`", "`power`"]),
        (LedBoard::builder([17]).board("left", inner(17)), ["`0`", "`left.tip`"]),
        (LedBoard::builder([5]).board(None, inner(6)), ["`0`", "`1.0`"]),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PinInUse);
        assert!(places.iter().all(|place| error.to_string().contains(place)), "{error}");
    }
    Ok(())
}

#[test]
fn options_that_make_no_board_are_errors() -> Result<()> {
    let gpio = mock::gpio();
    let none: [u32; 0] = [];
    let one = || LedBoard::builder([5]);
    for (builder, message) in [
        (LedBoard::builder(none), "the board has no LED"),
        (one().board("left", LedBoard::builder(none)), "the board `left` has no LED"),
        (one().led("a", 6).led("a", 7), "two members `a`"),
        (one().led("a.b", 6), "`a.b` cannot name a member"),
        (one().led("0", 6), "`0` cannot name a member"),
        (one().led("", 6), "`` cannot name a member"),
        (one().frequency(200.0), "`pwm(true)`"),
        (one().pwm(true).initial_value(None), "no levels to keep"),
        (one().initial_value(0.5), "give 0 or 1, not 0.5"),
        (one().pwm(true).initial_value(1.5), "give 0 to 1"),
        (one().board("left", LedBoard::builder([6]).gpio(&gpio)), "the board `left` takes `gpio`"),
        (one().board(None, LedBoard::builder([6]).on_close(OnClose::Keep)), "the board `1` takes `gpio`"),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.to_string().contains("LedBoard"), "{error}");
    }
    let error = one().led("far", 99).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPin);
    // Nothing is left open.
    assert!(one().led("near", 6).gpio(&gpio).open().is_ok());
    Ok(())
}

#[test]
fn levels_found_are_kept() -> Result<()> {
    let gpio = mock::gpio();
    drop(gpio.output(17).initial(Level::High).on_close(OnClose::Keep).open()?);
    let board = LedBoard::builder([17, 27]).initial_value(None).gpio(&gpio).open()?;
    assert_eq!((levels(&gpio, [17, 27]), board.value()?), ([1, 0], [1, 0].into()));
    assert_eq!(gpio.line(17).history().len(), 1);
    board.toggle()?;
    assert_eq!(levels(&gpio, [17, 27]), [0, 1]);
    Ok(())
}

#[test]
fn a_board_closes_as_one() -> Result<()> {
    let gpio = mock::gpio();
    let board = LedBoard::builder([4]).board("eyes", LedBoard::builder([17]).pwm(true)).gpio(&gpio).open()?;
    let (other, blink) = (board.clone(), board.blink(ms(10), ms(10))?);
    board.close()?;
    assert!(other.is_closed() && other.member("eyes")?.is_closed());
    assert_eq!(blink.wait()?, AnimationEnd::Closed);
    for error in [
        other.on().unwrap_err(),
        other.toggle().unwrap_err(),
        other.set_value(1).unwrap_err(),
        other.value().unwrap_err(),
        other.is_lit().unwrap_err(),
        other.blink(ms(10), ms(10)).unwrap_err(),
        other.select([0])?.off().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
    assert!(LedBoard::builder([4, 17]).gpio(&gpio).open().is_ok());
    Ok(())
}

#[test]
fn a_write_that_fails_leaves_the_values_as_they_were() -> Result<()> {
    let mock = mock::gpio();
    let (gpio, fails) = Flaky::over(&mock)?;
    let board = LedBoard::builder([17, 27]).gpio(&gpio).open()?;
    board.set_value([1, 0])?;
    for write in [LedBoard::toggle, LedBoard::on, LedBoard::off] {
        fails.store(1, Ordering::Relaxed);
        assert_eq!(write(&board).unwrap_err().kind(), ErrorKind::Io);
        assert_eq!((board.value()?, levels(&mock, [17, 27])), ([1, 0].into(), [1, 0]));
    }
    Ok(())
}

#[test]
fn the_traits_do_what_the_methods_do() -> Result<()> {
    fn check(board: &(impl Switch + SetValue<Value = BoardValue>)) -> Result<()> {
        Switch::on(board)?;
        assert!(Switch::is_active(board)?);
        SetValue::set_value(board, [1, 0].into())?;
        Switch::toggle(board)?;
        assert_eq!(Value::value(board)?, [0, 1].into());
        Switch::off(board)
    }

    let gpio = mock::gpio();
    let board = LedBoard::builder([17, 27]).gpio(&gpio).open()?;
    check(&board)?;
    check(&board.clone())?;
    let switches: Vec<Box<dyn Switch>> = vec![Box::new(board.clone()), Box::new(board.member(1)?.clone())];
    switches.iter().try_for_each(Switch::toggle)?;
    assert_eq!(levels(&gpio, [17, 27]), [1, 0]);
    Ok(())
}

#[test]
fn debug_is_one_line() -> Result<()> {
    let gpio = mock::gpio();
    let board = nested(&gpio)?;
    board.set_value((1, [0, 1], 0))?;
    assert_eq!(format!("{board:?}"), "LedBoard(GPIO4, GPIO17, GPIO27, GPIO22, [1, [0, 1], 0])");
    assert_eq!(board.to_string(), "LedBoard on GPIO4, GPIO17, GPIO27, GPIO22");
    board.close()?;
    assert_eq!(format!("{board:?}"), "LedBoard(GPIO4, GPIO17, GPIO27, GPIO22, closed)");
    let error = Led::builder(4).gpio(&gpio).open().map(|_| nested(&gpio).unwrap_err())?;
    assert!(error.to_string().contains("LedBoard"), "{error}");
    Ok(())
}

#[test]
fn a_member_has_a_value_and_blinks() -> Result<()> {
    let gpio = mock::gpio();
    let inner = LedBoard::builder([17, 27]);
    let board = LedBoard::builder([4]).board("inner", inner).gpio(&gpio).open()?;
    board.member("inner")?.set_value([0, 1])?;
    board.member(0)?.set_value(1)?;
    assert_eq!(levels(&gpio, [4, 17, 27]), [1, 0, 1]);
    assert_eq!(board.member(0)?.set_value([1]).unwrap_err().kind(), ErrorKind::InvalidValue);
    board.member("inner")?.blink(ms(10), ms(10))?;
    gpio.advance(ms(15));
    assert_eq!(levels(&gpio, [4, 17, 27]), [1, 0, 0]);
    Ok(())
}
