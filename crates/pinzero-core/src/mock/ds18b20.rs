//! [`MockDs18b20`]: a thermometer on a 1-Wire bus, on a mock pin.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::{Instant, ms, us};
use crate::types::{Level, Line};

/// The first byte of the number of each DS18B20.
const FAMILY: u8 = 0x28;

/// A low line for this long is a reset.
const RESET: Duration = us(480);

/// When the chip answers to a reset, and how long.
const PRESENCE: [Duration; 2] = [us(30), us(120)];

/// When the chip looks at the line in a slot, and how long it holds the line low for a 0.
const SAMPLE: Duration = us(30);

/// Commands for the number, and for the chip.
const SEARCH: u8 = 0xf0;
const READ_NUMBER: u8 = 0x33;
const MATCH_NUMBER: u8 = 0x55;
const SKIP_NUMBER: u8 = 0xcc;
const CONVERT: u8 = 0x44;
const READ_MEMORY: u8 = 0xbe;
const WRITE_MEMORY: u8 = 0x4e;
const READ_SUPPLY: u8 = 0xb4;

/// The time of a conversion with 12 bits. Each bit less takes half of that.
const CONVERSION: Duration = ms(750);

/// A DS18B20 on mock pins; returned by [`MockGpio::ds18b20`]. Clones share one thermometer.
#[derive(Clone)]
pub struct MockDs18b20(Arc<Mutex<Thermometer>>);

#[derive(Debug)]
struct Thermometer {
    line: Line,
    number: [u8; 8],
    celsius: f64,
    /// The scratchpad, without its checksum.
    memory: [u8; 8],
    state: State,
    /// The bits of the byte that is received.
    received: Vec<bool>,
    /// When the controller drove the line low, while it does.
    low: Option<Instant>,
    /// When the chip holds the line low.
    hold: Option<[Instant; 2]>,
    /// When the conversion ends.
    converted: Instant,
    /// The slot is one in which the chip sends.
    is_sending: bool,
    /// When the line was last looked at.
    seen: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Waits for a reset.
    Idle,
    /// Receives a command for the number.
    Number,
    /// Receives the number that is called.
    Match,
    /// Sends a bit of the number and its opposite, and receives the one that goes on; counts the steps.
    Search(usize),
    /// Receives a command for the chip.
    Command,
    /// Receives three bytes.
    Write,
    /// Sends these bits.
    Send(Vec<bool>),
    /// Tells whether a conversion is over.
    Convert,
}

impl MockGpio {
    /// Connects a DS18B20 at 20 °C to this pin; more of them to the same pin, if their serial numbers differ. The program pulls the
    /// line up.
    ///
    /// The bus has slots of microseconds, which only a virtual clock keeps exactly.
    ///
    /// ```
    /// use pinzero::{Level, mock, time::us};
    ///
    /// let gpio = mock::gpio();
    /// gpio.ds18b20(4, 1).set_celsius(21.5);
    /// let wire = gpio.open_drain(4).open()?;
    /// wire.set(Level::Low)?;
    /// gpio.advance(us(480));
    /// wire.set(Level::High)?;
    /// gpio.advance(us(70));
    /// assert_eq!(wire.level()?, Level::Low, "a thermometer is there");
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn ds18b20(&self, pin: impl Into<PinSpec>, serial: u32) -> MockDs18b20 {
        let mut number = [0; 8];
        number[0] = FAMILY;
        number[1..5].copy_from_slice(&serial.to_le_bytes());
        number[7] = checksum(&number[..7]);
        let thermometer = MockDs18b20(Arc::new(Mutex::new(Thermometer {
            line: self.find(pin),
            number,
            celsius: 20.0,
            // 85 °C, the alarms, 12 bits, and three bytes without a meaning.
            memory: [0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10],
            state: State::Idle,
            received: Vec::new(),
            low: None,
            hold: None,
            converted: self.now(),
            is_sending: false,
            seen: self.now(),
        })));
        self.attach(thermometer.0.clone());
        thermometer
    }
}

impl MockDs18b20 {
    /// Sets the temperature that the next conversion measures.
    pub fn set_celsius(&self, celsius: f64) {
        self.0.lock().celsius = celsius;
    }

    /// Returns the number of the chip in the order in which its bytes are sent: the family, six bytes, a checksum.
    pub fn number(&self) -> [u8; 8] {
        self.0.lock().number
    }
}

impl fmt::Debug for MockDs18b20 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thermometer = self.0.lock();
        write!(f, "MockDs18b20({}, {} °C)", thermometer.line, thermometer.celsius)
    }
}

/// Returns the checksum of Maxim's 1-Wire.
fn checksum(data: &[u8]) -> u8 {
    data.iter()
        .fold(0, |sum, byte| (0..8).fold(sum ^ byte, |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0x8c } else { 0 }))
}

