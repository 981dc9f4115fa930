//! Events that come faster than their handlers take them.

use std::time::Duration;

use pinzero::EventKind::{Activated, Clicked, Deactivated, Pressed, Released};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::time::us;
use pinzero::{Input, LineEvent, Result};
use pinzero_tests::Log;

/// The most events of one device that wait for its handlers.
const WAITING: usize = 1024;

/// The most events of a device that delay one of another.
const QUEUED: usize = 64;

fn input(gpio: &MockGpio, pin: u32) -> Result<DigitalInputDevice> {
    DigitalInputDevice::builder(pin).gpio(gpio).open()
}

/// Changes a line `edges` times, `gap` apart, high first.
fn flood(gpio: &MockGpio, pin: u32, edges: u32, gap: Duration) {
    gpio.line(pin).script((1..=edges).map(|edge| (gap * edge, Level::from(edge % 2 == 1))));
}

/// Writes down the events of both kinds; each takes the handler so long.
fn slow(gpio: &MockGpio, input: &Input, takes: Duration) -> Log<Event> {
    let log = Log::new();
    for kind in [Activated, Deactivated] {
        let (gpio, log) = (gpio.clone(), log.clone());
        input.on(kind, move |event| {
            log.push(event);
            gpio.sleep(takes);
        });
    }
    log
}

#[test]
fn what_a_slow_handler_misses_is_counted_and_the_last_state_comes() -> Result<()> {
    for edges in [5_000, 5_001] {
        let gpio = mock::gpio();
        let noisy = input(&gpio, 24)?;
        let log = slow(&gpio, noisy.input(), ms(5));
        flood(&gpio, 24, edges, us(100));
        gpio.advance(secs(1));
        let heard = log.take();
        assert!((WAITING..WAITING + 200).contains(&heard.len()), "{}", heard.len());
        let missed: u32 = heard.iter().map(|event| event.missed).sum();
        assert_eq!(heard.len() as u32 + missed, edges);
        assert!(heard.is_sorted_by_key(|event| event.at));
        let last = heard.last().unwrap();
        assert_eq!(
            (last.level, last.at.as_nanos()),
            (Level::from(edges % 2 == 1), 100_000 * u64::from(edges))
        );
        // No edge was lost, only calls.
        assert_eq!(noisy.missed(), 0);
    }
    Ok(())
}

#[test]
fn a_flooded_device_delays_another_by_64_of_its_own_events() -> Result<()> {
    let gpio = mock::gpio();
    let noisy = input(&gpio, 24)?;
    let button = Button::builder(2).gpio(&gpio).open()?;
    let log = slow(&gpio, noisy.input(), ms(5));
    button.when_pressed({
        let log = log.clone();
        move |event| log.push(event)
    });
    flood(&gpio, 24, 20_000, us(100));
    gpio.line(2).script([(ms(1_000), Level::Low), (ms(1_500), Level::High)]);
    gpio.advance(secs(30));
    let heard = log.take();
    let press = heard.iter().position(|event| event.kind == Pressed).unwrap();
    let pressed = heard[press].at;
    // What the handler heard takes 5 ms each: so many did it hear after the press, before it heard of the press.
    let ahead = press - pressed.as_nanos() as usize / 5_000_000;
    assert!(ahead <= QUEUED + 1, "{ahead}");
    assert_eq!(heard[press].missed, 0);
    Ok(())
}

/// Up to so many events of a device, all are heard in the order of their times.
#[test]
fn what_is_no_flood_keeps_its_order() -> Result<()> {
    let gpio = mock::gpio();
    let inputs = [input(&gpio, 23)?, input(&gpio, 24)?];
    let heard = Log::new();
    for input in &inputs {
        for kind in [Activated, Deactivated] {
            let heard = heard.clone();
            input.input().on(kind, move |event| heard.push(event.at));
        }
    }
    let busy = Button::builder(2).gpio(&gpio).open()?;
    busy.when_pressed({
        let gpio = gpio.clone();
        move |_| gpio.sleep(ms(70))
    });
    let edges = QUEUED as u32;
    gpio.line(2).drive(Level::Low);
    flood(&gpio, 23, edges, ms(1));
    gpio.line(24).script((1..=edges).map(|edge| (ms(1) * edge + us(500), Level::from(edge % 2 == 1))));
    gpio.line(2).script([(us(10), Level::High), (us(20), Level::Low)]);
    gpio.advance(secs(3));
    let heard = heard.take();
    assert!(heard.len() == 2 * QUEUED && heard.is_sorted(), "{heard:?}");
    Ok(())
}

/// A click is no state: it must not push the release out that came before it.
#[test]
fn the_last_of_each_kind_stays() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).double_click_time(ms(1)).gpio(&gpio).open()?;
    let log = Log::new();
    for kind in [Pressed, Released, Clicked] {
        let (gpio, log) = (gpio.clone(), log.clone());
        button.input().on(kind, move |event| {
            log.push(event.kind);
            gpio.sleep(secs(1));
        });
    }
    let press = |index: u32| [(ms(10) * index, Level::Low), (ms(10) * index + ms(4), Level::High)];
    gpio.line(2).script((1..=1_000).flat_map(press));
    gpio.advance(secs(5_000));
    let heard = log.take();
    assert_eq!(heard[heard.len() - 3..], [Pressed, Released, Clicked]);
    // One a second, while the button was pressed 10 s.
    assert!(heard.len() <= WAITING + 11, "{}", heard.len());
    Ok(())
}

/// Of many lines that are handled together, the last state of each is heard.
#[test]
fn the_last_state_of_each_line_stays() -> Result<()> {
    let gpio = mock::gpio();
    let pins: Vec<u32> = (9..28).collect();
    let lines = gpio.inputs(pins.clone()).open()?;
    let log: Log<LineEvent> = Log::new();
    for kind in [Activated, Deactivated] {
        let (gpio, log) = (gpio.clone(), log.clone());
        lines.on(kind, move |event| {
            log.push(event);
            gpio.sleep(secs(1));
        });
    }
    for (index, pin) in pins.iter().enumerate() {
        flood(&gpio, *pin, 100 + index as u32, ms(1));
    }
    gpio.advance(secs(3_000));
    let heard = log.take();
    for (index, pin) in pins.iter().enumerate() {
        let last = heard.iter().rfind(|event| event.index == index).unwrap();
        assert_eq!(last.event.level, gpio.line(*pin).level());
    }
    let missed: u32 = heard.iter().map(|event| event.event.missed).sum();
    assert_eq!(heard.len() as u32 + missed, (100..119).sum::<u32>());
    Ok(())
}
