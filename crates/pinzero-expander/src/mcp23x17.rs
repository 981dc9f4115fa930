//! The MCP23017 (I2C) and the MCP23S17 (SPI): 16 pins, pull-ups, interrupts.

use pinzero_core::{
    Bias, Capabilities, Error, ErrorKind, Gpio, I2c, I2cAddress, Line, PinSpec, Result, Spi, Support,
};

use crate::bus::Bus;
use crate::chip::Chip;
use crate::factory::ExpanderFactory;
use crate::interrupt::InterruptPin;
use crate::port::{Model, Pins, Port, Reading};

/// The registers in their order at power-on (BANK = 0): those of port A, each followed by the same one of port B.
const IODIR: u8 = 0x00;
const GPINTEN: u8 = 0x04;
const IOCON: u8 = 0x0a;
const GPPU: u8 = 0x0c;
const INTF: u8 = 0x0e;
const GPIO: u8 = 0x12;
const OLAT: u8 = 0x14;
const COUNT: usize = 0x16;

/// IOCON: both ports interrupt on INTA and on INTB, which are open drain. On SPI the chip also heeds its address pins.
const MIRRORED_OPEN_DRAIN: u8 = 0x44;
const HARDWARE_ADDRESS: u8 = 0x08;

/// The first byte of a message by SPI, to address 0; bit 0 is set to read.
const OPCODE: u8 = 0x40;

const MODEL: Model = Model {
    name: "mcp23017",
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
    biases: &[Bias::AsIs, Bias::Disabled, Bias::PullUp],
    no_other_bias: "the chip has pull-ups only: wire a resistor to ground, or the switch between pin and ground",
    name_of: |Line(line)| format!("GP{}{}", if line < 8 { 'A' } else { 'B' }, line % 8),
    is_quasi_bidirectional: false,
};

/// An MCP23017: 16 pins on I2C, which are inputs or outputs.
///
/// Lines 0 to 7 are GPA0 to GPA7, lines 8 to 15 are GPB0 to GPB7. Microchip's newer data sheet makes GPA7 and GPB7 outputs only: as
/// inputs they may disturb the bus.
///
/// ```
/// use pinzero_core::{Bias, Level, mock};
/// use pinzero_expander::Mcp23017;
/// # use pinzero_parts as parts;
///
/// let gpio = mock::gpio();
/// let chip = gpio.i2c_chip(1, 0x20, parts::Mcp23017::new()).interrupt(&gpio, 4);
///
/// let i2c = gpio.i2c(1).open()?;
/// let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
/// let lamp = expander.output("GPB2").initial(Level::High).open()?;
/// let button = expander.input(0).bias(Bias::PullUp).open()?;
/// assert!(chip.with(|chip| chip.pins.level(10).is_high()));
///
/// let mut events = button.events();
/// chip.with(|chip| chip.pins.drive(0, Some(Level::Low)));
/// assert_eq!(events.next().map(|event| event.level), Some(Level::Low));
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Mcp23017;

impl Mcp23017 {
    /// Returns a builder for the pins of a chip on this bus.
    pub fn builder(i2c: &I2c) -> Mcp23017Builder {
        Mcp23017Builder { i2c: i2c.clone(), address: 0x20.into(), interrupt: None }
    }
}

/// Builder for the pins of an MCP23017; returned by [`Mcp23017::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct Mcp23017Builder {
    i2c: I2c,
    address: I2cAddress,
    interrupt: Option<InterruptPin>,
}

