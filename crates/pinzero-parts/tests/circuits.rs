//! The parts on pins that are in the mock itself: thermometers on a 1-Wire bus, and the converter of a load cell.

use std::time::Duration;

use pinzero_core::mock::{self, MockGpio};
use pinzero_core::time::{ms, us};
use pinzero_core::{Input, Level, OpenDrain, Output, Result};

/// The controller of a 1-Wire bus, with the times that the data sheet recommends.
struct Wire<'a> {
    gpio: &'a MockGpio,
    line: OpenDrain,
}

impl Wire<'_> {
    fn low(&self, time: Duration) -> Result<()> {
        self.line.set(Level::Low)?;
        self.gpio.advance(time);
        self.line.set(Level::High)
    }

    /// Returns whether a chip is there.
    fn reset(&self) -> Result<bool> {
        self.low(us(480))?;
        self.gpio.advance(us(70));
        let is_there = self.line.level()? == Level::Low;
        self.gpio.advance(us(410));
        Ok(is_there)
    }

    fn write(&self, bytes: &[u8]) -> Result<()> {
        for bit in bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1)) {
            let time = if bit == 1 { 6 } else { 60 };
            self.low(us(time))?;
            self.gpio.advance(us(70 - time));
        }
        Ok(())
    }

    fn bit(&self) -> Result<bool> {
        self.low(us(6))?;
        self.gpio.advance(us(9));
        let bit = self.line.level()?.is_high();
        self.gpio.advance(us(55));
        Ok(bit)
    }

    fn read<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            for bit in 0..8 {
                *byte |= u8::from(self.bit()?) << bit;
            }
        }
        Ok(bytes)
    }
}

#[test]
fn a_ds18b20_converts_as_fast_as_its_resolution_allows() -> Result<()> {
    let gpio = mock::gpio();
    let wire = Wire { gpio: &gpio, line: gpio.open_drain(4).open()? };
    assert!(!wire.reset()?);
    let chip = gpio.ds18b20(4, 7);
    assert!(wire.reset()?);

    // Its number, and 85 °C before any conversion.
    wire.write(&[0x33])?;
    assert_eq!(wire.read()?, chip.number());
    wire.reset()?;
    wire.write(&[0xcc, 0xbe])?;
    assert_eq!(wire.read::<2>()?, [0x50, 0x05]);

    chip.set_celsius(25.0625);
    for (config, time, value) in [(0x7f, ms(750), 0x191), (0x1f, Duration::from_micros(93_750), 0x190)] {
        wire.reset()?;
        wire.write(&[0xcc, 0x4e, 0, 0, config])?;
        wire.reset()?;
        wire.write(&[0xcc, 0x44])?;
        assert!(!wire.bit()?, "it converts");
        gpio.advance(time);
        assert!(wire.bit()?, "it is done");
        wire.reset()?;
        wire.write(&[0xcc, 0xbe])?;
        let memory: [u8; 9] = wire.read()?;
        assert_eq!((u16::from_le_bytes([memory[0], memory[1]]), memory[4]), (value, config));
    }
    Ok(())
}

#[test]
fn a_ds18b20_that_is_not_called_is_quiet() -> Result<()> {
    let gpio = mock::gpio();
    let wire = Wire { gpio: &gpio, line: gpio.open_drain(4).open()? };
    let (one, other) = (gpio.ds18b20(4, 1), gpio.ds18b20(4, 2));
    one.set_celsius(10.0);
    other.set_celsius(30.0);
    wire.reset()?;
    wire.write(&[0xcc, 0x44])?;
    gpio.advance(ms(750));
    for (chip, value) in [(&one, 160), (&other, 480)] {
        wire.reset()?;
        wire.write(&[0x55])?;
        wire.write(&chip.number())?;
        wire.write(&[0xbe])?;
        assert_eq!(u16::from_le_bytes(wire.read()?), value);
    }
    // Both at once: a 0 of either is a 0.
    wire.reset()?;
    wire.write(&[0xcc, 0xbe])?;
    assert_eq!(u16::from_le_bytes(wire.read()?), 160 & 480);
    Ok(())
}

/// Sends pulses to a converter. Returns the bits after each of the first 24.
fn pulses(gpio: &MockGpio, data: &Input, clock: &Output, count: usize) -> Result<u32> {
    let mut word = 0;
    for pulse in 0..count {
        clock.set(Level::High)?;
        gpio.advance(us(1));
        if pulse < 24 {
            word = word << 1 | u32::from(data.level()?.is_high());
        }
        clock.set(Level::Low)?;
        gpio.advance(us(1));
    }
    Ok(word)
}

#[test]
fn an_hx711_selects_what_comes_next_by_the_number_of_pulses() -> Result<()> {
    let gpio = mock::gpio();
    let cell = gpio.hx711(5, 6);
    let (data, clock) = (gpio.input(5).open()?, gpio.output(6).open()?);
    cell.set_value(0x12_3456);
    cell.set_value_b(-1);

    let begin = gpio.elapsed();
    assert_eq!(pulses(&gpio, &data, &clock, 26)?, 0x12_3456);
    assert_eq!(data.level()?, Level::High, "the next one is not ready");
    data.wait_for(false)?;
    // 100 ms after the last pulse, the 26th.
    assert_eq!(gpio.elapsed() - begin, us(2 * 25) + ms(100));
    assert_eq!(pulses(&gpio, &data, &clock, 27)?, 0xff_ffff);
    data.wait_for(false)?;
    assert_eq!(pulses(&gpio, &data, &clock, 27)?, 0x09_1a2b);

    // A clock that stays high switches the chip off, which forgets the gain.
    clock.set(Level::High)?;
    gpio.advance(us(60));
    gpio.advance(us(1));
    assert_eq!(data.level()?, Level::High);
    gpio.advance(ms(500));
    assert_eq!(data.level()?, Level::High);
    clock.set(Level::Low)?;
    data.wait_for(false)?;
    assert_eq!(pulses(&gpio, &data, &clock, 25)?, 0x12_3456);
    Ok(())
}
