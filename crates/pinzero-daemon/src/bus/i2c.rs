//! I2C: handles, and the buses behind them.

use std::sync::Arc;

use pinzero_core::{Error, ErrorKind, Gpio, I2c, I2cAddress, I2cOperation, Line};
use pinzero_pigpio::protocol::Code;

use super::BusId;
use super::handles::{Handle, Handles};
use super::ports::{Port, Ports};
use super::queue::Job;
use crate::ClientId;
use crate::answer::Answer;
use crate::inbox::Inbox;
use crate::lines::{Lines, refusal};

/// The most handles of devices on controllers.
const HANDLES: u32 = 512;

/// The mode that clients see on the lines of a controller.
const ALT0: u32 = 4;

/// The most bytes of a block.
const BLOCK: u8 = 32;

/// An I2C bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum I2cPlace {
    /// A controller, by its number.
    Controller(u32),
    /// Any two lines, where the daemon makes each bit.
    Lines { data: u32, clock: u32 },
}

impl From<I2cPlace> for BusId {
    fn from(place: I2cPlace) -> Self {
        BusId::I2c(place)
    }
}

/// A message: from start to repeated start or stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Write(Vec<u8>),
    Read(usize),
}

/// Messages to one address without a stop in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) address: u32,
    pub(crate) messages: Vec<Message>,
}

/// The form of the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    /// Zero.
    Done,
    /// The bytes that were read.
    Bytes,
    /// The bytes that were read, as a number with the lowest byte first.
    Number,
    /// As many of the bytes behind the first as the first says.
    Block,
}

/// A task for the thread of a bus.
#[derive(Debug)]
pub(crate) struct I2cTask {
    pub(crate) work: Work,
    pub(crate) reply: Reply,
    /// Returns the code for a transaction that fails.
    pub(crate) failure: fn(&Transaction) -> Code,
}

#[derive(Debug)]
pub(crate) enum Work {
    /// Messages to the device of the handle.
    Messages(Vec<Message>),
    /// A list of operations, and the function that takes it apart. The address counts until the list names another.
    List(Vec<u8>, fn(&[u8], u32) -> Result<Vec<Transaction>, Code>),
}

impl Work {
    /// Returns the memory that the work takes while it waits.
    fn size(&self) -> usize {
        let size = |message: &Message| if let Message::Write(bytes) = message { bytes.len() } else { 0 };
        match self {
            Work::Messages(messages) => messages.iter().map(size).sum(),
            Work::List(list, _) => list.len(),
        }
    }
}

/// A bus, as its thread has it.
#[derive(Debug, Clone)]
pub(super) struct Bus(I2c);

impl Port for Bus {
    type Key = I2cPlace;
    type Task = (u32, I2cTask);

