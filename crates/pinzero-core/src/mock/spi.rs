//! An SPI device on mock pins: it shifts answers out and requests in, as its clock and select lines tell it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::mcp3008::{Conversion, MockMcp3008};
use crate::handle::spi::{SpiMode, SpiSettings};
use crate::types::{Level, Line};

/// An SPI device (mode and order of bits as set up) that is wired to mock pins; made by
/// [`MockGpio::spi_device`](super::MockGpio::spi_device).
#[derive(Debug, Clone)]
pub struct MockSpiDevice(pub(super) Arc<Mutex<Exchange>>);

/// What goes over the wires of a device. Its lock is a leaf below that of the wires.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    answers: VecDeque<u8>,
    received: Vec<u8>,
}

impl MockSpiDevice {
    /// What it will say next, after all that it has been told to say before. Zeros when there is nothing left.
    pub fn answer(&self, bytes: &[u8]) {
        self.0.lock().answers.extend(bytes);
    }

    /// Takes out what it has been sent so far.
    pub fn received(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().received)
    }
}

/// What a device is.
#[derive(Debug)]
pub(super) enum Chip {
    /// One that says what it has been told to say.
    Script(Arc<Mutex<Exchange>>),
    Mcp3008(MockMcp3008, Conversion),
}

/// The device's end of the wires.
#[derive(Debug)]
pub(super) struct SpiPeripheral {
    pub(super) clock: Line,
    pub(super) mosi: Line,
    pub(super) miso: Line,
    pub(super) select: Line,
    settings: SpiSettings,
    chip: Chip,
    is_selected: bool,
    clock_level: Level,
    /// How many bits of the byte have come in, and which.
    bits: u32,
    input: u8,
    /// The byte that goes out, and the bit of it that is on the wire.
    output: u8,
    level: Level,
}

impl SpiPeripheral {
    pub(super) fn lines(&self) -> [Line; 4] {
        [self.clock, self.mosi, self.miso, self.select]
    }

    pub(super) fn new([clock, mosi, miso, select]: [Line; 4], mode: SpiMode, chip: Chip) -> Self {
        let settings = SpiSettings { mode, ..SpiSettings::default() };
        let clock_level = settings.rest();
        SpiPeripheral {
            clock,
            mosi,
            miso,
            select,
            settings,
            chip,
            is_selected: false,
            clock_level,
            bits: 0,
            input: 0,
            output: 0,
            level: Level::Low,
        }
    }

    /// Looks at the lines after a change; returns what it drives on its output, `None` while it is not selected.
    pub(super) fn look(&mut self, clock: Level, mosi: Level, select: Level) -> Option<Level> {
        let was_selected = std::mem::replace(&mut self.is_selected, select == Level::Low);
        let ticked = std::mem::replace(&mut self.clock_level, clock) != clock;
        if !self.is_selected {
            return None;
        }
        if !was_selected {
            (self.bits, self.input) = (0, 0);
            if let Chip::Mcp3008(_, conversion) = &mut self.chip {
                *conversion = Conversion::default();
            }
            self.output = self.next_answer();
            self.shift();
        } else if ticked {
            let is_first = clock != self.settings.rest();
            if is_first == self.settings.reads_first() { self.read(mosi) } else { self.shift() }
        }
        Some(self.level)
    }

    /// Takes a bit in.
    fn read(&mut self, bit: Level) {
        let exchange = match &mut self.chip {
            Chip::Script(exchange) => exchange,
            Chip::Mcp3008(chip, conversion) => return conversion.read(bit, chip),
        };
        if self.bits == 0 {
            // Only now is the answer used up: the other side may have deselected instead.
            exchange.lock().answers.pop_front();
        }
        self.input = self.input << 1 | u8::from(bit.is_high());
        self.bits += 1;
        if self.bits == 8 {
            exchange.lock().received.push(self.input);
            self.bits = 0;
            self.output = self.next_answer();
        }
    }

    /// Puts the next bit out.
    fn shift(&mut self) {
        self.level = match &self.chip {
            Chip::Script(_) => Level::from(self.output >> (7 - self.bits) & 1 == 1),
            Chip::Mcp3008(_, conversion) => conversion.output(),
        };
    }

    fn next_answer(&self) -> u8 {
        match &self.chip {
            Chip::Script(exchange) => exchange.lock().answers.front().copied().unwrap_or(0),
            Chip::Mcp3008(..) => 0,
        }
    }
}
