//! The ADS1115 on the mock: channels, differences, ranges, and devices that share the chip.

use std::panic::Location;
use std::thread;

use pinzero::mock::{self, I2cChip, MockAds1115};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Result};

#[test]
fn channels_differences_and_ranges() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x48, MockAds1115::default());
    let volts = [3.3, 1.0, 0.1, 2.0];
    chip.with(|chip| volts.iter().enumerate().for_each(|(channel, volts)| chip.set(channel, *volts)));
    let near = |one: f64, other: f64| (one - other).abs() < 2e-4;
    for (channel, volts) in (0..).zip(volts) {
        let sensor = Ads1115::builder(channel).gpio(&gpio).open()?;
        assert!(near(sensor.voltage()?, volts), "{sensor}: {}", sensor.voltage()?);
        assert!(near(sensor.value()?, volts / 3.3), "{sensor}");
        assert_eq!((sensor.channel(), sensor.is_differential(), sensor.bits()), (channel, false, 15));
    }
    for (plus, minus, volts) in [(0, 1, 2.3), (0, 3, 1.3), (1, 3, -1.0), (2, 3, -1.9)] {
        let sensor = Ads1115::builder(plus).against(minus).gpio(&gpio).open()?;
        assert!(near(sensor.voltage()?, volts), "{plus} {minus}: {}", sensor.voltage()?);
        assert!(sensor.is_differential());
    }
    // A smaller range has finer steps, and an end.
    let fine = Ads1115::builder(2).max_voltage(0.256).gpio(&gpio).open()?;
    assert_eq!((fine.raw_value()?, fine.max_voltage()), (12_800, 0.256));
    let over = Ads1115::builder(0).max_voltage(0.256).gpio(&gpio).open()?;
    assert_eq!((over.raw_value()?, over.value()?), (32_767, 32_767.0 / 32_768.0));
    // Somewhat below ground.
    chip.with(|chip| chip.set(3, -0.01));
    let ground = Ads1115::builder(3).gpio(&gpio).open()?;
    assert_eq!((ground.raw_value()?, ground.value()?), (-80, 0.0));
    Ok(())
}

#[test]
fn what_the_chip_cannot_do_is_refused() {
    let gpio = mock::gpio();
    for (builder, expected) in [
        (Ads1115::builder(4), "no channel 4: give 0 to 3"),
        (Ads1115::builder(1).against(0), "0 against 1"),
        (Ads1115::builder(0).max_voltage(7.0), "6.144 at most"),
        (Ads1115::builder(0).max_voltage(0.0), "max_voltage"),
        (Ads1115::builder(0).address(0x20), "give 0x48 to 0x4b"),
        (Ads1115::builder(0).address(0x148), "give 0x48 to 0x4b"),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn another_kind_of_device_at_the_address_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x48, MockAds1115::default());
    chip.with(|chip| chip.set(0, 2.048));
    let i2c = gpio.i2c(1).open()?;
    let clock = i2c.reserve(0x48, "Clock")?;
    let error = Ads1115::builder(0).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("in use by Clock opened at"), "{error}");
    drop(clock);

    // The devices on a chip share its address; the last one frees it.
    let place = Location::caller();
    let one = Ads1115::builder(0).gpio(&gpio).open()?;
    let other = Ads1115::builder(1).gpio(&gpio).open()?;
    let error = i2c.reserve(0x48, "Clock").unwrap_err();
    let expected = format!("in use by Ads1115 opened at {}:{}", place.file(), place.line() + 1);
    assert!(error.to_string().contains(&expected), "{error}");
    one.close()?;
    let third = Ads1115::builder(0).gpio(&gpio).open()?;
    assert_eq!(third.raw_value()?, 16_384);
    drop(third);
    assert!(i2c.reserve(0x48, "Clock").is_err());
    other.close()?;
    drop(i2c.reserve(0x48, "Clock")?);
    drop(i2c);

    // Something else closes the bus, and the chip is opened again beside the closed device.
    let lost = Ads1115::builder(0).gpio(&gpio).open()?;
    gpio.close_pins([2])?;
    assert!(lost.is_closed());
    let found = Ads1115::builder(0).gpio(&gpio).open()?;
    drop(lost);
    assert_eq!(found.raw_value()?, 16_384);
    assert!(gpio.i2c(1).open()?.reserve(0x48, "Clock").is_err());
    Ok(())
}