    fn run(
        &self,
        (address, I2cTask { work, reply, failure }): (u32, I2cTask),
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Answer, Code> {
        let transactions = match work {
            Work::Messages(messages) => vec![Transaction { address, messages }],
            Work::List(list, parse) => parse(&list, address)?,
        };
        let mut received = Vec::new();
        for transaction in transactions.iter().take_while(|_| is_wanted()) {
            self.transact(transaction, &mut received).map_err(|error| {
                log::warn!("an I2C transfer failed: {error}");
                failure(transaction)
            })?;
        }
        answer(received, reply)
    }

    fn close(&self) {
        if let Err(error) = self.0.close() {
            log::warn!("an I2C bus was not closed properly: {error}");
        }
    }

    fn ends_at_once(&self) -> bool {
        false
    }
}

impl Bus {
    /// Runs a transaction, and appends what was read.
    fn transact(&self, transaction: &Transaction, received: &mut Vec<u8>) -> pinzero_core::Result<()> {
        let count = |message: &Message| if let Message::Read(count) = message { *count } else { 0 };
        let start = received.len();
        received.resize(start + transaction.messages.iter().map(count).sum::<usize>(), 0);
        let mut room = &mut received[start..];
        let mut operations = Vec::with_capacity(transaction.messages.len());
        for message in &transaction.messages {
            operations.push(match message {
                Message::Write(bytes) => I2cOperation::Write(bytes),
                Message::Read(count) => {
                    let (own, others) = std::mem::take(&mut room).split_at_mut(*count);
                    room = others;
                    I2cOperation::Read(own)
                }
            });
        }
        self.0.transaction(I2cAddress::Seven(transaction.address), &mut operations)
    }
}

fn answer(mut received: Vec<u8>, reply: Reply) -> Result<Answer, Code> {
    Ok(match reply {
        Reply::Done => Answer::Number(0),
        Reply::Bytes => Answer::Bytes(received),
        Reply::Number => {
            Answer::Number(received.iter().rev().fold(0, |number, byte| number << 8 | i32::from(*byte)))
        }
        Reply::Block => match received.first() {
            Some(&length @ 0..=BLOCK) => {
                received.drain(..1);
                received.truncate(length.into());
                Answer::Bytes(received)
            }
            // No block is as long: the device has another idea of the command.
            _ => return Err(Code::I2C_READ_FAILED),
        },
    })
}

/// The device of an open handle.
#[derive(Debug, Clone, Copy)]
struct Device {
    place: I2cPlace,
    address: u32,
}

/// All open handles and buses.
#[derive(Debug)]
pub(crate) struct I2cBuses {
    gpio: Gpio,
    ports: Ports<Bus>,
    handles: Handles<Device>,
    /// The buses on any lines, by their data line.
    soft: Handles<Device>,
}

impl I2cBuses {
    pub(crate) fn new(gpio: Gpio, inbox: Arc<Inbox>) -> Self {
        let ports = Ports::new(inbox);
        I2cBuses { gpio, ports, handles: Handles::default(), soft: Handles::default() }
    }

    /// Returns the lines of a bus, as far as the board names them.
    fn lines(&self, place: I2cPlace) -> Vec<u32> {
        match place {
            I2cPlace::Controller(bus) => self.gpio.board().i2c_lines(bus).into_iter().flatten().collect(),
            I2cPlace::Lines { data, clock } => vec![data, clock],
        }
    }

    /// Returns the lines that a bus would need and does not have yet.
    pub(crate) fn needs(&self, place: I2cPlace) -> Vec<u32> {
        if self.ports.get(&place).is_some() { Vec::new() } else { self.lines(place) }
    }

    /// Opens a device on a controller; returns the lowest free handle.
    pub(crate) fn open(
        &mut self,
        lines: &mut Lines,
        bus: u32,
        address: u32,
        owner: ClientId,
    ) -> Result<u32, Code> {
        let free = self.handles.free(HANDLES).or_else(|| {
            // Many clients never close what they open: a handle of one that is gone has to go.
            let left = self.handles.left()?;
            let device = self.handles.remove(left)?;
            self.ports.leave(lines, &device.place, None);
            Some(left)
        });
        let free = free.ok_or(Code::NO_HANDLE)?;
        let place = I2cPlace::Controller(bus);
        let modes: Vec<(u32, u32)> = self.lines(place).into_iter().map(|gpio| (gpio, ALT0)).collect();
        let gpio = &self.gpio;
        self.ports.join(lines, place, &modes, || gpio.i2c(bus).open().map(Bus).map_err(no_bus))?;
        self.handles.insert(free, Device { place, address }, owner);
        Ok(free)
    }

    /// Opens a bus on any lines; its data line is its handle.
    pub(crate) fn open_soft(
        &mut self,
        lines: &mut Lines,
        data: u32,
        clock: u32,
        hertz: u32,
        owner: ClientId,
    ) -> Result<(), Code> {
        if self.soft.contains(data) {
            return Err(Code::GPIO_IN_USE);
        }
        let place = I2cPlace::Lines { data, clock };
        let open = || self.gpio.soft_i2c(Line(data), Line(clock)).max_rate(hertz).open();
        self.ports.join(lines, place, &[(data, 0), (clock, 0)], || open().map(Bus).map_err(no_bus))?;
        self.soft.insert(data, Device { place, address: 0 }, owner);
        Ok(())
    }

