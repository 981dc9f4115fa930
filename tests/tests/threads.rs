//! Many threads at once, in real time: no write after `off`, no lost wake-up, no thread left behind.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use pinzero::LineFunction;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Capabilities, Support};
use pinzero_tests::{Log, PATIENCE, eventually};

const ROUNDS: u32 = 1_000;

fn board() -> MockGpio {
    mock::builder().realtime().open()
}

/// Threads of this process whose name begins like this.
#[cfg(target_os = "linux")]
fn threads_named(prefix: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with(prefix)).count()
}

#[test]
fn after_off_a_running_blink_writes_no_more() -> pinzero::Result<()> {
    let gpio = board();
    let led = Led::builder(17).gpio(&gpio).open()?;
    for round in 0..ROUNDS {
        let blink = led.blink(us(50), us(50))?;
        // Anywhere between the first steps, and now and then right on one.
        let until = gpio.now() + us(u64::from(round % 250));
        while gpio.now() < until {
            std::hint::spin_loop();
        }
        led.off()?;
        let writes = gpio.line(17).writes();
        assert!(!blink.is_running() && !led.is_lit()?);
        let until = gpio.now() + us(250);
        while gpio.now() < until {
            std::hint::spin_loop();
        }
        assert_eq!(gpio.line(17).writes(), writes, "a write after `off` in round {round}");
        assert_eq!(gpio.line(17).level(), Level::Low);
    }
    Ok(())
}

#[test]
fn off_and_blink_of_two_threads_come_one_after_the_other() -> pinzero::Result<()> {
    let gpio = board();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let barrier = Arc::new(Barrier::new(2));
    let other = thread::spawn({
        let (led, barrier) = (led.clone(), barrier.clone());
        move || -> pinzero::Result<()> {
            for _ in 0..ROUNDS {
                barrier.wait();
                led.off()?;
                barrier.wait();
                barrier.wait();
            }
            Ok(())
        }
    });
    for round in 0..ROUNDS {
        barrier.wait();
        let blink = led.blink(us(50), us(50))?;
        barrier.wait();
        // Either the blink came first, and is over, or `off` did, and the blink goes on.
        if blink.is_running() {
            let writes = gpio.line(17).writes();
            eventually("the blink goes on", || gpio.line(17).writes() > writes);
            led.off()?;
        }
        let writes = gpio.line(17).writes();
        thread::sleep(us(120));
        assert_eq!(gpio.line(17).writes(), writes, "a write after `off` in round {round}");
        assert_eq!((led.is_lit()?, gpio.line(17).level()), (false, Level::Low), "round {round}");
        assert!(!blink.is_running());
        barrier.wait();
    }
    assert!(matches!(other.join(), Ok(Ok(()))));
    Ok(())
}

#[test]
fn threads_that_hammer_one_led_leave_it_as_the_last_write_says() -> pinzero::Result<()> {
    let gpio = board();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let hammer = |write: fn(&Led) -> pinzero::Result<()>| {
        let led = led.clone();
        thread::spawn(move || (0..ROUNDS).try_for_each(|_| write(&led)))
    };
    let hammers = [
        hammer(Switch::off),
        hammer(|led| led.blink(us(50), us(50)).map(drop)),
        hammer(|led| led.blink_with(Blink::new(us(50), us(50)).times(1)).map(drop)),
        hammer(Switch::toggle),
    ];
    for hammer in hammers {
        assert!(matches!(hammer.join(), Ok(Ok(()))));
    }
    led.off()?;
    let writes = gpio.line(17).writes();
    thread::sleep(ms(5));
    assert_eq!((gpio.line(17).writes(), gpio.line(17).level()), (writes, Level::Low));
    for pair in gpio.line(17).history().windows(2) {
        assert!(pair[0].0 <= pair[1].0 && pair[0].1 != pair[1].1);
    }
    Ok(())
}

#[test]
fn close_against_blink_and_on_leaves_the_pin_given_back() -> pinzero::Result<()> {
    let gpio = board();
    for round in 0..ROUNDS / 5 {
        let led = Led::builder(17).gpio(&gpio).open()?;
        let stop = Arc::new(AtomicBool::new(false));
        let writer = thread::spawn({
            let (led, stop) = (led.clone(), stop.clone());
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let _ = led.blink(us(50), us(50));
                    let _ = led.on();
                }
            }
        });
        thread::sleep(us(u64::from(round)));
        led.close()?;
        assert_eq!((gpio.line(17).function(), gpio.line(17).level()), (LineFunction::Input, Level::Low));
        stop.store(true, Ordering::Relaxed);
        assert!(writer.join().is_ok());
        let writes = gpio.line(17).writes();
        thread::sleep(us(200));
        assert_eq!(gpio.line(17).writes(), writes);
        assert_eq!((gpio.line(17).function(), gpio.line(17).level()), (LineFunction::Input, Level::Low));
    }
    Ok(())
}

