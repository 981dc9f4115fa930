//! SPI: handles, and the buses behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use pinzero_core::{Gpio, Level, Line, Output, SpiMode};
use pinzero_pigpio::protocol::Code;

use super::BusId;
use super::handles::{Handle, Handles};
use super::ports::{Port, Ports};
use super::queue::Job;
use super::spi_wires::Wires;
use crate::ClientId;
use crate::answer::Answer;
use crate::inbox::Inbox;
use crate::lines::{Lines, refusal};

/// The most handles of devices on the board's buses.
const HANDLES: u32 = 256;

/// A bus: clock, data out, data in.
pub(crate) type Pins = [u32; 3];

/// The SPI settings of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Talk {
    pub(crate) mode: SpiMode,
    pub(crate) lsb_first: bool,
    pub(crate) hertz: u32,
}

/// A chip select pin, and its active level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Select {
    pub(crate) gpio: u32,
    pub(crate) active: Level,
}

/// The controller that has a device's pins, and its number for the chip select; `None` if the controller selects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Controller {
    pub(crate) bus: u32,
    pub(crate) select: Option<u32>,
}

/// The device of an open handle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) pins: Pins,
    pub(crate) select: Option<Select>,
    pub(crate) controller: Option<Controller>,
    pub(crate) talk: Talk,
    /// The modes that clients see on the bus's pins and the chip select pin while the bus is open.
    pub(crate) shows: ([u32; 3], u32),
}

impl Device {
    fn is_on(&self, gpio: u32) -> bool {
        self.pins.contains(&gpio) || self.select.is_some_and(|select| select.gpio == gpio)
    }
}

/// The bytes that a transfer sends.
#[derive(Debug)]
pub(crate) enum Data {
    Bytes(Vec<u8>),
    /// This many zeros, which take no memory before their transfer begins.
    Zeros(usize),
}

impl Data {
    /// Returns the memory that the waiting bytes take.
    fn size(&self) -> usize {
        match self {
            Data::Bytes(bytes) => bytes.len(),
            Data::Zeros(_) => 0,
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Data::Bytes(bytes) => bytes,
            Data::Zeros(count) => vec![0; count],
        }
    }
}

/// The form of the answer to a transfer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ReplyWith {
    /// The received bytes.
    Bytes,
    /// The number of bytes.
    Count,
}

#[derive(Debug)]
pub(super) struct Transfer {
    device: Device,
    /// The chip select pin, if the daemon drives it.
    select: Option<(Output, Level)>,
    data: Data,
    reply: ReplyWith,
}

impl From<Pins> for BusId {
    fn from(pins: Pins) -> Self {
        BusId::Spi(pins)
    }
}

impl Port for Arc<Wires> {
    type Key = Pins;
    type Task = Transfer;

    fn run(&self, transfer: Transfer, is_wanted: &dyn Fn() -> bool) -> Result<Answer, Code> {
        let Transfer { device, select, data, reply } = transfer;
        let mut data = data.into_bytes();
        self.transfer(&device, select, &mut data, is_wanted).map_err(|error| {
            log::warn!("a transfer failed: {error}");
            Code::SPI_XFER_FAILED
        })?;
        Ok(match reply {
            ReplyWith::Bytes => Answer::Bytes(data),
            ReplyWith::Count => Answer::Number(data.len() as i32),
        })
    }

    fn close(&self) {
        self.end();
    }

    fn ends_at_once(&self) -> bool {
        !self.is_controller()
    }
}

/// A chip select of a bus that is open.
#[derive(Debug)]
struct OpenSelect {
    /// The pin, if the daemon drives it.
    output: Option<Output>,
    users: usize,
}

/// All open handles and buses.
#[derive(Debug)]
pub(crate) struct SpiBuses {
    gpio: Gpio,
    ports: Ports<Arc<Wires>>,
    handles: Handles<Device>,
    /// The handles on pins of the client's choice, by their chip select pin.
    soft: Handles<Device>,
    /// The chip selects, by the bus's pins and their own.
    selects: BTreeMap<(Pins, u32), OpenSelect>,
}

impl SpiBuses {
    pub(crate) fn new(gpio: Gpio, inbox: Arc<Inbox>) -> Self {
        SpiBuses {
            gpio,
            ports: Ports::new(inbox),
            handles: Handles::default(),
            soft: Handles::default(),
            selects: BTreeMap::new(),
        }
    }

