//! What only real time shows of a callback: which thread runs it, and what goes on beside it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use pinzero::EventKind::{Held, Pressed, Released};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero_tests::{PATIENCE, all_dropped, eventually, receive, without_hanging};

use super::button;

pub(super) fn board() -> MockGpio {
    mock::builder().realtime().open()
}

#[test]
fn they_run_on_the_factorys_threads() -> pinzero::Result<()> {
    let gpio = board();
    assert_eq!(gpio.threads(), 0);
    let button = button(&gpio, 2)?;
    assert_eq!(gpio.threads(), 2);
    let (sender, names) = mpsc::channel();
    button.when_pressed(move |_| sender.send(thread::current().name().map(str::to_owned)));
    gpio.line(2).drive(Level::Low);
    let name = receive(&names).unwrap_or_default();
    assert!(name.starts_with("pinzero"), "{name:?}");
    Ok(())
}

#[test]
fn while_one_blocks_edges_holds_and_blinks_go_on_and_callbacks_keep_their_order() -> pinzero::Result<()> {
    let gpio = board();
    let sleeper = Button::builder(2).hold_time(ms(5)).gpio(&gpio).open()?;
    let other = button(&gpio, 3)?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let (sender, calls) = mpsc::channel();
    let (wake, sleep) = mpsc::channel::<()>();
    sleeper.when_pressed({
        let sender = sender.clone();
        move |event| {
            sender.send(("sleeper", event.kind))?;
            sleep.recv().unwrap_or_default();
            sender.send(("awake", event.kind))
        }
    });
    for (name, button) in [("sleeper", &sleeper), ("other", &other)] {
        let (pressed, held, released) = (sender.clone(), sender.clone(), sender.clone());
        if name == "other" {
            button.when_pressed(move |event| pressed.send((name, event.kind)));
        }
        button.when_held(move |event| held.send((name, event.kind)));
        button.when_released(move |event| released.send((name, event.kind)));
    }
    let mut events = other.events();

    gpio.line(2).drive(Level::Low);
    assert_eq!(receive(&calls), ("sleeper", Pressed));
    // From here on one of the two threads is stuck.
    eventually("it is held", || sleeper.is_held());
    let blink = led.blink_with(Blink::new(ms(1), ms(1)).times(20))?;
    gpio.line(3).drive(Level::Low);
    gpio.line(3).drive(Level::High);
    let next = [events.next_timeout(PATIENCE), events.next_timeout(PATIENCE)];
    let seen = next.map(|event| event.map(|event| event.kind));
    assert_eq!(seen, [Some(Pressed), Some(Released)], "the iterator does not wait for callbacks");
    assert!(other.wait_for_release_timeout(PATIENCE)?);
    assert!(blink.wait_timeout(PATIENCE)?.is_some());
    // A thread that was kept waiting may have left cycles out, but not all of them.
    assert!(gpio.line(17).history().len() >= 2 && !led.is_lit()?);
    assert!(calls.try_recv().is_err(), "one callback at a time");

    drop(wake);
    let rest: Vec<_> = (0..4).map(|_| receive(&calls)).collect();
    let expected = [("awake", Pressed), ("sleeper", Held), ("other", Pressed), ("other", Released)];
    assert_eq!(rest, expected);
    Ok(())
}

#[test]
fn it_may_drop_the_last_handle_of_everything() {
    without_hanging(|| {
        let (sender, done) = mpsc::channel();
        let gpio = board();
        let button = Button::builder(2).gpio(&gpio).open()?;
        let (go, wait) = mpsc::channel::<()>();
        button.when_pressed({
            let mut own = Some((button.clone(), gpio.clone()));
            move |_| {
                wait.recv().unwrap_or_default();
                let closed = own.take().map(|(button, _)| button.close().is_ok());
                sender.send(closed)
            }
        });
        gpio.line(2).drive(Level::Low);
        drop((button, gpio));
        drop(go);
        assert_eq!(receive(&done), Some(true));
        Ok::<(), pinzero::Error>(())
    })
    .unwrap();
}

#[test]
fn after_close_no_callback_begins() -> pinzero::Result<()> {
    for _ in 0..200 {
        let gpio = board();
        let button = button(&gpio, 2)?;
        let calls = Arc::new(AtomicU64::new(0));
        let (sender, gone) = mpsc::channel::<()>();
        button.when_pressed({
            let calls = calls.clone();
            move |_| {
                let _owned = &sender;
                calls.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
            }
        });
        let driver = thread::spawn({
            let gpio = gpio.clone();
            move || {
                for _ in 0..100 {
                    gpio.line(2).drive(Level::Low);
                    gpio.line(2).drive(Level::High);
                }
            }
        });
        eventually("a first call", || calls.load(Ordering::SeqCst) > 0);
        button.close()?;
        let before = calls.load(Ordering::SeqCst);
        assert!(driver.join().is_ok());
        // The channel ends when the last call is over and what it owned is dropped.
        all_dropped(&gone);
        let after = calls.load(Ordering::SeqCst);
        assert!(after <= before + 1, "one may have been under way, not {}", after - before);
    }
    Ok(())
}
