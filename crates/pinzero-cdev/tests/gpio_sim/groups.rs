//! Several outputs of one request.

use gpiocdev::line::{Direction, InfoChangeKind};
use pinzero_core::{ErrorKind, GroupConfig, Level, Line, OnClose, OutputGroupPins, PinFactory};

use crate::{Rig, path, rig};

fn group(rig: &Rig, lines: &[u32], initial: u64, on_close: OnClose) -> Box<dyn OutputGroupPins> {
    let lines: Vec<Line> = lines.iter().copied().map(Line).collect();
    rig.factory.open_group(&lines, GroupConfig::new(initial, on_close)).unwrap()
}

fn seen(rig: &Rig, lines: &[u32]) -> Vec<Level> {
    lines.iter().map(|line| rig.seen(*line)).collect()
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn bits_stand_for_lines_in_the_order_given() {
    let rig = rig();
    let lines = [7, 2, 4];
    let group = group(&rig, &lines, 0b011, OnClose::Restore);
    assert_eq!(seen(&rig, &lines), [Level::High, Level::High, Level::Low]);
    group.set(0b111, 0b100).unwrap();
    assert_eq!(seen(&rig, &lines), [Level::Low, Level::Low, Level::High]);
    group.set(0b001, 0b011).unwrap();
    assert_eq!(
        (seen(&rig, &lines), group.levels().unwrap()),
        (vec![Level::High, Level::Low, Level::High], 0b101)
    );
    group.set(0, 0).unwrap();
    assert_eq!(group.levels().unwrap(), 0b101);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn all_lines_are_left_as_they_were_found() {
    let rig = rig();
    rig.leave_as_output(3, Level::High);
    let held = group(&rig, &[3, 5], 0b10, OnClose::Restore);
    held.close().unwrap();
    held.close().unwrap();
    assert_eq!(held.set(1, 1).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((rig.info(3).direction, rig.info(5).direction), (Direction::Output, Direction::Input));
    assert!(!rig.info(3).used && !rig.info(5).used);

    let chip = gpiocdev::Chip::from_path(path(&rig.sim)).unwrap();
    let held = group(&rig, &[8, 9], 0, OnClose::High);
    chip.watch_line_info(9).unwrap();
    drop(held);
    let change = chip.read_line_info_change_event().unwrap();
    assert_eq!((change.kind, change.info.direction), (InfoChangeKind::Reconfigured, Direction::Output));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_that_is_taken_is_named() {
    let rig = rig();
    let _taken = rig.output(6, Level::Low, OnClose::Restore);
    let lines = [Line(1), Line(6)];
    let config = GroupConfig::new(0, OnClose::Restore);
    let error = rig.factory.open_group(&lines, config).unwrap_err();
    assert_eq!((error.kind(), error.pin()), (ErrorKind::Busy, Some("GPIO6")));
    assert!(!rig.info(1).used);
}
