//! Strips of LEDs: the frames on MOSI of the mock, and those in a file that stands in for the kernel's driver.

use std::fs;
use std::path::PathBuf;

use std::sync::Arc;

use pinzero::board::Board;
use pinzero::mock::{self, MockChip, MockGpio, SpiChip};
use pinzero::prelude::*;
use pinzero::{Capabilities, ErrorKind, Host, Line, LineInfo, PinFactory, PixelOrder, Result, SpiOperation};
use pinzero_core::{HardwareSpiConfig, InputConfig, OutputConfig, OutputPin, Pin, SpiBus};

/// What comes out of MOSI.
#[derive(Default)]
struct Wire(Vec<u8>);

impl SpiChip for Wire {
    fn exchange(&mut self, received: u8) -> u8 {
        self.0.push(received);
        0
    }
}

/// Connects a wire to MOSI of controller 0. A strip has no chip select, so the line of the wire's is always low.
fn wire(gpio: &MockGpio) -> MockChip<Wire> {
    gpio.line(8).drive(Level::Low);
    gpio.spi_chip(0, 0, Wire::default())
}

/// Returns the frames sent since the last call, as the LEDs read them. Each begins with a gap of zeros, and has no zero byte.
fn frames(wire: &MockChip<Wire>) -> Vec<Vec<u8>> {
    let bytes = wire.with(|wire| std::mem::take(&mut wire.0));
    bytes.chunk_by(|one, next| *one == 0 || *next != 0).map(read).collect()
}

/// Reads pulses as a LED does: one bit of the bus is a zero, two are a one, more or fewer a fault.
fn read(bytes: &[u8]) -> Vec<u8> {
    let levels: Vec<bool> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1 == 1)).collect();
    let gap = levels.iter().take_while(|level| !**level).count();
    // At 2.4 MHz; the LEDs want 280 µs.
    assert!(gap as f64 / 2.4 >= 280.0, "a gap of {gap} bits");
    let mut bits = Vec::new();
    for pulse in levels[gap..].chunks(3) {
        match pulse {
            [true, false, false] => bits.push(0),
            [true, true, false] => bits.push(1),
            other => panic!("no pulse: {other:?}"),
        }
    }
    assert_eq!(bits.len() % 8, 0);
    bits.chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

#[test]
fn a_picture_is_sent_when_it_is_shown() -> Result<()> {
    let gpio = mock::gpio();
    let wire = wire(&gpio);
    let strip = PixelStrip::builder(3).gpio(&gpio).open()?;
    assert_eq!(frames(&wire), [[0; 9]]);
    strip.fill("#102030")?;
    strip.set(1, Color::RED)?;
    assert!(frames(&wire).is_empty());
    strip.show()?;
    // Green, red, blue.
    assert_eq!(frames(&wire), [[0x20, 0x10, 0x30, 0, 255, 0, 0x20, 0x10, 0x30]]);
    assert_eq!(strip.colors()[1], Color::RED);
    strip.off()?;
    assert_eq!(frames(&wire), [[0; 9]]);
    assert_eq!((strip.len(), strip.colors()), (3, vec![Color::BLACK; 3]));
    Ok(())
}

#[test]
fn order_brightness_and_the_first_color_are_options() -> Result<()> {
    let gpio = mock::gpio();
    let wire = wire(&gpio);
    let builder = PixelStrip::builder(1).order(PixelOrder::Rgb).brightness(0.5).initial_value(Color::RED);
    let strip = builder.gpio(&gpio).open()?;
    assert_eq!(frames(&wire), [[128, 0, 0]]);
    strip.set_brightness(0.2)?;
    strip.show()?;
    assert_eq!((frames(&wire), strip.brightness()), (vec![vec![51, 0, 0]], 0.2));
    drop(strip);
    frames(&wire);
    let strip = PixelStrip::builder(1).order(PixelOrder::Grbw).initial_value(Color::WHITE);
    let _strip = strip.gpio(&gpio).open()?;
    assert_eq!(frames(&wire), [[0, 0, 0, 255]]);
    Ok(())
}

