//! What the client costs: threads, descriptors, and nothing at all while nothing happens. They are counted for the whole
//! process, so the tests here go one after the other.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use fake_pigpiod::{Fake, Handles};
use pinzero_core::time::{ms, secs};
use pinzero_core::{Bias, Blink, EventKind, Gpio, Input, Level, Output, Pwm};
use pinzero_pigpio::{Gap, PigpioFactory};
use remote::proxy::stranger;
use remote::threads::{descriptors, of_the_library};
use remote::{builder, eventually, lost, open, open_with, restored};

/// Waits for the other tests.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until as many threads and descriptors are there as before.
#[track_caller]
fn nothing_is_left(what: &str, before: usize) {
    eventually(&format!("the threads end: {what}"), || of_the_library().is_empty());
    eventually(&format!("the descriptors are closed: {what}"), || descriptors() <= before);
}

/// A pin of each kind, in use.
fn busy(gpio: &Gpio) -> (Output, Input, Pwm) {
    let lamp = gpio.output(17).open().unwrap();
    lamp.blink(Blink::new(ms(1), ms(1)), Level::High).unwrap();
    let input = gpio.input(4).bias(Bias::PullUp).open().unwrap();
    input.on(EventKind::Activated, |_| ());
    let pwm = gpio.pwm(18).initial(0.5).open().unwrap();
    (lamp, input, pwm)
}

#[test]
fn two_hundred_connections_leave_nothing_behind() {
    let _alone = alone();
    let fake = Fake::start();
    // What the exit guard needs once for the program is no leak.
    drop(open(&fake));
    eventually("it is gone", || fake.connections() == 0);
    nothing_is_left("at first", usize::MAX);
    let before = descriptors();
    for round in 0..200 {
        let gpio = open(&fake);
        let pins = busy(&gpio);
        match round % 4 {
            0 => gpio.close().unwrap(),
            1 => fake.hang_up(),
            2 => drop(gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap()),
            _ => {}
        }
        drop((pins, gpio));
    }
    eventually("all connections end", || fake.connections() == 0);
    nothing_is_left("200 rounds", before);
    assert_eq!(fake.handles(), Handles::default());
}

#[test]
fn connections_that_do_not_come_about_leave_nothing_behind() {
    let _alone = alone();
    let fake = Fake::start();
    let (nobody, silent) = (stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n"), stranger(b""));
    drop(open(&fake));
    nothing_is_left("at first", usize::MAX);
    let before = descriptors();
    for requests in 0..9 {
        fake.hang_up_after(requests % 6);
        builder(&fake).connect().unwrap_err();
    }
    fake.hang_up_after(usize::MAX);
    for address in [nobody, silent] {
        let builder = PigpioFactory::builder(address.to_string()).request_timeout(ms(50));
        builder.connect().unwrap_err();
    }
    fake.kill();
    builder(&fake).connect().unwrap_err();
    // The strangers keep their ends of up to two connections each.
    nothing_is_left("failed attempts", before + 4 * 2);
}

#[test]
fn losses_and_returns_leave_nothing_behind() {
    let _alone = alone();
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let pins = (busy(&gpio), gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap());
    let counts = || (of_the_library().len(), descriptors());
    fake.hang_up();
    lost(&mut events);
    restored(&mut events);
    eventually("the threads of the session before end", || of_the_library().len() == 4);
    eventually("and its connections", || fake.connections() == 2);
    let before = counts();
    for _ in 0..50 {
        fake.hang_up();
        lost(&mut events);
        restored(&mut events);
    }
    eventually(&format!("it costs what it did: {before:?} and {:?}", counts()), || {
        counts().0 <= before.0 && counts().1 <= before.1
    });
    assert_eq!(fake.handles().spi, 1);
    drop((pins, gpio));
    nothing_is_left("losses and returns", usize::MAX);
}

#[test]
fn whoever_is_dropped_in_the_gap_ends_all_threads() {
    let _alone = alone();
    let fake = Fake::start();
    for (what, pause) in [("between quick attempts", ms(1)), ("long before the next attempt", secs(600))] {
        let (gpio, mut events) = open_with(builder(&fake).reconnect(pause, pause));
        let pins = busy(&gpio);
        fake.kill();
        lost(&mut events);
        drop((pins, gpio));
        nothing_is_left(what, usize::MAX);
        assert!(events.next().is_none());
        fake.restart();
    }
    // While it waits for an answer.
    let (gpio, mut events) = open_with(builder(&fake).request_timeout(ms(300)));
    fake.silence(true);
    fake.hang_up();
    lost(&mut events);
    eventually("it is at it", || fake.connections() > 0);
    drop(gpio);
    nothing_is_left("while it waits for an answer", usize::MAX);
    fake.silence(false);

    // A thread that waits for the end of the gap keeps a pin, and with it the factory; closing ends that.
    let (gpio, mut events) = open_with(builder(&fake).while_disconnected(Gap::Wait(secs(600))));
    let lamp = gpio.output(17).open().unwrap();
    fake.kill();
    lost(&mut events);
    let writer = thread::spawn(move || lamp.set(Level::High));
    thread::sleep(ms(20));
    let _ = gpio.close();
    assert!(writer.join().unwrap().is_err());
    drop(gpio);
    nothing_is_left("while somebody waits", usize::MAX);
}

#[test]
fn nobody_wakes_up_while_nothing_happens() {
    let _alone = alone();
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).keep_alive(secs(6)));
    let inputs: Vec<_> = (2..28).map(|line| gpio.input(line).settle(ms(20)).open().unwrap()).collect();
    for input in &inputs {
        input.on(EventKind::Activated, |_| ());
    }
    let at_rest = |what: &str| {
        let mut before = of_the_library();
        eventually("the threads come to rest", || {
            thread::sleep(ms(50));
            std::mem::replace(&mut before, of_the_library()) == before
        });
        let requests = fake.journal().len();
        // Longer than after how long the systems ask each other.
        thread::sleep(ms(3500));
        assert_eq!(of_the_library(), before, "{what}: somebody woke up within 3.5 s");
        assert_eq!(fake.journal().len(), requests, "{what}");
    };
    // Two of the timeline, one for the connection, one for replies.
    eventually("all threads are there", || of_the_library().len() == 4);
    at_rest("26 inputs");
    fake.restart();
    lost(&mut events);
    restored(&mut events);
    eventually("there are no more of them", || of_the_library().len() == 4);
    at_rest("after a return");
    drop((inputs, gpio));
    nothing_is_left("26 inputs", usize::MAX);
}
