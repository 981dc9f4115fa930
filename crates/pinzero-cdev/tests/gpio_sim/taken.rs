//! Lines and chips that cannot be had, or not any longer.

use gpiosim::{Bank, Direction};
use pinzero_core::{
    Bias, ErrorKind, Gpio, Level, Line, OnClose, OutputConfig, PinFactory, PwmConfig, time::ms,
};

use crate::{live, open, path, rig};

fn low() -> OutputConfig {
    OutputConfig::new(Level::Low, OnClose::Restore)
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_of_the_kernel_names_its_driver() {
    let sim = live(Bank::new(8, "pinzero-test").hog(2, "fan-control", Direction::OutputLow));
    let error = open(&sim).open_output(Line(2), low()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    let text = error.to_string();
    assert!(text.contains("by \"fan-control\" (another program or a kernel driver)"), "{text}");
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_beyond_the_last_is_unknown() {
    let rig = rig();
    for line in [12, 64, u32::MAX] {
        let error = rig.factory.open_output(Line(line), low()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownPin);
        assert!(error.to_string().contains("lines 0 to 11"), "{error}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn pulses_are_not_this_backends() {
    let rig = rig();
    let config = PwmConfig::new(ms(10), ms(5));
    assert!(!rig.factory.capabilities().pwm.is_available());
    assert_eq!(rig.factory.open_pwm(Line(3), config).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn what_is_closed_with_its_factory_has_been_given_back() {
    let rig = rig();
    let gpio = Gpio::new(open(&rig.sim)).unwrap();
    let output = gpio.output(3).initial(Level::High).on_close(OnClose::Low).open().unwrap();
    let input = gpio.input(4).bias(Bias::PullUp).open().unwrap();
    let held = rig.hold(3);
    gpio.close().unwrap();
    gpio.close().unwrap();
    assert_eq!(rig.seen(3), Level::Low);
    drop(held);
    assert!(!rig.info(3).used && !rig.info(4).used);

    let errors = [
        output.set(Level::High).unwrap_err(),
        input.level().unwrap_err(),
        gpio.output(5).open().unwrap_err(),
        gpio.input(5).open().unwrap_err(),
    ];
    assert_eq!(errors.map(|error| error.kind()), [ErrorKind::Closed; 4]);
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
        factory.open_output(Line(3), low()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NoChip, "{error}");
        assert!(error.to_string().contains(&gone), "{error}");
    }
    assert_eq!(output.set(Level::Low).unwrap_err().kind(), ErrorKind::Closed);
    input.close().unwrap();
    factory.close().unwrap();
}
