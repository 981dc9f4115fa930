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

/// Runs a list of operations. Starts, stops and flags mean nothing to a device in memory.
pub(crate) fn run_operations(mut device: Option<&mut Device>, list: &[u8]) -> Outcome {
    let mut list = list.iter().copied();
    let mut next = || list.next().ok_or(error::BAD_I2C_CMD);
    let mut received = Vec::new();
    let mut is_long = false;
    loop {
        // A list may end without saying so.
        let Ok(operation) = next() else { return Ok(Answer::Bytes(received)) };
        match operation {
            0 => return Ok(Answer::Bytes(received)),
            1 => {
                is_long = true;
                continue;
            }
            2 | 3 => (),
            4 => drop(next()?),
            5 => drop((next()?, next()?)),
            6 | 7 => {
                let count = usize::from(next()?) | if is_long { usize::from(next()?) << 8 } else { 0 };
                if operation == 6 {
                    let device = device.as_mut().ok_or(error::I2C_READ_FAILED)?;
                    received.extend(device.read(count));
                } else {
                    let bytes = (0..count).map(|_| next()).collect::<Result<Vec<_>, _>>()?;
                    device.as_mut().ok_or(error::I2C_WRITE_FAILED)?.write(&bytes);
                }
            }
            _ => return Err(error::BAD_I2C_CMD),
        }
        is_long = false;
    }
}
