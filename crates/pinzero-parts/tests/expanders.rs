//! Chips with pins, as their data sheets describe them, and the interrupt line that they share with a pin of the board.

use std::time::Duration;

use pinzero_core::mock;
use pinzero_core::{Bias, Level, Result};
use pinzero_parts::{Hc595, Mcp23s17, Mcp23017, Pca9685, Pcf8574};

#[test]
fn an_mcp23017_interrupts_until_the_port_is_read() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, Mcp23017::new()).interrupt(&gpio, 4);
    let i2c = gpio.i2c(1).open()?;
    let alarm = gpio.input(4).bias(Bias::PullUp).open()?;

    // Pull-ups and interrupts on change for GPA0 and GPA1.
    i2c.write(0x20, &[0x0c, 0b11])?;
    i2c.write(0x20, &[0x04, 0b11])?;
    assert_eq!(alarm.level()?, Level::High);

    chip.with(|chip| chip.pins.drive(1, Some(Level::Low)));
    assert_eq!(alarm.level()?, Level::Low);
    // The first interrupt stays in INTF and INTCAP, whatever the pins do next.
    chip.with(|chip| chip.pins.drive(0, Some(Level::Low)));
    let mut flags = [0];
    i2c.write_read(0x20, &[0x0e], &mut flags)?;
    assert_eq!(flags, [0b10]);
    assert_eq!(alarm.level()?, Level::Low);
    let mut captured = [0];
    i2c.write_read(0x20, &[0x10], &mut captured)?;
    assert_eq!(captured, [0b01]);
    assert_eq!(alarm.level()?, Level::High);
    Ok(())
}

#[test]
fn an_mcp23017_interrupts_on_a_level_as_long_as_the_level_stays() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, Mcp23017::new()).interrupt(&gpio, 4);
    let i2c = gpio.i2c(1).open()?;
    let alarm = gpio.input(4).bias(Bias::PullUp).open()?;

    // Port B, mirrored to INTA: an interrupt while GPB7 is unlike DEFVAL, which is 0.
    i2c.write(0x20, &[0x0a, 0x40])?;
    i2c.write(0x20, &[0x09, 0x80])?;
    i2c.write(0x20, &[0x05, 0x80])?;
    chip.with(|chip| chip.pins.drive(15, Some(Level::High)));
    let mut port = [0];
    i2c.write_read(0x20, &[0x13], &mut port)?;
    assert_eq!((port, alarm.level()?), ([0x80], Level::Low));

    chip.with(|chip| chip.pins.drive(15, None));
    i2c.write_read(0x20, &[0x13], &mut port)?;
    assert_eq!((port, alarm.level()?), ([0], Level::High));
    Ok(())
}

#[test]
fn the_registers_of_an_mcp23017_follow_each_other_in_pairs_or_in_banks() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, Mcp23017::new());
    let i2c = gpio.i2c(1).open()?;

    i2c.write(0x20, &[0x00, 0x00, 0xf0])?;
    i2c.write(0x20, &[0x14, 0x81, 0x0f])?;
    let high =
        |chip: &mut Mcp23017| (0..16).filter(|pin| chip.pins.level(*pin).is_high()).collect::<Vec<_>>();
    assert_eq!(chip.with(high), [0, 7, 8, 9, 10, 11]);

    // Without the sequence, the pair is polled.
    i2c.write(0x20, &[0x0a, 0x20])?;
    let mut polled = [0; 4];
    i2c.write_read(0x20, &[0x12], &mut polled)?;
    assert_eq!(polled, [0x81, 0x0f, 0x81, 0x0f]);

    // In banks, port B has the addresses from 0x10.
    i2c.write(0x20, &[0x0a, 0x80])?;
    i2c.write_read(0x20, &[0x19], &mut polled[..2])?;
    assert_eq!(polled[..2], [0x0f, 0x0f]);
    Ok(())
}

