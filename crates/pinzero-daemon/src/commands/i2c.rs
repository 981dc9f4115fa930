//! I2C: on controllers, and on any two lines.
//!
//! The SMBus commands are plain messages here. A controller of a Raspberry Pi cannot read as many bytes as the device says, so
//! a block is read as a whole, and cut.

use pinzero_pigpio::protocol::{Code, Command};

use super::{operations, word};
use crate::ClientId;
use crate::answer::Answer;
use crate::bus::{I2cPlace, I2cTask, Message, Reply, Transaction, Work};
use crate::executor::Executor;

/// The most bytes of a block, and of a block with its length.
const BLOCK: u32 = 32;
const BLOCK_WITH_LENGTH: usize = 33;

/// The most bytes of a plain message.
const MOST: u32 = 65_535;

fn read_failed(_: &Transaction) -> Code {
    Code::I2C_READ_FAILED
}

fn write_failed(_: &Transaction) -> Code {
    Code::I2C_WRITE_FAILED
}

fn segment_failed(_: &Transaction) -> Code {
    Code::BAD_I2C_SEG
}

fn first_failed(transaction: &Transaction) -> Code {
    match transaction.messages.first() {
        Some(Message::Read(_)) => Code::I2C_READ_FAILED,
        _ => Code::I2C_WRITE_FAILED,
    }
}

impl Executor {
    pub(crate) fn i2c_open(
        &mut self,
        bus: u32,
        address: u32,
        flags: u32,
        client: ClientId,
    ) -> Result<Answer, Code> {
        if address > 0x7f {
            return Err(Code::BAD_I2C_ADDR);
        }
        if flags != 0 {
            return Err(Code::BAD_FLAGS);
        }
        for gpio in self.buses.i2c.needs(I2cPlace::Controller(bus)) {
            self.reclaim(gpio);
        }
        Ok(self.buses.i2c.open(&mut self.lines, bus, address, client)?.into())
    }

    pub(crate) fn soft_i2c_open(
        &mut self,
        data: u32,
        clock: u32,
        hertz: u32,
        client: ClientId,
    ) -> Result<Answer, Code> {
        self.lines.check_user(data)?;
        self.lines.check_user(clock)?;
        if !(50..=500_000).contains(&hertz) {
            return Err(Code::BAD_I2C_BAUD);
        }
        if data == clock {
            return Err(Code::GPIO_IN_USE);
        }
        self.reclaim(data);
        self.reclaim(clock);
        self.buses.i2c.open_soft(&mut self.lines, data, clock, hertz, client)?;
        Ok(Answer::Number(0))
    }

    /// Runs a command on a handle.
    pub(crate) fn i2c(
        &mut self,
        command: Command,
        handle: u32,
        p2: u32,
        extension: &[u8],
        client: ClientId,
    ) -> Result<Answer, Code> {
        self.buses.i2c.check(handle)?;
        let task = if command == Command::I2cz {
            list(extension, operations::for_controller, segment_failed)?
        } else {
            smbus(command, p2, extension)?
        };
        self.buses.i2c.run(handle, task, client)
    }

    pub(crate) fn soft_i2c(&mut self, data: u32, extension: &[u8], client: ClientId) -> Result<Answer, Code> {
        self.lines.check_user(data)?;
        let task = list(extension, operations::for_lines, first_failed)?;
        self.buses.i2c.run_soft(data, task, client)
    }
}

/// Returns the task of a list, which the thread of the bus takes apart: a list may be long.
fn list(
    list: &[u8],
    parse: fn(&[u8], u32) -> Result<Vec<Transaction>, Code>,
    failure: fn(&Transaction) -> Code,
) -> Result<I2cTask, Code> {
    if list.is_empty() {
        return Err(Code::BAD_POINTER);
    }
    Ok(I2cTask { work: Work::List(list.to_vec(), parse), reply: Reply::Bytes, failure })
}

/// Returns the task of a command, after the checks that pigpiod makes.
fn smbus(command: Command, p2: u32, extension: &[u8]) -> Result<I2cTask, Code> {
    use Command::*;
    let byte = |number: u32| u8::try_from(number).map_err(|_| Code::BAD_PARAM);
    let two_bytes = |number: u32| u16::try_from(number).map_err(|_| Code::BAD_PARAM);
    let within = |number: u32, range: std::ops::RangeInclusive<u32>| {
        if range.contains(&number) { Ok(number as usize) } else { Err(Code::BAD_PARAM) }
    };
    let block = || within(extension.len() as u32, 1..=BLOCK).map(|_| extension);
    let write = |bytes: &[&[u8]]| Message::Write(bytes.concat());
    let get = |messages: Vec<Message>, reply| {
        Ok(I2cTask { work: Work::Messages(messages), reply, failure: read_failed })
    };
    let put = |message: Message| {
        Ok(I2cTask { work: Work::Messages(vec![message]), reply: Reply::Done, failure: write_failed })
    };
    // A register and what follows it.
    let at = |bytes: &[&[u8]]| Ok(write(&[&[byte(p2)?][..], &bytes.concat()]));
    match command {
        I2crd => get(vec![Message::Read(within(p2, 1..=MOST)?)], Reply::Bytes),
        I2cwd => {
            within(extension.len() as u32, 1..=MOST)?;
            put(write(&[extension]))
        }
        // No message is empty here, so the device is asked for a byte.
        I2cwq => {
            within(p2, 0..=1)?;
            put(Message::Read(1))
        }
        I2crs => get(vec![Message::Read(1)], Reply::Number),
        I2cws => put(at(&[])?),
        I2crb => get(vec![at(&[])?, Message::Read(1)], Reply::Number),
        I2crw => get(vec![at(&[])?, Message::Read(2)], Reply::Number),
        I2cwb => put(at(&[&[byte(word(extension, 0)?)?]])?),
        I2cww => put(at(&[&two_bytes(word(extension, 0)?)?.to_le_bytes()])?),
        I2cpc => {
            let call = at(&[&two_bytes(word(extension, 0)?)?.to_le_bytes()])?;
            get(vec![call, Message::Read(2)], Reply::Number)
        }
        I2crk => get(vec![at(&[])?, Message::Read(BLOCK_WITH_LENGTH)], Reply::Block),
        I2cwk => put(at(&[&[block()?.len() as u8], extension])?),
        I2cpk => {
            let call = at(&[&[block()?.len() as u8], extension])?;
            get(vec![call, Message::Read(BLOCK_WITH_LENGTH)], Reply::Block)
        }
        I2cri => get(vec![at(&[])?, Message::Read(within(word(extension, 0)?, 1..=BLOCK)?)], Reply::Bytes),
        I2cwi => put(at(&[block()?])?),
        _ => Err(Code::UNKNOWN_COMMAND),
    }
}