#[test]
fn a_strip_is_dark_after_it_is_closed_whatever_closes_it() -> Result<()> {
    for close in [
        (|strip, _| drop(strip)) as fn(PixelStrip, &MockGpio),
        |strip, _| strip.close().unwrap(),
        |strip, gpio| {
            gpio.close().unwrap();
            assert!(strip.is_closed());
            assert_eq!(strip.show().unwrap_err().kind(), ErrorKind::Closed);
            assert_eq!(strip.fill("red").unwrap_err().kind(), ErrorKind::Closed);
        },
    ] {
        let gpio = mock::gpio();
        let wire = wire(&gpio);
        let strip = PixelStrip::builder(2).initial_value(Color::RED).gpio(&gpio).open()?;
        frames(&wire);
        close(strip, &gpio);
        assert_eq!(frames(&wire), [[0; 6]]);
    }
    Ok(())
}

#[test]
fn a_strip_stays_lit_if_told_so() -> Result<()> {
    let gpio = mock::gpio();
    let wire = wire(&gpio);
    drop(PixelStrip::builder(2).initial_value(Color::RED).on_close(OnClose::Keep).gpio(&gpio).open()?);
    assert_eq!(frames(&wire), [[0, 255, 0, 0, 255, 0]]);
    drop(Led::builder(10).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn what_a_strip_does_not_have_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let refused = |result: Result<PixelStrip>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        error.to_string()
    };
    let message = refused(PixelStrip::builder(0).gpio(&gpio).open());
    assert!(message.contains("0 LEDs") && message.contains("give 1 to"), "{message}");
    refused(PixelStrip::builder(usize::MAX).gpio(&gpio).open());
    refused(PixelStrip::builder(1).brightness(1.5).gpio(&gpio).open());
    refused(PixelStrip::builder(1).brightness(f64::NAN).gpio(&gpio).open());
    refused(PixelStrip::builder(1).initial_value((2.0, 0.0, 0.0)).gpio(&gpio).open());
    let strip = PixelStrip::builder(3).gpio(&gpio).open()?;
    let message = strip.set(3, "red").unwrap_err().to_string();
    assert!(message.contains("no LED 3: the strip has 0 to 2"), "{message}");
    for result in [
        strip.set(0, "no color"),
        strip.set(0, (0.0, f64::NAN, 0.0)),
        strip.fill((0.0, -1.0, 0.0)),
        strip.set_brightness(-0.1),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    assert_eq!(strip.colors(), [Color::BLACK; 3]);
    Ok(())
}

#[test]
fn a_second_strip_on_the_controller_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let _strip = PixelStrip::builder(3).gpio(&gpio).open()?;
    assert_eq!(PixelStrip::builder(3).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::PinInUse);
    assert_eq!(Led::builder(10).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::PinInUse);
    Ok(())
}

/// A file in place of `/dev/leds0`; removed when dropped.
struct Leds(PathBuf);

impl Leds {
    fn new(name: &str, bytes: usize) -> Leds {
        let path = std::env::temp_dir().join(format!("pinzero-leds-{name}-{}", std::process::id()));
        fs::write(&path, vec![7; bytes]).unwrap_or_else(|error| panic!("{error}"));
        Leds(path)
    }

