//! Sockets switched by radio: one transmitter for all, one command after the other, and nobody waits.

use std::sync::atomic::Ordering;
use std::thread;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, LineFunction, Result};
use pinzero_tests::{Log, block_on, eventually};

use crate::flaky::Flaky;

/// The bits of the code from the lowest, the mode, and the enable pin.
const PINS: [u32; 6] = [17, 22, 23, 27, 24, 25];

fn socket(gpio: &MockGpio, number: u32) -> Result<Energenie> {
    Energenie::builder(number).initial_value(None).gpio(gpio).open()
}

/// Returns the codes that were sent: when the transmitter went on, in milliseconds, and what the code was then.
fn sent(gpio: &MockGpio) -> Vec<(u128, u64)> {
    let bit_at = |pin: u32, time| {
        let before = gpio.line(pin).history().into_iter().rfind(|(at, _)| *at <= time);
        u64::from(before.is_some_and(|(_, level)| level.is_high()))
    };
    let code = |time| PINS[..4].iter().rev().fold(0, |code, pin| code << 1 | bit_at(*pin, time));
    let enabled = gpio.line(25).history().into_iter().filter(|(_, level)| level.is_high());
    enabled.map(|(at, _)| (at.as_millis(), code(at))).collect()
}

#[test]
fn each_socket_has_its_codes() -> Result<()> {
    let gpio = mock::gpio();
    for number in 1..=4 {
        let lamp = Energenie::builder(number).gpio(&gpio).open()?;
        lamp.wait_until_sent()?;
        lamp.on()?;
        lamp.close()?;
    }
    let codes = [7, 15, 6, 14, 5, 13, 4, 12];
    let expected = codes.into_iter().enumerate().map(|(index, code)| (index as u128 * 350 + 100, code));
    assert_eq!(sent(&gpio), expected.collect::<Vec<_>>());
    let lasted: Vec<_> = gpio.line(25).history().chunks(2).map(|pulse| pulse[1].0 - pulse[0].0).collect();
    assert_eq!(lasted, [ms(250); 8]);
    Ok(())
}

#[test]
fn commands_wait_and_nobody_else_does() -> Result<()> {
    let gpio = mock::gpio();
    let lamps = [socket(&gpio, 1)?, socket(&gpio, 2)?, socket(&gpio, 3)?];
    let led = Led::builder(5).gpio(&gpio).open()?;
    led.blink(ms(10), ms(10))?;
    lamps.iter().try_for_each(Switch::on)?;
    assert_eq!(gpio.elapsed(), ms(0));
    assert!(lamps[2].value()?);
    lamps[1].wait_until_sent()?;
    assert_eq!(gpio.elapsed(), ms(700));
    block_on(lamps[2].sent())?;
    assert_eq!(gpio.elapsed(), ms(1050));
    assert_eq!(sent(&gpio), [(100, 15), (450, 14), (800, 13)]);
    assert_eq!(gpio.line(5).history().len(), 107);
    Ok(())
}

#[test]
fn the_last_command_for_a_socket_wins() -> Result<()> {
    let gpio = mock::gpio();
    let (one, two) = (socket(&gpio, 1)?, socket(&gpio, 2)?);
    one.on()?; // is sent
    for _ in 0..7 {
        one.toggle()?;
        two.toggle()?;
    }
    assert!(!one.value()? && two.is_active()?);
    gpio.advance(secs(5));
    assert_eq!(sent(&gpio), [(100, 15), (450, 7), (800, 14)]);
    Ok(())
}

#[test]
fn a_state_may_be_unknown() -> Result<()> {
    let gpio = mock::gpio();
    let lamp = socket(&gpio, 4)?;
    assert_eq!((lamp.last_command()?, lamp.value()?, lamp.socket()), (None, false, 4));
    assert_eq!(format!("{lamp:?}, {lamp}"), "Energenie(socket 4, unknown), Energenie socket 4");
    let again = Energenie::builder(4).initial_value(true).gpio(&gpio).open()?;
    assert_eq!(lamp.last_command()?, Some(true));
    assert_eq!(format!("{again:?}"), "Energenie(socket 4, on)");
    gpio.advance(secs(1));
    assert_eq!(sent(&gpio), [(100, 12)]);
    Ok(())
}

