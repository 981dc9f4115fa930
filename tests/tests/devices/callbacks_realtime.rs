//! What user code may do inside a callback, in real time and on the factory's own threads: the same as on virtual time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use pinzero::EventKind::{Activated, Deactivated, Held};
use pinzero::mock::{self, Function, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Handler};
use pinzero_tests::{PATIENCE, all_dropped, eventually, receive, without_hanging};

fn board() -> MockGpio {
    mock::builder().realtime().open()
}

fn button(gpio: &MockGpio, pin: u32) -> pinzero::Result<Button> {
    Button::builder(pin).gpio(gpio).open()
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
fn it_may_close_its_own_device() -> pinzero::Result<()> {
    let gpio = board();
    let button = button(&gpio, 2)?;
    let (sender, closed) = mpsc::channel();
    button.when_pressed({
        let button = button.clone();
        move |_| sender.send((button.close().is_ok(), button.is_closed()))
    });
    gpio.line(2).drive(Level::Low);
    assert_eq!(receive(&closed), (true, true));
    assert_eq!(button.is_pressed().unwrap_err().kind(), ErrorKind::Closed);
    // The channel ends when what the handler owned is dropped.
    all_dropped(&closed);
    Button::builder(2).gpio(&gpio).open()?.close()
}

#[test]
fn it_may_replace_itself() -> pinzero::Result<()> {
    let gpio = board();
    let button = button(&gpio, 2)?;
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
        gpio.line(2).drive(Level::Low);
        gpio.line(2).drive(Level::High);
        assert_eq!(receive(&calls), expected);
    }
    Ok(())
}

#[test]
fn it_may_wait_for_the_release_of_its_own_button() -> pinzero::Result<()> {
    let gpio = board();
    let button = button(&gpio, 2)?;
    let (sender, calls) = mpsc::channel();
    button.when_pressed({
        let (button, sender) = (button.clone(), sender.clone());
        move |_| {
            sender.send("pressed")?;
            let waited = button.wait_for_release();
            sender.send(if waited.is_ok() { "waited" } else { "failed" })
        }
    });
    button.when_released(move |_| sender.send("released"));
    gpio.line(2).drive(Level::Low);
    assert_eq!(receive(&calls), "pressed");
    assert!(calls.try_recv().is_err());
    gpio.line(2).drive(Level::High);
    assert_eq!((receive(&calls), receive(&calls)), ("waited", "released"));
    Ok(())
}

#[test]
fn it_may_panic_and_the_others_go_on() -> pinzero::Result<()> {
    let gpio = board();
    let button = button(&gpio, 2)?;
    let (sender, calls) = mpsc::channel();
    button.when_pressed(|_| -> () { panic!("a panic on purpose, in a callback") });
    button.when_pressed(move |event| sender.send(event.kind));
    for _ in 0..3 {
        gpio.line(2).drive(Level::Low);
        gpio.line(2).drive(Level::High);
        assert_eq!(receive(&calls), Activated);
    }
    eventually("three panics are counted", || gpio.panics() == 3);
    assert_eq!(gpio.threads(), 2);
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
    assert_eq!(receive(&calls), ("sleeper", Activated));
    // From here on one of the two threads is stuck.
    eventually("it is held", || sleeper.is_held());
    let blink = led.blink_with(Blink::new(ms(1), ms(1)).times(20))?;
    gpio.line(3).drive(Level::Low);
    gpio.line(3).drive(Level::High);
    let next = [events.next_timeout(PATIENCE), events.next_timeout(PATIENCE)];
    let seen = next.map(|event| event.map(|event| event.kind));
    assert_eq!(seen, [Some(Activated), Some(Deactivated)], "the iterator does not wait for callbacks");
    assert!(other.wait_for_release_timeout(PATIENCE)?);
    assert!(blink.wait_timeout(PATIENCE)?);
    // A thread that was kept waiting may have left cycles out, but not all of them.
    assert!(gpio.line(17).history().len() >= 2 && !led.is_lit()?);
    assert!(calls.try_recv().is_err(), "one callback at a time");

    drop(wake);
    let rest: Vec<_> = (0..4).map(|_| receive(&calls)).collect();
    let expected = [("awake", Activated), ("sleeper", Held), ("other", Activated), ("other", Deactivated)];
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
fn it_may_close_the_whole_factory() -> pinzero::Result<()> {
    let gpio = board();
    let (button, led) = (button(&gpio, 2)?, Led::builder(17).gpio(&gpio).open()?);
    led.blink(ms(1), ms(1))?;
    let (sender, closed) = mpsc::channel();
    button.when_pressed({
        let gpio = gpio.clone();
        move |_| sender.send(gpio.close().is_ok())
    });
    gpio.line(2).drive(Level::Low);
    assert!(receive(&closed));
    assert!(led.is_closed() && button.is_closed());
    assert_eq!(gpio.line(17).function(), Function::Input);
    Ok(())
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