#[test]
fn once_close_returns_the_pin_is_free_even_if_another_thread_closes_it_too() -> pinzero::Result<()> {
    let gpio = board();
    let barrier = Arc::new(Barrier::new(2));
    for round in 0..2 * ROUNDS {
        let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
        let other = thread::spawn({
            let (led, barrier) = (led.clone(), barrier.clone());
            move || {
                barrier.wait();
                led.close()
            }
        });
        barrier.wait();
        led.close()?;
        assert_eq!(gpio.line(17).function(), LineFunction::Input, "round {round}");
        Button::builder(17).gpio(&gpio).open()?.close()?;
        assert!(matches!(other.join(), Ok(Ok(()))));
    }
    Ok(())
}

#[test]
fn every_edge_of_many_threads_is_an_event() -> pinzero::Result<()> {
    let gpio = board();
    let log = Log::new();
    let mut buttons = Vec::new();
    let heard: [Arc<AtomicU32>; 8] = Default::default();
    for (pin, heard) in (2..10u32).zip(&heard) {
        let button = Button::builder(pin).gpio(&gpio).open()?;
        let (pressed, released) = (log.clone(), log.clone());
        button.when_pressed(move |event| pressed.push((pin, event.at, true)));
        button.when_released({
            let heard = heard.clone();
            move |event| {
                released.push((pin, event.at, false));
                heard.fetch_add(1, Ordering::Relaxed);
            }
        });
        buttons.push(button);
    }
    let fingers: Vec<_> = (2..10u32)
        .zip(heard)
        .map(|(pin, heard)| {
            let gpio = gpio.clone();
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    // More than 1,024 events may not wait for the handlers.
                    while heard.load(Ordering::Relaxed) + 400 < round {
                        thread::yield_now();
                    }
                    gpio.line(pin).drive(Level::Low);
                    gpio.line(pin).drive(Level::High);
                }
            })
        })
        .collect();
    for finger in fingers {
        assert!(finger.join().is_ok());
    }
    let mut seen = Vec::new();
    eventually("all events have come", || {
        seen.extend(log.take());
        seen.len() == 8 * 2 * ROUNDS as usize
    });
    for pin in 2..10 {
        let own: Vec<_> = seen.iter().filter(|entry| entry.0 == pin).collect();
        assert!(own.is_sorted_by_key(|entry| entry.1));
        assert!(own.iter().enumerate().all(|(index, entry)| entry.2 == (index % 2 == 0)));
    }
    Ok(())
}

#[test]
fn a_button_that_is_opened_while_its_pin_moves_knows_its_state() -> pinzero::Result<()> {
    let gpio = board();
    let barrier = Arc::new(Barrier::new(2));
    let finger = thread::spawn({
        let (gpio, barrier) = (gpio.clone(), barrier.clone());
        move || {
            for round in 0..2 * ROUNDS {
                barrier.wait();
                for _ in 0..round % 128 {
                    std::hint::spin_loop();
                }
                gpio.line(2).drive(Level::from(round % 2 == 1));
                barrier.wait();
            }
        }
    });
    for round in 0..2 * ROUNDS {
        barrier.wait();
        let button = Button::builder(2).gpio(&gpio).open()?;
        barrier.wait();
        let pressed = round % 2 == 0;
        assert_eq!(button.is_pressed()?, pressed);
        eventually("the events have caught up with the pin", || button.pressed_time().is_some() == pressed);
    }
    assert!(finger.join().is_ok());
    Ok(())
}

#[test]
fn software_pwm_starts_whenever_it_is_switched_on() -> pinzero::Result<()> {
    let gpio = mock::builder()
        .realtime()
        .capabilities(Capabilities { pwm: Support::None, ..mock::gpio().capabilities() })
        .open();
    let lamp = PwmOutputDevice::builder(18).frequency(10_000.0).gpio(&gpio).open()?;
    let start = gpio.now();
    // As often as three seconds allow: the gap that a wake-up can fall into is narrow.
    for round in (0..60 * ROUNDS).take_while(|_| gpio.now() - start < secs(3)) {
        lamp.off()?;
        for _ in 0..round % 64 {
            std::hint::spin_loop();
        }
        lamp.set_value(0.5)?;
        let writes = gpio.line(18).writes();
        let begun = gpio.now();
        while gpio.line(18).writes() == writes {
            assert!(gpio.now() - begun < PATIENCE, "the wave does not go on by itself in round {round}");
            thread::yield_now();
        }
        if round % 100 == 0 {
            gpio.line(18).clear();
        }
    }
    lamp.close()?;
    let writes = gpio.line(18).writes();
    thread::sleep(ms(2));
    assert_eq!(gpio.line(18).writes(), writes);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn the_threads_of_a_factory_end_with_it() -> pinzero::Result<()> {
    // Other tests of this file have threads of their own, but not for ever, and not hundreds.
    for round in 0..ROUNDS / 2 {
        let gpio = board();
        let button = Button::builder(2).gpio(&gpio).open()?;
        if round % 2 == 0 {
            gpio.line(2).drive(Level::Low);
        }
        drop((button, gpio));
    }
    eventually("nearly all threads are gone", || {
        threads_named("pinzero-0") + threads_named("pinzero-1") <= 40
    });
    Ok(())
}
