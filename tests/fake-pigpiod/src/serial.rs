//! Serial ports, and the devices at their other ends.

use std::collections::{BTreeMap, VecDeque};

use crate::code::{error, op};
use crate::frame::{Answer, Frame, Outcome};
use crate::model::{Model, within};

/// How many handles there are.
const HANDLES: u32 = 16;

/// How many bytes the kernel keeps that are not on the wire yet.
const ROOM: usize = 4096;

/// The rates that the daemon knows.
const RATES: [u32; 18] = [
    50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200,
    230_400,
];

/// A port of the daemon's computer.
#[derive(Debug, Default)]
pub(crate) struct Port {
    /// What has come, and nobody has read.
    pub(crate) arrived: VecDeque<u8>,
    pub(crate) sent: Vec<u8>,
    rate: u32,
    /// When the last byte is on the wire, in microseconds.
    done: u64,
}

impl Port {
    /// Takes bytes as far as there is room; whether that is all.
    fn write(&mut self, bytes: &[u8], now: u64) -> bool {
        let micros = |bytes: usize| bytes as u64 * 10_000_000 / u64::from(self.rate);
        let waiting = self.done.saturating_sub(now);
        let room = (0..=bytes.len()).rev().find(|count| waiting + micros(*count) <= micros(ROOM));
        let taken = room.unwrap_or(0);
        self.done = self.done.max(now) + micros(taken);
        self.sent.extend_from_slice(&bytes[..taken]);
        taken == bytes.len()
    }
}

/// The handles, each with its port's name.
pub(crate) type Handles = BTreeMap<u32, String>;

impl Model {
    /// The commands about serial ports.
    pub(crate) fn serial(&mut self, frame: &Frame, now: u64) -> Outcome {
        let Frame { command, p1, p2, ref extension, .. } = *frame;
        let handles = &mut self.daemon.serial;
        if command == op::SERO {
            let name = String::from_utf8_lossy(extension).into_owned();
            if !["/dev/tty", "/dev/serial"].iter().any(|start| name.starts_with(start)) {
                return Err(error::BAD_SER_DEVICE);
            }
            if !RATES.contains(&p1) {
                return Err(error::BAD_SER_SPEED);
            }
            within(p2, 0..=0, error::BAD_FLAGS)?;
            let free = (0..HANDLES).find(|handle| !handles.contains_key(handle)).ok_or(error::NO_HANDLE)?;
            let port = self.ports.get_mut(&name).ok_or(error::SER_OPEN_FAILED)?;
            port.rate = p1;
            port.arrived.clear();
            handles.insert(free, name);
            return Ok(Answer::Value(free));
        }
        let name = handles.get(&p1).ok_or(error::BAD_HANDLE)?;
        let port = self.ports.get_mut(name).ok_or(error::SER_READ_FAILED)?;
        let value = match command {
            op::SERC => {
                handles.remove(&p1);
                0
            }
            op::SERRB => port.arrived.pop_front().ok_or(error::SER_READ_NO_DATA)?.into(),
            op::SERR => {
                within(p2, 1..=0xffff, error::BAD_PARAM)?;
                let count = port.arrived.len().min(p2 as usize);
                return Ok(Answer::Bytes(port.arrived.drain(..count).collect()));
            }
            op::SERDA => port.arrived.len() as u32,
            _ => {
                within(p2, 0..=0xff, error::BAD_PARAM)?;
                let byte = [p2 as u8];
                let bytes = if command == op::SERWB { &byte } else { &extension[..] };
                if bytes.is_empty() {
                    return Err(error::BAD_PARAM);
                }
                if !port.write(bytes, now) {
                    return Err(error::SER_WRITE_FAILED);
                }
                0
            }
        };
        Ok(Answer::Value(value))
    }
}