    /// Returns whether a handle is open.
    pub(crate) fn check(&self, handle: u32) -> Result<(), Code> {
        if self.handles.contains(handle) { Ok(()) } else { Err(Code::BAD_HANDLE) }
    }

    /// Runs a task on the bus of a handle. The answer comes later.
    pub(crate) fn run(&mut self, handle: u32, task: I2cTask, client: ClientId) -> Result<Answer, Code> {
        let device = *self.handles.used_by(handle, client).ok_or(Code::BAD_HANDLE)?;
        self.send(device, task, client)
    }

    /// Does the same for a bus on any lines.
    pub(crate) fn run_soft(&mut self, data: u32, task: I2cTask, client: ClientId) -> Result<Answer, Code> {
        let device = *self.soft.used_by(data, client).ok_or(Code::NOT_I2C_GPIO)?;
        self.send(device, task, client)
    }

    fn send(&self, device: Device, task: I2cTask, client: ClientId) -> Result<Answer, Code> {
        let Device { place, address } = device;
        // pigpiod has no queue, and so no code for a full one.
        let full = (task.failure)(&Transaction { address, messages: Vec::new() });
        let job = Job { client, size: task.work.size(), task: (address, task) };
        if self.ports.push(&place, job) { Ok(Answer::Later) } else { Err(full) }
    }

    /// Closes a device. If it was the last on its bus, the answer comes when the lines are free.
    pub(crate) fn close(&mut self, lines: &mut Lines, handle: u32, client: ClientId) -> Result<Answer, Code> {
        let device = self.handles.remove(handle).ok_or(Code::BAD_HANDLE)?;
        Ok(self.ports.leave(lines, &device.place, Some(client)).0)
    }

    /// Does the same for a bus on any lines.
    pub(crate) fn close_soft(
        &mut self,
        lines: &mut Lines,
        data: u32,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let device = self.soft.remove(data).ok_or(Code::NOT_I2C_GPIO)?;
        Ok(self.ports.leave(lines, &device.place, Some(client)).0)
    }

    /// Returns whether a connected client uses a device on a line.
    pub(crate) fn uses(&self, gpio: u32) -> bool {
        let mut handles = self.handles.iter().chain(self.soft.iter());
        handles.any(|handle| handle.is_used() && self.lines(handle.device.place).contains(&gpio))
    }

    /// Closes the devices on a line.
    pub(crate) fn close_on(&mut self, lines: &mut Lines, gpio: u32) {
        let board = self.gpio.board().clone();
        self.close_each(lines, |handle| match handle.device.place {
            I2cPlace::Controller(bus) => board.i2c_lines(bus).is_some_and(|lines| lines.contains(&gpio)),
            I2cPlace::Lines { data, clock } => data == gpio || clock == gpio,
        });
    }

    /// Ends the transfers of a client that is gone. Its devices stay open for others.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.ports.cancel(client);
        self.handles.forget(client);
        self.soft.forget(client);
    }

    /// Closes the devices that a client has opened.
    pub(crate) fn close_all(&mut self, lines: &mut Lines, client: ClientId) {
        self.close_each(lines, |handle| handle.owner == client);
    }

    fn close_each(&mut self, lines: &mut Lines, is_meant: impl Fn(&Handle<Device>) -> bool) {
        let mut gone = self.handles.take_if(&is_meant);
        gone.extend(self.soft.take_if(&is_meant));
        for device in gone {
            self.ports.leave(lines, &device.place, None);
        }
    }

    /// Takes back the lines of a bus that its thread has closed.
    pub(crate) fn closed(&mut self, lines: &mut Lines, place: I2cPlace) {
        self.ports.closed(lines, &place);
    }
}

fn no_bus(error: Error) -> Code {
    match error.kind() {
        ErrorKind::Busy | ErrorKind::PinInUse => refusal(error),
        kind => {
            log::warn!("an I2C bus cannot be opened: {error}");
            if kind == ErrorKind::NoChip { Code::BAD_I2C_BUS } else { Code::I2C_OPEN_FAILED }
        }
    }
}
