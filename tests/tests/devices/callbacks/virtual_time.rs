//! What only virtual time shows of a callback: exact times, and calls inside calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pinzero::Handler;
use pinzero::LineFunction;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero_tests::{Log, at};

use super::button;

/// Presses `pin` at each of these milliseconds from now, for 10 ms.
fn presses(gpio: &MockGpio, pin: u32, times: &[u64]) {
    gpio.line(pin).script(times.iter().flat_map(|at| [(ms(*at), Level::Low), (ms(at + 10), Level::High)]));
}

#[test]
fn what_it_owns_is_dropped_after_it_has_closed_its_device() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio, 2)?;
    let alive = Arc::new(());
    button.when_pressed({
        let (button, alive) = (button.clone(), alive.clone());
        move |_| {
            let _ = button.close();
            assert_eq!(Arc::strong_count(&alive), 2, "not while it runs");
        }
    });
    presses(&gpio, 2, &[10]);
    gpio.advance(ms(50));
    assert_eq!((Arc::strong_count(&alive), gpio.panics()), (1, 0));
    Ok(())
}

#[test]
fn it_may_remove_those_that_come_after_it() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio, 2)?;
    let log = Log::new();
    button.when_pressed({
        let (button, log) = (button.clone(), log.clone());
        move |_| {
            log.push("first");
            button.clear_handlers();
        }
    });
    button.when_pressed({
        let log = log.clone();
        move |_| log.push("second")
    });
    presses(&gpio, 2, &[10, 30]);
    gpio.advance(ms(100));
    assert_eq!(log.take(), ["first"]);
    Ok(())
}

/// Edges that come while a callback runs wait, and are handed to the handlers one right after another.
#[test]
fn amid_a_flood_others_may_come_and_go() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio, 2)?;
    let log = Log::new();
    let later: Arc<Mutex<Option<Handler>>> = Arc::default();
    button.when_pressed({
        let (button, log, gpio, later) = (button.clone(), log.clone(), gpio.clone(), later.clone());
        let mut count = 0;
        move |_| {
            count += 1;
            log.push(("first", count));
            match count {
                1 => (0..4).for_each(|_| {
                    gpio.line(2).drive(Level::High);
                    gpio.line(2).drive(Level::Low);
                }),
                // From the next on.
                2 => {
                    let log = log.clone();
                    button.when_pressed(move |_| log.push(("third", 0)));
                }
                // From this one on, though it was called for those before.
                4 => drop(later.lock().unwrap().take().map(|handler| handler.remove())),
                _ => {}
            }
        }
    });
    let second = button.when_pressed({
        let log = log.clone();
        move |_| log.push(("second", 0))
    });
    *later.lock().unwrap() = Some(second);
    gpio.line(2).drive(Level::Low);
    let expected = [
        ("first", 1),
        ("second", 0),
        ("first", 2),
        ("second", 0),
        ("first", 3),
        ("second", 0),
        ("third", 0),
        ("first", 4),
        ("third", 0),
        ("first", 5),
        ("third", 0),
    ];
    assert_eq!(log.take(), expected);
    Ok(())
}

/// As [`amid_a_flood_others_may_come_and_go`]: whoever removes another finds free what that owned.
#[test]
fn amid_a_flood_what_is_removed_is_dropped_at_once() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let starter = button(&gpio, 3)?;
    let button = button(&gpio, 2)?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let log = Log::new();
    let owner: Arc<Mutex<Option<Handler>>> = Arc::default();
    *owner.lock().unwrap() = Some(button.when_pressed(move |_| drop(led.toggle())));
    button.when_released({
        let (gpio, log) = (gpio.clone(), log.clone());
        move |_| {
            if let Some(handler) = owner.lock().unwrap().take() {
                handler.remove();
                log.push(Led::builder(17).gpio(&gpio).open().is_ok());
            }
        }
    });
    starter.when_pressed({
        let gpio = gpio.clone();
        move |_| [Level::Low, Level::High, Level::Low].into_iter().for_each(|level| gpio.line(2).drive(level))
    });
    gpio.line(3).drive(Level::Low);
    assert_eq!(log.take(), [true]);
    Ok(())
}