    /// Returns the lines that a device would need and no device has yet.
    pub(crate) fn needs(&self, device: &Device) -> Vec<u32> {
        let is_open = self.ports.get(&device.pins).is_some();
        let pins = device.pins.into_iter().filter(|_| !is_open);
        let select = device.select.map(|select| select.gpio);
        let select = select.filter(|gpio| !self.selects.contains_key(&(device.pins, *gpio)));
        pins.chain(select).collect()
    }

    /// Opens a device on one of the board's buses; returns the lowest free handle.
    pub(crate) fn open(&mut self, lines: &mut Lines, device: Device, owner: ClientId) -> Result<u32, Code> {
        let free = self.handles.free(HANDLES).or_else(|| {
            // Many clients never close what they open: a handle of one that is gone has to go.
            let left = self.handles.left()?;
            let device = self.handles.remove(left)?;
            self.leave(lines, device, None);
            Some(left)
        });
        let free = free.ok_or(Code::NO_HANDLE)?;
        self.join(lines, device)?;
        self.handles.insert(free, device, owner);
        Ok(free)
    }

    /// Opens a device on any pins; its chip select pin is its handle.
    pub(crate) fn open_soft(
        &mut self,
        lines: &mut Lines,
        select: Select,
        device: Device,
        owner: ClientId,
    ) -> Result<(), Code> {
        if self.soft.contains(select.gpio) {
            return Err(Code::GPIO_IN_USE);
        }
        self.join(lines, device)?;
        self.soft.insert(select.gpio, device, owner);
        Ok(())
    }

    /// Joins a bus, and opens the bus if necessary.
    fn join(&mut self, lines: &mut Lines, device: Device) -> Result<(), Code> {
        let Device { pins, select, shows, .. } = device;
        if self.ports.is_closing(&pins) {
            // Another client is closing the bus.
            return Err(Code::GPIO_IN_USE);
        }
        let is_new = select.filter(|select| !self.selects.contains_key(&(pins, select.gpio)));
        if let Some(Select { gpio, .. }) = is_new {
            lines.lend(gpio, shows.1)?;
        }
        let result = self.join_pins(lines, &device);
        if result.is_err() {
            is_new.iter().for_each(|select| lines.take_back(select.gpio));
        }
        result
    }

    fn join_pins(&mut self, lines: &mut Lines, device: &Device) -> Result<(), Code> {
        let Device { pins, select, shows, .. } = *device;
        let modes: Vec<(u32, u32)> = pins.into_iter().zip(shows.0).collect();
        let gpio = self.gpio.clone();
        self.ports.join(lines, pins, &modes, || Wires::open(&gpio, device).map(Arc::new).map_err(refusal))?;
        let opened = match select {
            Some(select) => self.open_select(device, select),
            None => Ok(()),
        };
        if opened.is_err() {
            self.ports.leave(lines, &pins, None);
        }
        opened
    }

    fn open_select(&mut self, device: &Device, Select { gpio, active }: Select) -> Result<(), Code> {
        if let Some(open) = self.selects.get_mut(&(device.pins, gpio)) {
            open.users += 1;
            return Ok(());
        }
        let wires = self.ports.get(&device.pins).ok_or(Code::SPI_OPEN_FAILED)?;
        let output = if wires.is_controller() {
            wires.prepare(device).map_err(refusal)?;
            None
        } else {
            let opened = self.gpio.output(Line(gpio)).initial(!active).device("SPI select").open();
            Some(opened.map_err(refusal)?)
        };
        self.selects.insert((device.pins, gpio), OpenSelect { output, users: 1 });
        Ok(())
    }

    /// Returns whether a connected client uses a device on a line.
    pub(crate) fn uses(&self, gpio: u32) -> bool {
        let mut handles = self.handles.iter().chain(self.soft.iter());
        handles.any(|handle| handle.device.is_on(gpio) && handle.is_used())
    }

    /// Closes the devices on a line.
    pub(crate) fn close_on(&mut self, lines: &mut Lines, gpio: u32) {
        self.close_each(lines, |handle| handle.device.is_on(gpio));
    }

