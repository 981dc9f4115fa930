//! The conformance suite over the pins of expanders: models of the chips on the buses of a mock, on virtual time.

use std::process::ExitCode;
use std::thread;

use pinzero::mock::{self, I2cChip, MockChip, MockGpio, SpiChip};
use pinzero::time::{Instant, ms, us};
use pinzero::{Bias, Gpio, Level, Result};
use pinzero_conformance::{Pulses, Rig, Suite, run};
use pinzero_core::{Line, PinFactory};
use pinzero_expander::{Hc595, Mcp23s17, Mcp23017, Pca9685, Pcf8574};
use pinzero_parts as parts;

/// The pin that the chip's interrupt is wired to.
const INTERRUPT: u32 = 4;

/// The pins of a model.
trait Model: Send + 'static {
    const PINS: u32;

    /// The pulls that the pins have.
    const PULLS: &'static [Bias] = &[Bias::PullUp];

    fn drive(&mut self, pin: usize, level: Option<Level>);

    fn level(&self, pin: usize) -> Level;

    /// The pulses of a chip with PWM of its own.
    fn pulses(&self, pin: usize) -> Option<Pulses> {
        let _ = pin;
        None
    }
}

impl Model for parts::Mcp23x17 {
    const PINS: u32 = 16;
    const PULLS: &'static [Bias] = &[Bias::PullUp, Bias::Disabled];

    fn drive(&mut self, pin: usize, level: Option<Level>) {
        self.drive(pin, level);
    }

    fn level(&self, pin: usize) -> Level {
        self.level(pin)
    }
}

impl Model for parts::Mcp23017 {
    const PINS: u32 = parts::Mcp23x17::PINS;
    const PULLS: &'static [Bias] = parts::Mcp23x17::PULLS;

    fn drive(&mut self, pin: usize, level: Option<Level>) {
        self.pins.drive(pin, level);
    }

    fn level(&self, pin: usize) -> Level {
        self.pins.level(pin)
    }
}

impl Model for parts::Mcp23s17 {
    const PINS: u32 = parts::Mcp23x17::PINS;
    const PULLS: &'static [Bias] = parts::Mcp23x17::PULLS;

    fn drive(&mut self, pin: usize, level: Option<Level>) {
        self.pins.drive(pin, level);
    }

    fn level(&self, pin: usize) -> Level {
        self.pins.level(pin)
    }
}

impl Model for parts::Pcf8574 {
    const PINS: u32 = 8;

    fn drive(&mut self, pin: usize, level: Option<Level>) {
        self.drive(pin, level);
    }

    fn level(&self, pin: usize) -> Level {
        self.level(pin)
    }
}

impl Model for parts::Hc595 {
    const PINS: u32 = 16;

    fn drive(&mut self, _: usize, _: Option<Level>) {}

    fn level(&self, pin: usize) -> Level {
        self.level(pin)
    }
}

impl Model for parts::Pca9685 {
    const PINS: u32 = 16;

    fn drive(&mut self, _: usize, _: Option<Level>) {}

    fn level(&self, pin: usize) -> Level {
        Level::from(self.steps(pin) > 0)
    }

    fn pulses(&self, pin: usize) -> Option<Pulses> {
        let is_steady = matches!(self.steps(pin), 0 | 4096);
        (!is_steady).then(|| Pulses { period: self.period(), pulse: self.pulse(pin) })
    }
}

/// A model, and a record of the levels of its pins, taken after each byte that the model is sent.
struct Recorded<C> {
    model: C,
    clock: Option<Gpio>,
    levels: Vec<Level>,
    changes: Vec<(usize, Instant, Level)>,
}

impl<C: Model> Recorded<C> {
    fn new(model: C, clock: &Gpio) -> Self {
        let levels = (0..C::PINS as usize).map(|pin| model.level(pin)).collect();
        Recorded { model, clock: Some(clock.clone()), levels, changes: Vec::new() }
    }

    fn note(&mut self) {
        let now = self.clock.as_ref().map_or(Instant::ZERO, Gpio::now);
        for (pin, last) in self.levels.iter_mut().enumerate() {
            let level = self.model.level(pin);
            if std::mem::replace(last, level) != level {
                self.changes.push((pin, now, level));
            }
        }
    }
}

impl<C: Model + I2cChip> I2cChip for Recorded<C> {
    fn start(&mut self, is_read: bool) -> bool {
        self.model.start(is_read)
    }

    fn write(&mut self, byte: u8) -> bool {
        let is_taken = self.model.write(byte);
        self.note();
        is_taken
    }

    fn read(&mut self) -> u8 {
        self.model.read()
    }

    fn stop(&mut self) {
        self.model.stop();
        self.note();
    }

    fn interrupts(&self) -> bool {
        self.model.interrupts()
    }
}

impl<C: Model + SpiChip> SpiChip for Recorded<C> {
    fn select(&mut self) -> u8 {
        self.model.select()
    }

    fn exchange(&mut self, received: u8) -> u8 {
        let sent = self.model.exchange(received);
        self.note();
        sent
    }

    fn deselect(&mut self) {
        self.model.deselect();
        self.note();
    }

    fn interrupts(&self) -> bool {
        self.model.interrupts()
    }
}

/// A chip on a bus of a mock, and its factory.
struct Expander<C: Model> {
    mock: MockGpio,
    chip: MockChip<Recorded<C>>,
    gpio: Gpio,
    /// Makes another factory on the same chip.
    again: Box<dyn Fn() -> Result<Box<dyn PinFactory>>>,
}