    fn read(&self) -> Vec<u8> {
        fs::read(&self.0).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Leds {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn the_kernel_s_driver_gets_red_green_blue_and_white() -> Result<()> {
    let gpio = mock::gpio();
    let leds = Leds::new("plain", 8);
    let strip = PixelStrip::builder(2).device(&leds.0).gpio(&gpio).open()?;
    assert_eq!(leds.read(), [0; 8]);
    strip.set(0, "#010203")?;
    strip.set(1, Color::WHITE)?;
    assert_eq!(leds.read(), [0; 8]);
    strip.show()?;
    assert_eq!(leds.read(), [1, 2, 3, 0, 255, 255, 255, 0]);
    // The controller is free.
    drop(Led::builder(10).gpio(&gpio).open()?);
    strip.close()?;
    assert_eq!(leds.read(), [0; 8]);
    assert_eq!(strip.show().unwrap_err().kind(), ErrorKind::Closed);
    let kept = PixelStrip::builder(2).device(&leds.0).initial_value(Color::RED).on_close(OnClose::Keep);
    drop(kept.gpio(&gpio).open()?);
    assert_eq!(leds.read(), [255, 0, 0, 0, 255, 0, 0, 0]);
    Ok(())
}

#[test]
fn a_driver_that_is_not_there_is_named_with_its_overlay() {
    let gpio = mock::gpio();
    let error = PixelStrip::builder(30).device("/nowhere/leds0").gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoChip);
    assert!(error.to_string().contains("`dtoverlay=ws2812-pio,gpio=18,num_leds=30`"), "{error}");
}

/// `/dev/full` refuses every write as the driver refuses those beyond its last LED.
#[cfg(target_os = "linux")]
#[test]
fn a_driver_with_fewer_leds_is_named() {
    let gpio = mock::gpio();
    let error = PixelStrip::builder(30).device("/dev/full").gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    let message = error.to_string();
    assert!(message.contains("PixelStrip: /dev/full has fewer LEDs than 30: raise `num_leds`"), "{message}");
}

#[test]
fn a_second_strip_on_a_device_file_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let leds = Leds::new("second", 8);
    let open = || PixelStrip::builder(2).device(&leds.0).gpio(&gpio).open();
    let strip = open()?;
    let error = open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("in use by PixelStrip opened at "), "{error}");
    // The same file by another name.
    let dots = leds.0.parent().unwrap().join(".").join(leds.0.file_name().unwrap());
    assert!(PixelStrip::builder(2).device(dots).gpio(&gpio).open().is_err());
    strip.close()?;
    drop(open()?);
    drop(open()?);
    Ok(())
}

/// The device file would be that of the laptop.
#[test]
fn a_device_file_of_another_computer_is_refused() -> Result<()> {
    let leds = Leds::new("remote", 8);
    let gpio = Gpio::new(Limited(Arc::new(mock::gpio().factory()), Host::Remote("zero:8888".into())))?;
    let error = PixelStrip::builder(2).device(&leds.0).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let message = error.to_string();
    assert!(message.contains("run the program on the Raspberry Pi itself"), "{message}");
    assert_eq!(leds.read(), [7; 8]);
    Ok(())
}

/// A controller with the limits of the kernel's: 4096 bytes a transfer, and a chip select that cannot be left alone.
#[derive(Debug)]
struct Limited(Arc<dyn PinFactory>, Host);

#[derive(Debug)]
struct LimitedBus(Box<dyn SpiBus>);

impl PinFactory for Limited {
    fn name(&self) -> &'static str {
        "limited"
    }

    fn host(&self) -> Host {
        self.1.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn board(&self) -> Board {
        self.0.board()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        self.0.find_line(name)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        self.0.line_info(line)
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        self.0.open_output(line, config)
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        self.0.open_input(line, config)
    }

    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        if config.unselected {
            return Err(Error::unsupported("leaving the chip select alone"));
        }
        Ok(Box::new(LimitedBus(self.0.open_hardware_spi(config)?)))
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl SpiBus for LimitedBus {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        if operations.iter().map(SpiOperation::len).sum::<usize>() > 4096 {
            return Err(Error::new(ErrorKind::InvalidValue, "add `spidev.bufsiz=8192`"));
        }
        self.0.transfer(operations)
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

#[test]
fn the_longest_strip_is_that_of_the_kernel_s_buffer() -> Result<()> {
    let mock = mock::gpio();
    let wire = mock.spi_chip(0, 0, Wire::default());
    let gpio = Gpio::new(Limited(Arc::new(mock.factory()), Host::Local))?;
    for (count, order) in [(445, PixelOrder::Grb), (333, PixelOrder::Grbw)] {
        drop(PixelStrip::builder(count).order(order).gpio(&gpio).open()?);
        assert_eq!(frames(&wire).len(), 2);
        let error = PixelStrip::builder(count + 1).order(order).gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let message = error.to_string();
        assert!(
            message.contains(&format!("{} LEDs", count + 1)) && message.contains("spidev.bufsiz="),
            "{message}"
        );
    }
    Ok(())
}
