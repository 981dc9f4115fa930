//! I2C chips on mock pins: they follow clock and data, acknowledge, and hold the lines low.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::chip::{Fault, Faulty, I2cChip};
use super::circuit::Wires;
use super::component::Component;
use crate::bus::I2cAddress;
use crate::time::Instant;
use crate::types::{Level, Line};

/// A chip on a bus. Its lock is a leaf.
pub(super) type Chip = Arc<Mutex<Faulty<dyn I2cChip>>>;

/// The first bits of an address of 10 bits.
const TEN_BITS: u8 = 0b1111_0000;

/// Begins a message to a chip. Returns whether the chip acknowledges.
pub(super) fn begin(chip: &Chip, is_read: bool) -> bool {
    let mut faulty = chip.lock();
    faulty.fault != Some(Fault::Silent) && faulty.chip.start(is_read)
}

/// Sends byte number `index` of a message. Returns whether the chip acknowledges.
pub(super) fn write(chip: &Chip, index: usize, byte: u8) -> bool {
    let mut faulty = chip.lock();
    !matches!(faulty.fault, Some(Fault::Refuses(most)) if index >= most) && faulty.chip.write(byte)
}

pub(super) fn read(chip: &Chip) -> u8 {
    let mut faulty = chip.lock();
    let wrong = u8::from(faulty.fault == Some(Fault::Noisy));
    faulty.chip.read() ^ wrong
}

/// The chips on two lines.
pub(super) struct I2cWires {
    data: Line,
    clock: Line,
    chips: Vec<(I2cAddress, Chip)>,
    clock_level: Level,
    data_level: Level,
    state: State,
    /// The chip that the message is for.
    called: Option<Chip>,
    /// The chip that is to hear of the stop: the last that acknowledged its address since the one before.
    busy: Option<Chip>,
    /// The chip with an address of 10 bits that a repeated start may call again.
    ten: Option<(u8, Chip)>,
    byte: u8,
    bits: u32,
    /// The number of bytes of this message.
    count: usize,
    holds_data: bool,
    /// Until when a chip holds the clock low.
    holds_clock: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for a start.
    Idle,
    /// Receives an address, or its second byte.
    Address {
        second: Option<u8>,
    },
    /// Acknowledges, or does not, what was received. What follows?
    Acknowledge(Next),
    Write,
    Read,
    /// Looks whether the controller wants more.
    Acknowledged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Address { second: u8 },
    Write,
    Read,
    Idle,
}

impl fmt::Debug for I2cWires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I2cWires({} {}, {} chips)", self.data, self.clock, self.chips.len())
    }
}

impl I2cWires {
    pub(super) fn new(data: Line, clock: Line) -> Self {
        I2cWires {
            data,
            clock,
            chips: Vec::new(),
            clock_level: Level::High,
            data_level: Level::High,
            state: State::Idle,
            called: None,
            busy: None,
            ten: None,
            byte: 0,
            bits: 0,
            count: 0,
            holds_data: false,
            holds_clock: None,
        }
    }

    pub(super) fn is_on(&self, lines: [Line; 2]) -> bool {
        lines == [self.data, self.clock]
    }

    pub(super) fn add(&mut self, address: I2cAddress, chip: Chip) {
        self.chips.push((address, chip));
    }

    pub(super) fn find(&self, address: I2cAddress) -> Option<Chip> {
        self.chips.iter().find(|(own, _)| *own == address).map(|(_, chip)| chip.clone())
    }

    fn begin(&mut self) {
        (self.state, self.byte, self.bits, self.holds_data) = (State::Address { second: None }, 0, 0, false);
        self.called = None;
    }

    fn end(&mut self) {
        self.busy.take().iter().for_each(|chip| chip.lock().chip.stop());
        (self.state, self.called, self.ten, self.holds_data) = (State::Idle, None, None, false);
    }

    /// Calls a chip. Returns what follows its acknowledgement; [`Next::Idle`] if there is none.
    fn call(&mut self, chip: Option<Chip>, is_read: bool) -> Next {
        (self.called, self.count) = (chip.filter(|chip| begin(chip, is_read)), 0);
        if let Some(called) = &self.called {
            // A repeated start for another chip ends the transaction of this one.
            let before = self.busy.replace(called.clone()).filter(|before| !Arc::ptr_eq(before, called));
            before.iter().for_each(|chip| chip.lock().chip.stop());
        }
        match (&self.called, is_read) {
            (None, _) => Next::Idle,
            (Some(_), true) => Next::Read,
            (Some(_), false) => Next::Write,
        }
    }

