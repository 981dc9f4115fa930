//! What an event says, and the two ways to hear of it: handlers and iterators.

use std::time::Duration;

use pinzero::Event;
use pinzero::EventKind::{Clicked, Held, Pressed, Released};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero_tests::{Log, at};

fn button(gpio: &MockGpio) -> pinzero::Result<Button> {
    Button::builder(2).gpio(gpio).open()
}

/// Presses and releases it so many times, 1 ms each.
fn tap(gpio: &MockGpio, times: usize) {
    for _ in 0..times {
        gpio.advance(ms(1));
        gpio.line(2).drive(Level::Low);
        gpio.advance(ms(1));
        gpio.line(2).drive(Level::High);
    }
}

#[test]
fn an_event_says_what_when_and_how_long() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let events = button.events();
    gpio.line(2).script([(ms(100), Level::Low), (ms(1_350), Level::High)]);
    gpio.advance(secs(2));
    button.close()?;
    let seen: Vec<Event> = events.filter(|event| event.kind != pinzero::EventKind::LongPressed).collect();
    let told: Vec<_> = seen.iter().map(|e| (e.kind, e.at, e.level, e.lasted, e.missed)).collect();
    let expected = [
        (Pressed, at(100), Level::Low, ms(0), 0),
        (Held, at(1_100), Level::Low, secs(1), 0),
        (Released, at(1_350), Level::High, ms(1_250), 0),
    ];
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn a_released_event_counts_from_the_opening_if_there_was_no_press() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.line(2).drive(Level::Low);
    gpio.advance(ms(10));
    let button = button(&gpio)?;
    gpio.advance(ms(30));
    let mut events = button.events();
    gpio.line(2).drive(Level::High);
    assert_eq!(events.next().map(|event| (event.kind, event.lasted)), Some((Released, ms(30))));
    Ok(())
}

#[test]
fn every_handler_is_called_in_the_order_of_registration() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let log = Log::new();
    for number in 0..5 {
        let log = log.clone();
        button.when_pressed(move |_| log.push(number));
    }
    tap(&gpio, 2);
    assert_eq!(log.take(), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    Ok(())
}

#[test]
fn a_handler_that_is_removed_is_not_called_again_and_the_others_are() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let log = Log::new();
    let handlers: Vec<_> = (0..3)
        .map(|number| {
            let log = log.clone();
            button.when_pressed(move |_| log.push(number))
        })
        .collect();
    handlers[1].remove();
    handlers[1].clone().remove();
    tap(&gpio, 1);
    assert_eq!(log.take(), [0, 2]);
    drop(handlers);
    tap(&gpio, 1);
    assert_eq!(log.take(), [0, 2], "dropping a handle removes nothing");
    button.clear_handlers();
    tap(&gpio, 1);
    assert_eq!(log.take(), []);
    Ok(())
}

#[test]
fn what_a_handler_owns_goes_with_it() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let handler = button.when_pressed(move |_| led.toggle());
    assert_eq!(gpio.line(17).function(), pinzero::LineFunction::Output);
    handler.remove();
    assert_eq!(gpio.line(17).function(), pinzero::LineFunction::Input, "the LED was closed");
    Ok(())
}

#[test]
fn handlers_may_return_results_and_an_error_stops_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    led.close()?;
    let log = Log::new();
    button.when_pressed(move |_| led.on());
    button.when_pressed({
        let log = log.clone();
        move |event| -> Result<(), String> {
            log.push(event.kind);
            Err("never mind".to_owned())
        }
    });
    tap(&gpio, 2);
    assert_eq!(log.take(), [Pressed, Pressed]);
    assert_eq!(gpio.panics(), 0);
    Ok(())
}

#[test]
fn handlers_given_to_a_closed_device_are_not_kept() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    button.close()?;
    button.when_pressed(move |_| led.on()).remove();
    assert_eq!(gpio.line(17).function(), pinzero::LineFunction::Input);
    Ok(())
}

#[test]
fn an_iterator_gives_all_events_in_order_and_moves_the_clock() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    gpio.line(2).script([(ms(10), Level::Low), (ms(30), Level::High)]);
    let seen: Vec<_> = button.events().take(3).map(|event| (event.kind, event.at)).collect();
    assert_eq!(seen, [(Pressed, at(10)), (Released, at(30)), (Clicked, at(330))]);
    assert_eq!(gpio.elapsed(), ms(330));
    Ok(())
}

#[test]
fn an_iterator_ends_when_the_device_is_closed_after_what_is_left() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let mut events = button.events();
    tap(&gpio, 1);
    button.close()?;
    assert_eq!(events.by_ref().map(|event| event.kind).collect::<Vec<_>>(), [Pressed, Released]);
    assert_eq!((events.next(), events.try_next(), events.next_timeout(secs(1))), (None, None, None));
    assert_eq!(gpio.elapsed(), ms(2), "the end is not waited for");
    assert_eq!(button.events().next(), None, "a late iterator is at its end at once");
    Ok(())
}

