//! The conformance suite over the pins of expanders: models of the chips on the buses of a mock, on virtual time.

use std::process::ExitCode;

use pinzero::mock::{self, MockChip, MockGpio};
use pinzero::time::ms;
use pinzero::{Bias, Gpio, Level, Result};
use pinzero_conformance::{Deviation, Rig, Suite, run};
use pinzero_core::{Line, PinFactory};
use pinzero_expander::{ExpanderFactory, Hc595, Mcp23017, Mcp23s17, Pcf8574};
use pinzero_parts as parts;

/// The pin that the chip's interrupt is wired to.
const INTERRUPT: u32 = 4;

/// The pins of a model.
trait Model: Send + 'static {
    fn drive(&mut self, pin: usize, level: Option<Level>);
    fn level(&self, pin: usize) -> Level;
}

impl Model for parts::Mcp23017 {
    fn drive(&mut self, pin: usize, level: Option<Level>) {
        self.pins.drive(pin, level);
    }

    fn level(&self, pin: usize) -> Level {
        self.pins.level(pin)
    }
}

impl Model for parts::Mcp23s17 {
    fn drive(&mut self, pin: usize, level: Option<Level>) {
        self.pins.drive(pin, level);
    }

    fn level(&self, pin: usize) -> Level {
        self.pins.level(pin)
    }
}

impl Model for parts::Pcf8574 {
    fn drive(&mut self, pin: usize, level: Option<Level>) {
        self.drive(pin, level);
    }

    fn level(&self, pin: usize) -> Level {
        self.level(pin)
    }
}

impl Model for parts::Hc595 {
    fn drive(&mut self, _: usize, _: Option<Level>) {}

    fn level(&self, pin: usize) -> Level {
        self.level(pin)
    }
}

/// A chip on a bus of a mock, and its factory.
struct Expander<C> {
    mock: MockGpio,
    chip: MockChip<C>,
    gpio: Gpio,
    lines: Vec<Line>,
    pulls: &'static [Bias],
    /// Makes another factory on the same chip.
    again: Box<dyn Fn() -> Result<ExpanderFactory>>,
}

impl<C: Model> Rig for Expander<C> {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn lines(&self) -> Vec<Line> {
        self.lines.clone()
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        self.chip.with(|chip| chip.drive(line.0 as usize, level));
        // The interrupt is answered.
        self.mock.advance(ms(0));
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(self.chip.with(|chip| chip.level(line.0 as usize)))
    }

    fn pulls(&self) -> Vec<Bias> {
        self.pulls.to_vec()
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some(Box::new((self.again)()?)))
    }
}

const MCP23X17: [Bias; 2] = [Bias::PullUp, Bias::Disabled];

/// Lines of both ports.
fn lines() -> Vec<Line> {
    [0, 3, 9, 15].map(Line).to_vec()
}

fn mcp23017(has_interrupt: bool) -> Result<Expander<parts::Mcp23017>> {
    let mock = mock::gpio();
    let chip = mock.i2c_chip(1, 0x21, parts::Mcp23017::new()).interrupt(&mock, INTERRUPT);
    let i2c = mock.i2c(1).open()?;
    let builder = Mcp23017::builder(&i2c).address(0x21);
    let gpio = match has_interrupt {
        true => builder.clone().interrupt(&mock, INTERRUPT).open()?,
        false => builder.clone().open()?,
    };
    Ok(Expander { mock, chip, gpio, lines: lines(), pulls: &MCP23X17, again: Box::new(move || builder.clone().factory()) })
}

fn mcp23s17() -> Result<Expander<parts::Mcp23s17>> {
    let mock = mock::gpio();
    let chip = mock.spi_chip(0, 0, parts::Mcp23s17::new(5)).interrupt(&mock, INTERRUPT);
    let spi = mock.hardware_spi(0, 0).open()?;
    let builder = Mcp23s17::builder(&spi).address(5);
    let gpio = builder.clone().interrupt(&mock, INTERRUPT).open()?;
    Ok(Expander { mock, chip, gpio, lines: lines(), pulls: &MCP23X17, again: Box::new(move || builder.clone().factory()) })
}

fn pcf8574(has_interrupt: bool) -> Result<Expander<parts::Pcf8574>> {
    let mock = mock::gpio();
    let chip = mock.i2c_chip(1, 0x20, parts::Pcf8574::new()).interrupt(&mock, INTERRUPT);
    let i2c = mock.i2c(1).open()?;
    let builder = Pcf8574::builder(&i2c);
    let gpio = match has_interrupt {
        true => builder.clone().interrupt(&mock, INTERRUPT).open()?,
        false => builder.clone().open()?,
    };
    let lines = [0, 3, 5, 7].map(Line).to_vec();
    Ok(Expander { mock, chip, gpio, lines, pulls: &[Bias::PullUp], again: Box::new(move || builder.clone().factory()) })
}

fn hc595() -> Result<Expander<parts::Hc595>> {
    let mock = mock::gpio();
    let chip = mock.spi_chip(0, 0, parts::Hc595::new(2));
    let spi = mock.hardware_spi(0, 0).open()?;
    let builder = Hc595::builder(&spi).chips(2);
    let gpio = builder.clone().open()?;
    Ok(Expander { mock, chip, gpio, lines: lines(), pulls: &[], again: Box::new(move || builder.clone().factory()) })
}

const NONE: [Deviation; 0] = [];

fn main() -> ExitCode {
    run([
        Suite::new("mcp23017", || mcp23017(true)).deviations(&NONE),
        Suite::new("mcp23017_polled", || mcp23017(false)).deviations(&NONE),
        Suite::new("mcp23s17", mcp23s17).deviations(&NONE),
        Suite::new("pcf8574", || pcf8574(true)).deviations(&NONE),
        Suite::new("pcf8574_polled", || pcf8574(false)).deviations(&NONE),
        Suite::new("74hc595", hc595).deviations(&NONE),
    ])
}
