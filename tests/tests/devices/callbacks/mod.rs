//! What user code may do inside a callback: everything, on virtual time and in real time alike.

#![allow(clippy::unwrap_used, reason = "the bodies of tests fail by it")]

mod real_time;
mod virtual_time;

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use pinzero::LineFunction;
use pinzero::mock::MockGpio;
use pinzero::prelude::*;
use pinzero::{ErrorKind, EventKind, Handler};
use pinzero_tests::{all_dropped, eventually, receive};

/// Runs each test on a mock of either clock.
macro_rules! on_both_clocks {
    ($($test:ident)*) => {
        mod on_virtual_time {
            $(#[test]
            fn $test() -> pinzero::Result<()> {
                super::$test(&pinzero::mock::gpio())
            })*
        }

        mod on_real_time {
            $(#[test]
            fn $test() -> pinzero::Result<()> {
                super::$test(&super::real_time::board())
            })*
        }
    };
}

on_both_clocks! {
    it_may_close_its_own_device
    it_may_replace_itself
    it_may_wait_for_the_release_of_its_own_button
    it_may_panic_and_the_others_go_on
    it_may_close_the_whole_factory
}

fn button(gpio: &MockGpio, pin: u32) -> pinzero::Result<Button> {
    Button::builder(pin).gpio(gpio).open()
}

/// Presses a button, and lets go of it.
fn press(gpio: &MockGpio, pin: u32) {
    gpio.line(pin).drive(Level::Low);
    gpio.line(pin).drive(Level::High);
}

/// Checks when something has happened: on virtual time in the very instant, in real time not before it.
#[track_caller]
fn happened(gpio: &MockGpio, at: Duration, due: Duration) {
    let is_virtual = gpio.threads() == 0;
    assert!(at == due || at > due && !is_virtual, "at {at:?}, not {due:?}");
}

fn it_may_close_its_own_device(gpio: &MockGpio) -> pinzero::Result<()> {
    let button = button(gpio, 2)?;
    let (sender, calls) = mpsc::channel();
    button.when_pressed({
        let (button, sender) = (button.clone(), sender.clone());
        move |_| sender.send((button.close().is_ok(), button.is_closed()))
    });
    button.when_pressed(move |_| sender.send((false, false)));
    press(gpio, 2);
    press(gpio, 2);
    assert_eq!(receive(&calls), (true, true));
    assert_eq!(button.is_pressed().unwrap_err().kind(), ErrorKind::Closed);
    // It was called once, the handler that comes after it is forgotten, and what both owned is dropped.
    all_dropped(&calls);
    // The pin is free, though the handler owned a handle of its own device.
    Button::builder(2).gpio(gpio).open()?.close()
}

fn it_may_replace_itself(gpio: &MockGpio) -> pinzero::Result<()> {
    let button = button(gpio, 2)?;
    let (sender, calls) = mpsc::channel();
    let handler: Arc<Mutex<Option<Handler>>> = Arc::default();
    let mut own = handler.lock().unwrap();
    *own = Some(button.when_pressed({
        let (button, handler) = (button.clone(), handler.clone());
        move |_| {
            if let Some(handler) = handler.lock().unwrap().take() {
                handler.remove();
            }
            let second = sender.clone();
            button.when_pressed(move |_| second.send("second"));
            sender.send("first")
        }
    }));
    drop(own);
    for expected in ["first", "second", "second"] {
        press(gpio, 2);
        assert_eq!(receive(&calls), expected, "the new one begins with the next event");
    }
    button.close()?;
    all_dropped(&calls);
    Ok(())
}

fn it_may_wait_for_the_release_of_its_own_button(gpio: &MockGpio) -> pinzero::Result<()> {
    let button = button(gpio, 2)?;
    let (sender, calls) = mpsc::channel();
    button.when_pressed({
        let (button, gpio, sender) = (button.clone(), gpio.clone(), sender.clone());
        move |_| {
            sender.send(("pressed", gpio.elapsed()))?;
            let waited = button.wait_for_release();
            sender.send((if waited.is_ok() { "waited" } else { "failed" }, gpio.elapsed()))
        }
    });
    button.when_released({
        let gpio = gpio.clone();
        move |_| sender.send(("released", gpio.elapsed()))
    });
    gpio.line(2).script([(ms(100), Level::Low), (ms(400), Level::High)]);
    gpio.sleep(ms(150));
    for (expected, due) in [("pressed", ms(100)), ("waited", ms(400)), ("released", ms(400))] {
        let (what, at) = receive(&calls);
        assert_eq!(what, expected);
        happened(gpio, at, due);
    }
    // The clock never goes back to where the sleep was to end.
    happened(gpio, gpio.elapsed(), ms(400));
    Ok(())
}

fn it_may_panic_and_the_others_go_on(gpio: &MockGpio) -> pinzero::Result<()> {
    let (button, other) = (button(gpio, 2)?, button(gpio, 3)?);
    let threads = gpio.threads();
    let (sender, calls) = mpsc::channel();
    button.when_pressed(|_| -> () { panic!("a panic on purpose, in a callback") });
    for (name, button) in [("same", &button), ("other", &other)] {
        let sender = sender.clone();
        button.when_pressed(move |event| sender.send((name, event.kind)));
    }
    for _ in 0..3 {
        press(gpio, 2);
        press(gpio, 3);
        let calls = [receive(&calls), receive(&calls)];
        assert_eq!(calls, ["same", "other"].map(|name| (name, EventKind::Pressed)));
    }
    eventually("three panics are counted", || gpio.panics() == 3);
    assert_eq!(gpio.threads(), threads);
    Ok(())
}

fn it_may_close_the_whole_factory(gpio: &MockGpio) -> pinzero::Result<()> {
    let (button, led) = (button(gpio, 2)?, Led::builder(17).gpio(gpio).open()?);
    led.blink(ms(1), ms(1))?;
    let (sender, closed) = mpsc::channel();
    button.when_pressed({
        let gpio = gpio.clone();
        move |_| sender.send(gpio.close().is_ok())
    });
    press(gpio, 2);
    press(gpio, 2);
    assert!(receive(&closed));
    all_dropped(&closed);
    assert!(led.is_closed() && button.is_closed());
    assert_eq!(gpio.line(17).function(), LineFunction::Input);
    assert_eq!(gpio.panics(), 0);
    Ok(())
}