impl<C: Model> Rig for Expander<C> {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    /// Lines at both ends of each port.
    fn lines(&self) -> Vec<Line> {
        [0, C::PINS / 2 - 1, C::PINS / 2, C::PINS - 1].map(Line).to_vec()
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        self.chip.with(|chip| {
            chip.model.drive(line.0 as usize, level);
            chip.note();
        });
        // Until the interrupt has been answered: the chip notes nothing meanwhile, and a pair of changes would go unseen.
        self.mock.advance(ms(0));
        while self.mock.is_realtime() && self.mock.line(INTERRUPT).level() == Level::Low {
            thread::yield_now();
        }
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(self.chip.with(|chip| chip.model.level(line.0 as usize)))
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let is_its = |change: &&(usize, Instant, Level)| change.0 == line.0 as usize;
        let of = |chip: &mut Recorded<C>| {
            chip.changes.iter().filter(is_its).map(|(_, at, level)| (*at, *level)).collect()
        };
        Ok(Some(self.chip.with(of)))
    }

    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        Ok(self.chip.with(|chip| chip.model.pulses(line.0 as usize)))
    }

    fn pulls(&self) -> Vec<Bias> {
        C::PULLS.to_vec()
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some((self.again)()?))
    }

    /// A PCA9685 has periods in steps of 164 µs, and so meets them to half of that.
    fn resolution(&self) -> std::time::Duration {
        if self.gpio.name() == "pca9685" { us(82) } else { us(0) }
    }
}

/// The model refers to the clock, and the clock's mock to the model.
impl<C: Model> Drop for Expander<C> {
    fn drop(&mut self) {
        self.chip.with(|chip| chip.clock = None);
    }
}

fn mcp23017(mock: MockGpio, has_interrupt: bool) -> Result<Expander<parts::Mcp23017>> {
    let model = Recorded::new(parts::Mcp23017::new(), &mock);
    let chip = mock.i2c_chip(1, 0x21, model).interrupt(&mock, INTERRUPT);
    let builder = Mcp23017::builder(&mock.i2c(1).open()?).address(0x21);
    let gpio = match has_interrupt {
        true => builder.clone().interrupt(&mock, INTERRUPT).open()?,
        false => builder.clone().open()?,
    };
    Ok(Expander { mock, chip, gpio, again: Box::new(move || Ok(Box::new(builder.clone().factory()?))) })
}

fn mcp23s17() -> Result<Expander<parts::Mcp23s17>> {
    let mock = mock::gpio();
    let model = Recorded::new(parts::Mcp23s17::new(5), &mock);
    let chip = mock.spi_chip(0, 0, model).interrupt(&mock, INTERRUPT);
    let builder = Mcp23s17::builder(&mock.hardware_spi(0, 0).open()?).address(5);
    let gpio = builder.clone().interrupt(&mock, INTERRUPT).open()?;
    Ok(Expander { mock, chip, gpio, again: Box::new(move || Ok(Box::new(builder.clone().factory()?))) })
}

fn pcf8574(has_interrupt: bool) -> Result<Expander<parts::Pcf8574>> {
    let mock = mock::gpio();
    let model = Recorded::new(parts::Pcf8574::new(), &mock);
    let chip = mock.i2c_chip(1, 0x20, model).interrupt(&mock, INTERRUPT);
    let builder = Pcf8574::builder(&mock.i2c(1).open()?);
    let gpio = match has_interrupt {
        true => builder.clone().interrupt(&mock, INTERRUPT).open()?,
        false => builder.clone().open()?,
    };
    Ok(Expander { mock, chip, gpio, again: Box::new(move || Ok(Box::new(builder.clone().factory()?))) })
}

fn hc595() -> Result<Expander<parts::Hc595>> {
    let mock = mock::gpio();
    let chip = mock.spi_chip(0, 0, Recorded::new(parts::Hc595::new(2), &mock));
    let builder = Hc595::builder(&mock.hardware_spi(0, 0).open()?).chips(2);
    let gpio = builder.clone().open()?;
    Ok(Expander { mock, chip, gpio, again: Box::new(move || Ok(Box::new(builder.clone().factory()?))) })
}

fn pca9685() -> Result<Expander<parts::Pca9685>> {
    let mock = mock::gpio();
    let chip = mock.i2c_chip(1, 0x40, Recorded::new(parts::Pca9685::new(), &mock));
    let builder = Pca9685::builder(&mock.i2c(1).open()?);
    let gpio = builder.clone().open()?;
    Ok(Expander { mock, chip, gpio, again: Box::new(move || Ok(Box::new(builder.clone().factory()?))) })
}

fn main() -> ExitCode {
    run([
        Suite::new("mcp23017", || mcp23017(mock::gpio(), true)),
        Suite::new("mcp23017_polled", || mcp23017(mock::gpio(), false)),
        Suite::new("mcp23017_in_real_time", || mcp23017(mock::builder().realtime().try_open()?, true)),
        Suite::new("mcp23s17", mcp23s17),
        Suite::new("pcf8574", || pcf8574(true)),
        Suite::new("pcf8574_polled", || pcf8574(false)),
        Suite::new("74hc595", hc595),
        Suite::new("pca9685", pca9685),
    ])
}