#[test]
fn bus_pins_and_address_are_options() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip_on(23, 24, 0x49, MockAds1115::default());
    chip.with(|chip| chip.set(0, 2.048));
    let sensor = Ads1115::builder(0).pins(23, 24).address(0x49).gpio(&gpio).open()?;
    assert_eq!(sensor.raw_value()?, 16_384);
    assert_eq!(format!("{sensor:?}"), "Ads1115(channel 0 on GPIO23 and GPIO24, 0x49)");
    // One clone closes all; another device on the chip goes on.
    let other = Ads1115::builder(1).pins(23, 24).address(0x49).gpio(&gpio).open()?;
    sensor.clone().close()?;
    assert_eq!(sensor.value().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(other.raw_value()?, 0);
    drop(other);
    drop(Led::builder(23).gpio(&gpio).open()?);

    let missing = Ads1115::builder(0).gpio(&gpio).open()?;
    assert_eq!(missing.value().unwrap_err().kind(), ErrorKind::NoAcknowledge);
    Ok(())
}

/// A chip whose conversion is seen to go on for some looks, or is disturbed by another program for some.
#[derive(Default)]
struct Odd {
    inner: MockAds1115,
    at: u8,
    count: usize,
    busy: u32,
    disturbed: u32,
}

impl I2cChip for Odd {
    fn start(&mut self, is_read: bool) -> bool {
        self.count = 0;
        if is_read && self.at == 1 && self.disturbed > 0 {
            self.disturbed -= 1;
            // Channel 3, at once.
            self.inner.start(false);
            assert!([1, 0xf3, 0xe3].into_iter().all(|byte| self.inner.write(byte)));
        }
        self.inner.start(is_read)
    }

    fn write(&mut self, byte: u8) -> bool {
        if self.count == 0 {
            self.at = byte;
        }
        self.count += 1;
        self.inner.write(byte)
    }

    fn read(&mut self) -> u8 {
        let byte = self.inner.read();
        self.count += 1;
        if self.at == 1 && self.count == 1 && self.busy > 0 {
            self.busy -= 1;
            return byte & 0x7f;
        }
        byte
    }
}

#[test]
fn a_conversion_is_waited_for_and_a_disturbed_one_repeated() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x48, Odd::default());
    chip.with(|chip| {
        chip.inner.set(0, 2.048);
        chip.inner.set(3, 1.0);
    });
    let sensor = Ads1115::builder(0).gpio(&gpio).open()?;
    for (busy, disturbed) in [(5, 0), (0, 3), (4, 4)] {
        chip.with(|chip| (chip.busy, chip.disturbed) = (busy, disturbed));
        assert_eq!(sensor.raw_value()?, 16_384, "{busy} {disturbed}");
        assert_eq!(chip.with(|chip| (chip.busy, chip.disturbed)), (0, 0));
    }
    for (busy, disturbed) in [(u32::MAX, 0), (0, u32::MAX)] {
        chip.with(|chip| (chip.busy, chip.disturbed) = (busy, disturbed));
        assert_eq!(sensor.raw_value().unwrap_err().kind(), ErrorKind::TimedOut);
    }
    Ok(())
}

#[test]
fn threads_read_channels_of_one_chip() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let chip = gpio.i2c_chip(1, 0x48, MockAds1115::default());
    chip.with(|chip| (0..4).for_each(|channel| chip.set(channel, channel as f64 / 8.0)));
    thread::scope(|scope| {
        for channel in 0..4 {
            let gpio = &gpio;
            scope.spawn(move || {
                let sensor = Ads1115::builder(channel).gpio(gpio).open().unwrap();
                for _ in 0..10 {
                    let result = sensor.raw_value();
                    // On a busy machine the others may disturb every attempt.
                    if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut) {
                        continue;
                    }
                    assert_eq!(result.unwrap(), 1000 * channel as i32);
                }
            });
        }
    });
    Ok(())
}
