//! Lines and chips that cannot be had, or not any longer.

use gpiosim::{Bank, Direction};
use pinzero_core::{
    Bias, ErrorKind, InputConfig, Level, Line, OnClose, OutputConfig, PinFactory, PwmConfig, time::ms,
};

use crate::{live, open, path, rig};

const LOW: OutputConfig = OutputConfig { initial: Some(Level::Low), on_close: OnClose::Restore };

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_of_the_kernel_names_its_driver() {
    let sim = live(Bank::new(8, "pinzero-test").hog(2, "fan-control", Direction::OutputLow));
    let error = open(&sim).open_output(Line(2), LOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    let text = error.to_string();
    assert!(text.contains("by \"fan-control\" (another program or a kernel driver)"), "{text}");
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_beyond_the_last_is_unknown() {
    let rig = rig();
    for line in [12, 64, u32::MAX] {
        let error = rig.factory.open_output(Line(line), LOW).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownPin);
        assert!(error.to_string().contains("lines 0 to 11"), "{error}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn pulses_are_not_this_backends() {
    let rig = rig();
    let config = PwmConfig {
        period: ms(10),
        pulse: ms(5),
        hardware: false,
        rest: Level::Low,
        on_close: OnClose::Restore,
    };
    assert!(!rig.factory.capabilities().pwm.is_available());
    assert_eq!(rig.factory.open_pwm(Line(3), config).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_closed_factory_has_given_everything_back() {
    let rig = rig();
    let output = rig.output(3, Level::High, OnClose::Low);
    let input = rig.input(4, Bias::PullUp);
    let held = rig.hold(3);
    rig.factory.close().unwrap();
    rig.factory.close().unwrap();
    assert_eq!(rig.seen(3), Level::Low);
    drop(held);
    assert!(!rig.info(3).used && !rig.info(4).used);

    let open = rig.factory.open_input(Line(5), InputConfig { bias: Bias::AsIs, settle: None, edges: None });
    let errors = [
        output.set(Level::High).unwrap_err(),
        input.level().unwrap_err(),
        rig.factory.open_output(Line(5), LOW).unwrap_err(),
        open.unwrap_err(),
        rig.factory.find_line("GPIO5").unwrap_err(),
    ];
    assert_eq!(errors.map(|error| error.kind()), [ErrorKind::Closed; 5]);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_unplugged_chip_is_an_error_and_no_more() {
    let rig = rig();
    let output = rig.output(3, Level::High, OnClose::Restore);
    let input = rig.input(4, Bias::AsIs);
    let (factory, gone) = (rig.factory, path(&rig.sim).to_owned());
    drop(rig.sim);

    for error in [
        output.set(Level::Low).unwrap_err(),
        input.level().unwrap_err(),
        output.close().unwrap_err(),
        factory.open_output(Line(3), LOW).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NoChip, "{error}");
        assert!(error.to_string().contains(&gone), "{error}");
    }
    assert_eq!(output.set(Level::Low).unwrap_err().kind(), ErrorKind::Closed);
    input.close().unwrap();
    factory.close().unwrap();
}