#[test]
fn the_board_closes_with_its_last_socket() -> Result<()> {
    let gpio = mock::gpio();
    let (one, two) = (socket(&gpio, 1)?, socket(&gpio, 2)?);
    let led = || Led::builder(17).gpio(&gpio).open().map(drop);
    assert!(led().unwrap_err().to_string().contains("in use by Energenie"));
    one.close()?;
    one.close()?;
    assert!(one.is_closed() && !two.is_closed());
    for refused in [one.on(), one.value().map(drop), one.wait_until_sent()] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(format!("{one:?}"), "Energenie(socket 1, closed)");
    assert!(led().is_err());
    two.on()?;
    two.close()?;
    assert_eq!((gpio.elapsed(), sent(&gpio)), (ms(350), vec![(100, 14)]));
    assert_eq!(PINS.map(|pin| gpio.line(pin).function()), [LineFunction::Input; 6]);
    led()?;
    drop(socket(&gpio, 3)?);
    led()
}

#[test]
fn a_closed_factory_ends_all_sockets() -> Result<()> {
    let gpio = mock::gpio();
    let lamp = Energenie::builder(1).gpio(&gpio).open()?;
    gpio.close_pins([25])?;
    assert!(lamp.is_closed());
    assert_eq!(lamp.on().unwrap_err().kind(), ErrorKind::Closed);
    // Another one opens the board anew.
    let other = socket(&gpio, 1)?;
    lamp.close()?;
    other.on()?;
    gpio.close()?;
    assert!(other.is_closed());
    other.close()
}

#[test]
fn there_are_four_sockets() {
    let gpio = mock::gpio();
    for number in [0, 5] {
        let error = Energenie::builder(number).gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(&format!("there is no socket {number}: give 1 to 4")), "{error}");
    }
    assert_eq!(gpio.line(17).function(), LineFunction::Input);
}

/// A wrong code would switch another socket, and a transmitter that stays on would send the next code too soon.
#[test]
fn a_write_that_fails_switches_no_other_socket() -> Result<()> {
    let mock = mock::gpio();
    let (gpio, fails) = Flaky::over(&mock)?;
    let errors = Log::new();
    gpio.on_error({
        let errors = errors.clone();
        move |error| errors.push(error.kind())
    });
    let open = |number| Energenie::builder(number).initial_value(None).gpio(&gpio).open();
    let (one, two) = (open(1)?, open(2)?);
    fails.store(1, Ordering::Relaxed);
    assert_eq!(one.on().unwrap_err().kind(), ErrorKind::Io);
    one.wait_until_sent()?;
    assert_eq!(mock.line(25).writes(), 0);

    [&one, &two].into_iter().try_for_each(Switch::on)?;
    eventually("the transmitter is on", || mock.line(25).level().is_high());
    fails.store(1, Ordering::Relaxed); // the write that turns the transmitter off
    two.wait_until_sent()?;
    // The clock of the mock stands still.
    let levels = |pin: u32| mock.line(pin).history().into_iter().map(|(_, level)| level).collect::<Vec<_>>();
    assert_eq!((levels(17), levels(22)), (vec![Level::High, Level::Low], vec![Level::High]));
    assert_eq!((levels(25).len(), errors.take()), (4, vec![ErrorKind::Io]));
    // On, off at the second try, on, off.
    assert_eq!(mock.line(25).writes(), 4);
    assert_eq!(mock.line(25).level(), Level::Low);
    Ok(())
}

/// In real time, a program may end right after its last command.
#[test]
fn a_drop_waits_for_the_last_command() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    thread::scope(|scope| {
        for number in 1..=2 {
            let gpio = &gpio;
            scope.spawn(move || socket(gpio, number).unwrap().on().unwrap());
        }
    });
    assert_eq!(sent(&gpio).len(), 2);
    assert_eq!(PINS.map(|pin| gpio.line(pin).function()), [LineFunction::Input; 6]);
    Ok(())
}
