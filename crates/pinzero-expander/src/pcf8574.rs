//! The PCF8574 (I2C): eight pins that are low, or weakly high.

use pinzero_core::{
    Bias, Capabilities, Error, ErrorKind, Gpio, I2c, I2cAddress, I2cOperation, Line, PinSpec, Result, Support,
};

use crate::bus::Bus;
use crate::chip::Chip;
use crate::factory::ExpanderFactory;
use crate::interrupt::InterruptPin;
use crate::port::{Model, Pins, Port, Reading};

const MODEL: Model = Model {
    name: "pcf8574",
    capabilities: Capabilities {
        output: Support::Native,
        input: Support::Native,
        bias: Support::Native,
        inputs: Support::Native,
        group: Support::Native,
        flex: Support::Native,
        keep: Support::Native,
        ..Capabilities::NONE
    },
    biases: &[Bias::AsIs, Bias::PullUp],
    no_other_bias: "a pin that is not low has a weak pull-up, always; wire the switch between pin and ground",
    name_of: |Line(line)| format!("P{line}"),
    is_quasi_bidirectional: true,
};

/// A PCF8574: eight pins on I2C, P0 to P7. A PCF8574A is the same at 0x38 to 0x3f.
///
/// A pin has two states: low, which takes up to 25 mA, and high, which gives a tenth of a milliampere: a weak pull-up. So a LED goes
/// between the supply and the pin, with `active_high(false)`, and a button between the pin and ground. A pin that is high is an input
/// at the same time; no other pull can be set, and an output that is high reads low when something outside pulls it down.
///
/// The chip does not tell which of its pins it holds low. When it is taken into use, a pin that reads low stays low, so that a relay
/// which another program left on stays on, until the pin is opened. An input that something outside holds low at that moment is held low
/// by the chip too, until it is opened.
///
/// ```
/// use pinzero_core::{Level, mock};
/// use pinzero_expander::Pcf8574;
/// # use pinzero_parts as parts;
///
/// let gpio = mock::gpio();
/// let chip = gpio.i2c_chip(1, 0x27, parts::Pcf8574::new());
///
/// let i2c = gpio.i2c(1).open()?;
/// let expander = Pcf8574::builder(&i2c).address(0x27).open()?;
/// let lamp = expander.output("P3").initial(Level::Low).open()?;
/// assert_eq!(chip.with(|chip| chip.levels()), 0b1111_0111);
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Pcf8574;

impl Pcf8574 {
    /// Returns a builder for the pins of a chip on this bus.
    pub fn builder(i2c: &I2c) -> Pcf8574Builder {
        Pcf8574Builder { i2c: i2c.clone(), address: 0x20.into(), interrupt: None }
    }
}

/// Builder for the pins of a PCF8574; returned by [`Pcf8574::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct Pcf8574Builder {
    i2c: I2c,
    address: I2cAddress,
    interrupt: Option<InterruptPin>,
}

impl Pcf8574Builder {
    /// Sets the chip's address: 0x20 to 0x27 by its pins A0 to A2, or 0x38 to 0x3f for a PCF8574A. Default: 0x20.
    pub fn address(mut self, address: impl Into<I2cAddress>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets the pin that the chip's INT is wired to; see [`Mcp23017Builder::interrupt`](crate::Mcp23017Builder::interrupt).
    ///
    /// This chip interrupts while an input differs from what was read last. It does not tell which one: a pulse that ends before the
    /// chip is read goes unseen and uncounted.
    pub fn interrupt(mut self, gpio: &Gpio, pin: impl Into<PinSpec>) -> Self {
        self.interrupt = Some(InterruptPin::new(gpio, pin.into()));
        self
    }

    /// Takes the chip into use, and returns its pins as a `Gpio`.
    ///
    /// # Errors
    /// See [`Mcp23017Builder::open`](crate::Mcp23017Builder::open).
    #[track_caller]
    pub fn open(self) -> Result<Gpio> {
        self.factory()?.open()
    }

    /// Takes the chip into use, and returns its pins as a factory; see
    /// [`Mcp23017Builder::factory`](crate::Mcp23017Builder::factory).
    ///
    /// # Errors
    /// See [`Mcp23017Builder::open`](crate::Mcp23017Builder::open).
    #[track_caller]
    pub fn factory(self) -> Result<ExpanderFactory> {
        if !matches!(self.address, I2cAddress::Seven(0x20..=0x27 | 0x38..=0x3f)) {
            let message = "this chip's address is 0x20 to 0x27, or 0x38 to 0x3f for a PCF8574A";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_factory(MODEL.name));
        }
        let port = Latch { i2c: self.i2c.clone(), address: self.address };
        let bus = Bus::I2c(self.i2c, self.address);
        let chip = Chip::share(MODEL, 8, &bus, None, self.interrupt, Box::new(port))?;
        Ok(ExpanderFactory::new(chip))
    }
}

/// The only register: ones are weakly high.
#[derive(Debug)]
struct Latch {
    i2c: I2c,
    address: I2cAddress,
}

impl Latch {
    fn levels(&self) -> Result<u64> {
        let mut levels = [0];
        self.i2c.transaction_under_lock(self.address, &mut [I2cOperation::Read(&mut levels)])?;
        Ok(levels[0].into())
    }
}

fn latch(pins: &Pins) -> u8 {
    (pins.levels | pins.inputs) as u8
}

impl Port for Latch {
    fn begin(&mut self) -> Result<Pins> {
        let high = self.levels()?;
        Ok(Pins { levels: high, inputs: high, pulled_up: 0xff, watched: 0 })
    }

    fn change(&mut self, from: &Pins, to: &Pins) -> Result<()> {
        if latch(from) == latch(to) { Ok(()) } else { self.restore(to) }
    }

    fn restore(&mut self, pins: &Pins) -> Result<()> {
        self.i2c.transaction_under_lock(self.address, &mut [I2cOperation::Write(&[latch(pins)])])
    }

    fn read(&mut self, _: &Pins) -> Result<Reading> {
        Ok(Reading { levels: self.levels()?, ..Reading::default() })
    }
}
