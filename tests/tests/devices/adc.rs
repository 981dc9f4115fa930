//! ADCs on the mock: every chip on a controller and on any pins, shared chips, wrong wires.

use std::panic::Location;
use std::thread;

use pinzero::mock::{self, Fault, MockGpio, SpiChip};
use pinzero::prelude::*;
use pinzero::{Builder, ErrorKind, Open, Result, options};

const PINS: [u32; 4] = [11, 10, 9, 8];

/// A channel of any chip.
type Channel = Box<dyn std::ops::Deref<Target = AnalogInputDevice>>;

/// Opens a channel on chip select 0 of controller 0, or on the same pins.
fn on<D, O>(builder: Builder<D, O>, gpio: &MockGpio, on_pins: bool) -> Result<Channel>
where
    D: Open<O> + std::ops::Deref<Target = AnalogInputDevice> + 'static,
    O: AsMut<options::Analog>,
{
    let [clock, mosi, miso, select] = PINS;
    let builder = if on_pins { builder.pins(clock, mosi, miso, select) } else { builder };
    Ok(Box::new(builder.gpio(gpio).open()?))
}

/// Opens a channel of the chip with this name.
fn open(name: &str, channel: u32, differential: bool, gpio: &MockGpio, on_pins: bool) -> Result<Channel> {
    match name {
        "MCP3001" => on(Mcp3001::builder(), gpio, on_pins),
        "MCP3002" => on(Mcp3002::builder(channel).differential(differential), gpio, on_pins),
        "MCP3004" => on(Mcp3004::builder(channel).differential(differential), gpio, on_pins),
        "MCP3008" => on(Mcp3008::builder(channel).differential(differential), gpio, on_pins),
        "MCP3201" => on(Mcp3201::builder(), gpio, on_pins),
        "MCP3202" => on(Mcp3202::builder(channel).differential(differential), gpio, on_pins),
        "MCP3204" => on(Mcp3204::builder(channel).differential(differential), gpio, on_pins),
        "MCP3208" => on(Mcp3208::builder(channel).differential(differential), gpio, on_pins),
        "MCP3301" => on(Mcp3301::builder(), gpio, on_pins),
        "MCP3302" => on(Mcp3302::builder(channel).differential(differential), gpio, on_pins),
        "MCP3304" => on(Mcp3304::builder(channel).differential(differential), gpio, on_pins),
        other => panic!("{other}"),
    }
}

/// The chips: name, bits, channels, and whether differences have a sign.
const CHIPS: [(&str, u32, u32, bool); 11] = [
    ("MCP3001", 10, 1, false),
    ("MCP3002", 10, 2, false),
    ("MCP3004", 10, 4, false),
    ("MCP3008", 10, 8, false),
    ("MCP3201", 12, 1, false),
    ("MCP3202", 12, 2, false),
    ("MCP3204", 12, 4, false),
    ("MCP3208", 12, 8, false),
    ("MCP3301", 12, 1, true),
    ("MCP3302", 12, 4, true),
    ("MCP3304", 12, 8, true),
];