    /// Handles an address byte.
    fn address(&mut self, second: Option<u8>) -> Next {
        let byte = self.byte;
        if let Some(first) = second {
            let bits = u32::from(first & 0b110) << 7 | u32::from(byte);
            let chip = self.find(I2cAddress::Ten(bits));
            self.ten = chip.clone().map(|chip| (first, chip));
            return self.call(chip, false);
        }
        let is_read = byte & 1 == 1;
        if byte & 0b1111_1000 == TEN_BITS {
            if is_read {
                let again = self.ten.clone().filter(|(first, _)| first | 1 == byte);
                return self.call(again.map(|(_, chip)| chip), true);
            }
            let top = u32::from(byte & 0b110) << 7;
            let is_there = |own: &I2cAddress| matches!(own, I2cAddress::Ten(bits) if bits & 0x300 == top);
            let any = self.chips.iter().any(|(own, _)| is_there(own));
            return if any { Next::Address { second: byte } } else { Next::Idle };
        }
        let chip = self.find(I2cAddress::Seven((byte >> 1).into()));
        self.call(chip, is_read)
    }

    /// The clock rose: bits are read.
    fn rise(&mut self, data: Level) {
        match self.state {
            State::Address { .. } | State::Write => {
                self.byte = self.byte << 1 | u8::from(data.is_high());
                self.bits += 1;
            }
            State::Acknowledged if data.is_high() => self.state = State::Idle,
            _ => {}
        }
    }

    /// The clock fell: bits change.
    fn fall(&mut self, at: Instant) {
        match self.state {
            State::Address { second } if self.bits == 8 => {
                let next = self.address(second);
                self.acknowledge(next, next != Next::Idle, at);
            }
            State::Write if self.bits == 8 => {
                let (count, byte) = (self.count, self.byte);
                let is_taken = self.called.as_ref().is_some_and(|chip| write(chip, count, byte));
                self.count += 1;
                self.acknowledge(if is_taken { Next::Write } else { Next::Idle }, is_taken, at);
            }
            State::Acknowledge(next) => {
                (self.byte, self.bits, self.holds_data) = (0, 0, false);
                match next {
                    Next::Address { second } => self.state = State::Address { second: Some(second) },
                    Next::Write => self.state = State::Write,
                    Next::Idle => self.state = State::Idle,
                    Next::Read => self.load(),
                }
            }
            State::Read if self.bits < 8 => self.send(),
            State::Read => (self.state, self.holds_data) = (State::Acknowledged, false),
            State::Acknowledged => self.load(),
            _ => {}
        }
    }

    fn acknowledge(&mut self, next: Next, is_taken: bool, at: Instant) {
        (self.state, self.holds_data) = (State::Acknowledge(next), is_taken);
        let fault = self.called.as_ref().and_then(|chip| chip.lock().fault);
        self.holds_clock = match fault {
            Some(Fault::Hangs) => Some(Instant::MAX),
            Some(Fault::Stretches(time)) => Some(at + time),
            _ => None,
        };
    }

    /// Begins to send the chip's next byte.
    fn load(&mut self) {
        self.byte = self.called.as_ref().map_or(u8::MAX, read);
        (self.state, self.bits) = (State::Read, 0);
        self.send();
    }

    fn send(&mut self) {
        self.holds_data = self.byte >> (7 - self.bits) & 1 == 0;
        self.bits += 1;
    }
}

impl Component for I2cWires {
    fn lines(&self) -> Vec<Line> {
        vec![self.data, self.clock]
    }

    fn output(&self) -> Option<Line> {
        Some(self.data)
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        let hangs = || self.called.as_ref().is_some_and(|chip| chip.lock().fault == Some(Fault::Hangs));
        if self.holds_clock.is_some_and(|until| until <= at || until == Instant::MAX && !hangs()) {
            self.holds_clock = None;
        }
        let (data, clock) = (wires.level(self.data), wires.level(self.clock));
        let was_clock = std::mem::replace(&mut self.clock_level, clock);
        let was_data = std::mem::replace(&mut self.data_level, data);
        match (was_clock, clock) {
            (Level::High, Level::High) if was_data != data => match data {
                Level::Low => self.begin(),
                Level::High => self.end(),
            },
            (Level::Low, Level::High) => self.rise(data),
            (Level::High, Level::Low) => self.fall(at),
            _ => {}
        }
        self.holds_data.then_some(Level::Low)
    }

    fn next(&self) -> Option<Instant> {
        self.holds_clock.filter(|until| *until < Instant::MAX)
    }
}

/// The hold of the chips on the clock line.
#[derive(Debug)]
pub(super) struct ClockHold {
    pub(super) clock: Line,
    pub(super) chips: Arc<Mutex<I2cWires>>,
}

impl Component for ClockHold {
    fn lines(&self) -> Vec<Line> {
        vec![self.clock]
    }

    fn output(&self) -> Option<Line> {
        Some(self.clock)
    }

    fn look(&mut self, _: Instant, _: &Wires) -> Option<Level> {
        self.chips.lock().holds_clock.map(|_| Level::Low)
    }
}
