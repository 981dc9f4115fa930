//! SPI chips on mock pins: they follow clock and chip select, and shift bits in and out.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::chip::{Fault, Faulty, SpiChip};
use super::circuit::Wires;
use super::component::Component;
use crate::spi_mode::{SpiMode, SpiSettings};
use crate::time::Instant;
use crate::types::{Level, Line};

/// A device with scripted answers, highest bit first, wired to mock pins; returned by
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

/// A chip as the wires see it, bit by bit.
pub(super) trait Bits: Send {
    /// Begins a transaction.
    fn select(&mut self);

    /// Returns the bit to send while the next one is received.
    fn output(&self) -> Level;

    /// Receives a bit.
    fn input(&mut self, bit: Level);

    /// Ends a transaction.
    fn deselect(&mut self) {}
}

/// A device with scripted answers.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) exchange: Arc<Mutex<Exchange>>,
    byte: Byte,
}

impl Script {
    pub(super) fn new(exchange: Arc<Mutex<Exchange>>) -> Self {
        Script { exchange, byte: Byte::default() }
    }

    fn next_answer(&self) -> u8 {
        self.exchange.lock().answers.front().copied().unwrap_or(0)
    }
}

impl Bits for Script {
    fn select(&mut self) {
        self.byte = Byte::sending(self.next_answer());
    }

    fn output(&self) -> Level {
        self.byte.output()
    }

    fn input(&mut self, bit: Level) {
        if self.byte.count == 0 {
            // Removed only now: a device that was deselected before the first bit has not sent the byte.
            self.exchange.lock().answers.pop_front();
        }
        if let Some(byte) = self.byte.input(bit) {
            self.exchange.lock().received.push(byte);
            self.byte = Byte::sending(self.next_answer());
        }
    }
}

/// A model of a chip, byte by byte.
pub(super) struct Bytes<C> {
    chip: Arc<Mutex<Faulty<C>>>,
    byte: Byte,
}

impl<C: SpiChip> Bytes<C> {
    pub(super) fn new(chip: Arc<Mutex<Faulty<C>>>) -> Self {
        Bytes { chip, byte: Byte::default() }
    }

    /// Lets the chip answer.
    fn ask(&mut self, answer: impl FnOnce(&mut C) -> u8) {
        let mut faulty = self.chip.lock();
        let sent = match faulty.fault {
            Some(Fault::Silent) => u8::MAX,
            Some(Fault::Noisy) => answer(&mut faulty.chip) ^ 1,
            _ => answer(&mut faulty.chip),
        };
        drop(faulty);
        self.byte = Byte::sending(sent);
    }
}

impl<C: SpiChip> Bits for Bytes<C> {
    fn select(&mut self) {
        self.ask(C::select);
    }

    fn output(&self) -> Level {
        self.byte.output()
    }

    fn input(&mut self, bit: Level) {
        if let Some(byte) = self.byte.input(bit) {
            self.ask(|chip| chip.exchange(byte));
        }
    }

    fn deselect(&mut self) {
        self.chip.lock().chip.deselect();
    }
}

/// A byte on its way out, and the one that comes in meanwhile.
#[derive(Debug, Default)]
struct Byte {
    sent: u8,
    received: u8,
    count: u32,
}

impl Byte {
    fn sending(sent: u8) -> Self {
        Byte { sent, ..Byte::default() }
    }

    fn output(&self) -> Level {
        Level::from(self.sent >> (7 - self.count) & 1 == 1)
    }

    /// Takes a bit. Returns the byte with the last one.
    fn input(&mut self, bit: Level) -> Option<u8> {
        self.received = self.received << 1 | u8::from(bit.is_high());
        self.count += 1;
        (self.count == 8).then_some(self.received)
    }
}

/// The chip's end of the wires.
pub(super) struct SpiPeripheral {
    pub(super) lines: [Line; 4],
    settings: SpiSettings,
    chip: Box<dyn Bits>,
    is_selected: bool,
    clock_level: Level,
    /// The level on the wire.
    level: Level,
}

impl fmt::Debug for SpiPeripheral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpiPeripheral({:?})", self.lines)
    }
}

impl SpiPeripheral {
    /// Returns a chip on these lines: clock, mosi, miso and chip select.
    pub(super) fn new(lines: [Line; 4], mode: SpiMode, chip: impl Bits + 'static) -> Self {
        let settings = SpiSettings { mode, ..SpiSettings::default() };
        let (clock_level, chip) = (settings.rest(), Box::new(chip));
        SpiPeripheral { lines, settings, chip, is_selected: false, clock_level, level: Level::Low }
    }

    /// Begins a transaction of a controller.
    pub(super) fn select(&mut self) {
        self.chip.select();
    }

    /// Exchanges a byte with a controller.
    pub(super) fn exchange(&mut self, sent: u8) -> u8 {
        (0..8).rev().fold(0, |received, bit| {
            let level = self.chip.output();
            self.chip.input(Level::from(sent >> bit & 1 == 1));
            received << 1 | u8::from(level.is_high())
        })
    }

    /// Ends a transaction of a controller.
    pub(super) fn deselect(&mut self) {
        self.chip.deselect();
    }

    pub(super) fn mode(&self) -> SpiMode {
        self.settings.mode
    }
}

impl Component for SpiPeripheral {
    fn lines(&self) -> Vec<Line> {
        self.lines.to_vec()
    }

    fn output(&self) -> Option<Line> {
        Some(self.lines[2])
    }

    /// Returns the level on miso; `None` while not selected.
    fn look(&mut self, _: Instant, wires: &Wires) -> Option<Level> {
        let [clock, mosi, _, select] = self.lines;
        let clock = wires.level(clock);
        let was_selected = std::mem::replace(&mut self.is_selected, wires.level(select) == Level::Low);
        let ticked = std::mem::replace(&mut self.clock_level, clock) != clock;
        if !self.is_selected {
            if was_selected {
                self.chip.deselect();
            }
            return None;
        }
        if !was_selected {
            self.chip.select();
            self.level = self.chip.output();
        } else if ticked {
            let is_first = clock != self.settings.rest();
            if is_first == self.settings.reads_first() {
                self.chip.input(wires.level(mosi));
            } else {
                self.level = self.chip.output();
            }
        }
        Some(self.level)
    }
}