impl Mcp23017Builder {
    /// Sets the chip's address, 0x20 to 0x27 by its pins A0 to A2. Default: 0x20.
    pub fn address(mut self, address: impl Into<I2cAddress>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets the pin that the chip's INTA or INTB is wired to. Inputs then report their edges as they happen, and nothing is read
    /// meanwhile. Default: none, and core reads each input every 5 ms.
    ///
    /// The pin gets a pull-up; several chips need a pin each.
    pub fn interrupt(mut self, gpio: &Gpio, pin: impl Into<PinSpec>) -> Self {
        self.interrupt = Some(InterruptPin::new(gpio, pin.into()));
        self
    }

    /// Takes the chip into use, and returns its pins as a `Gpio`.
    ///
    /// # Errors
    /// [`NoAcknowledge`](ErrorKind::NoAcknowledge) if no chip answers at the address;
    /// [`InvalidValue`](ErrorKind::InvalidValue) for an address that this chip cannot have;
    /// [`PinInUse`](ErrorKind::PinInUse) with the device of another kind that has the address;
    /// [`Unsupported`](ErrorKind::Unsupported) for a bus of another computer; any error of the interrupt pin and of the bus.
    #[track_caller]
    pub fn open(self) -> Result<Gpio> {
        self.factory()?.open()
    }

    /// Takes the chip into use, and returns its pins as a factory, for settings of [`Gpio::builder`]: name the bus' `Gpio` there by
    /// [`through`](pinzero_core::GpioBuilder::through).
    ///
    /// # Errors
    /// See [`open`](Mcp23017Builder::open).
    #[track_caller]
    pub fn factory(self) -> Result<ExpanderFactory> {
        let bus = Bus::I2c(self.i2c, self.address);
        let fits = matches!(self.address, I2cAddress::Seven(0x20..=0x27));
        open(MODEL, bus, None, fits.then_some(()).ok_or("0x20 to 0x27"), self.interrupt)
    }
}

/// An MCP23S17: 16 pins on SPI, which are inputs or outputs. Lines and names are those of the [`Mcp23017`].
///
/// Up to eight chips share a chip select, each with an address of its own. SPI has no acknowledge: a chip that is gone is noticed when
/// its pins are read, and not when they are written.
///
/// ```
/// use pinzero_core::{Level, mock};
/// use pinzero_expander::Mcp23s17;
/// # use pinzero_parts as parts;
///
/// let gpio = mock::gpio();
/// let chip = gpio.spi_chip(0, 0, parts::Mcp23s17::new(3));
///
/// let spi = gpio.hardware_spi(0, 0).max_rate(10_000_000).open()?;
/// let expander = Mcp23s17::builder(&spi).address(3).open()?;
/// let lamp = expander.output("GPA7").initial(Level::High).open()?;
/// assert!(chip.with(|chip| chip.pins.level(7).is_high()));
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Mcp23s17;

impl Mcp23s17 {
    /// Returns a builder for the pins of a chip at this chip select. The chip takes 10 MHz: set the bus' `max_rate`.
    pub fn builder(spi: &Spi) -> Mcp23s17Builder {
        Mcp23s17Builder { spi: spi.clone(), address: 0, interrupt: None }
    }
}

/// Builder for the pins of an MCP23S17; returned by [`Mcp23s17::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct Mcp23s17Builder {
    spi: Spi,
    address: u8,
    interrupt: Option<InterruptPin>,
}

impl Mcp23s17Builder {
    /// Sets the chip's address, 0 to 7 by its pins A0 to A2. Default: 0.
    pub fn address(mut self, address: u8) -> Self {
        self.address = address;
        self
    }

    /// Sets the pin that the chip's INTA or INTB is wired to; see [`Mcp23017Builder::interrupt`].
    pub fn interrupt(mut self, gpio: &Gpio, pin: impl Into<PinSpec>) -> Self {
        self.interrupt = Some(InterruptPin::new(gpio, pin.into()));
        self
    }

    /// Takes the chip into use, and returns its pins as a `Gpio`.
    ///
    /// # Errors
    /// See [`Mcp23017Builder::open`].
    #[track_caller]
    pub fn open(self) -> Result<Gpio> {
        self.factory()?.open()
    }

    /// Takes the chip into use, and returns its pins as a factory; see [`Mcp23017Builder::factory`].
    ///
    /// # Errors
    /// See [`Mcp23017Builder::open`].
    #[track_caller]
    pub fn factory(self) -> Result<ExpanderFactory> {
        let fits = if self.address < 8 { Ok(()) } else { Err("0 to 7") };
        open(
            Model { name: "mcp23s17", ..MODEL },
            Bus::Spi(self.spi),
            Some(self.address),
            fits,
            self.interrupt,
        )
    }
}

#[track_caller]
fn open(
    model: Model,
    bus: Bus,
    address: Option<u8>,
    fits: Result<(), &str>,
    interrupt: Option<InterruptPin>,
) -> Result<ExpanderFactory> {
    if let Err(range) = fits {
        let message = format!("this chip's address is {range}, by its pins A0 to A2");
        return Err(Error::new(ErrorKind::InvalidValue, message).with_factory(model.name));
    }
    bus.check_wires("CS").map_err(|error| error.with_factory(model.name))?;
    let reads_flags = interrupt.is_some();
    let port =
        Registers { bus: bus.clone(), opcode: address.map(|address| OPCODE | address << 1), reads_flags };
    let chip = Chip::share(model, 16, &bus, address, interrupt, Box::new(port))?;
    Ok(ExpanderFactory::new(chip))
}

#[derive(Debug)]
struct Registers {
    bus: Bus,
    /// The first byte of a message by SPI.
    opcode: Option<u8>,
    /// The flags are of use only with the interrupt that they explain.
    reads_flags: bool,
}

