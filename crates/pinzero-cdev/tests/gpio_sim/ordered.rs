//! Inputs that belong together: one request, whose edges come in the kernel's order.

use gpiocdev::line::{Bias as KernelBias, EdgeDetection};
use pinzero_core::time::secs;
use pinzero_core::{Bias, ErrorKind, Gpio, InputsConfig, Level, Line, OnClose, PinFactory};

use crate::{labelled, open, rig};

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn lines_that_change_by_turns_are_heard_by_turns() {
    let rig = rig();
    let gpio = Gpio::new(open(&rig.sim)).unwrap();
    // Not in the order of their numbers.
    let lines = [9, 8];
    let inputs = gpio.inputs(lines).open().unwrap();
    assert_eq!(rig.info(9).edge_detection, Some(EdgeDetection::BothEdges));
    let mut events = inputs.events();
    for count in 0..1000 {
        rig.pull(lines[count % 2], Level::from(count / 2 % 2 == 0));
    }
    let mut last = None;
    for count in 0..1000 {
        let event = events.next_timeout(secs(5)).unwrap();
        let heard = (event.index, event.event.level, event.event.missed);
        assert_eq!(heard, (count % 2, Level::from(count / 2 % 2 == 0), 0), "{count}");
        assert!(last.is_none_or(|at| at < event.event.at), "{count}");
        last = Some(event.event.at);
    }

    inputs.close().unwrap();
    assert!(!rig.info(8).used && !rig.info(9).used);
    rig.pull(8, Level::High);
    rig.pull(9, Level::High);
    assert_eq!(events.next(), None);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn bits_stand_for_lines_in_the_order_given() {
    let rig = rig();
    let lines = [7, 2, 4];
    let inputs = rig.factory.open_inputs(&lines.map(Line), InputsConfig::new(Bias::PullDown)).unwrap();
    assert_eq!((rig.info(2).bias, rig.info(2).edge_detection), (Some(KernelBias::PullDown), None));
    for levels in [0b000, 0b001, 0b110, 0b010, 0b111] {
        for (index, line) in lines.iter().enumerate() {
            rig.pull(*line, Level::of_bit(levels, index));
        }
        assert_eq!(inputs.levels().unwrap(), levels);
    }
    inputs.close().unwrap();
    inputs.close().unwrap();
    assert_eq!(inputs.levels().unwrap_err().kind(), ErrorKind::Closed);
    assert!(lines.iter().all(|line| !rig.info(*line).used));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn each_pull_goes_back_to_the_boards() {
    let rig = labelled("pinctrl-bcm2711");
    // By the board, GPIO4 is pulled up and GPIO10 down.
    let (up, down) = (4, 10);
    for bias in [Bias::PullUp, Bias::PullDown] {
        rig.pull(up, Level::High);
        rig.pull(down, Level::Low);
        drop(rig.factory.open_inputs(&[Line(up), Line(down)], InputsConfig::new(bias)).unwrap());
        assert_eq!((rig.pulled(up), rig.pulled(down)), (Level::High, Level::Low), "{bias}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_that_is_taken_is_named() {
    let rig = rig();
    let _taken = rig.output(6, Level::Low, OnClose::Restore);
    let error = rig.factory.open_inputs(&[Line(1), Line(6)], InputsConfig::new(Bias::AsIs)).unwrap_err();
    assert_eq!((error.kind(), error.pin()), (ErrorKind::Busy, Some("GPIO6")));
    assert!(!rig.info(1).used);
}