#[test]
fn an_iterator_does_not_keep_the_device_open() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let mut events = button(&gpio)?.events();
    assert_eq!(events.next(), None);
    Ok(())
}

#[test]
fn next_timeout_and_try_next_do_not_wait_longer_than_they_say() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let mut events = button.events();
    gpio.line(2).script([(ms(10), Level::Low)]);
    assert_eq!(events.try_next(), None);
    assert_eq!(events.next_timeout(ms(9)), None);
    assert_eq!(gpio.elapsed(), ms(9));
    assert_eq!(events.next_timeout(ms(9)).map(|event| event.at), Some(at(10)));
    assert_eq!(gpio.elapsed(), ms(10));
    assert_eq!(events.try_next(), None);
    Ok(())
}

#[test]
fn each_iterator_has_all_events_since_it_was_made() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = DigitalInputDevice::builder(2).pull_up(true).gpio(&gpio).open()?;
    let early = sensor.events();
    tap(&gpio, 1);
    let late = sensor.events();
    tap(&gpio, 1);
    sensor.close()?;
    assert_eq!(early.map(|event| event.at).collect::<Vec<_>>(), [at(1), at(2), at(3), at(4)]);
    assert_eq!(late.map(|event| event.at).collect::<Vec<_>>(), [at(3), at(4)]);
    Ok(())
}

#[test]
fn an_iterator_that_lags_loses_the_oldest_and_says_how_many() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = DigitalInputDevice::builder(2).pull_up(true).gpio(&gpio).open()?;
    for extra in [0u32, 1, 1_000, 5_000] {
        let events = sensor.events();
        let start = gpio.elapsed();
        let total = 1_024 + extra;
        tap(&gpio, total as usize / 2);
        if total % 2 == 1 {
            gpio.advance(ms(1));
            gpio.line(2).drive(Level::Low);
        }
        let mut events = events;
        let seen: Vec<Event> = std::iter::from_fn(|| events.try_next()).collect();
        let lost: u32 = seen.iter().map(|event| event.missed).sum();
        assert_eq!(seen.len() as u32 + lost, total, "none is lost in silence");
        assert!(seen.len() >= 1_000, "{} are kept", seen.len());
        assert_eq!(seen[0].missed, lost, "said at once");
        let last = Duration::from_nanos(seen[seen.len() - 1].at.as_nanos());
        assert_eq!(last - start, ms(u64::from(total)), "the newest is kept");
        gpio.line(2).drive(Level::High);
    }
    assert_eq!(sensor.missed(), 0, "no edge was");
    Ok(())
}

#[test]
fn edges_lost_on_the_way_add_to_events_lost_in_the_queue() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = DigitalInputDevice::builder(2).pull_up(true).gpio(&gpio).open()?;
    let mut events = sensor.events();
    gpio.line(2).lose(6);
    tap(&gpio, 3 + 512 + 5);
    let seen: Vec<Event> = std::iter::from_fn(|| events.try_next()).collect();
    assert_eq!(seen.iter().map(|event| event.missed).sum::<u32>(), 6 + (1_034 - seen.len() as u32));
    assert_eq!(sensor.missed(), 6);
    Ok(())
}

#[test]
fn handlers_and_iterators_do_not_take_events_from_each_other() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let log = Log::new();
    button.when_pressed({
        let log = log.clone();
        move |event| log.push(event.at)
    });
    let events = button.events();
    tap(&gpio, 3);
    button.close()?;
    let pressed: Vec<_> = events.filter(|event| event.kind == Pressed).map(|event| event.at).collect();
    assert_eq!(pressed, [at(1), at(3), at(5)]);
    assert_eq!(log.take(), pressed);
    Ok(())
}

/// The types of a handler follow from its body: no annotation, also if the closure is stored first.
#[test]
fn a_handler_may_be_stored_before_it_is_given() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let [led, lamp] = [17, 27].map(|pin| Led::builder(pin).gpio(&gpio).open().unwrap());
    let on_press = {
        let led = led.clone();
        move |_| led.toggle()
    };
    let on_release = {
        let lamp = lamp.clone();
        move |_| -> pinzero::Result<()> {
            lamp.on()?;
            lamp.blink(ms(10), ms(10))?;
            Ok(())
        }
    };
    let on_beat = move |timer: pinzero::Timer| -> pinzero::Result<()> {
        led.toggle()?;
        timer.cancel();
        Ok(())
    };
    button.when_pressed(on_press);
    button.when_released(on_release);
    gpio.line(2).press(ms(50));
    gpio.every(ms(200), on_beat)?;
    gpio.advance(ms(100));
    assert!(gpio.line(17).level().is_high() && gpio.line(27).history().len() > 2);
    gpio.advance(ms(900));
    assert_eq!(gpio.line(17).level(), Level::Low);
    Ok(())
}
