//! Buses: transactions, sharing, faults; by controllers and on any pins.

use std::time::Duration;

use pinzero::mock::{self, Fault, I2cChip, MockGpio, Registers};
use pinzero::time::{ms, us};
use pinzero::{ErrorKind, I2c, I2cAddress, I2cOperation, Level, OnClose, SpiMode, SpiOperation};

/// Notes what it is told: `S` and `s` for a start that writes or reads, `P` for a stop, bytes in hex.
#[derive(Default)]
struct Notes {
    text: String,
    next: u8,
}

impl Notes {
    fn note(&mut self, word: &str) {
        self.text += word;
        self.text += " ";
    }
}

impl I2cChip for Notes {
    fn start(&mut self, is_read: bool) -> bool {
        self.note(if is_read { "s" } else { "S" });
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        self.note(&format!("{byte:02x}"));
        true
    }

    fn read(&mut self) -> u8 {
        self.next += 1;
        self.note(&format!("<{:02x}", self.next));
        self.next
    }

    fn stop(&mut self) {
        self.note("P");
    }
}

/// Runs a test on a new mock by the controller, and on another one bit by bit.
fn on_both(test: impl Fn(&MockGpio, &I2c) -> pinzero::Result<()>) -> pinzero::Result<()> {
    let gpio = mock::gpio();
    test(&gpio, &gpio.i2c(1).open()?)?;
    let gpio = mock::gpio();
    test(&gpio, &gpio.soft_i2c(2, 3).open()?)
}

#[test]
fn a_transaction_has_a_repeated_start_where_the_direction_changes() -> pinzero::Result<()> {
    on_both(|gpio, i2c| {
        let chip = gpio.i2c_chip(1, 0x42, Notes::default());
        let (mut one, mut two) = ([0; 2], [0; 1]);
        i2c.transaction(
            0x42,
            &mut [
                I2cOperation::Write(&[0xa0]),
                I2cOperation::Write(&[0xa1, 0xa2]),
                I2cOperation::Read(&mut one),
                I2cOperation::Read(&mut two),
                I2cOperation::Write(&[0xa3]),
            ],
        )?;
        assert_eq!((one, two), ([1, 2], [3]));
        assert_eq!(chip.with(|chip| chip.text.clone()), "S a0 a1 a2 s <01 <02 <03 S a3 P ");
        Ok(())
    })
}

#[test]
fn several_chips_are_told_apart() -> pinzero::Result<()> {
    on_both(|gpio, i2c| {
        let first = gpio.i2c_chip(1, 0x20, Registers::new().with(3, &[0xaa]));
        let second = gpio.i2c_chip(1, 0x21, Registers::new().with(3, &[0x55]));
        for (address, expected) in [(0x20, 0xaa), (0x21, 0x55)] {
            let mut data = [0];
            i2c.write_read(address, &[3], &mut data)?;
            assert_eq!(data, [expected]);
        }
        i2c.write(0x21, &[7, 1, 2, 3])?;
        assert_eq!(second.with(|chip| [chip.get(7), chip.get(8), chip.get(9)]), [1, 2, 3]);
        assert_eq!(first.with(|chip| chip.get(7)), 0);
        assert_eq!(i2c.scan()?, [0x20, 0x21]);
        Ok(())
    })
}

