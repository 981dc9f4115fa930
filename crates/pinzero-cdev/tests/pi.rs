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

/// The I2C controller of QEMU's Pi 4 has no interrupt.
mod on_a_pi_3 {
    use eeprom24x::{Eeprom24x, SlaveAddr};
    use pinzero_cdev::CdevFactory;
    use pinzero_core::time::ms;
    use pinzero_core::{ErrorKind, Gpio, I2cAddress, I2cBus, I2cConfig, I2cOperation, PinFactory};

    /// A memory of 256 bytes: the first byte written is a place in it.
    const MEMORY: I2cAddress = I2cAddress::Seven(0x50);

    fn i2c() -> Box<dyn I2cBus> {
        CdevFactory::new().unwrap().open_i2c(I2cConfig::new(1)).unwrap()
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn the_i2c_controller_reads_what_was_written() {
        let i2c = i2c();
        i2c.transfer(MEMORY, &mut [I2cOperation::Write(&[0x20, 0xde, 0xad, 0xbe, 0xef])]).unwrap();
        let mut data = [0; 3];
        let mut operations = [I2cOperation::Write(&[0x21]), I2cOperation::Read(&mut data)];
        i2c.transfer(MEMORY, &mut operations).unwrap();
        assert_eq!(data, [0xad, 0xbe, 0xef]);
        let mut data = [0; 40];
        i2c.transfer(MEMORY, &mut [I2cOperation::Write(&[0x1f]), I2cOperation::Read(&mut data)]).unwrap();
        assert_eq!(data[1..5], [0xde, 0xad, 0xbe, 0xef]);
        i2c.close().unwrap();
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn the_i2c_controller_says_what_it_cannot_do() {
        let i2c = i2c();
        let kind = |result: pinzero_core::Result<()>| result.unwrap_err().kind();
        let nobody = i2c.transfer(I2cAddress::Seven(0x51), &mut [I2cOperation::Read(&mut [0])]);
        assert_eq!(kind(nobody), ErrorKind::NoAcknowledge);
        let mut data = [0];
        let mut operations = [I2cOperation::Read(&mut data), I2cOperation::Write(&[0])];
        assert_eq!(kind(i2c.transfer(MEMORY, &mut operations)), ErrorKind::Unsupported);
        let ten = i2c.transfer(I2cAddress::Ten(0x50), &mut [I2cOperation::Write(&[0])]);
        assert_eq!(kind(ten), ErrorKind::Unsupported);
        // And works on.
        i2c.transfer(MEMORY, &mut [I2cOperation::Write(&[0])]).unwrap();
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn a_driver_that_others_wrote_runs_on_the_i2c_controller() {
        let gpio = Gpio::new(CdevFactory::new().unwrap()).unwrap();
        let i2c = gpio.i2c(1).open().unwrap();
        let mut memory = Eeprom24x::new_24x02(i2c, SlaveAddr::default());
        memory.write_page(0x40, b"pinzero!").unwrap();
        // The time in which the chip is busy.
        gpio.delay().pause(ms(5));
        let mut data = [0; 8];
        memory.read_data(0x40, &mut data).unwrap();
        assert_eq!(&data, b"pinzero!");
        memory.write_byte(0x48, 7).unwrap();
        gpio.delay().pause(ms(5));
        // A bare read goes on where the one before has ended.
        assert_eq!(memory.read_byte(0x47).unwrap(), b'!');
        assert_eq!(memory.read_current_address().unwrap(), 7);
    }
}
