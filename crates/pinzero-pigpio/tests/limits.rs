//! What a daemon may take its time for, and what it cannot tell.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::time::{Duration, Instant};

use fake_pigpiod::{Fake, Options};
use pinzero_core::ErrorKind;
use pinzero_core::time::{ms, secs};
use pinzero_pigpio::{LinkEvent, PigpioFactory};
use remote::{PATIENCE, builder, lost, op, open_with, restored};

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