#[test]
fn losses_are_told_with_the_next_event_that_anybody_hears_of() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio, 2)?;
    let log = Log::new();
    button.when_released({
        let log = log.clone();
        move |event| log.push(event.missed)
    });
    gpio.line(2).lose(5);
    for _ in 0..5 {
        gpio.line(2).drive(Level::Low);
        gpio.line(2).drive(Level::High);
    }
    assert_eq!(log.take().iter().map(|missed| u64::from(*missed)).sum::<u64>(), button.missed());
    assert_eq!(button.missed(), 5);
    Ok(())
}

/// While a callback is busy, "held again" is told once for each press, also where nobody hears of presses.
#[test]
fn each_of_several_holds_is_told() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let starter = button(&gpio, 3)?;
    let button = Button::builder(2).gpio(&gpio).hold_time(ms(100)).hold_repeat(ms(100)).open()?;
    let log = Log::new();
    button.when_held({
        let log = log.clone();
        move |event| log.push((event.at, event.lasted))
    });
    starter.when_pressed({
        let gpio = gpio.clone();
        move |_| {
            for _ in 0..3 {
                gpio.line(2).drive(Level::Low);
                gpio.advance(ms(250));
                gpio.line(2).drive(Level::High);
                gpio.advance(ms(150));
            }
        }
    });
    gpio.line(3).drive(Level::Low);
    let holds = [100, 500, 900].map(|time| (at(time), ms(100)));
    assert_eq!(log.take(), holds);
    Ok(())
}

#[test]
fn a_panic_while_its_captures_are_dropped_is_a_panic_like_any_other() -> pinzero::Result<()> {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a panic on purpose, in a drop");
        }
    }
    let gpio = mock::gpio();
    let (button, other) = (button(&gpio, 2)?, button(&gpio, 3)?);
    let log = Log::new();
    let bomb = Bomb;
    button.when_pressed({
        let button = button.clone();
        move |_| {
            let _captured = &bomb;
            button.close()
        }
    });
    other.when_pressed({
        let log = log.clone();
        move |event| log.push(event.at)
    });
    presses(&gpio, 2, &[10]);
    presses(&gpio, 3, &[10, 30]);
    let moved = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gpio.advance(ms(100))));
    assert!(moved.is_ok(), "it reached the one who moves the clock");
    assert_eq!((log.take(), gpio.panics()), (vec![at(10), at(30)], 1));
    Ok(())
}

#[test]
fn it_may_sleep_while_edges_holds_and_blinks_go_on() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (sleeper, other) = (button(&gpio, 2)?, button(&gpio, 3)?);
    let led = Led::builder(17).gpio(&gpio).open()?;
    let log: Log<(&str, u64, u64)> = Log::new();
    let note = |name: &'static str| {
        let (gpio, log) = (gpio.clone(), log.clone());
        move |event: pinzero::Event| {
            log.push((name, event.at.as_nanos() / 1_000_000, gpio.now().as_nanos() / 1_000_000));
        }
    };
    sleeper.when_pressed({
        let (gpio, note) = (gpio.clone(), note("pressed"));
        move |event| {
            gpio.sleep(ms(1_500));
            note(event);
        }
    });
    sleeper.when_held(note("held"));
    sleeper.when_released(note("released"));
    other.when_pressed(note("other pressed"));
    other.when_released(note("other released"));
    led.blink(ms(50), ms(50))?;
    gpio.line(2).script([(ms(100), Level::Low), (ms(1_800), Level::High)]);
    presses(&gpio, 3, &[200]);
    gpio.advance(secs(2));

    let expected = [
        ("pressed", 100, 1_600),
        ("other pressed", 200, 1_600),
        ("other released", 210, 1_600),
        ("held", 1_100, 1_600),
        ("released", 1_800, 1_800),
    ];
    assert_eq!(log.take(), expected, "later callbacks are late, in order, and know their time");
    let steps: Vec<_> = gpio.line(17).history().into_iter().map(|(at, _)| at).collect();
    assert_eq!(steps, (0..=40).map(|step| ms(50) * step).collect::<Vec<_>>(), "the blink is not late");
    Ok(())
}

#[test]
fn it_may_move_the_clock_past_where_it_was_to_go() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio, 2)?;
    button.when_pressed({
        let gpio = gpio.clone();
        move |_| gpio.sleep(secs(1))
    });
    presses(&gpio, 2, &[100]);
    gpio.advance(ms(150));
    assert_eq!(gpio.elapsed(), ms(1_100));
    Ok(())
}