/// Returns the bits of bytes in the order in which they are sent, from the last to the first, to take them from the end.
fn bits(data: &[u8]) -> Vec<bool> {
    let mut bits: Vec<bool> =
        data.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).collect();
    bits.reverse();
    bits
}

impl Thermometer {
    /// Returns a bit of the number.
    fn number_bit(&self, index: usize) -> bool {
        self.number[index / 8] >> (index % 8) & 1 == 1
    }

    /// Returns the bit that the chip sends in the slot that begins; `None` if it listens.
    fn sent(&mut self, at: Instant) -> Option<bool> {
        match &mut self.state {
            State::Send(bits) => Some(bits.pop().unwrap_or(true)),
            State::Convert => Some(at >= self.converted),
            State::Search(step) => {
                let (index, part) = (*step / 3, *step % 3);
                *step += usize::from(part < 2);
                (part < 2).then(|| self.number_bit(index) == (part == 0))
            }
            _ => None,
        }
    }

    /// Takes a bit.
    fn take(&mut self, bit: bool, at: Instant) {
        if let State::Search(step) = self.state {
            if step % 3 == 2 {
                let is_called = bit == self.number_bit(step / 3);
                self.state = match step + 1 {
                    _ if !is_called => State::Idle,
                    192 => State::Command,
                    next => State::Search(next),
                };
            }
            return;
        }
        self.received.push(bit);
        let wanted = match self.state {
            State::Number | State::Command => 8,
            State::Match => 64,
            State::Write => 24,
            _ => 0,
        };
        if self.received.len() < wanted || wanted == 0 {
            return;
        }
        let byte = |bits: &[bool]| bits.iter().rev().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit));
        let bytes: Vec<u8> = std::mem::take(&mut self.received).chunks(8).map(byte).collect();
        self.state = match (&self.state, bytes[0]) {
            (State::Number, SEARCH) => State::Search(0),
            (State::Number, READ_NUMBER) => State::Send(bits(&self.number)),
            (State::Number, MATCH_NUMBER) => State::Match,
            (State::Number, SKIP_NUMBER) => State::Command,
            (State::Match, _) if bytes == self.number => State::Command,
            (State::Command, CONVERT) => self.convert(at),
            (State::Command, READ_MEMORY) => {
                State::Send(bits(&[&self.memory[..], &[checksum(&self.memory)]].concat()))
            }
            (State::Command, WRITE_MEMORY) => State::Write,
            (State::Command, READ_SUPPLY) => State::Send(vec![true]),
            (State::Write, _) => {
                // The alarms and the configuration, of which two bits count.
                self.memory[2..4].copy_from_slice(&bytes[..2]);
                self.memory[4] = bytes[2] & 0x60 | 0x1f;
                State::Idle
            }
            _ => State::Idle,
        };
    }

    fn convert(&mut self, at: Instant) -> State {
        let missing = 3 - u32::from(self.memory[4] >> 5 & 0b11);
        let steps = (self.celsius * 16.0).round().clamp(-880.0, 2000.0) as i16;
        let value = steps >> missing << missing;
        self.memory[..2].copy_from_slice(&value.to_le_bytes());
        self.converted = at + CONVERSION / (1 << missing);
        State::Convert
    }

    /// The controller let go of the line.
    fn rise(&mut self, low: Duration, at: Instant) {
        if low >= RESET {
            let [wait, length] = PRESENCE;
            self.hold = Some([at + wait, at + wait + length]);
            self.state = State::Number;
            self.received.clear();
        } else if !self.is_sending {
            self.take(low < SAMPLE, at);
        }
    }
}

impl Component for Thermometer {
    fn lines(&self) -> Vec<Line> {
        vec![self.line]
    }

    fn output(&self) -> Option<Line> {
        Some(self.line)
    }

    fn look(&mut self, at: Instant, wires: &Wires) -> Option<Level> {
        if self.hold.is_some_and(|[_, end]| end <= at) {
            self.hold = None;
        }
        let is_low = wires.driven(self.line) == Some(Level::Low);
        match (self.low, is_low) {
            (None, true) => {
                self.low = Some(at);
                let sent = self.sent(at);
                self.is_sending = sent.is_some();
                if sent == Some(false) {
                    self.hold = Some([at, at + SAMPLE]);
                }
            }
            (Some(since), false) => {
                self.low = None;
                self.rise(at.since(since), at);
            }
            _ => {}
        }
        self.seen = at;
        self.hold.is_some_and(|[begin, _]| begin <= at).then_some(Level::Low)
    }

    fn next(&self) -> Option<Instant> {
        self.hold.into_iter().flatten().filter(|due| *due > self.seen).min()
    }
}
