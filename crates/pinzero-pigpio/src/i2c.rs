//! I2C: by a controller of the daemon's host, or on any two lines, where the daemon makes each bit.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::board::Board;
use pinzero_core::{
    Bias, Error, ErrorKind, I2cAddress, I2cBus, I2cConfig, I2cOperation, Result, SoftI2cConfig,
};

use crate::client::Client;
use crate::pipeline::Frame;
use crate::protocol::{Command, MAX_EXTENSION};
use crate::remote_handle::{Pulls, RemoteHandle};
use crate::restore::pull;

/// The rates of I2C on any lines, in hertz.
const RATES: std::ops::RangeInclusive<u32> = 50..=500_000;

/// The most messages of a transaction, and the most bytes of a message, by a controller. With more, the daemon would put a
/// stop in between.
const MOST_MESSAGES: usize = 42;
const MOST_IN_MESSAGE: usize = 8192;

/// The opcodes of an operation list. The end is needed after a write: the daemon takes one only if a byte follows.
const END: u8 = 0;
/// A length of two bytes follows, instead of one.
const LONG: u8 = 1;
const ADDRESS: u8 = 4;
const READ: u8 = 6;
const WRITE: u8 = 7;
/// These two make old drivers send messages without a stop in between.
const COMBINED_ON: u8 = 2;
const COMBINED_OFF: u8 = 3;
/// On lines, the same two numbers are a start and a stop.
const START: u8 = 2;
const STOP: u8 = 3;

/// An I2C bus; closed when dropped.
///
/// One handle serves all chips: each list of operations names its address.
#[derive(Debug)]
pub(crate) struct PigpioI2c {
    bus: RemoteHandle,
    /// The rate of a bus on any lines; `None` for a controller.
    rate: Option<u32>,
}

impl PigpioI2c {
    /// Opens a controller.
    pub(crate) fn open(client: &Arc<Client>, board: &Board, config: I2cConfig) -> Result<Self> {
        let number = config.bus;
        let line = board.i2c_lines(number).map(|[data, _]| data);
        // The handle's own address is never used. No kernel driver holds address 0.
        let open = Frame::new(Command::I2co, number, 0).with(0u32.to_le_bytes());
        let opened = RemoteHandle::open(client, open, Command::I2cc, None, line);
        Ok(PigpioI2c { bus: opened.map_err(|error| no_bus(board, number, error))?, rate: None })
    }

    /// Opens two lines as a bus.
    pub(crate) fn open_soft(client: &Arc<Client>, board: &Board, config: SoftI2cConfig) -> Result<Self> {
        if config.max_rate < *RATES.start() {
            let message = format!("I2C has {} Hz at least, not {} Hz", RATES.start(), config.max_rate);
            return Err(Error::new(ErrorKind::InvalidFrequency, message));
        }
        let rate = config.max_rate.min(*RATES.end());
        let data = config.data.0;
        let open = Frame::new(Command::Bi2co, data, config.clock.0).with(rate.to_le_bytes());
        let lines = [config.data, config.clock];
        // The daemon leaves the pulls alone, and cannot tell how it found them.
        let pulls = Pulls {
            before: lines.iter().filter_map(|line| pull(line.0, Bias::PullUp)).collect(),
            after: lines.iter().filter_map(|line| pull(line.0, board.pull(line.0).into())).collect(),
        };
        let (own, close) = (Some(data), Command::Bi2cc);
        let bus = RemoteHandle::open_pulled(client, open, close, own, own, pulls)?;
        Ok(PigpioI2c { bus, rate: Some(rate) })
    }

