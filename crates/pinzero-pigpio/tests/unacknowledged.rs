//! Writes that return once they are sent.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use fake_pigpiod::Fake;
use pinzero_core::time::{ms, secs};
use pinzero_core::{ErrorKind, Gpio, Level};
use remote::{PATIENCE, ask, builder, eventually, levels, lost, op, open_with, restored, told};

/// How many writes may have no answer.
const LAG: usize = 512;

fn open(fake: &Fake) -> Gpio {
    Gpio::new(builder(fake).request_timeout(PATIENCE).unacknowledged().connect().unwrap()).unwrap()
}

#[test]
fn writes_do_not_wait_and_are_all_done_in_order() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let (output, group) = (gpio.output(17).open().unwrap(), gpio.group([23, 24]).open().unwrap());
    let before = levels(&fake, 17).len();
    fake.hold(1_000_000);
    for number in 0..100 {
        output.set(Level::from(number % 2 == 0)).unwrap();
        group.set(number % 4).unwrap();
    }
    fake.hold(0);
    // This is behind all of them.
    assert_eq!((output.level().unwrap(), group.levels().unwrap()), (Level::Low, 3));
    let expected: Vec<Level> = (0..100).map(|number| Level::from(number % 2 == 0)).collect();
    assert_eq!(levels(&fake, 17)[before..], expected);
}

#[test]
fn whoever_is_too_far_ahead_waits() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let output = gpio.output(17).open().unwrap();
    let before = told(&fake, &[op::WRITE]).len();
    fake.hold(1_000_000);
    let (sender, ended) = channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..2 * LAG).for_each(|_| output.toggle().unwrap());
            sender.send(()).unwrap();
        });
        eventually("as many as may be are sent", || told(&fake, &[op::WRITE]).len() > before + LAG);
        ended.recv_timeout(ms(50)).unwrap_err();
        assert_eq!(told(&fake, &[op::WRITE]).len(), before + LAG + 1);
        fake.hold(0);
        ended.recv_timeout(PATIENCE).unwrap();
    });
    assert_eq!(output.level().unwrap(), Level::Low);
    assert_eq!(told(&fake, &[op::WRITE]).len(), before + 2 * LAG);
}

#[test]
fn closing_comes_after_what_was_written() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let output = gpio.output(17).open().unwrap();
    let before = levels(&fake, 17).len();
    (0..200).for_each(|_| output.toggle().unwrap());
    gpio.close().unwrap();
    assert_eq!((fake.mode(17), ask(&fake, op::PRG, 17, 0)), (0, 255));
    assert!(levels(&fake, 17).len() >= before + 200);
    assert_eq!(output.set(Level::High).unwrap_err().kind(), ErrorKind::Closed);
    eventually("the connections end", || fake.connections() == 0);
}

#[test]
fn what_is_refused_is_told_later_and_once() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let pwm = gpio.pwm(27).initial(0.1).open().unwrap();
    // Another client makes the range so small that no duty fits into it.
    ask(&fake, op::PRS, 27, 25);
    pwm.set_duty(0.5).unwrap();
    eventually("it is refused", || pwm.set_duty(0.5).is_err());
    assert!(pwm.set_duty(0.6).is_ok() || pwm.set_duty(0.6).is_ok(), "each is told once");
    eventually("all are answered", || told(&fake, &[op::PWM]).len() > 3);
    // Closing answers behind the last of them, and so tells of it.
    assert!(pwm.close().is_err());
    assert_eq!(fake.mode(27), 0);
}

#[test]
fn a_loss_is_told_and_the_last_wish_restored() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).unacknowledged());
    let output = gpio.output(17).open().unwrap();
    fake.hold(1_000_000);
    output.set(Level::High).unwrap();
    fake.restart();
    lost(&mut events);
    fake.hold(0);
    restored(&mut events);
    assert_eq!((fake.mode(17), output.level().unwrap()), (1, Level::High));
    fake.kill();
    lost(&mut events);
    assert_eq!(output.set(Level::Low).unwrap_err().kind(), ErrorKind::Disconnected);
}

#[test]
fn a_daemon_that_says_nothing_is_given_up_in_time() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).request_timeout(ms(200)).unacknowledged());
    let output = gpio.output(17).open().unwrap();
    fake.silence(true);
    let start = Instant::now();
    output.set(Level::High).unwrap();
    lost(&mut events);
    assert!(start.elapsed() < secs(5), "{:?}", start.elapsed());
    fake.silence(false);
}
