//! The kernel's own driver for the lines of a Raspberry Pi, on an emulated Pi 3 and 4: `cargo xtask pi-rig`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "it fails a test here")]

/// The kernel rig leaves this module out.
mod on_a_pi {
    use pinzero_cdev::CdevFactory;
    use pinzero_core::{Bias, ErrorKind, Gpio, Level, Line, OnClose, OutputConfig, PinFactory};

    /// The label of the chip of this Raspberry Pi, its lines, and a part of the model's name.
    fn expected() -> (&'static str, u32, &'static str) {
        match std::env::var("PINZERO_PI_RIG_MODEL").as_deref() {
            Ok("4") => ("pinctrl-bcm2711", 58, "4B"),
            _ => ("pinctrl-bcm2835", 54, "3B"),
        }
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn the_chip_of_the_header_is_the_one_with_its_label() {
        let (label, lines, model) = expected();
        let chosen = CdevFactory::new().unwrap();
        let named = CdevFactory::builder().chip(label).open().unwrap();
        for factory in [chosen, named] {
            assert!(factory.board().model().contains(model), "{:?}", factory.board());
            let config = OutputConfig::new(Level::Low, OnClose::Restore);
            let error = factory.open_output(Line(lines), config).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownPin, "{error}");
            factory.open_output(Line(lines - 1), config).unwrap().close().unwrap();
        }
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn an_output_is_driven() {
        let gpio = Gpio::new(CdevFactory::new().unwrap()).unwrap();
        let output = gpio.output(22).initial(Level::High).open().unwrap();
        for level in [Level::High, Level::Low, Level::High] {
            output.set(level).unwrap();
            assert_eq!(output.level().unwrap(), level);
        }
        output.close().unwrap();
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn an_input_takes_every_bias() {
        let gpio = Gpio::new(CdevFactory::new().unwrap()).unwrap();
        for bias in [Bias::AsIs, Bias::Disabled, Bias::PullUp, Bias::PullDown] {
            let input = gpio.input(23).bias(bias).open().unwrap();
            input.level().unwrap();
            input.close().unwrap();
        }
    }
}