    /// Returns the operations as one list, and how many bytes they read.
    fn list(&self, address: u8, operations: &[I2cOperation<'_>]) -> Result<(Vec<u8>, usize)> {
        let has_several = operations.len() > 1 && self.rate.is_none();
        let mut list = vec![ADDRESS, address];
        list.extend(has_several.then_some(COMBINED_ON));
        for operation in operations {
            list.extend(self.rate.map(|_| START));
            let [low, high, ..] = (operation.len() as u32).to_le_bytes();
            match operation {
                I2cOperation::Read(_) => list.extend([LONG, READ, low, high]),
                I2cOperation::Write(data) => {
                    list.extend([LONG, WRITE, low, high]);
                    list.extend_from_slice(data);
                }
                _ => return Err(Error::unsupported("this step of an I2C transaction")),
            }
        }
        list.extend(self.rate.map(|_| STOP));
        list.extend(has_several.then_some(COMBINED_OFF));
        list.push(END);
        let read = operations.iter().filter(|operation| operation.is_read()).map(I2cOperation::len).sum();
        self.check(operations, list.len(), read)?;
        Ok((list, read))
    }

    fn check(&self, operations: &[I2cOperation<'_>], list: usize, read: usize) -> Result<()> {
        let most = if self.rate.is_some() { MAX_EXTENSION } else { MOST_IN_MESSAGE };
        if let Some(long) = operations.iter().find(|operation| operation.len() > most) {
            return Err(too_long(format!("a message has {most} bytes at most, not {}", long.len())));
        }
        // The daemon's own limit for what is read is one byte less than what a reply can carry.
        if list > MAX_EXTENSION || read >= MAX_EXTENSION {
            return Err(too_long(format!("a transaction fits into {MAX_EXTENSION} bytes each way")));
        }
        if self.rate.is_none() && operations.len() > MOST_MESSAGES {
            return Err(Error::unsupported(format_args!(
                "a transaction of more than {MOST_MESSAGES} messages, which the daemon would divide,"
            )));
        }
        Ok(())
    }

    /// Returns how long the bus may take for so many bytes.
    fn time(&self, bytes: usize) -> Duration {
        match self.rate {
            // The daemon waits for other programs of its computer in between, and for slow chips.
            Some(rate) => Duration::from_secs(1) * (bytes as u32 * 9 * 4) / rate + Duration::from_secs(1),
            // 9 bits a byte at 10 kHz, the slowest common rate, times two.
            None => Duration::from_millis(2) * bytes as u32,
        }
    }
}

impl I2cBus for PigpioI2c {
    fn transfer(&self, address: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()> {
        let I2cAddress::Seven(bits) = address else {
            return Err(Error::unsupported(
                "an I2C address of 10 bits, for which the daemon has no command,",
            ));
        };
        let (list, expected) = self.list(bits as u8, operations)?;
        let time = self.time(list.len() + expected);
        let command = if self.rate.is_some() { Command::Bi2cz } else { Command::I2cz };
        let answer = self.bus.ask(time, |number| Frame::new(command, number, 0).with(list));
        let read = answer.map_err(|error| self.failed(address, error))?.payload;
        if read.len() != expected {
            let message = format!("the daemon has read {} bytes instead of {expected}", read.len());
            return Err(Error::new(ErrorKind::Io, message));
        }
        let mut read = &read[..];
        for operation in operations {
            if let I2cOperation::Read(data) = operation {
                let (own, others) = read.split_at(data.len());
                data.copy_from_slice(own);
                read = others;
            }
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.bus.close()
    }
}

impl PigpioI2c {
    /// Handles a failed transaction.
    fn failed(&self, address: I2cAddress, error: Error) -> Error {
        if error.kind() != ErrorKind::NoAcknowledge {
            return error;
        }
        if self.rate.is_some() {
            // The daemon has left the bus without a stop, and a chip may hold the data line.
            let stop = self.bus.ask(Duration::from_secs(1), |number| {
                Frame::new(Command::Bi2cz, number, 0).with([STOP, END])
            });
            if let Err(error) = stop {
                log::debug!("an I2C bus has no stop after an error: {error}");
            }
        }
        let message = format!(
            "no chip answers at {address}, or the chip does not take a byte: check the address, the wires and the supply"
        );
        Error::new(ErrorKind::NoAcknowledge, message).with_source(error)
    }
}

/// Adds the remedy to the error of a missing controller.
fn no_bus(board: &Board, number: u32, error: Error) -> Error {
    if error.kind() != ErrorKind::NoChip {
        return error;
    }
    let remedy = match board.i2c_setting(number) {
        Some(setting) => format!("put `{setting}` into config.txt there, and restart the computer"),
        None => "its board has no pins for this bus".to_owned(),
    };
    let message = format!("the daemon's computer has no I2C bus {number}: {remedy}");
    Error::new(ErrorKind::NoChip, message).with_source(error)
}

fn too_long(message: String) -> Error {
    Error::new(ErrorKind::InvalidValue, message)
}
