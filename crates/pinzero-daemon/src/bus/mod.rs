//! Buses and serial ports: handles, and what is behind them. Each bus has its own thread, so a transfer delays only users of the
//! same bus.

mod handles;
mod i2c;
mod ports;
mod queue;
mod serial;
mod spi;
mod spi_wires;

use std::sync::Arc;

use pinzero_core::Gpio;

use crate::ClientId;
use crate::inbox::Inbox;
use crate::lines::Lines;
pub(crate) use i2c::{I2cBuses, I2cPlace, I2cTask, Message, Reply, Transaction, Work};
pub(crate) use serial::{Name, SerialPorts, SerialTask};
pub(crate) use spi::{Controller, Data, Device, Pins, ReplyWith, Select, SpiBuses, Talk};

/// What tells a bus from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BusId {
    /// SPI on these pins.
    Spi(Pins),
    I2c(I2cPlace),
    Serial(Name),
}

/// All open handles and buses.
#[derive(Debug)]
pub(crate) struct Buses {
    pub(crate) spi: SpiBuses,
    pub(crate) i2c: I2cBuses,
    pub(crate) serial: SerialPorts,
}

impl Buses {
    pub(crate) fn new(gpio: &Gpio, inbox: &Arc<Inbox>) -> Self {
        Buses {
            spi: SpiBuses::new(gpio.clone(), inbox.clone()),
            i2c: I2cBuses::new(gpio.clone(), inbox.clone()),
            serial: SerialPorts::new(gpio.clone(), inbox.clone()),
        }
    }

    /// Takes a line back from the devices on it, if no connected client uses any of them. Closes these devices.
    pub(crate) fn reclaim(&mut self, lines: &mut Lines, gpio: u32) {
        if !lines.is_lent(gpio) || self.spi.uses(gpio) || self.i2c.uses(gpio) || self.serial.uses(gpio) {
            return;
        }
        log::info!("the devices of clients that are gone are closed: another client needs GPIO{gpio}");
        self.spi.close_on(lines, gpio);
        self.i2c.close_on(lines, gpio);
        self.serial.close_on(lines, gpio);
    }

    /// Ends the transfers of a client that is gone. Its devices stay open for others.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.spi.forget(client);
        self.i2c.forget(client);
        self.serial.forget(client);
    }

    /// Closes the devices that a client has opened.
    pub(crate) fn close_all(&mut self, lines: &mut Lines, client: ClientId) {
        self.spi.close_all(lines, client);
        self.i2c.close_all(lines, client);
        self.serial.close_all(lines, client);
    }

    /// Takes back the lines of a bus that its thread has closed.
    pub(crate) fn closed(&mut self, lines: &mut Lines, bus: BusId) {
        match bus {
            BusId::Spi(pins) => self.spi.closed(lines, pins),
            BusId::I2c(place) => self.i2c.closed(lines, place),
            BusId::Serial(name) => self.serial.closed(lines, &name),
        }
    }
}
