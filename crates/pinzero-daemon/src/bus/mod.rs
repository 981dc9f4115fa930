//! SPI: handles, and the buses behind them. Each bus has its own thread, so a transfer delays only users of the same bus.

mod queue;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pinzero_core::{Gpio, Level, Line, Output, SpiMode};
use pinzero_pigpio::protocol::Code;

use crate::ClientId;
use crate::answer::Answer;
use crate::inbox::Inbox;
use crate::lines::{Lines, refusal};
use crate::thread::spawn;
pub(crate) use queue::Data;
use queue::{Queue, Transfer};
use worker::{Wires, Worker};

/// The most handles of devices on the board's buses.
const HANDLES: usize = 256;

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

/// An open handle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) pins: Pins,
    pub(crate) select: Option<Select>,
    pub(crate) talk: Talk,
    /// The modes that clients see on the bus's pins and the chip select pin while the bus is open.
    pub(crate) shows: ([u32; 3], u32),
}

impl Device {
    fn is_on(&self, gpio: u32) -> bool {
        self.pins.contains(&gpio) || self.select.is_some_and(|select| select.gpio == gpio)
    }
}

#[derive(Debug)]
struct OpenDevice {
    device: Device,
    /// The client that opened the device.
    owner: ClientId,
    /// The clients that opened or used the device, and are still connected.
    users: BTreeSet<ClientId>,
}

impl OpenDevice {
    fn new(device: Device, owner: ClientId) -> Self {
        OpenDevice { device, owner, users: BTreeSet::from([owner]) }
    }
}

#[derive(Debug)]
struct Bus {
    users: usize,
    /// The chip select pins, each with the number of its users.
    selects: BTreeMap<u32, (Output, usize)>,
    queue: Arc<Queue>,
    wires: Arc<Wires>,
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.queue.end();
        self.wires.end();
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

/// All open handles and buses.
#[derive(Debug)]
pub(crate) struct Buses {
    gpio: Gpio,
    inbox: Arc<Inbox>,
    handles: Vec<Option<OpenDevice>>,
    /// The handles on pins of the client's choice, by their chip select pin.
    soft: BTreeMap<u32, OpenDevice>,
    buses: BTreeMap<Pins, Bus>,
}

impl Buses {
    pub(crate) fn new(gpio: Gpio, inbox: Arc<Inbox>) -> Self {
        Buses { gpio, inbox, handles: Vec::new(), soft: BTreeMap::new(), buses: BTreeMap::new() }
    }

    /// Opens a device on one of the board's buses; returns the lowest free handle.
    pub(crate) fn open(&mut self, lines: &mut Lines, device: Device, owner: ClientId) -> Result<u32, Code> {
        let free = self.free_handle(lines)?;
        self.join(lines, device)?;
        self.handles[free] = Some(OpenDevice::new(device, owner));
        Ok(free as u32)
    }

    fn free_handle(&mut self, lines: &mut Lines) -> Result<usize, Code> {
        if let Some(free) = self.handles.iter().position(Option::is_none) {
            return Ok(free);
        }
        if self.handles.len() < HANDLES {
            self.handles.push(None);
            return Ok(self.handles.len() - 1);
        }
        // Many clients never close what they open: a handle of one that is gone has to go.
        let is_left = |slot: &Option<OpenDevice>| slot.as_ref().is_some_and(|open| open.users.is_empty());
        let left = self.handles.iter().position(is_left).ok_or(Code::NO_HANDLE)?;
        if let Some(open) = self.handles[left].take() {
            self.leave(lines, open.device, None);
        }
        Ok(left)
    }

    /// Opens a device on any pins; its chip select pin is its handle.
    pub(crate) fn open_soft(
        &mut self,
        lines: &mut Lines,
        select: Select,
        device: Device,
        owner: ClientId,
    ) -> Result<(), Code> {
        self.reclaim(lines, select.gpio);
        if self.soft.contains_key(&select.gpio) {
            return Err(Code::GPIO_IN_USE);
        }
        self.join(lines, device)?;
        self.soft.insert(select.gpio, OpenDevice::new(device, owner));
        Ok(())
    }

