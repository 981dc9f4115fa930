//! I2C devices on the daemon's buses.

use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Result};

use crate::client::Client;
use crate::pipeline::Frame;
use crate::protocol::Command;
use crate::remote_handle::RemoteHandle;

/// The most bytes of one message: more than any device takes, and as many as a request can carry.
const MOST: usize = 8192;

/// The buses on the header, each with its data line.
const DATA: [(u32, u32); 2] = [(0, 0), (1, 2)];

/// The last opcode of an I2C operation list. The daemon needs it after a write: it takes one only if a byte follows.
const END: u8 = 0;
/// The opcodes of an I2C operation list: a length of two bytes follows, read, write.
const LONG: u8 = 1;
const READ: u8 = 6;
const WRITE: u8 = 7;
/// Starts and ends a sequence of messages without a stop in between.
const COMBINED_ON: u8 = 2;
const COMBINED_OFF: u8 = 3;

/// A device on an I2C bus of the daemon's host; closed when dropped.
///
/// Made by [`PigpioFactory::i2c`](crate::PigpioFactory::i2c).
#[derive(Debug)]
pub struct I2c(RemoteHandle);

impl I2c {
    pub(crate) fn open(client: &std::sync::Arc<Client>, bus: u32, address: u8) -> Result<Self> {
        let flags = 0u32.to_le_bytes();
        let open = Frame::new(Command::I2co, bus, u32::from(address)).with(flags);
        let line = DATA.iter().find(|(number, _)| *number == bus).map(|(_, line)| *line);
        Ok(I2c(RemoteHandle::open(client, open, Command::I2cc, None, line)?))
    }

    /// Writes `data` in one message.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for no byte or more than 8,192, [`Io`](ErrorKind::Io) if the device
    /// does not take them, [`Disconnected`](ErrorKind::Disconnected), [`Closed`](ErrorKind::Closed).
    pub fn write(&self, data: &[u8]) -> Result<()> {
        check(data.len())?;
        self.run(message(WRITE, data.len()).chain(data.iter().copied()), 0).map(drop)
    }

    /// Fills `data` by one message.
    ///
    /// # Errors
    /// See [`write`](I2c::write).
    pub fn read(&self, data: &mut [u8]) -> Result<()> {
        check(data.len())?;
        let read = self.run(message(READ, data.len()), data.len())?;
        data.copy_from_slice(&read);
        Ok(())
    }

    /// Writes `out` and then fills `data`, without a stop in between. This is the way to read a register.
    ///
    /// # Errors
    /// See [`write`](I2c::write).
    pub fn write_read(&self, out: &[u8], data: &mut [u8]) -> Result<()> {
        check(out.len())?;
        check(data.len())?;
        let write = message(WRITE, out.len()).chain(out.iter().copied());
        let operations = [COMBINED_ON].into_iter().chain(write).chain(message(READ, data.len()));
        let read = self.run(operations.chain([COMBINED_OFF]), data.len())?;
        data.copy_from_slice(&read);
        Ok(())
    }

    /// Closes the device at the daemon. Idempotent.
    ///
    /// # Errors
    /// [`Disconnected`](ErrorKind::Disconnected).
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }

    fn run(&self, operations: impl Iterator<Item = u8>, expected: usize) -> Result<Vec<u8>> {
        let operations: Vec<u8> = operations.chain([END]).collect();
        // 9 bits a byte at 10 kHz, the slowest common speed, times two.
        let time = Duration::from_millis(2) * (operations.len() + expected) as u32;
        let answer = self.0.ask(time, |number| Frame::new(Command::I2cz, number, 0).with(operations))?;
        match answer.payload.len() == expected {
            true => Ok(answer.payload),
            false => Err(Error::new(ErrorKind::Io, "the device gives fewer bytes than were asked for")),
        }
    }
}

/// Returns the header of a message.
fn message(kind: u8, length: usize) -> impl Iterator<Item = u8> {
    let [low, high, ..] = (length as u32).to_le_bytes();
    [LONG, kind, low, high].into_iter()
}

fn check(length: usize) -> Result<()> {
    if (1..=MOST).contains(&length) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidValue, format!("a message has 1 to {MOST} bytes, not {length}")))
}
