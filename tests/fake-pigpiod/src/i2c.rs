//! A device with 256 registers on an I2C bus.

use std::collections::BTreeMap;

use crate::code::{error, op};
use crate::frame::{Answer, Frame, Outcome};
use crate::model::within;

/// The device. What is written goes to its registers one after the other, as is usual; and it remembers of each block
/// how long it was.
#[derive(Debug)]
pub(crate) struct Device {
    registers: [u8; 256],
    /// Where the next byte is read from.
    pointer: u8,
    blocks: BTreeMap<u8, usize>,
}

impl Default for Device {
    fn default() -> Self {
        Device { registers: [0; 256], pointer: 0, blocks: BTreeMap::new() }
    }
}

impl Device {
    fn read(&mut self, count: usize) -> Vec<u8> {
        let byte = |_| {
            let byte = self.registers[usize::from(self.pointer)];
            self.pointer = self.pointer.wrapping_add(1);
            byte
        };
        (0..count).map(byte).collect()
    }

    /// The first byte says where the others go.
    fn write(&mut self, bytes: &[u8]) {
        let Some((&register, bytes)) = bytes.split_first() else { return };
        self.pointer = register;
        for &byte in bytes {
            self.registers[usize::from(self.pointer)] = byte;
            self.pointer = self.pointer.wrapping_add(1);
        }
    }

    fn write_at(&mut self, register: u8, bytes: &[u8]) {
        self.write(&[&[register], bytes].concat());
    }

    fn read_at(&mut self, register: u8, count: usize) -> Vec<u8> {
        self.pointer = register;
        self.read(count)
    }
}

/// Does what a request asks of a device, which may not be there.
pub(crate) fn run(device: Option<&mut Device>, frame: &Frame) -> Outcome {
    let Frame { command, p2, ref extension, .. } = *frame;
    if command == op::I2CZ {
        return run_operations(device, extension);
    }
    let reads = matches!(command, op::I2CRD | op::I2CRS | op::I2CRB | op::I2CRW | op::I2CRK | op::I2CRI);
    if !matches!(command, op::I2CRD | op::I2CWD | op::I2CRS) {
        within(p2, 0..=if command == op::I2CWQ { 1 } else { 0xff }, error::BAD_PARAM)?;
    }
    match command {
        op::I2CRD => within(p2, 1..=0xffff, error::BAD_PARAM)?,
        op::I2CWD => within(extension.len() as u32, 1..=0xffff, error::BAD_PARAM)?,
        op::I2CWB => within(frame.word(0), 0..=0xff, error::BAD_PARAM)?,
        op::I2CWW | op::I2CPC => within(frame.word(0), 0..=0xffff, error::BAD_PARAM)?,
        op::I2CWK | op::I2CWI | op::I2CPK => within(extension.len() as u32, 1..=32, error::BAD_PARAM)?,
        op::I2CRI => within(frame.word(0), 1..=32, error::BAD_PARAM)?,
        _ => (),
    }
    let absent = if reads { error::I2C_READ_FAILED } else { error::I2C_WRITE_FAILED };
    let device = device.ok_or(absent)?;
    let register = p2 as u8;
    let word = |bytes: Vec<u8>| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
    Ok(match command {
        op::I2CRD => Answer::Bytes(device.read(p2 as usize)),
        op::I2CRS => Answer::Value(word(device.read(1))),
        op::I2CRB => Answer::Value(word(device.read_at(register, 1))),
        op::I2CRW => Answer::Value(word(device.read_at(register, 2))),
        op::I2CRK => {
            let length = device.blocks.get(&register).copied().unwrap_or_default();
            Answer::Bytes(device.read_at(register, length))
        }
        op::I2CRI => {
            let asked = frame.word(0) as usize;
            let length = device.blocks.get(&register).map_or(asked, |&length| asked.min(length));
            Answer::Bytes(device.read_at(register, length))
        }
        // It answers what it was told.
        op::I2CPC => {
            device.write_at(register, &(frame.word(0) as u16).to_le_bytes());
            Answer::Value(frame.word(0))
        }
        op::I2CPK => {
            device.write_at(register, extension);
            Answer::Bytes(extension.clone())
        }
        _ => {
            match command {
                op::I2CWD => device.write(extension),
                op::I2CWS => device.write(&[register]),
                op::I2CWB => device.write_at(register, &[frame.word(0) as u8]),
                op::I2CWW => device.write_at(register, &(frame.word(0) as u16).to_le_bytes()),
                op::I2CWK | op::I2CWI => {
                    device.write_at(register, extension);
                    device.blocks.insert(register, extension.len());
                }
                _ => (),
            }
            Answer::Value(0)
        }
    })
}

/// A message of a list of operations.
enum Message {
    Write(Vec<u8>),
    Read(usize),
}

/// Runs a list of operations on a device by the kernel, which has all messages before it sends the first.
fn run_operations(device: Option<&mut Device>, list: &[u8]) -> Outcome {
    let messages = messages(list)?;
    let mut received = Vec::new();
    if messages.is_empty() {
        return Ok(Answer::Bytes(received));
    }
    let device = device.ok_or(error::BAD_I2C_SEG)?;
    for message in messages {
        match message {
            Message::Write(bytes) => device.write(&bytes),
            Message::Read(count) => received.extend(device.read(count)),
        }
    }
    Ok(Answer::Bytes(received))
}

/// Runs a list of operations bit by bit, on lines where nobody answers.
pub(crate) fn run_alone(list: &[u8]) -> Outcome {
    match messages(list)?.first() {
        None => Ok(Answer::Bytes(Vec::new())),
        Some(Message::Write(_)) => Err(error::I2C_WRITE_FAILED),
        Some(Message::Read(_)) => Err(error::I2C_READ_FAILED),
    }
}

/// Takes the messages out of a list. Starts, stops, addresses and flags mean nothing to a device in memory.
fn messages(list: &[u8]) -> Result<Vec<Message>, i32> {
    let mut messages = Vec::new();
    let (mut at, mut is_long) = (0, false);
    // A list may end without saying so, unless it ends with a write.
    while let Some(&operation) = list.get(at) {
        at += 1;
        let mut number = |length: usize, error: i32| -> Result<usize, i32> {
            let bytes = list.get(at..at + length).ok_or(error)?;
            at += length;
            Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
        };
        let length = if is_long { 2 } else { 1 };
        match operation {
            0 => break,
            1 => {
                is_long = true;
                continue;
            }
            2 | 3 => (),
            4 => drop(number(length, error::BAD_I2C_CMD)?),
            5 => drop(number(2, error::BAD_I2C_CMD)?),
            6 => {
                let count = number(length, error::BAD_I2C_RLEN)?;
                messages.push(Message::Read(count));
            }
            7 => {
                let count = number(length, error::BAD_I2C_WLEN)?;
                // The daemon's check: there must be a byte after those to write.
                if at + count >= list.len() {
                    return Err(error::BAD_I2C_WLEN);
                }
                messages.push(Message::Write(list[at..at + count].to_vec()));
                at += count;
            }
            _ => return Err(error::BAD_I2C_CMD),
        }
        is_long = false;
    }
    Ok(messages)
}