#[test]
fn a_chip_that_is_not_there_does_not_acknowledge() -> pinzero::Result<()> {
    on_both(|gpio, i2c| {
        gpio.i2c_chip(1, 0x20, Registers::new());
        let error = i2c.write(0x30, &[1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoAcknowledge);
        assert!(error.to_string().contains("0x30"), "{error}");
        // The bus is free again.
        i2c.write(0x20, &[1])
    })
}

#[test]
fn faults_are_told() -> pinzero::Result<()> {
    on_both(|gpio, i2c| {
        let chip = gpio.i2c_chip(1, 0x20, Registers::new().with(0, &[2]));
        let mut data = [0];
        for (fault, kind) in [
            (Fault::Silent, ErrorKind::NoAcknowledge),
            (Fault::Refuses(1), ErrorKind::Refused),
            (Fault::Hangs, ErrorKind::TimedOut),
            (Fault::Stretches(ms(60)), ErrorKind::TimedOut),
        ] {
            chip.fail(fault);
            assert_eq!(i2c.write(0x20, &[0, 1]).unwrap_err().kind(), kind, "{fault:?}");
            chip.fail(None);
            // A chip lets go of the clock at the end of its time.
            gpio.advance(ms(100));
            i2c.write_read(0x20, &[0], &mut data)?;
            assert_eq!(data, [2], "after {fault:?}");
        }
        chip.fail(Fault::Stretches(ms(3)));
        i2c.write_read(0x20, &[0], &mut data)?;
        assert_eq!(data, [2]);
        chip.fail(Fault::Noisy);
        i2c.write_read(0x20, &[0], &mut data)?;
        assert_eq!(data, [3]);
        Ok(())
    })
}

#[test]
fn addresses_have_7_or_10_bits() -> pinzero::Result<()> {
    on_both(|gpio, i2c| {
        let seven = gpio.i2c_chip(1, 0x76, Registers::new());
        let ten = gpio.i2c_chip(1, I2cAddress::Ten(0x276), Registers::new().with(0, &[9]));
        i2c.write(I2cAddress::Ten(0x276), &[1, 5])?;
        let mut data = [0];
        i2c.write_read(0x276u16, &[0], &mut data)?;
        assert_eq!((data, ten.with(|chip| chip.get(1)), seven.with(|chip| chip.get(1))), ([9], 5, 0));
        // A read alone calls the chip by a write of the address.
        i2c.write(0x276u16, &[0])?;
        i2c.read(0x276u16, &mut data)?;
        assert_eq!(data, [9]);
        for address in [I2cAddress::from(0x80), I2cAddress::from(-1), I2cAddress::Ten(0x400)] {
            let error = i2c.write(address, &[1]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        }
        Ok(())
    })
}

#[test]
fn a_transaction_without_a_byte_is_refused() -> pinzero::Result<()> {
    on_both(|gpio, i2c| {
        gpio.i2c_chip(1, 0x20, Registers::new());
        let kinds = [
            i2c.write(0x20, &[]),
            i2c.read(0x20, &mut []),
            i2c.transaction(0x20, &mut []),
            i2c.write_read(0x20, &[1], &mut []),
        ];
        kinds.iter().for_each(|result| {
            assert_eq!(result.as_ref().unwrap_err().kind(), ErrorKind::InvalidValue);
        });
        Ok(())
    })?;
    let gpio = mock::gpio();
    let spi = gpio.hardware_spi(0, 0).open()?;
    assert_eq!(spi.write(&[]).unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(
        spi.transaction(&mut [SpiOperation::Delay(us(1))]).unwrap_err().kind(),
        ErrorKind::InvalidValue
    );
    Ok(())
}

#[test]
fn soft_i2c_has_the_rate_it_was_given() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.i2c_chip_on(20, 21, 0x20, Registers::new());
    let i2c = gpio.soft_i2c(20, 21).max_rate(10_000).open()?;
    gpio.line(21).clear();
    i2c.write(0x20, &[1, 2])?;
    let rises: Vec<Duration> = gpio
        .line(21)
        .history()
        .iter()
        .filter(|change| change.1 == Level::High)
        .map(|change| change.0)
        .collect();
    // Three bytes of nine clocks, and the clock's rise before the stop.
    assert_eq!(rises.len(), 28);
    assert!(rises.windows(2).all(|pair| pair[1] - pair[0] >= us(100)), "{rises:?}");
    assert!(rises[26] - rises[0] <= us(26 * 100 + 200), "{rises:?}");
    Ok(())
}

#[test]
fn a_bus_is_shared_and_its_pins_are_reserved() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.i2c_chip(1, 0x20, Registers::new());
    let one = gpio.i2c(1).open()?;
    let two = gpio.i2c(1).open()?;
    let error = gpio.output(3).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("I2c"), "{error}");
    one.close()?;
    assert_eq!(one.write(0x20, &[1]).unwrap_err().kind(), ErrorKind::Closed);
    two.write(0x20, &[1])?;
    assert_eq!(gpio.output(3).open().unwrap_err().kind(), ErrorKind::PinInUse);
    drop(two);
    drop(gpio.output(3).open()?);
    Ok(())
}