impl Registers {
    fn control(&self) -> u8 {
        MIRRORED_OPEN_DRAIN | if self.opcode.is_some() { HARDWARE_ADDRESS } else { 0 }
    }

    /// Writes to `register` and the next ones.
    fn write(&self, register: u8, values: &[u8]) -> Result<()> {
        let message: Vec<u8> =
            self.opcode.into_iter().chain([register]).chain(values.iter().copied()).collect();
        self.bus.write(&message)
    }

    /// Reads `register` and the next ones.
    fn read_from(&self, register: u8, values: &mut [u8]) -> Result<()> {
        match self.opcode {
            Some(opcode) => self.bus.write_read(&[opcode | 1, register], values),
            None => self.bus.write_read(&[register], values),
        }
    }

    /// Writes what differs in a register of both ports.
    fn write_pair(&self, register: u8, from: u64, to: u64) -> Result<()> {
        let ([from_a, from_b], [a, b]) = (pair(from), pair(to));
        match (from_a != a, from_b != b) {
            (false, false) => Ok(()),
            (true, false) => self.write(register, &[a]),
            (false, true) => self.write(register + 1, &[b]),
            (true, true) => self.write(register, &[a, b]),
        }
    }

    /// Sets the chip up: the way of its interrupts and, on SPI, that it heeds its address.
    fn set_up(&self) -> Result<()> {
        if self.opcode.is_some_and(|opcode| opcode != OPCODE) {
            // After power-on, a chip of any address answers to 0.
            self.bus.write(&[OPCODE, IOCON, self.control()])?;
        }
        self.write(IOCON, &[self.control()])
    }
}

fn pair(bits: u64) -> [u8; 2] {
    (bits as u16).to_le_bytes()
}

fn whole(a: u8, b: u8) -> u64 {
    u16::from_le_bytes([a, b]).into()
}

impl Port for Registers {
    fn begin(&mut self) -> Result<Pins> {
        self.set_up()?;
        let mut found = [0; COUNT];
        self.read_from(0, &mut found)?;
        if self.opcode.is_some() && found[usize::from(IOCON)] != self.control() {
            let message = "no MCP23S17 answers: check the chip select, the address and the supply";
            return Err(Error::new(ErrorKind::NoAcknowledge, message));
        }
        let register = |register: u8| whole(found[usize::from(register)], found[usize::from(register) + 1]);
        let pins =
            Pins { levels: register(OLAT), inputs: register(IODIR), pulled_up: register(GPPU), watched: 0 };
        // No inverted inputs, and no interrupts of another program.
        self.restore(&pins)?;
        Ok(pins)
    }

    fn change(&mut self, from: &Pins, to: &Pins) -> Result<()> {
        let still_watched = from.watched & to.watched;
        self.write_pair(GPINTEN, from.watched, still_watched)?;
        // The level and the pull are there before the direction changes.
        self.write_pair(OLAT, from.levels, to.levels)?;
        self.write_pair(GPPU, from.pulled_up, to.pulled_up)?;
        self.write_pair(IODIR, from.inputs, to.inputs)?;
        self.write_pair(GPINTEN, still_watched, to.watched)
    }

    fn restore(&mut self, pins: &Pins) -> Result<()> {
        self.set_up()?;
        self.write(OLAT, &pair(pins.levels))?;
        self.write(GPPU, &pair(pins.pulled_up))?;
        let ([inputs_a, inputs_b], [watched_a, watched_b]) = (pair(pins.inputs), pair(pins.watched));
        // IODIR, IPOL, GPINTEN, DEFVAL and INTCON.
        self.write(IODIR, &[inputs_a, inputs_b, 0, 0, watched_a, watched_b, 0, 0, 0, 0])
    }

    fn read(&mut self, _: &Pins) -> Result<Reading> {
        let first = match (self.opcode, self.reads_flags) {
            // SPI has no acknowledge: a register whose value is known tells whether the chip is there.
            (Some(_), _) => IOCON,
            (None, true) => INTF,
            (None, false) => GPIO,
        };
        let mut values = [0; OLAT as usize];
        self.read_from(first, &mut values[usize::from(first)..])?;
        if first == IOCON && values[usize::from(IOCON)] != self.control() {
            let message = "the chip does not answer, or has lost its supply";
            return Err(Error::new(ErrorKind::Disconnected, message));
        }
        let register = |register: u8| whole(values[usize::from(register)], values[usize::from(register) + 1]);
        Ok(Reading { levels: register(GPIO), flags: register(INTF), captured: register(INTF + 2) })
    }
}
