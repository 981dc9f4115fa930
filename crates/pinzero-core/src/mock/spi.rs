//! SPI devices on mock pins: they follow clock and chip select, and shift bits in and out.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::circuit::Wires;
use super::component::Component;
use super::mcp3008::{Conversion, MockMcp3008};
use crate::spi_mode::{SpiMode, SpiSettings};
use crate::time::Instant;
use crate::types::{Level, Line};

/// An SPI device with scripted answers, highest bit first, wired to mock pins; returned by
/// [`MockGpio::spi_device`](super::MockGpio::spi_device).
#[derive(Debug, Clone)]
pub struct MockSpiDevice(pub(super) Arc<Mutex<Exchange>>);

/// The bytes to send and the bytes received. Its lock is a leaf, taken inside the lock of the wires.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    answers: VecDeque<u8>,
    received: Vec<u8>,
}

impl MockSpiDevice {
    /// Queues bytes to send, after those queued before. The device sends zeros when the queue is empty.
    pub fn answer(&self, bytes: &[u8]) {
        self.0.lock().answers.extend(bytes);
    }

    /// Returns the bytes received since the last call.
    pub fn received(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().received)
    }
}

/// The kind of a device.
#[derive(Debug)]
pub(super) enum Chip {
    /// A device with scripted answers.
    Script(Arc<Mutex<Exchange>>),
    Mcp3008(MockMcp3008, Conversion),
}

/// The device's end of the wires.
#[derive(Debug)]
pub(super) struct SpiPeripheral {
    clock: Line,
    mosi: Line,
    miso: Line,
    select: Line,
    settings: SpiSettings,
    chip: Chip,
    is_selected: bool,
    clock_level: Level,
    /// The number of bits of the current byte received; `input` holds them.
    bits: u32,
    input: u8,
    /// The byte being sent; `level` is its bit on the wire.
    output: u8,
    level: Level,
}

impl SpiPeripheral {
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

    /// Receives a bit.
    fn read(&mut self, bit: Level) {
        let exchange = match &mut self.chip {
            Chip::Script(exchange) => exchange,
            Chip::Mcp3008(chip, conversion) => return conversion.read(bit, chip),
        };
        if self.bits == 0 {
            // Removed only now: a device that was deselected before the first bit has not sent the byte.
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

    /// Puts the next bit on the wire.
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

impl Component for SpiPeripheral {
    fn lines(&self) -> Vec<Line> {
        vec![self.clock, self.mosi, self.miso, self.select]
    }

    fn output(&self) -> Option<Line> {
        Some(self.miso)
    }

    /// Returns the level on miso; `None` while not selected.
    fn look(&mut self, _: Instant, wires: &Wires) -> Option<Level> {
        let clock = wires.level(self.clock);
        let was_selected = std::mem::replace(&mut self.is_selected, wires.level(self.select) == Level::Low);
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
            if is_first == self.settings.reads_first() {
                self.read(wires.level(self.mosi));
            } else {
                self.shift();
            }
        }
        Some(self.level)
    }
}
