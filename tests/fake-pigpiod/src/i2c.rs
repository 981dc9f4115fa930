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

/// A step of a list of operations.
enum Operation<'a> {
    /// 2: messages are combined from here on, or a start.
    Two,
    /// 3: they are not, or a stop.
    Three,
    Address(u32),
    Flags,
    Read(usize),
    Write(&'a [u8]),
}

/// Takes the operations out of a list, one by one: what comes before a mistake is done.
struct Operations<'a> {
    list: &'a [u8],
    at: usize,
    /// How many bytes there must be after those to write.
    spare: usize,
}

impl<'a> Operations<'a> {
    fn number(&mut self, length: usize, error: i32) -> Result<usize, i32> {
        let bytes = self.list.get(self.at..self.at + length).ok_or(error)?;
        self.at += length;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    /// The next operation; none at the end, which a list need not say.
    fn next(&mut self) -> Result<Option<Operation<'a>>, i32> {
        let mut length = 1;
        while let Some(&operation) = self.list.get(self.at) {
            self.at += 1;
            return Ok(Some(match operation {
                0 => return Ok(None),
                1 => {
                    length = 2;
                    continue;
                }
                2 => Operation::Two,
                3 => Operation::Three,
                4 => Operation::Address(self.number(length, error::BAD_I2C_CMD)? as u32),
                5 => self.number(2, error::BAD_I2C_CMD).map(|_| Operation::Flags)?,
                6 => Operation::Read(self.number(length, error::BAD_I2C_RLEN)?),
                7 => {
                    let end = self.number(length, error::BAD_I2C_WLEN)? + self.at;
                    if end + self.spare > self.list.len() {
                        return Err(error::BAD_I2C_WLEN);
                    }
                    let bytes = &self.list[self.at..end];
                    self.at = end;
                    Operation::Write(bytes)
                }
                _ => return Err(error::BAD_I2C_CMD),
            }));
        }
        Ok(None)
    }
}

/// The devices of all buses, by bus and address, and what went over the wires.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) devices: BTreeMap<(u32, u32), Device>,
    pub(crate) traffic: Vec<String>,
}

impl Default for Wires {
    fn default() -> Self {
        Wires { devices: BTreeMap::from([((1, 0x48), Device::default())]), traffic: Vec::new() }
    }
}

/// The levels that data and clock go through, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Levels(pub(crate) Vec<(bool, bool)>);

impl Levels {
    fn start(&mut self) {
        self.0.extend([(true, true), (false, true), (false, false)]);
    }

    fn stop(&mut self) {
        self.0.extend([(false, false), (false, true), (true, true)]);
    }

    /// Eight bits, and the one that acknowledges them.
    fn byte(&mut self, byte: u8, acknowledged: bool) {
        let bits = (0..8).rev().map(|bit| byte >> bit & 1 == 1).chain([!acknowledged]);
        for bit in bits {
            self.0.extend([(bit, false), (bit, true), (bit, false)]);
        }
    }
}

/// A message to or from a device, as it stands in the traffic.
fn told(address: u32, operation: &Operation<'_>) -> String {
    match operation {
        Operation::Write(bytes) => {
            let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{address:02x}<{}", bytes.join("."))
        }
        Operation::Read(count) => format!("{address:02x}>{count}"),
        _ => String::new(),
    }
}

impl Wires {
    /// Sends or receives one message; whether somebody is there.
    fn message(&mut self, bus: u32, address: u32, operation: &Operation<'_>, received: &mut Vec<u8>) -> bool {
        let Some(device) = self.devices.get_mut(&(bus, address)) else { return false };
        match operation {
            Operation::Write(bytes) => device.write(bytes),
            Operation::Read(count) => received.extend(device.read(*count)),
            _ => {}
        }
        true
    }

    /// Runs a list on a controller. The kernel gets up to 42 messages at once, and puts a stop after them only.
    pub(crate) fn zip(&mut self, (bus, mut address): (u32, u32), list: &[u8]) -> Outcome {
        if list.is_empty() {
            return Err(error::BAD_POINTER);
        }
        let mut operations = Operations { list, at: 0, spare: 1 };
        let (mut messages, mut received, mut asked) = (Vec::new(), Vec::new(), 0);
        while let Some(operation) = operations.next()? {
            match operation {
                Operation::Address(other) => address = other,
                Operation::Flags => (),
                Operation::Two | Operation::Three => self.flush(bus, &mut messages, &mut received)?,
                message => {
                    if let Operation::Read(count) = message {
                        asked += count;
                        if asked >= 0xffff {
                            return Err(error::BAD_I2C_RLEN);
                        }
                    }
                    messages.push((address, message));
                    if messages.len() == 42 {
                        self.flush(bus, &mut messages, &mut received)?;
                    }
                }
            }
        }
        self.flush(bus, &mut messages, &mut received)?;
        Ok(Answer::Bytes(received))
    }

    fn flush(
        &mut self,
        bus: u32,
        messages: &mut Vec<(u32, Operation<'_>)>,
        received: &mut Vec<u8>,
    ) -> Result<(), i32> {
        let mut said = Vec::new();
        for (address, message) in messages.drain(..) {
            said.push(told(address, &message));
            let is_too_long = matches!(message, Operation::Read(8193..))
                || matches!(message, Operation::Write(bytes) if bytes.len() > 8192);
            if is_too_long || !self.message(bus, address, &message, received) {
                return Err(error::BAD_I2C_SEG);
            }
        }
        if !said.is_empty() {
            self.traffic.push(said.join(" "));
        }
        Ok(())
    }

    /// Runs a list bit by bit. After an error the bus is left as it is: started, if it was.
    pub(crate) fn zip_bits(
        &mut self,
        bus: u32,
        started: &mut Option<Vec<String>>,
        list: &[u8],
        levels: &mut Levels,
    ) -> Outcome {
        if list.is_empty() {
            return Err(error::BAD_POINTER);
        }
        let mut operations = Operations { list, at: 0, spare: 0 };
        let (mut address, mut received) = (0, Vec::new());
        while let Some(operation) = operations.next()? {
            match operation {
                Operation::Address(other) => address = other,
                Operation::Flags => (),
                Operation::Two => {
                    started.get_or_insert_default();
                    levels.start();
                }
                Operation::Three => {
                    levels.stop();
                    let said = started.take().unwrap_or_default();
                    self.traffic.push(said.join(" "));
                }
                Operation::Read(0) | Operation::Write([]) => return Err(error::BAD_I2C_CMD),
                message => {
                    // Without a start nobody listens.
                    let is_there = started.is_some() && self.message(bus, address, &message, &mut received);
                    let said = told(address, &message);
                    let is_read = matches!(message, Operation::Read(_));
                    levels.byte((address << 1) as u8 | u8::from(is_read), is_there);
                    match &message {
                        Operation::Write(bytes) if is_there => {
                            bytes.iter().for_each(|byte| levels.byte(*byte, true));
                        }
                        Operation::Read(count) if is_there => {
                            let new = &received[received.len() - count..];
                            new.iter().enumerate().for_each(|(at, byte)| levels.byte(*byte, at + 1 < *count));
                        }
                        _ => (),
                    }
                    if let Some(started) = started {
                        started.push(if is_there { said } else { format!("{said}!") });
                    }
                    if !is_there {
                        return Err(if is_read { error::I2C_READ_FAILED } else { error::I2C_WRITE_FAILED });
                    }
                }
            }
        }
        Ok(Answer::Bytes(received))
    }
}