#[test]
fn an_mcp23s17_listens_to_its_own_address_once_that_is_enabled() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.spi_chip(0, 0, Mcp23s17::new(5)).interrupt(&gpio, 4);
    let spi = gpio.hardware_spi(0, 0).open()?;
    let alarm = gpio.input(4).bias(Bias::PullUp).open()?;

    spi.write(&[0x40, 0x0a, 0x08])?;
    spi.write(&[0x4a, 0x00, 0xfe])?;
    // The chip at address 4 is another one.
    spi.write(&[0x48, 0x00, 0x00])?;
    spi.write(&[0x4a, 0x12, 0x01])?;
    assert!(chip.with(|chip| chip.pins.is_output(0) && !chip.pins.is_output(1)));
    assert!(chip.with(|chip| chip.pins.level(0).is_high()));

    spi.write(&[0x4a, 0x04, 0x02])?;
    chip.with(|chip| chip.pins.drive(1, Some(Level::High)));
    assert_eq!(alarm.level()?, Level::Low);
    let mut port = [0x4b, 0x12, 0];
    spi.transfer(&mut port)?;
    assert_eq!((port[2], alarm.level()?), (0x03, Level::High));
    Ok(())
}

#[test]
fn a_pcf8574_interrupts_while_a_pin_is_unlike_what_was_read() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x27, Pcf8574::new()).interrupt(&gpio, 4);
    let i2c = gpio.i2c(1).open()?;
    let alarm = gpio.input(4).bias(Bias::PullUp).open()?;

    i2c.write(0x27, &[0x7f])?;
    chip.with(|chip| chip.drive(7, Some(Level::High)));
    assert_eq!((chip.with(|chip| chip.levels()), alarm.level()?), (0x7f, Level::High));

    chip.with(|chip| chip.drive(0, Some(Level::Low)));
    assert_eq!(alarm.level()?, Level::Low);
    chip.with(|chip| chip.drive(0, None));
    assert_eq!(alarm.level()?, Level::High);

    chip.with(|chip| chip.drive(0, Some(Level::Low)));
    let mut pins = [0];
    i2c.read(0x27, &mut pins)?;
    assert_eq!((pins, alarm.level()?), ([0x7e], Level::High));
    Ok(())
}

#[test]
fn a_chain_of_74hc595_shows_what_was_shifted_when_it_is_deselected() -> Result<()> {
    let gpio = mock::gpio();
    let chain = gpio.spi_chip(0, 0, Hc595::new(2));
    let spi = gpio.hardware_spi(0, 0).open()?;

    let mut data = [0x01, 0x80];
    spi.transfer(&mut data)?;
    assert_eq!(data, [0, 0]);
    assert_eq!(chain.with(|chain| chain.outputs().to_vec()), [0x80, 0x01]);
    assert_eq!(
        chain.with(|chain| [7, 8, 9].map(|output| chain.level(output).is_high())),
        [true, true, false]
    );

    // What leaves the chain comes back.
    spi.transfer(&mut data)?;
    assert_eq!(data, [0x01, 0x80]);
    Ok(())
}

#[test]
fn a_pca9685_runs_when_it_is_awake_and_takes_its_rate_when_it_sleeps() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x40, Pca9685::new());
    let i2c = gpio.i2c(1).open()?;

    // 121 is 50 Hz, to half a percent.
    i2c.write(0x40, &[0xfe, 121])?;
    i2c.write(0x40, &[0x00, 0x20])?;
    i2c.write(0x40, &[0xfe, 3])?;
    assert_eq!(chip.with(|chip| chip.period()), Duration::from_nanos(4096 * 122 * 40));

    // Channel 1 from step 4000, over the end, to step 211: 307 steps of 4,880 ns are 1.498 ms.
    i2c.write(0x40, &[0x0a, 0xa0, 0x0f, 0xd3, 0x00])?;
    assert_eq!(chip.with(|chip| (chip.first_step(1), chip.steps(1))), (4000, 307));
    assert_eq!(chip.with(|chip| chip.pulse(1)), Duration::from_nanos(307 * 4880));

    // Fully on, fully off: the bits above the counts.
    i2c.write(0x40, &[0xfa, 0, 0x10, 0, 0])?;
    assert_eq!(chip.with(|chip| chip.steps(15)), 4096);
    i2c.write(0x40, &[0x45, 0x10])?;
    assert_eq!(chip.with(|chip| chip.steps(15)), 0);

    // Asleep, nothing is high; the bit 7 of MODE1 says that there was something.
    i2c.write(0x40, &[0x00, 0x30])?;
    let mut mode = [0];
    i2c.write_read(0x40, &[0x00], &mut mode)?;
    assert_eq!((mode, chip.with(|chip| chip.steps(0))), ([0xb0], 0));
    Ok(())
}
