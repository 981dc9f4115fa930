//! Edges, from the kernel's interrupt to the events of an input.
//!
//! Reservations are per process and line, whatever the chip, so each test has lines of its own.

use gpiocdev::line::{EdgeDetection, EventClock};
use pinzero_core::time::{ms, secs};
use pinzero_core::{Bias, ErrorKind, EventKind, Gpio, Level};

use crate::{Rig, open, rig};

impl Rig {
    fn gpio(&self) -> Gpio {
        Gpio::new(open(&self.sim)).unwrap()
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_edge_has_its_time_and_level() {
    let rig = rig();
    let gpio = rig.gpio();
    let input = gpio.input(0).bias(Bias::PullDown).open().unwrap();
    let info = rig.info(0);
    assert_eq!(info.edge_detection, Some(EdgeDetection::BothEdges));
    assert_eq!(info.event_clock, Some(EventClock::Monotonic));

    let mut events = input.events();
    for level in [Level::High, Level::Low, Level::High, Level::Low] {
        let before = gpio.now();
        rig.pull(0, level);
        let event = events.next_timeout(secs(5)).unwrap();
        let after = gpio.now();
        let kind = if level.is_high() { EventKind::Activated } else { EventKind::Deactivated };
        assert_eq!((event.kind, event.level, event.missed), (kind, level, 0));
        assert!(before < event.at && event.at < after, "{before:?} {:?} {after:?}", event.at);
    }
    assert_eq!(events.next_timeout(ms(20)), None);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_burst_arrives_whole_and_in_order() {
    let rig = rig();
    let gpio = rig.gpio();
    let (left, right) = (gpio.input(1).open().unwrap(), gpio.input(2).open().unwrap());
    let (mut lefts, mut rights) = (left.events(), right.events());
    for index in 0..500 {
        rig.pull(1, Level::from(index % 2 == 0));
        rig.pull(2, Level::from(index % 2 == 0));
    }
    for events in [&mut lefts, &mut rights] {
        let mut last = None;
        for index in 0..500 {
            let event = events.next_timeout(secs(5)).unwrap();
            assert_eq!((event.level, event.missed), (Level::from(index % 2 == 0), 0), "{index}");
            assert!(last.is_none_or(|at| at < event.at), "{index}");
            last = Some(event.at);
        }
    }
    assert_eq!((left.missed(), right.missed()), (0, 0));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_closed_input_is_free_and_silent() {
    let rig = rig();
    let gpio = rig.gpio();
    for _ in 0..20 {
        let input = gpio.input(3).open().unwrap();
        let mut events = input.events();
        rig.pull(3, Level::High);
        assert!(events.next_timeout(secs(5)).is_some());
        input.close().unwrap();
        // Although the timeline had a descriptor of its own for the line.
        assert!(!rig.info(3).used);
        rig.pull(3, Level::Low);
        assert_eq!(events.next(), None);
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn closing_everything_frees_every_line() {
    let rig = rig();
    let gpio = rig.gpio();
    let input = gpio.input(4).bias(Bias::PullUp).open().unwrap();
    let output = gpio.output(5).initial(Level::High).open().unwrap();
    gpio.close().unwrap();
    assert!(!rig.info(4).used && !rig.info(5).used);
    assert_eq!(input.level().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(output.set(Level::Low).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_unplugged_input_ends_without_a_fuss() {
    let rig = rig();
    let gpio = rig.gpio();
    let input = gpio.input(6).open().unwrap();
    let mut events = input.events();
    drop(rig);
    assert_eq!(events.next_timeout(ms(50)), None);
    assert_eq!(input.level().unwrap_err().kind(), ErrorKind::NoChip);
    input.close().unwrap();
    // The timeline goes on: the error did not make it spin or stop.
    let other = crate::rig();
    let gpio = other.gpio();
    let input = gpio.input(6).open().unwrap();
    let mut events = input.events();
    other.pull(6, Level::High);
    assert!(events.next_timeout(secs(5)).is_some());
}
