//! The MFRC522, a reader of contactless cards, from NXP's data sheet.

use std::collections::VecDeque;

use pinzero_core::mock::SpiChip;

use crate::card::{self, Card};

const COMMAND: u8 = 0x01;
const COM_IRQ: u8 = 0x04;
const DIV_IRQ: u8 = 0x05;
const ERROR: u8 = 0x06;
const FIFO_DATA: u8 = 0x09;
const FIFO_LEVEL: u8 = 0x0a;
const CONTROL: u8 = 0x0c;
const BIT_FRAMING: u8 = 0x0d;
const COLLISION: u8 = 0x0e;
const MODE: u8 = 0x11;
const TX_CONTROL: u8 = 0x14;
const CRC_HIGH: u8 = 0x21;
const CRC_LOW: u8 = 0x22;
const TIMER_MODE: u8 = 0x2a;
const VERSION: u8 = 0x37;

/// Commands.
const CALCULATE_CRC: u8 = 0x3;
const TRANSCEIVE: u8 = 0xc;
const SOFT_RESET: u8 = 0xf;

/// Interrupts in COM_IRQ and DIV_IRQ, and the bit that tells setting from clearing.
const TX: u8 = 0x40;
const RX: u8 = 0x20;
const TIMER: u8 = 0x01;
const CRC: u8 = 0x04;
const SET: u8 = 0x80;

/// Other bits.
const FLUSH: u8 = 0x80;
const START_SEND: u8 = 0x80;
const ANTENNA: u8 = 0x03;
const AUTOMATIC: u8 = 0x80;
const OVERFLOW: u8 = 0x10;

const FIFO_SIZE: usize = 64;

/// The values with which a checksum begins, by the lowest bits of MODE.
const PRESETS: [u16; 4] = [0x0000, 0x6363, 0xa671, 0xffff];

/// The MFRC522 of version 2, on SPI, with a card in its field or none. A card answers at once.
#[derive(Debug, Clone)]
pub struct Mfrc522 {
    registers: [u8; 64],
    fifo: VecDeque<u8>,
    /// The register that the message writes.
    written: Option<u8>,
    is_first: bool,
    card: Option<Card>,
}

impl Default for Mfrc522 {
    fn default() -> Self {
        let (fifo, written) = (VecDeque::new(), None);
        let mut chip = Mfrc522 { registers: [0; 64], fifo, written, is_first: true, card: None };
        chip.reset();
        chip
    }
}

impl Mfrc522 {
    /// Returns a reader after its reset, with an empty field.
    pub fn new() -> Self {
        Mfrc522::default()
    }

    /// Puts a card into the field, or takes it away.
    pub fn present(&mut self, card: Option<Card>) {
        self.card = card;
    }

    fn register(&self, register: u8) -> u8 {
        self.registers[usize::from(register)]
    }

    fn set(&mut self, register: u8, value: u8) {
        self.registers[usize::from(register)] = value;
    }

    fn reset(&mut self) {
        self.registers = [0; 64];
        self.fifo.clear();
        for (register, value) in [
            (COMMAND, 0x20),
            (COM_IRQ, 0x14),
            (COLLISION, 0xa0),
            (MODE, 0x3f),
            (TX_CONTROL, 0x80),
            (CRC_HIGH, 0xff),
            (CRC_LOW, 0xff),
            (VERSION, 0x92),
        ] {
            self.set(register, value);
        }
    }

    fn command(&mut self, command: u8) {
        match command {
            SOFT_RESET => return self.reset(),
            CALCULATE_CRC => {
                let data: Vec<u8> = self.fifo.drain(..).collect();
                let sum = card::crc(PRESETS[usize::from(self.register(MODE) & 0b11)], &data);
                let [high, low] = sum.to_be_bytes();
                self.set(CRC_HIGH, high);
                self.set(CRC_LOW, low);
                self.set(DIV_IRQ, self.register(DIV_IRQ) | CRC);
            }
            _ => {}
        }
        self.set(COMMAND, self.register(COMMAND) & 0xf0 | command);
    }

    /// Sends what the FIFO has, and receives the answer into it.
    fn transceive(&mut self) {
        let frame: Vec<u8> = self.fifo.drain(..).collect();
        let bits = self.register(BIT_FRAMING) & 0b111;
        let mut interrupts = TX;
        let card = self.card.as_mut().filter(|_| self.registers[usize::from(TX_CONTROL)] & ANTENNA != 0);
        match card.and_then(|card| card.answer(&frame, bits)) {
            Some(answer) => {
                self.fifo.extend(answer);
                self.set(CONTROL, 0);
                interrupts |= RX;
            }
            // The timer starts at the end of the frame, if it is told to.
            None if self.register(TIMER_MODE) & AUTOMATIC != 0 => interrupts |= TIMER,
            None => {}
        }
        self.set(COM_IRQ, self.register(COM_IRQ) | interrupts);
        self.set(BIT_FRAMING, self.register(BIT_FRAMING) & !START_SEND);
    }

    fn write(&mut self, register: u8, value: u8) {
        match register {
            COMMAND => self.command(value & 0x0f),
            COM_IRQ | DIV_IRQ => {
                let (marked, old) = (value & !SET, self.register(register));
                self.set(register, if value & SET != 0 { old | marked } else { old & !marked });
            }
            FIFO_DATA if self.fifo.len() < FIFO_SIZE => self.fifo.push_back(value),
            FIFO_DATA => self.set(ERROR, self.register(ERROR) | OVERFLOW),
            FIFO_LEVEL if value & FLUSH != 0 => {
                self.fifo.clear();
                self.set(ERROR, self.register(ERROR) & !OVERFLOW);
            }
            FIFO_LEVEL | ERROR | CRC_HIGH | CRC_LOW | VERSION => {}
            _ => self.set(register, value),
        }
        let runs = self.register(COMMAND) & 0x0f == TRANSCEIVE;
        if runs && self.register(BIT_FRAMING) & START_SEND != 0 {
            self.transceive();
        }
    }

    fn read(&mut self, register: u8) -> u8 {
        match register {
            FIFO_DATA => self.fifo.pop_front().unwrap_or(0),
            FIFO_LEVEL => self.fifo.len() as u8,
            _ => self.register(register),
        }
    }
}

impl SpiChip for Mfrc522 {
    fn select(&mut self) -> u8 {
        (self.is_first, self.written) = (true, None);
        0
    }

    /// An address is `RAAAAAA0`. While a message reads, each byte is the next address; a write goes on to the same one.
    fn exchange(&mut self, received: u8) -> u8 {
        let is_first = std::mem::take(&mut self.is_first);
        let register = received >> 1 & 0x3f;
        match self.written {
            Some(written) => self.write(written, received),
            None if received & 0x80 != 0 => return self.read(register),
            None if is_first => self.written = Some(register),
            None => {}
        }
        0
    }
}
