//! Inputs: their pull, and the pull they leave behind.

use gpiocdev::line::{Bias as KernelBias, Direction};
use pinzero_core::{Bias, ErrorKind, Level};

use crate::{labelled, rig};

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_input_follows_the_line() {
    let rig = rig();
    let input = rig.input(1, Bias::AsIs);
    let other = rig.input(2, Bias::AsIs);
    for level in [Level::High, Level::Low, Level::High] {
        rig.pull(1, level);
        assert_eq!(input.level().unwrap(), level);
        assert_eq!(other.level().unwrap(), Level::Low);
    }
    let info = rig.info(1);
    assert_eq!(
        (info.direction, info.consumer.as_str(), info.edge_detection),
        (Direction::Input, "pinzero", None)
    );
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_pull_is_the_one_asked_for() {
    let rig = rig();
    let cases = [
        (Bias::PullUp, Some(KernelBias::PullUp), Some(Level::High)),
        (Bias::PullDown, Some(KernelBias::PullDown), Some(Level::Low)),
        (Bias::Disabled, Some(KernelBias::Disabled), None),
        (Bias::AsIs, None, None),
    ];
    for (bias, told, level) in cases {
        rig.pull(4, Level::High);
        if bias == Bias::PullUp {
            rig.pull(4, Level::Low);
        }
        let before = rig.pulled(4);
        let input = rig.input(4, bias);
        assert_eq!(rig.info(4).bias, told, "{bias}");
        assert_eq!(rig.pulled(4), level.unwrap_or(before), "{bias}");
        assert_eq!(input.level().unwrap(), level.unwrap_or(before), "{bias}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_pull_goes_back_to_the_boards() {
    let rig = labelled("pinctrl-bcm2711");
    // GPIO2 has a resistor to the supply on the board, GPIO4 one in the chip, and GPIO10 one to ground in the chip.
    for (line, boards, other) in
        [(2, Level::High, Bias::PullDown), (4, Level::High, Bias::PullDown), (10, Level::Low, Bias::PullUp)]
    {
        rig.pull(line, boards);
        let input = rig.input(line, other);
        assert_eq!(rig.pulled(line), !boards);
        input.close().unwrap();
        assert_eq!(rig.pulled(line), boards, "GPIO{line}");
        assert!(!rig.info(line).used);
    }
    // A pull that was not touched is not restored either: it may have been set by somebody who knew why.
    rig.pull(5, Level::Low);
    drop(rig.input(5, Bias::AsIs));
    assert_eq!(rig.pulled(5), Level::Low);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_pull_stays_where_the_boards_is_unknown() {
    let rig = rig();
    drop(rig.input(2, Bias::PullUp));
    assert_eq!(rig.pulled(2), Level::High);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_closed_input_is_free_and_says_so() {
    let rig = rig();
    let input = rig.input(3, Bias::PullUp);
    assert!(rig.info(3).used);
    input.close().unwrap();
    input.close().unwrap();
    assert!(!rig.info(3).used);
    let error = input.level().unwrap_err();
    assert_eq!((error.kind(), error.pin()), (ErrorKind::Closed, Some("GPIO3")));
}