    /// Joins a bus, and opens the bus if necessary.
    fn join(&mut self, lines: &mut Lines, Device { pins, select, talk, shows }: Device) -> Result<(), Code> {
        if self.buses.get(&pins).is_some_and(|bus| bus.queue.is_closing()) {
            // Another client is closing the bus.
            return Err(Code::GPIO_IN_USE);
        }
        if let Some(Select { gpio, active }) = select {
            let shared = self.buses.get_mut(&pins).and_then(|bus| bus.selects.get_mut(&gpio));
            match shared {
                Some((_, users)) => *users += 1,
                None => {
                    self.lend(lines, gpio, shows.1)?;
                    let opened = self.gpio.output(Line(gpio)).initial(!active).device("SPI select").open();
                    let output = opened.map_err(|error| {
                        lines.take_back(gpio);
                        refusal(error)
                    })?;
                    let result = self.join_pins(lines, pins, talk, shows.0);
                    if result.is_err() {
                        drop(output);
                        lines.take_back(gpio);
                        return result;
                    }
                    if let Some(bus) = self.buses.get_mut(&pins) {
                        bus.selects.insert(gpio, (output, 1));
                    }
                    return Ok(());
                }
            }
        }
        self.join_pins(lines, pins, talk, shows.0)
    }

    fn join_pins(&mut self, lines: &mut Lines, pins: Pins, talk: Talk, shows: [u32; 3]) -> Result<(), Code> {
        if let Some(bus) = self.buses.get_mut(&pins) {
            bus.users += 1;
            return Ok(());
        }
        let mut lent = Vec::new();
        let result = pins.iter().zip(shows).try_for_each(|(gpio, mode)| {
            self.lend(lines, *gpio, mode)?;
            lent.push(*gpio);
            Ok(())
        });
        let result = result.and_then(|()| self.start(pins, talk));
        match result {
            Ok(bus) => {
                self.buses.insert(pins, bus);
                Ok(())
            }
            Err(code) => {
                lent.into_iter().for_each(|gpio| lines.take_back(gpio));
                Err(code)
            }
        }
    }

    /// Lends a line to a bus.
    fn lend(&mut self, lines: &mut Lines, gpio: u32, mode: u32) -> Result<(), Code> {
        self.reclaim(lines, gpio);
        lines.lend(gpio, mode)
    }

    /// Takes a line back from the devices on it, if no connected client uses any of them. Closes these devices.
    pub(crate) fn reclaim(&mut self, lines: &mut Lines, gpio: u32) {
        let mut devices = self.handles.iter().flatten().chain(self.soft.values());
        if lines.is_lent(gpio) && !devices.any(|open| open.device.is_on(gpio) && !open.users.is_empty()) {
            log::info!(
                "the SPI devices of clients that are gone are closed: another client needs GPIO{gpio}"
            );
            self.close_each(lines, |open| open.device.is_on(gpio));
        }
    }

    /// Opens a bus for one user.
    fn start(&self, pins: Pins, talk: Talk) -> Result<Bus, Code> {
        let wires = Arc::new(Wires::open(&self.gpio, pins, talk).map_err(refusal)?);
        let bus = Bus { users: 1, selects: BTreeMap::new(), queue: Arc::default(), wires };
        let worker = Worker {
            gpio: self.gpio.clone(),
            pins,
            wires: bus.wires.clone(),
            queue: bus.queue.clone(),
            inbox: self.inbox.clone(),
        };
        match spawn("pinzero-bus", move || worker.run()) {
            Ok(()) => Ok(bus),
            Err(error) => {
                log::warn!("the thread of a bus cannot be started: {error}");
                Err(Code::SPI_OPEN_FAILED)
            }
        }
    }

    /// Sends `data` to a device. The answer comes later.
    pub(crate) fn transfer(
        &mut self,
        handle: u32,
        data: Data,
        reply: ReplyWith,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let slot = self.handles.get_mut(handle as usize);
        let open = slot.and_then(Option::as_mut).ok_or(Code::BAD_HANDLE)?;
        open.users.insert(client);
        let device = open.device;
        self.send(device, data, reply, client)
    }

    /// Does the same for a device on any pins.
    pub(crate) fn transfer_soft(
        &mut self,
        select: u32,
        data: Data,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let open = self.soft.get_mut(&select).ok_or(Code::NOT_SPI_GPIO)?;
        open.users.insert(client);
        let device = open.device;
        self.send(device, data, ReplyWith::Bytes, client)
    }