#[test]
fn a_bus_that_the_board_does_not_have_is_refused() {
    let gpio = mock::gpio();
    assert_eq!(gpio.i2c(99).open().unwrap_err().kind(), ErrorKind::NoChip);
    assert_eq!(gpio.hardware_spi(99, 0).open().unwrap_err().kind(), ErrorKind::NoChip);
    assert_eq!(gpio.hardware_spi(0, 7).open().unwrap_err().kind(), ErrorKind::NoChip);
    // The pins are free again.
    assert!(gpio.output(11).open().is_ok());
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let gpio = mock::gpio();
    let kind = |result: pinzero::Result<pinzero::Spi>| result.unwrap_err().kind();
    assert_eq!(kind(gpio.hardware_spi(0, 0).mosi(10).open()), ErrorKind::InvalidValue);
    assert_eq!(kind(gpio.spi(11).mosi(10).unselected().open()), ErrorKind::InvalidValue);
    assert_eq!(kind(gpio.hardware_spi(0, 0).max_rate(0).open()), ErrorKind::InvalidFrequency);
    assert_eq!(gpio.i2c(1).max_rate(400_000).open().unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(gpio.soft_i2c(2, 3).max_rate(0).open().unwrap_err().kind(), ErrorKind::InvalidFrequency);
    let kind_of_select = kind(gpio.spi(11).mosi(10).miso(9).select(10).open());
    assert_eq!(kind_of_select, ErrorKind::InvalidValue);
    assert_eq!(gpio.soft_i2c(2, 2).open().unwrap_err().kind(), ErrorKind::InvalidValue);
}

#[test]
fn spi_devices_share_a_bus_each_with_its_own_select() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let chips = [8, 7].map(|select| gpio.spi_chip_on([11, 10, 9, select], Registers::new()));
    for by_controller in [true, false] {
        let open = |index: u32, select: u32| match by_controller {
            true => gpio.hardware_spi(0, index).open(),
            false => gpio.spi(11).mosi(10).miso(9).select(select).open(),
        };
        let (one, two) = (open(0, 8)?, open(1, 7)?);
        let value = 10 + u8::from(by_controller);
        one.write(&[5, value])?;
        two.write(&[5, value + 50])?;
        assert_eq!(chips.each_ref().map(|chip| chip.with(|chip| chip.get(5))), [value, value + 50]);
        let mut data = [0];
        two.transaction(&mut [SpiOperation::Write(&[0x85]), SpiOperation::Read(&mut data)])?;
        assert_eq!(data, [value + 50]);
        // Two drivers on one chip select.
        let error = open(0, 8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PinInUse);
        assert!(error.to_string().contains("buses.rs"), "{error}");
        one.close()?;
        two.write(&[5, 1])?;
        open(0, 8)?.write(&[5, 2])?;
    }
    drop(gpio.output(11).open()?);
    Ok(())
}

#[test]
fn a_select_that_is_a_gpio_in_use_is_refused() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = pinzero::Led::builder(7).gpio(&gpio).open()?;
    for result in [gpio.hardware_spi(0, 1).open(), gpio.spi(11).mosi(10).miso(9).select(7).open()] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PinInUse);
        assert!(error.to_string().contains("Led"), "{error}");
    }
    drop(led);
    drop(gpio.hardware_spi(0, 1).open()?);
    Ok(())
}

#[test]
fn devices_on_one_bus_may_have_different_modes() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let one = gpio.spi_device([11, 10, 9, 8], SpiMode::Mode0);
    let two = gpio.spi_device([11, 10, 9, 7], SpiMode::Mode3);
    let open = |select: u32, mode| gpio.spi(11).mosi(10).miso(9).select(select).mode(mode).open();
    let (first, second) = (open(8, SpiMode::Mode0)?, open(7, SpiMode::Mode3)?);
    for byte in [0x96, 0x69] {
        one.answer(&[byte]);
        two.answer(&[!byte]);
        let mut data = [byte];
        first.transfer(&mut data)?;
        assert_eq!((data, one.received()), ([byte], vec![byte]));
        let mut data = [byte];
        second.transfer(&mut data)?;
        assert_eq!((data, two.received()), ([!byte], vec![byte]));
    }
    assert_eq!((one.received(), two.received()), (vec![], vec![]));
    Ok(())
}

