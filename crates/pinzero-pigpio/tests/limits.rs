//! What a daemon may take its time for, and what it cannot tell.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::thread;
use std::time::{Duration, Instant};

use fake_pigpiod::{Fake, Options};
use pinzero_core::time::{ms, secs};
use pinzero_core::{ErrorKind, Gpio, Level, Result};
use pinzero_pigpio::{LinkEvent, PigpioFactory};
use remote::proxy::Proxy;
use remote::{PATIENCE, builder, eventually, lost, op, open_with, restored, told};

#[test]
fn a_reply_that_comes_byte_by_byte_has_to_be_whole_in_time() {
    let options = Options { piece: Some(1), delay: ms(500), ..Options::default() };
    let fake = Fake::with(options);
    let start = Instant::now();
    let error = builder(&fake).request_timeout(ms(400)).connect().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    // 16 bytes would take 4 s.
    assert!(start.elapsed() < secs(2), "{:?}", start.elapsed());
}

#[test]
fn without_anything_open_nobody_can_tell_a_new_daemon() {
    let fake = Fake::start();
    let pi = builder(&fake).connect().unwrap();
    let mut events = pi.link_events();
    fake.restart();
    lost(&mut events);
    match events.next_timeout(PATIENCE) {
        Some(LinkEvent::Restored { is_new_daemon, .. }) => assert_eq!(is_new_daemon, None),
        other => panic!("{other:?}"),
    }
    // But by its clock, if that starts anew.
    fake.reboot();
    lost(&mut events);
    assert!(restored(&mut events));
}

#[test]
fn the_mark_of_a_program_that_was_killed_is_no_range_to_go_back_to() {
    let fake = Fake::start();
    remote::ask(&fake, op::PRS, 17, 34_745);
    let (gpio, _) = open_with(builder(&fake));
    gpio.output(17).open().unwrap().close().unwrap();
    assert_eq!(remote::ask(&fake, op::PRG, 17, 0), 255);
    // Not so what somebody may have chosen.
    remote::ask(&fake, op::PRS, 17, 30_000);
    gpio.output(17).open().unwrap().close().unwrap();
    assert_eq!(remote::ask(&fake, op::PRG, 17, 0), 30_000);
}

#[test]
fn an_address_that_takes_no_connection_is_given_up_in_time() {
    // A network that is set aside for documentation.
    let start = Instant::now();
    let limit = Duration::from_millis(300);
    let error = PigpioFactory::builder("192.0.2.1").connect_timeout(limit).connect().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    assert!(start.elapsed() < secs(3), "{:?}", start.elapsed());
}

/// The time limit of a request in the trials below, and when it must be over. Twice the limit would be later.
const LIMIT: Duration = secs(2);
const IN_TIME: Duration = ms(3300);

/// Fails unless the work is given up in time.
#[track_caller]
fn given_up<T: std::fmt::Debug>(start: Instant, result: Result<T>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    assert!(error.to_string().contains("it has not answered for 2s"), "{error}");
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
}

/// A client whose connection for requests is the first of the proxy.
fn through_a_proxy(fake: &Fake) -> (Proxy, Gpio) {
    let proxy = Proxy::start("127.0.0.1:0", fake.address()).unwrap();
    let pi = PigpioFactory::builder(proxy.address.to_string()).request_timeout(LIMIT).connect().unwrap();
    (proxy, Gpio::new(pi).unwrap())
}

#[test]
fn the_beginning_of_a_reply_does_not_start_its_time_anew() {
    let fake = Fake::start();
    let (proxy, gpio) = through_a_proxy(&fake);
    let output = gpio.output(17).open().unwrap();
    fake.silence(true);
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(LIMIT * 9 / 10);
            proxy.inject(0, &[4]);
        });
        given_up(start, output.set(Level::High));
    });
}

#[test]
fn the_reply_to_another_request_does_not_start_the_time_anew() {
    let fake = Fake::start();
    let (proxy, gpio) = through_a_proxy(&fake);
    let [one, other] = [17, 27].map(|line| gpio.output(line).open().unwrap());
    let asked = |gpio| told(&fake, &[op::WRITE]).contains(&[op::WRITE, gpio, 1]);
    fake.silence(true);
    thread::scope(|scope| {
        let answered = scope.spawn(|| one.set(Level::High));
        eventually("it is asked", || asked(17));
        let start = Instant::now();
        scope.spawn(|| {
            eventually("the other is asked", || asked(27));
            thread::sleep(LIMIT * 9 / 10);
            proxy.inject(0, &[op::WRITE, 17, 1, 0].map(u32::to_le_bytes).concat());
        });
        given_up(start, other.set(Level::High));
        answered.join().unwrap().unwrap();
    });
}

#[test]
fn a_request_that_may_be_slow_has_its_time_once() {
    let fake = Fake::start();
    let (_proxy, gpio) = through_a_proxy(&fake);
    let bus = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();
    fake.silence(true);
    let start = Instant::now();
    given_up(start, bus.write(&[0; 1000]));
}

#[test]
fn a_reply_that_repeats_its_request_wrongly_ends_the_connection() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let output = gpio.output(17).open().unwrap();
    for (word, what) in [(0, "PWM 17 1"), (1, "WRITE 16 1"), (2, "WRITE 17 0")] {
        fake.misquote(word);
        let error = output.set(Level::High).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
        assert!(
            error.to_string().contains(&format!("it replies to {what}, and was asked WRITE 17 1")),
            "{error}"
        );
        lost(&mut events);
        assert!(!restored(&mut events));
        output.set(Level::High).unwrap();
    }
}
