//! The 74HC595 (SPI): eight outputs, or more in a chain.

use pinzero_core::{Capabilities, Error, ErrorKind, Gpio, Line, Result, Spi, Support};

use crate::bus::Bus;
use crate::chip::Chip;
use crate::factory::ExpanderFactory;
use crate::port::{self, Model, Pins, Port, Reading};

/// The most chips of a chain: as many as a group has lines.
const MOST: u32 = 8;

const MODEL: Model = Model {
    name: "74hc595",
    capabilities: Capabilities {
        output: Support::Native,
        group: Support::Native,
        keep: Support::Native,
        ..Capabilities::NONE
    },
    biases: &[],
    no_other_bias: "the chip has outputs only",
    name_of: |Line(line)| {
        let output = char::from(b'A' + (line % 8) as u8);
        if line < 8 { format!("Q{output}") } else { format!("Q{output}{}", line / 8 + 1) }
    },
    is_quasi_bidirectional: false,
};

/// A 74HC595, or a chain of them: eight outputs each, on SPI.
///
/// SER goes to MOSI, SRCLK to the clock, and RCLK, the latch, to the chip select. Line 0 is QA of the chip at MOSI, and line 8 QA of
/// the next one, whose SER is at QH' of the first. Names are QA to QH, then QA2 to QH2, QA3 to QH3 and so on. All outputs change in
/// the same instant.
///
/// The chip cannot be read. `open` writes the levels of [`initial`](Hc595Builder::initial) to all outputs; before that they are random,
/// unless OE is kept high. A level that is read is the one last written. A line that is closed goes back to its initial level, or has
/// the level that `on_close` names, as long as the chip has its supply. Nobody notices a chip that is gone.
///
/// ```
/// use pinzero_core::mock;
/// use pinzero_expander::Hc595;
/// # use pinzero_parts as parts;
///
/// let gpio = mock::gpio();
/// let chain = gpio.spi_chip(0, 0, parts::Hc595::new(2));
///
/// let spi = gpio.hardware_spi(0, 0).max_rate(1_000_000).open()?;
/// let outputs = Hc595::builder(&spi).chips(2).open()?;
/// let bar = outputs.group(0..16).open()?;
/// bar.set(0b11_1111_1111)?;
/// assert_eq!(chain.with(|chain| chain.outputs().to_vec()), [0b1111_1111, 0b11]);
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Hc595;

impl Hc595 {
    /// Returns a builder for the outputs of a chip at this chip select.
    pub fn builder(spi: &Spi) -> Hc595Builder {
        Hc595Builder { spi: spi.clone(), chips: 1, initial: None }
    }
}

/// Builder for the outputs of a 74HC595; returned by [`Hc595::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct Hc595Builder {
    spi: Spi,
    chips: u32,
    initial: Option<u64>,
}

impl Hc595Builder {
    /// Sets the number of chips in the chain, 1 to 8. Default: 1.
    pub fn chips(mut self, count: u32) -> Self {
        self.chips = count;
        self
    }

    /// Sets the levels of all outputs until they are opened, bit 0 for line 0. Default: all low, or as they are if the chain is in use
    /// already.
    pub fn initial(mut self, levels: u64) -> Self {
        self.initial = Some(levels);
        self
    }

    /// Takes the chip into use, and returns its outputs as a `Gpio`.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for a number of chips out of range, for initial levels of outputs that the chain does
    /// not have, for a number of chips or initial levels other than the chain is already in use with, and for a bus without MOSI or
    /// without a chip select; [`Unsupported`](ErrorKind::Unsupported) for a bus of another computer; any error of the bus.
    pub fn open(self) -> Result<Gpio> {
        self.factory()?.open()
    }

    /// Takes the chip into use, and returns its outputs as a factory; see
    /// [`Mcp23017Builder::factory`](crate::Mcp23017Builder::factory).
    ///
    /// # Errors
    /// See [`open`](Hc595Builder::open).
    pub fn factory(self) -> Result<ExpanderFactory> {
        let invalid = |message: String| Error::new(ErrorKind::InvalidValue, message).with_factory(MODEL.name);
        if !(1..=MOST).contains(&self.chips) {
            return Err(invalid(format!("a chain has 1 to {MOST} chips, not {}", self.chips)));
        }
        let lines = self.chips * 8;
        let initial = self.initial.unwrap_or(0);
        if initial.checked_shr(lines).is_some_and(|beyond| beyond != 0) {
            let outputs = port::names(lines, MODEL.name_of);
            return Err(invalid(format!(
                "`initial` has a level for an output beyond {outputs}: set `chips`"
            )));
        }
        let bus = Bus::Spi(self.spi);
        bus.check_wires("latch, RCLK").map_err(|error| error.with_factory(MODEL.name))?;
        let port = ShiftRegister { bus: bus.clone(), chips: self.chips as usize, initial };
        let chip = Chip::share(MODEL, lines, &bus, None, None, Box::new(port))?;
        let message = if chip.lines != lines {
            format!("the chain is in use with {} chips, not {}", chip.lines / 8, self.chips)
        } else if self.initial.is_some_and(|initial| initial != chip.initial) {
            format!("the chain is in use with other levels: leave out `initial`, or give {:#b}", chip.initial)
        } else {
            return Ok(ExpanderFactory::new(chip));
        };
        chip.leave()?;
        Err(invalid(message))
    }
}

#[derive(Debug)]
struct ShiftRegister {
    bus: Bus,
    chips: usize,
    initial: u64,
}

impl Port for ShiftRegister {
    fn begin(&mut self) -> Result<Pins> {
        let pins = Pins { levels: self.initial, ..Pins::default() };
        self.restore(&pins)?;
        Ok(pins)
    }

    fn change(&mut self, from: &Pins, to: &Pins) -> Result<()> {
        if from.levels == to.levels { Ok(()) } else { self.restore(to) }
    }

    fn restore(&mut self, pins: &Pins) -> Result<()> {
        // The first byte goes the farthest.
        let bytes: Vec<u8> = pins.levels.to_le_bytes()[..self.chips].iter().rev().copied().collect();
        self.bus.write(&bytes)
    }

    fn read(&mut self, pins: &Pins) -> Result<Reading> {
        Ok(Reading { levels: pins.levels, ..Reading::default() })
    }
}
