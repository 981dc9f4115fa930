//! Parts that are missing or broken: what the drivers report, and that the report has pinzero's error in it.

use embedded_hal::i2c::{self, ErrorKind as HalKind, NoAcknowledgeSource};
use libtest_mimic::Trial;
use pinzero::mock;
use pinzero::{Error, ErrorKind};
use pinzero_parts::{Ads1115, Max7219, Mcp23s17, Pca9685, Pcf8574};

use crate::rig::Rig;

type Place = (&'static str, fn() -> Rig);
type Fault = (&'static str, fn(&Rig));

pub(crate) fn trials() -> Vec<Trial> {
    let places: [Place; 3] = [("mock", Rig::mock), ("pins", Rig::pins), ("remote", Rig::remote)];
    let everywhere: [Fault; 4] = [
        ("no_part", no_part),
        ("a_silent_part_on_spi", a_silent_part_on_spi),
        ("a_closed_bus", a_closed_bus),
        ("a_part_that_comes_and_goes", a_part_that_comes_and_goes),
    ];
    // pigpio's protocol has one code for all that can go wrong on a bus.
    let here: [Fault; 2] =
        [("a_part_that_refuses", a_part_that_refuses), ("a_part_that_hangs", a_part_that_hangs)];
    let all = everywhere.into_iter().flat_map(|fault| places.map(|place| (place, fault)));
    let here = here.into_iter().flat_map(|fault| [places[0], places[1]].map(|place| (place, fault)));
    all.chain(here)
        .map(|((place, rig), (name, fault))| {
            Trial::test(format!("{place}::faults::{name}"), move || {
                fault(&rig());
                Ok(())
            })
        })
        .collect()
}

fn assert_missing(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::NoAcknowledge, "{error}");
    assert_eq!(hal_kind(error), HalKind::NoAcknowledge(NoAcknowledgeSource::Address));
}

fn hal_kind(error: &Error) -> HalKind {
    i2c::Error::kind(error)
}

/// Every driver hands on the bus's error, and none panics.
fn no_part(rig: &Rig) {
    let i2c = || rig.i2c();
    let mut delay = rig.gpio.delay();

    match bme280::i2c::BME280::new_primary(i2c()).init(&mut delay) {
        Err(bme280::Error::Bus(error)) => assert_missing(&error),
        other => panic!("{other:?}"),
    }
    match vl53l0x::VL53L0x::new(i2c()).map(drop) {
        Err(vl53l0x::Error::BusError(error)) => assert_missing(&error),
        other => panic!("{other:?}"),
    }
    let mut adc = ads1x1x::Ads1x1x::new_ads1115(i2c(), ads1x1x::TargetAddr::Vdd);
    match adc.read(ads1x1x::channel::SingleA0) {
        Err(nb::Error::Other(ads1x1x::Error::I2C(error))) => assert_missing(&error),
        other => panic!("{other:?}"),
    }
    match pwm_pca9685::Pca9685::new(i2c(), 0x41).and_then(|mut pwm| pwm.enable()) {
        Err(pwm_pca9685::Error::I2C(error)) => assert_missing(&error),
        other => panic!("{other:?}"),
    }
    match mpu6050_dmp::sensor::Mpu6050::new(i2c(), mpu6050_dmp::address::Address::default()) {
        Err(mpu6050_dmp::error::InitError {
            error: mpu6050_dmp::error::Error::WriteReadError(error),
            ..
        }) => assert_missing(&error),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("there is no sensor"),
    }
    let mut expander = port_expander::Pcf8574::new(i2c(), false, false, false);
    let missing = expander.split().p0.set_low().unwrap_err();
    assert_missing(missing.driver_error());

    use i2c_character_display::{CharacterDisplayError, CharacterDisplayPCF8574T, LcdDisplayType};
    match CharacterDisplayPCF8574T::new(i2c(), LcdDisplayType::Lcd16x2, rig.gpio.delay()).init() {
        Err(CharacterDisplayError::I2cError(error)) => assert_missing(&error),
        other => panic!("{other:?}"),
    }
    // This driver's error has no room for the bus's.
    use ssd1306::mode::DisplayConfig;
    let interface = ssd1306::I2CDisplayInterface::new(i2c());
    let size = ssd1306::prelude::DisplaySize128x64;
    let mut display = ssd1306::Ssd1306::new(interface, size, ssd1306::prelude::DisplayRotation::Rotate0)
        .into_buffered_graphics_mode();
    assert!(display.init().is_err());
}

fn a_part_that_refuses(rig: &Rig) {
    let chip = rig.mock.i2c_chip(1, 0x40, Pca9685::new());
    let i2c = rig.i2c();
    let mut pwm = pwm_pca9685::Pca9685::new(i2c, pwm_pca9685::Address::default()).unwrap();
    pwm.enable().unwrap();
    chip.fail(mock::Fault::Refuses(1));
    let refused = pwm.set_channel_on_off(pwm_pca9685::Channel::C0, 0, 100).unwrap_err();
    let pwm_pca9685::Error::I2C(error) = refused else { panic!("{refused:?}") };
    assert_eq!(hal_kind(&error), HalKind::NoAcknowledge(NoAcknowledgeSource::Data));
}

fn a_part_that_hangs(rig: &Rig) {
    let chip = rig.mock.i2c_chip(1, 0x48, Ads1115::new([0.0; 4]));
    let mut adc = ads1x1x::Ads1x1x::new_ads1115(rig.i2c(), ads1x1x::TargetAddr::Gnd);
    chip.fail(mock::Fault::Hangs);
    match adc.read(ads1x1x::channel::SingleA0) {
        Err(nb::Error::Other(ads1x1x::Error::I2C(error))) => assert_eq!(hal_kind(&error), HalKind::Bus),
        other => panic!("{other:?}"),
    }
    chip.fail(None);
    assert_eq!(nb::block!(adc.read(ads1x1x::channel::SingleA0)).unwrap(), 0);
}

/// SPI has no acknowledgement: a driver reads ones, and a driver that only writes notices nothing.
fn a_silent_part_on_spi(rig: &Rig) {
    let open = |select| rig.spi(select);
    let chip = rig.mock.spi_chip(0, 0, Mcp23s17::new(0));
    chip.fail(mock::Fault::Silent);
    let mut expander = port_expander::Mcp23x17::new_mcp23s17(open(0));
    assert!(expander.split().gpa0.is_high().unwrap());

    let chip = rig.mock.spi_chip(0, 1, Max7219::new(1));
    chip.fail(mock::Fault::Silent);
    max7219::MAX7219::from_spi(1, open(1)).unwrap().test(0, true).unwrap();
    assert_eq!(chip.with(|chip| chip.segments(0, 0)), 0);
}

fn a_closed_bus(rig: &Rig) {
    rig.mock.i2c_chip(1, 0x20, Pcf8574::new());
    let i2c = rig.i2c();
    let mut expander = port_expander::Pcf8574::new(i2c.clone(), false, false, false);
    let mut pins = expander.split();
    pins.p0.set_low().unwrap();
    i2c.close().unwrap();
    let closed = pins.p0.set_high().unwrap_err();
    assert_eq!(closed.driver_error().kind(), ErrorKind::Closed);
    assert_eq!(hal_kind(closed.driver_error()), HalKind::Other);
}

fn a_part_that_comes_and_goes(rig: &Rig) {
    let chip = rig.mock.i2c_chip(1, 0x20, Pcf8574::new());
    let i2c = rig.i2c();
    let mut expander = port_expander::Pcf8574::new(i2c, false, false, false);
    let mut pins = expander.split();
    pins.p0.set_low().unwrap();
    chip.fail(mock::Fault::Silent);
    assert_missing(pins.p1.set_low().unwrap_err().driver_error());
    chip.fail(None);
    pins.p1.set_low().unwrap();
    assert_eq!(chip.with(|chip| chip.levels()), 0xfc);
}