#[test]
fn every_chip_measures_every_channel() -> Result<()> {
    for on_pins in [false, true] {
        for (name, bits, channels, _) in CHIPS {
            let full = (1 << bits) - 1;
            let gpio = mock::gpio();
            let chip = gpio.mcp3xxx(name, PINS);
            for channel in 0..channels {
                let device = open(name, channel, false, &gpio, on_pins)?;
                for raw in [0, 1, 341, full - 1, full] {
                    chip.set(channel as usize, raw);
                    assert_eq!(device.raw_value()?, raw.into(), "{name} {channel} {on_pins}");
                }
                assert_eq!((device.value()?, device.voltage()?), (1.0, 3.3), "{name} {channel}");
                chip.set(channel as usize, 0);
                assert_eq!((device.value()?, device.voltage()?), (0.0, 0.0), "{name} {channel}");
                assert_eq!((device.channel(), device.bits(), device.max_voltage()), (channel, bits, 3.3));
                assert_eq!(device.is_differential(), channels == 1, "{name}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_difference_has_a_sign_where_the_chip_has_one() -> Result<()> {
    for (name, bits, channels, is_signed) in CHIPS {
        let full: u16 = (1 << bits) - 1;
        let gpio = mock::gpio();
        let chip = gpio.mcp3xxx(name, PINS);
        for channel in 0..channels {
            let device = open(name, channel, true, &gpio, false)?;
            assert!(device.is_differential());
            let (plus, minus) = (channel as usize, channel as usize ^ 1);
            chip.set(plus, full);
            chip.set(minus, 100);
            assert_eq!(device.raw_value()?, i32::from(full) - 100, "{name} {channel}");
            chip.set(plus, 0);
            chip.set(minus, full);
            let least = if is_signed { -i32::from(full) } else { 0 };
            assert_eq!(device.raw_value()?, least, "{name} {channel}");
            assert_eq!(device.value()?, if is_signed { -1.0 } else { 0.0 }, "{name} {channel}");
            chip.set(minus, 0);
        }
    }
    Ok(())
}

#[test]
fn the_reference_voltage_is_an_option() -> Result<()> {
    let gpio = mock::gpio();
    gpio.mcp3008(PINS).set(2, 1023);
    let device = Mcp3008::builder(2).max_voltage(5.0).gpio(&gpio).open()?;
    assert_eq!((device.voltage()?, device.max_voltage(), device.value()?), (5.0, 5.0, 1.0));
    for volts in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Mcp3008::builder(2).max_voltage(volts).gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{volts}");
    }
    Ok(())
}

#[test]
fn a_channel_that_is_not_there_is_refused_with_those_that_are() {
    let gpio = mock::gpio();
    let message = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        error.to_string()
    };
    let error = message(Mcp3008::builder(8).gpio(&gpio).open().unwrap_err());
    assert!(error.contains("no channel 8: give 0 to 7") && error.contains("Mcp3008"), "{error}");
    let error = message(Mcp3002::builder(u32::MAX).differential(true).gpio(&gpio).open().unwrap_err());
    assert!(error.contains("give 0 to 1"), "{error}");
    // Nothing stays open.
    assert!(gpio.spi(11).mosi(10).open().is_ok());
}

#[test]
fn the_channels_of_one_chip_share_it() -> Result<()> {
    for on_pins in [false, true] {
        let gpio = mock::gpio();
        let chip = gpio.mcp3008(PINS);
        (0..8).for_each(|channel| chip.set(channel, 100 * channel as u16));
        let open = |channel| open("MCP3008", channel, false, &gpio, on_pins);
        let pots = (0..8).map(open).collect::<Result<Vec<_>>>()?;
        let again = open(7)?;
        for (channel, pot) in pots.iter().enumerate() {
            assert_eq!(pot.raw_value()?, 100 * channel as i32);
        }
        // Each is closed by itself, and the pins are free after the last one.
        for pot in &pots {
            pot.close()?;
            pot.close()?;
            assert!(pot.is_closed());
            assert_eq!(pot.raw_value().unwrap_err().kind(), ErrorKind::Closed);
            assert_eq!(again.raw_value()?, 700);
            assert_eq!(Led::builder(11).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::PinInUse);
        }
        drop(again);
        drop(Led::builder(11).gpio(&gpio).open()?);
        // The closed ones give back nothing for a second time.
        let other = open(1)?;
        drop(pots);
        assert_eq!(other.raw_value()?, 100);
    }
    Ok(())
}

#[test]
fn clones_are_one_device() -> Result<()> {
    let gpio = mock::gpio();
    gpio.mcp3008(PINS).set(0, 1);
    let pot = Mcp3008::builder(0).gpio(&gpio).open()?;
    let clone = pot.clone();
    drop(pot);
    assert_eq!(clone.raw_value()?, 1);
    let other = clone.clone();
    clone.close()?;
    assert!(other.is_closed());
    assert_eq!(other.value().unwrap_err().to_string(), "Mcp3008 on SPI0.0: the device is closed");
    Ok(())
}

#[test]
fn another_kind_of_chip_on_the_same_chip_select_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    gpio.mcp3008(PINS);
    let place = Location::caller();
    let pot = Mcp3008::builder(0).gpio(&gpio).open()?;
    let error = Mcp3208::builder(0).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    let expected = format!("Mcp3008 opened at {}:{}", place.file(), place.line() + 1);
    assert!(error.to_string().contains(&expected), "{error}");
    // Another chip select has another chip.
    gpio.mcp3xxx("MCP3208", [11, 10, 9, 7]).set(5, 4000);
    assert_eq!(Mcp3208::builder(5).select(0, 1).gpio(&gpio).open()?.raw_value()?, 4000);
    pot.close()?;
    drop(Mcp3208::builder(0).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn a_chip_that_something_else_has_closed_can_be_opened_again() -> Result<()> {
    let gpio = mock::gpio();
    gpio.mcp3008(PINS).set(0, 7);
    let lost = Mcp3008::builder(0).pins(11, 10, 9, 8).gpio(&gpio).open()?;
    gpio.close_pins([11])?;
    assert!(lost.is_closed());
    assert_eq!(lost.value().unwrap_err().kind(), ErrorKind::Closed);
    // Of another kind, too.
    gpio.mcp3xxx("MCP3208", [5, 6, 13, 19]);
    drop(Mcp3208::builder(0).pins(11, 10, 9, 8).gpio(&gpio).open()?);
    let pot = Mcp3008::builder(0).pins(11, 10, 9, 8).gpio(&gpio).open()?;
    lost.close()?;
    drop(lost);
    assert_eq!(pot.raw_value()?, 7);
    Ok(())
}

#[test]
fn a_missing_chip_is_an_error_if_miso_is_high() -> Result<()> {
    let gpio = mock::gpio();
    // Nothing drives miso.
    let pot = Mcp3008::builder(0).gpio(&gpio).open()?;
    let error = pot.value().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("wires") && error.to_string().contains("Mcp3008"), "{error}");
    drop(pot);
    // Low, no read tells it from 0 V.
    assert_eq!(Mcp3008::builder(0).pins(11, 10, 9, 8).gpio(&gpio).open()?.raw_value()?, 0);
    Ok(())
}

/// Sends the same byte for ever.
struct Stuck(u8);

impl SpiChip for Stuck {
    fn select(&mut self) -> u8 {
        self.0
    }

    fn exchange(&mut self, _: u8) -> u8 {
        self.0
    }
}

#[test]
fn an_absurd_answer_is_in_range_or_an_error() -> Result<()> {
    for (name, bits, _, is_signed) in CHIPS {
        let gpio = mock::gpio();
        let stuck = gpio.spi_chip(0, 0, Stuck(0));
        let device = open(name, 0, true, &gpio, false)?;
        for byte in 0..=u8::MAX {
            stuck.with(|stuck| stuck.0 = byte);
            match device.raw_value() {
                Ok(raw) => {
                    let least = if is_signed { -(1 << bits) } else { 0 };
                    assert!((least..1 << bits).contains(&raw), "{name} {byte:#x}: {raw}");
                    assert!((-1.0..=1.0).contains(&device.value()?));
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Io, "{name} {byte:#x}"),
            }
        }
        stuck.fail(Fault::Silent);
        assert_eq!(device.raw_value().unwrap_err().kind(), ErrorKind::Io, "{name}");
    }
    Ok(())
}

#[test]
fn threads_may_open_read_and_close_channels_of_one_chip() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let chip = gpio.mcp3008(PINS);
    (0..8).for_each(|channel| chip.set(channel, 100 * channel as u16));
    // Keeps the chip open.
    let kept = Mcp3008::builder(0).gpio(&gpio).open()?;
    thread::scope(|scope| {
        for channel in 0..8 {
            let gpio = &gpio;
            scope.spawn(move || {
                for _ in 0..20 {
                    let pot = Mcp3008::builder(channel).gpio(gpio).open().unwrap();
                    assert_eq!(pot.raw_value().unwrap(), 100 * channel as i32);
                }
            });
        }
    });
    assert_eq!(kept.raw_value()?, 0);
    Ok(())
}

#[test]
fn the_names_of_a_channel() -> Result<()> {
    let gpio = mock::gpio();
    let pot = Mcp3008::builder(3).gpio(&gpio).open()?;
    assert_eq!(
        (format!("{pot:?}"), pot.to_string()),
        ("Mcp3008(channel 3 on SPI0.0)".into(), "Mcp3008 channel 3 on SPI0.0".into())
    );
    let other = Mcp3301::builder().pins(5, 6, 13, 19).gpio(&gpio).open()?;
    assert_eq!(format!("{other:?}"), "Mcp3301(channel 0 on chip select GPIO19)");
    pot.close()?;
    assert_eq!(format!("{pot:?}"), "Mcp3008(channel 3 on SPI0.0, closed)");
    Ok(())
}

#[test]
fn a_channel_is_a_device_with_a_value() -> Result<()> {
    fn read(pot: &impl Value<Value = f64>) -> Result<f64> {
        pot.value()
    }

    let gpio = mock::gpio();
    gpio.mcp3008(PINS).set(0, 1023);
    let pot = Mcp3008::builder(0).gpio(&gpio).open()?;
    assert_eq!(read(&pot)?, 1.0);
    let devices: Vec<Box<dyn Device>> = vec![Box::new(pot.clone())];
    devices[0].close()?;
    assert!(pot.is_closed());
    Ok(())
}