#[test]
fn it_may_open_close_and_drop_devices() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio, 2)?;
    let mut led = Some(Led::builder(17).initial_value(true).gpio(&gpio).open()?);
    let log = Log::new();
    button.when_pressed({
        let (gpio, log) = (gpio.clone(), log.clone());
        move |_| {
            drop(led.take());
            log.push(gpio.line(17).function());
            led = Led::builder(17).gpio(&gpio).open().ok();
            log.push(gpio.line(17).function());
        }
    });
    presses(&gpio, 2, &[10]);
    gpio.advance(ms(50));
    assert_eq!(log.take(), [LineFunction::Input, LineFunction::Output]);
    Ok(())
}

#[test]
fn it_may_press_other_buttons_and_its_own() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (one, two) = (button(&gpio, 2)?, button(&gpio, 3)?);
    let log = Log::new();
    one.when_pressed({
        let (gpio, log) = (gpio.clone(), log.clone());
        move |_| {
            gpio.line(3).drive(Level::Low);
            gpio.line(2).drive(Level::High);
            log.push("one pressed");
        }
    });
    one.when_released({
        let log = log.clone();
        move |_| log.push("one released")
    });
    two.when_pressed({
        let log = log.clone();
        move |_| log.push("two pressed")
    });
    gpio.line(2).drive(Level::Low);
    assert_eq!(log.take(), ["one pressed", "two pressed", "one released"], "one at a time, in order");
    Ok(())
}

#[test]
fn it_may_run_a_blink_to_its_end() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (button, led) = (button(&gpio, 2)?, Led::builder(17).gpio(&gpio).open()?);
    let log = Log::new();
    button.when_pressed({
        let (gpio, led, log) = (gpio.clone(), led.clone(), log.clone());
        move |_| -> pinzero::Result<()> {
            led.blink_with(Blink::new(ms(10), ms(10)).times(5))?.wait()?;
            log.push(gpio.elapsed());
            Ok(())
        }
    });
    presses(&gpio, 2, &[10, 30]);
    gpio.advance(ms(45));
    assert_eq!(log.take(), [ms(110), ms(210)], "the second press has its turn after the first blink");
    assert_eq!(gpio.line(17).history().len(), 20);
    Ok(())
}

/// The callback runs inside `on`, on this thread, as the clock is virtual; on a real clock it may run on another one in
/// the same instant. Either way the last write counts.
#[test]
fn a_write_in_a_callback_that_another_write_sets_off_is_the_last() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(17, 24);
    let led = Led::builder(17).gpio(&gpio).open()?;
    let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    let log = Log::new();
    sensor.when_activated({
        let (led, log) = (led.clone(), log.clone());
        move |_| {
            log.push(led.is_lit().ok());
            led.off()
        }
    });
    led.on()?;
    assert_eq!(gpio.line(17).level(), Level::Low);
    assert_eq!(log.take(), [Some(true)], "the callback sees what set it off");
    assert!(!led.is_lit()?, "the pin is low");
    led.toggle()?;
    assert_eq!(gpio.line(17).history().len(), 4, "toggle from low is high, which the callback ends");
    Ok(())
}

#[test]
fn a_blink_that_a_write_has_ended_is_over_for_the_callback_of_that_write() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(17, 24);
    let led = Led::builder(17).gpio(&gpio).open()?;
    let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    let blink = led.blink(ms(10), ms(10))?;
    gpio.advance(ms(5));
    let log = Log::new();
    sensor.when_deactivated({
        let (blink, log) = (blink.clone(), log.clone());
        move |_| log.push(blink.is_running())
    });
    led.off()?;
    assert_eq!(log.take(), [false]);
    Ok(())
}

#[test]
fn callbacks_of_all_devices_come_in_the_order_of_the_events() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let log = Log::new();
    let buttons: Vec<Button> = (2..12).map(|pin| button(&gpio, pin)).collect::<pinzero::Result<_>>()?;
    for (pin, button) in (2u64..).zip(&buttons) {
        let (sleeper, log) = (gpio.clone(), log.clone());
        button.when_pressed(move |event| {
            log.push(event.at - at(0));
            sleeper.sleep(ms(3));
        });
        presses(&gpio, pin as u32, &[20 - pin, 60 - pin]);
    }
    gpio.advance(secs(1));
    let mut expected: Vec<Duration> = (2..12).flat_map(|pin| [ms(20 - pin), ms(60 - pin)]).collect();
    expected.sort();
    assert_eq!(log.take(), expected);
    Ok(())
}