#[test]
fn an_interrupt_pin_falls_and_rises() -> pinzero::Result<()> {
    struct Alarm(bool);
    impl I2cChip for Alarm {
        fn write(&mut self, byte: u8) -> bool {
            self.0 = byte != 0;
            true
        }
        fn read(&mut self) -> u8 {
            // A read clears the alarm.
            u8::from(std::mem::take(&mut self.0))
        }
        fn interrupts(&self) -> bool {
            self.0
        }
    }
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, Alarm(false)).interrupt(&gpio, 4);
    let input = gpio.input(4).bias(pinzero::Bias::PullUp).open()?;
    let i2c = gpio.i2c(1).open()?;
    assert!(input.level()?.is_high());
    chip.with(|chip| chip.0 = true);
    assert!(!input.level()?.is_high());
    i2c.read(0x20, &mut [0])?;
    assert!(input.level()?.is_high());
    Ok(())
}

#[test]
fn lines_are_given_back_as_they_were_found() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    drop(gpio.output(20).initial(Level::High).on_close(OnClose::Keep).open()?);
    drop(gpio.soft_i2c(20, 21).open()?);
    assert_eq!(gpio.line(20).function(), pinzero::LineFunction::Output);
    Ok(())
}

#[test]
fn the_port_of_the_header_reserves_its_pins() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.serial_device("/dev/serial0");
    gpio.serial_device("/dev/ttyUSB0");
    let usb = gpio.serial("/dev/ttyUSB0").open()?;
    let led = pinzero::Led::builder(14).gpio(&gpio).open()?;
    assert_eq!(gpio.serial("/dev/serial0").open().unwrap_err().kind(), ErrorKind::PinInUse);
    drop(led);
    let serial = gpio.serial("/dev/serial0").open()?;
    assert_eq!(gpio.output(15).open().unwrap_err().kind(), ErrorKind::PinInUse);
    serial.close()?;
    drop(gpio.output(15).open()?);
    usb.close()
}

#[test]
fn the_mock_has_the_limits_of_linux() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.i2c_chip(1, 0x20, Registers::new());
    let (i2c, spi) = (gpio.i2c(1).open()?, gpio.hardware_spi(0, 0).open()?);
    i2c.write(0x20, &[0; 8_192])?;
    assert_eq!(i2c.write(0x20, &[0; 8_193]).unwrap_err().kind(), ErrorKind::InvalidValue);
    spi.write(&[0; 4_096])?;
    assert_eq!(spi.write(&[0; 4_097]).unwrap_err().kind(), ErrorKind::InvalidValue);
    Ok(())
}

#[test]
#[should_panic = "0x20 is on this bus already"]
fn two_chips_at_one_address_are_refused() {
    let gpio = mock::gpio();
    gpio.i2c_chip(1, 0x20, Registers::new());
    gpio.i2c_chip(1, 0x20, Registers::new());
}

#[test]
fn a_bus_with_the_default_rate_may_be_named_with_it() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let one = gpio.soft_i2c(20, 21).open()?;
    let two = gpio.soft_i2c(20, 21).max_rate(100_000).open()?;
    let other = gpio.soft_i2c(20, 21).max_rate(10_000).open().unwrap_err();
    assert_eq!(other.kind(), ErrorKind::InvalidFrequency);
    one.close()?;
    two.close()
}

#[test]
fn a_wire_brings_back_what_a_controller_sends() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let spi = gpio.hardware_spi(0, 0).open()?;
    let mut data = [1, 2, 3];
    spi.transfer(&mut data)?;
    assert_eq!(data, [0xff; 3]);
    gpio.wire(10, 9);
    let mut data = [1, 2, 3];
    spi.transfer(&mut data)?;
    assert_eq!(data, [1, 2, 3]);
    Ok(())
}