    /// Sends `data` to a device. The answer comes later.
    pub(crate) fn transfer(
        &mut self,
        handle: u32,
        data: Data,
        reply: ReplyWith,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let device = *self.handles.used_by(handle, client).ok_or(Code::BAD_HANDLE)?;
        self.send(device, data, reply, client)
    }

    /// Does the same for a device on any pins.
    pub(crate) fn transfer_soft(
        &mut self,
        select: u32,
        data: Data,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let device = *self.soft.used_by(select, client).ok_or(Code::NOT_SPI_GPIO)?;
        self.send(device, data, ReplyWith::Bytes, client)
    }

    fn send(&self, device: Device, data: Data, reply: ReplyWith, client: ClientId) -> Result<Answer, Code> {
        let select = device.select.and_then(|Select { gpio, active }| {
            let open = self.selects.get(&(device.pins, gpio))?;
            open.output.clone().map(|output| (output, active))
        });
        let size = data.size();
        let job = Job { client, size, task: Transfer { device, select, data, reply } };
        if self.ports.push(&device.pins, job) { Ok(Answer::Later) } else { Err(Code::SPI_XFER_FAILED) }
    }

    /// Closes a device. If it was the last on its bus, the answer comes when the pins are free.
    pub(crate) fn close(&mut self, lines: &mut Lines, handle: u32, client: ClientId) -> Result<Answer, Code> {
        let device = self.handles.remove(handle).ok_or(Code::BAD_HANDLE)?;
        Ok(self.leave(lines, device, Some(client)))
    }

    /// Does the same for a device on any pins.
    pub(crate) fn close_soft(
        &mut self,
        lines: &mut Lines,
        select: u32,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let device = self.soft.remove(select).ok_or(Code::NOT_SPI_GPIO)?;
        Ok(self.leave(lines, device, Some(client)))
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

    /// Closes some devices at once: no client waits for their transfers.
    fn close_each(&mut self, lines: &mut Lines, is_meant: impl Fn(&Handle<Device>) -> bool) {
        let mut gone = self.handles.take_if(&is_meant);
        gone.extend(self.soft.take_if(&is_meant));
        for device in gone {
            self.leave(lines, device, None);
        }
    }

    fn leave(&mut self, lines: &mut Lines, device: Device, client: Option<ClientId>) -> Answer {
        let pins = device.pins;
        let is_last = self.ports.users(&pins) == 1;
        if let Some(Select { gpio, .. }) = device.select {
            if let Some(open) = self.selects.get_mut(&(pins, gpio)) {
                open.users -= 1;
                // The last device's chip select pin stays open until its transfers are done.
                if open.users == 0 && !is_last {
                    self.close_select(lines, &device, gpio, client);
                }
            }
        }
        let (answer, is_closed) = self.ports.leave(lines, &pins, client);
        if is_closed {
            self.close_selects(lines, pins);
        }
        answer
    }

    /// Closes a chip select that no device has, on a bus that stays open.
    fn close_select(&mut self, lines: &mut Lines, device: &Device, gpio: u32, client: Option<ClientId>) {
        let is_released = self.ports.get(&device.pins).is_none_or(|wires| wires.release(device));
        // A controller that still uses the chip select keeps it as long as the bus is open.
        if !is_released {
            return;
        }
        let select = self.selects.remove(&(device.pins, gpio));
        if client.is_none() {
            select.iter().filter_map(|open| open.output.as_ref()).for_each(close);
        }
        drop(select);
        lines.take_back(gpio);
    }

    /// Closes the chip selects of a bus that is closed.
    fn close_selects(&mut self, lines: &mut Lines, pins: Pins) {
        let gone: Vec<(Pins, u32)> = self.selects.keys().filter(|key| key.0 == pins).copied().collect();
        for key in gone {
            let select = self.selects.remove(&key);
            select.iter().filter_map(|open| open.output.as_ref()).for_each(close);
            lines.take_back(key.1);
        }
    }

    /// Takes back the lines of a bus that its thread has closed.
    pub(crate) fn closed(&mut self, lines: &mut Lines, pins: Pins) {
        self.ports.closed(lines, &pins);
        self.close_selects(lines, pins);
    }
}

/// Closes a chip select pin, of which the thread may have another handle.
fn close(select: &Output) {
    if let Err(error) = select.close() {
        log::warn!("a chip select pin was not closed properly: {error}");
    }
}