    fn send(&self, device: Device, data: Data, reply: ReplyWith, client: ClientId) -> Result<Answer, Code> {
        let bus = self.buses.get(&device.pins).ok_or(Code::SPI_XFER_FAILED)?;
        let select = device.select.and_then(|Select { gpio, active }| {
            bus.selects.get(&gpio).map(|(output, _)| (output.clone(), active))
        });
        bus.queue.push(Transfer { client, talk: device.talk, select, data, reply })?;
        Ok(Answer::Later)
    }

    /// Closes a device. If it was the last on its bus, the answer comes when the pins are free.
    pub(crate) fn close(&mut self, lines: &mut Lines, handle: u32, client: ClientId) -> Result<Answer, Code> {
        let slot = self.handles.get_mut(handle as usize);
        let open = slot.and_then(Option::take).ok_or(Code::BAD_HANDLE)?;
        Ok(self.leave(lines, open.device, Some(client)))
    }

    /// Does the same for a device on any pins.
    pub(crate) fn close_soft(
        &mut self,
        lines: &mut Lines,
        select: u32,
        client: ClientId,
    ) -> Result<Answer, Code> {
        let open = self.soft.remove(&select).ok_or(Code::NOT_SPI_GPIO)?;
        Ok(self.leave(lines, open.device, Some(client)))
    }

    /// Ends the transfers of a client that is gone. Its devices stay open for others.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.buses.values().for_each(|bus| bus.queue.cancel(client));
        for open in self.handles.iter_mut().flatten().chain(self.soft.values_mut()) {
            open.users.remove(&client);
        }
    }

    /// Closes the devices that a client has opened.
    pub(crate) fn close_all(&mut self, lines: &mut Lines, client: ClientId) {
        self.close_each(lines, |open| open.owner == client);
    }

    /// Closes some devices at once: no client waits for their transfers.
    fn close_each(&mut self, lines: &mut Lines, is_meant: impl Fn(&OpenDevice) -> bool) {
        let hard = self.handles.iter_mut().filter_map(|slot| slot.take_if(|open| is_meant(open)));
        let mut gone: Vec<Device> = hard.map(|open| open.device).collect();
        self.soft.retain(|_, open| {
            let stays = !is_meant(open);
            if !stays {
                gone.push(open.device);
            }
            stays
        });
        for device in gone {
            self.leave(lines, device, None);
        }
    }

    fn leave(&mut self, lines: &mut Lines, device: Device, client: Option<ClientId>) -> Answer {
        let Some(bus) = self.buses.get_mut(&device.pins) else { return Answer::Number(0) };
        if let Some(Select { gpio, .. }) = device.select {
            if let Some((_, users)) = bus.selects.get_mut(&gpio) {
                *users -= 1;
                // The last device's chip select pin stays open until its transfers are done.
                if *users == 0 && bus.users > 1 {
                    let select = bus.selects.remove(&gpio);
                    if client.is_none() {
                        select.iter().for_each(|(output, _)| close(output));
                    }
                    lines.take_back(gpio);
                }
            }
        }
        bus.users -= 1;
        if bus.users > 0 {
            return Answer::Number(0);
        }
        match client {
            Some(client) => {
                bus.queue.close(client);
                Answer::Later
            }
            // No client waits for a transfer any more.
            None => {
                self.closed(lines, device.pins);
                Answer::Number(0)
            }
        }
    }

    /// Closes a bus that has no users, or that its thread has closed, and takes its lines back.
    pub(crate) fn closed(&mut self, lines: &mut Lines, pins: Pins) {
        let Some(bus) = self.buses.remove(&pins) else { return };
        let selects: Vec<u32> = bus.selects.keys().copied().collect();
        bus.selects.values().for_each(|(output, _)| close(output));
        drop(bus);
        selects.into_iter().chain(pins).for_each(|gpio| lines.take_back(gpio));
    }
}

/// Closes a chip select pin, of which the thread may have another handle.
fn close(select: &Output) {
    if let Err(error) = select.close() {
        log::warn!("a chip select pin was not closed properly: {error}");
    }
}
