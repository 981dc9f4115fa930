//! Outputs: their first level, and what they leave behind.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use gpiocdev::line::{Bias as KernelBias, Direction, InfoChangeKind};
use pinzero_core::{Bias, ErrorKind, Level, Line, OnClose, OutputConfig, PinFactory};

use crate::{labelled, path, rig};

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_first_level_comes_with_the_direction() {
    let rig = rig();
    for (line, level) in [(3, Level::High), (4, Level::Low)] {
        rig.pull(line, !level);
        let chip = gpiocdev::Chip::from_path(path(&rig.sim)).unwrap();
        chip.watch_line_info(line).unwrap();

        let output = rig.output(line, level, OnClose::Restore);
        assert_eq!(rig.seen(line), level);
        assert_eq!(output.level().unwrap(), level);

        // One request, which finds the line an input and leaves it an output, and nothing after it.
        let change = chip.read_line_info_change_event().unwrap();
        assert_eq!(change.kind, InfoChangeKind::Requested);
        assert_eq!((change.info.direction, change.info.consumer.as_str()), (Direction::Output, "pinzero"));
        assert!(!change.info.active_low);
        assert!(!chip.has_line_info_change_event().unwrap());
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn levels_are_driven_and_read() {
    let rig = rig();
    let (left, right) =
        (rig.output(0, Level::Low, OnClose::Restore), rig.output(7, Level::Low, OnClose::Restore));
    for (one, other) in [(Level::High, Level::Low), (Level::Low, Level::High), (Level::High, Level::High)] {
        left.set(one).unwrap();
        right.set(other).unwrap();
        assert_eq!((rig.seen(0), rig.seen(7)), (one, other));
        assert_eq!((left.level().unwrap(), right.level().unwrap()), (one, other));
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_level_is_adopted() {
    let rig = rig();
    for (line, level) in [(1, Level::High), (2, Level::Low)] {
        rig.pull(line, level);
        let _output = rig.output(line, None, OnClose::Restore);
        assert_eq!(rig.info(line).direction, Direction::Output);
        // Driven, not just pulled.
        rig.pull(line, !level);
        assert_eq!(rig.seen(line), level, "an input");
    }
    for (line, level) in [(3, Level::High), (4, Level::Low)] {
        rig.leave_as_output(line, level);
        let _output = rig.output(line, None, OnClose::Restore);
        rig.pull(line, !level);
        assert_eq!(rig.seen(line), level, "an output");
    }
}

/// What a line that was an input has become once its output is closed: direction, pull as the kernel has been told,
/// and level.
fn left_behind(on_close: OnClose, last: Level) -> (Direction, Option<KernelBias>, Level) {
    let rig = rig();
    let output = rig.output(5, Level::Low, on_close);
    output.set(last).unwrap();
    let held = rig.hold(5);
    output.close().unwrap();
    let (info, level) = (rig.info(5), rig.seen(5));
    assert!(info.used, "{on_close:?}");
    drop(held);
    assert!(!rig.info(5).used, "{on_close:?}");
    (info.direction, info.bias, level)
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_becomes_what_was_asked_for_before_it_is_let_go() {
    use Direction::{Input, Output};
    use Level::{High, Low};

    assert_eq!(left_behind(OnClose::Low, High), (Output, None, Low));
    assert_eq!(left_behind(OnClose::High, Low), (Output, None, High));
    let input = |bias| {
        let (direction, pull, level) = left_behind(OnClose::Input(bias), High);
        assert_eq!(direction, Input, "{bias}");
        (pull, level)
    };
    assert_eq!(input(Bias::PullUp), (Some(KernelBias::PullUp), High));
    assert_eq!(input(Bias::PullDown), (Some(KernelBias::PullDown), Low));
    assert_eq!(input(Bias::Disabled).0, Some(KernelBias::Disabled));
    assert_eq!(input(Bias::AsIs).0, None);
    let (direction, pull, _) = left_behind(OnClose::Restore, High);
    assert_eq!((direction, pull), (Input, None));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_input_is_restored_with_the_pull_it_had() {
    let rig = labelled("pinctrl-bcm2835");
    for pull in [Level::High, Level::Low] {
        rig.pull(6, pull);
        let output = rig.output(6, !pull, OnClose::Restore);
        output.set(!pull).unwrap();
        output.close().unwrap();
        assert_eq!(rig.info(6).direction, Direction::Input);
        assert_eq!((rig.pulled(6), rig.seen(6)), (pull, pull));
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_output_is_restored_to_the_level_it_had() {
    let rig = rig();
    for level in [Level::High, Level::Low] {
        for initial in [None, Some(!level)] {
            rig.leave_as_output(2, level);
            let output = rig.output(2, initial, OnClose::Restore);
            assert_eq!(rig.seen(2), initial.unwrap_or(level));
            output.set(!level).unwrap();
            // What the line falls back to after its release must not be taken for what was restored.
            rig.pull(2, !level);
            let held = rig.hold(2);
            output.close().unwrap();
            assert_eq!((rig.info(2).direction, rig.seen(2)), (Direction::Output, level), "{initial:?}");
            drop(held);
        }
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn keeping_is_refused_where_it_cannot_be_promised() {
    let keep = OutputConfig::new(Level::High, OnClose::Keep);
    for (label, remedy) in
        [("pinctrl-rp1", "pinctrl_rp1.persist_gpio_outputs=y"), ("pinzero-test", "keep the device")]
    {
        let rig = labelled(label);
        assert!(!rig.factory.capabilities().keep.is_available());
        let error = rig.factory.open_output(Line(3), keep).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(remedy), "{error}");
        assert_eq!(rig.info(3).direction, Direction::Input, "nothing has been touched");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_closed_output_is_free_and_says_so() {
    let rig = rig();
    let output = rig.output(3, Level::High, OnClose::Restore);
    assert!(rig.info(3).used);
    output.close().unwrap();
    assert!(!rig.info(3).used);
    for error in [output.set(Level::Low).unwrap_err(), output.level().unwrap_err()] {
        assert_eq!((error.kind(), error.pin()), (ErrorKind::Closed, Some("GPIO3")));
    }

    // The line is somebody else's now, and stays so when the first one is closed again and dropped.
    let next = rig.output(3, Level::High, OnClose::Restore);
    output.close().unwrap();
    drop(output);
    assert_eq!(next.level().unwrap(), Level::High);
    drop(next);
    assert!(!rig.info(3).used);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn closing_is_safe_while_others_write() {
    let rig = rig();
    for _ in 0..50 {
        let output = rig.output(3, Level::Low, OnClose::Low);
        let (output, written) = (&output, &AtomicU32::new(0));
        thread::scope(|scope| {
            for level in [Level::High, Level::Low, Level::High] {
                scope.spawn(move || {
                    let error = loop {
                        match output.set(level) {
                            Ok(()) => written.fetch_add(1, Ordering::Relaxed),
                            Err(error) => break error,
                        };
                    };
                    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
                });
            }
            while written.load(Ordering::Relaxed) < 5 {
                thread::yield_now();
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    output.close().unwrap();
                    assert!(!rig.info(3).used);
                });
            }
        });
    }
}
