//! [`I2c`]: an I2C bus, of a controller or on any two pins.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use parking_lot::Mutex;

use super::bus::{Buses, check_under_lock};
use super::turn::Turn;
use super::{Close, HandleRef, Lifecycle};
use crate::bus::{I2cAddress, I2cBus, I2cConfig, I2cOperation, SoftI2cConfig};
use crate::capability::Support;
use crate::device::Device;
use crate::emulate::soft_i2c::SoftI2c;
use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::gpio::Gpio;
use crate::pin_spec::PinSpec;
use crate::reserve::{Reservation, Reserver};
use crate::types::Line;

/// Builder for an [`I2c`]; returned by [`Gpio::i2c`] and [`Gpio::soft_i2c`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct I2cBuilder {
    gpio: Gpio,
    place: Place,
    max_rate: Option<u32>,
    device: &'static str,
}

#[derive(Debug, Clone)]
enum Place {
    Controller(u32),
    Pins { data: PinSpec, clock: PinSpec },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Controller(bus) => write!(f, "bus {bus}"),
            Place::Pins { data, clock } => write!(f, "{data} and {clock}"),
        }
    }
}

/// The rate of I2C's standard mode, in hertz.
const STANDARD_RATE: u32 = 100_000;

/// What tells a bus from the others of its factory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Controller(u32),
    Lines(Line, Line),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Controller(bus) => write!(f, "I2C bus {bus}"),
            Key::Lines(data, clock) => write!(f, "I2C on {data} and {clock}"),
        }
    }
}

impl I2cBuilder {
    pub(crate) fn controller(gpio: Gpio, bus: u32) -> Self {
        I2cBuilder { gpio, place: Place::Controller(bus), max_rate: None, device: "I2c" }
    }

    pub(crate) fn pins(gpio: Gpio, data: PinSpec, clock: PinSpec) -> Self {
        I2cBuilder { gpio, place: Place::Pins { data, clock }, max_rate: None, device: "I2c" }
    }

    /// Sets the highest clock rate of a bus on any pins, in hertz. Default: 100,000, the standard rate.
    ///
    /// The rate of a controller is a setting of the system.
    pub fn max_rate(mut self, hertz: u32) -> Self {
        self.max_rate = Some(hertz);
        self
    }

    /// Sets the device name in error messages. Default: `I2c`.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the bus, or joins the other users of the bus in this program.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the factory has no such bus, or for a rate on a controller;
    /// [`NoChip`](ErrorKind::NoChip) if the system has no such controller, with the setting that enables one;
    /// [`PinInUse`](ErrorKind::PinInUse) if a device of another kind has a pin of the bus;
    /// [`InvalidFrequency`](ErrorKind::InvalidFrequency); see also [`OutputBuilder::open`](crate::OutputBuilder::open).
    #[track_caller]
    pub fn open(self) -> Result<I2c> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let (gpio, place) = (self.gpio.clone(), self.place.to_string());
        let opened = gpio.check_open().and_then(|()| self.open_as(reserver));
        exit::hold(opened)
            .map_err(|error| error.with_pin(place).with_device(reserver.device).with_factory(gpio.name()))
    }

    fn open_as(self, reserver: Reserver) -> Result<I2c> {
        let (gpio, label) = (self.gpio, self.place.to_string());
        if self.max_rate == Some(0) {
            return Err(Error::new(ErrorKind::InvalidFrequency, "a rate of 0 Hz would never end"));
        }
        let (key, specs) = match &self.place {
            Place::Controller(bus) => {
                gpio.capabilities().i2c.require("an I2C controller")?;
                if self.max_rate.is_some() {
                    let message = "the rate of a controller is a setting of the system: \
                                   `dtparam=i2c_arm_baudrate=` in config.txt";
                    return Err(Error::new(ErrorKind::Unsupported, message));
                }
                let lines = gpio.board().i2c_lines(*bus).into_iter().flatten();
                (Key::Controller(*bus), lines.map(|line| PinSpec::from(Line(line))).collect::<Vec<_>>())
            }
            Place::Pins { data, clock } => {
                gpio.capabilities().soft_i2c.require("I2C on any pins")?;
                (
                    Key::Lines(gpio.resolve(data.clone())?, gpio.resolve(clock.clone())?),
                    vec![data.clone(), clock.clone()],
                )
            }
        };
        // A controller's is a setting of the system, and not compared.
        let max_rate = self.max_rate.unwrap_or(STANDARD_RATE);
        let open = || {
            let reservations = gpio.reserve_all(&specs, reserver, |_| Ok(()))?;
            let lines: Vec<Line> = reservations.iter().map(Reservation::line).collect();
            let bus: Box<dyn I2cBus> = match key {
                Key::Controller(bus) => gpio.factory().open_i2c(I2cConfig::new(bus))?,
                Key::Lines(data, clock) => {
                    let mut config = SoftI2cConfig::new(data, clock);
                    config.max_rate = max_rate;
                    match gpio.capabilities().soft_i2c {
                        Support::Native => gpio.factory().open_soft_i2c(config)?,
                        _ => Box::new(SoftI2c::open(&gpio, config)?),
                    }
                }
            };
            let pauses = matches!(key, Key::Lines(..)) && gpio.capabilities().soft_i2c != Support::Native;
            let taken = Arc::default();
            Ok(SharedBus { reservations, lines, bus, max_rate, taken, pauses })
        };
        let buses = gpio.common::<Buses<Key, SharedBus>>();
        let shared = buses.share(key, open, |bus| {
            if self.max_rate.is_some_and(|rate| bus.max_rate != rate) {
                let message =
                    format!("the bus is open with {} Hz: give all its devices the same rate", bus.max_rate);
                return Err(Error::new(ErrorKind::InvalidFrequency, message));
            }
            Ok(bus.clone())
        })?;
        let lifecycle = Lifecycle::on_bus(&gpio, reserver.device, shared.lines.clone(), Vec::new());
        let bus = Mutex::new(Some(shared));
        let device = reserver.device;
        let handle = I2cHandle { lifecycle, key, label, device, buses, bus, turn: Turn::default() };
        Ok(I2c(HandleRef::register(Arc::new(handle))?))
    }
}

/// A bus that is open, which all its users share.
#[derive(Debug)]
struct SharedBus {
    bus: Box<dyn I2cBus>,
    /// After the bus: the lines are free only when the bus has let go of them.
    #[allow(dead_code, reason = "frees the lines when dropped")]
    reservations: Vec<Reservation>,
    lines: Vec<Line>,
    max_rate: u32,
    /// The addresses that devices of this program have taken.
    taken: Arc<Mutex<HashMap<I2cAddress, Reserver>>>,
    /// `true` if the calling thread drives the lines bit by bit.
    pauses: bool,
}

/// An I2C bus. Each device on it opens a handle of its own, or takes a clone; the bus is closed with the last of all.
///
/// An address has 7 bits, without the bit for the direction: `0x76`. One transaction uses the bus at a time; others wait.
///
/// With the feature `embedded-hal`, this is that crate's `I2c`: hand a clone to a driver. A transfer blocks, for a fraction of a
/// millisecond on a controller. The kernel has no asynchronous call for it, so `async` code with a long transfer runs it in its
/// executor's pool for blocking work.
///
/// ```
/// use pinzero::mock;
///
/// let gpio = mock::gpio();
/// let chip = gpio.i2c_chip(1, 0x48, mock::Registers::new().with(0x0f, &[0x60]));
///
/// let i2c = gpio.i2c(1).open()?;
/// let mut id = [0];
/// i2c.write_read(0x48, &[0x0f], &mut id)?;
/// assert_eq!(id, [0x60]);
///
/// i2c.write(0x48, &[0x10, 7])?;
/// assert_eq!(chip.with(|registers| registers.get(0x10)), 7);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the bus is closed when the last handle is dropped"]
pub struct I2c(Arc<HandleRef<I2cHandle>>);

impl UnwindSafe for I2c {}
impl RefUnwindSafe for I2c {}

#[derive(Debug)]
struct I2cHandle {
    lifecycle: Lifecycle,
    key: Key,
    /// The place of the bus, for messages.
    label: String,
    device: &'static str,
    buses: Arc<Buses<Key, SharedBus>>,
    /// `None` once this handle is closed.
    bus: Mutex<Option<Arc<SharedBus>>>,
    turn: Turn,
}

impl I2c {
    /// Writes `data` to the device at `address`.
    ///
    /// # Errors
    /// [`NoAcknowledge`](ErrorKind::NoAcknowledge) if no device answers at the address, [`Refused`](ErrorKind::Refused) if the
    /// device does not take a byte, [`TimedOut`](ErrorKind::TimedOut) if the bus hangs,
    /// [`ArbitrationLost`](ErrorKind::ArbitrationLost), [`InvalidValue`](ErrorKind::InvalidValue) for an address out of range and
    /// for no or too many bytes, [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error. On a
    /// virtual clock only: [`PinInUse`](ErrorKind::PinInUse) in a callback that runs while a transfer of the same thread sleeps.
    pub fn write(&self, address: impl Into<I2cAddress>, data: &[u8]) -> Result<()> {
        self.run(address.into(), &mut [I2cOperation::Write(data)])
    }

    /// Fills `data` from the device at `address`.
    ///
    /// # Errors
    /// See [`write`](I2c::write).
    pub fn read(&self, address: impl Into<I2cAddress>, data: &mut [u8]) -> Result<()> {
        self.run(address.into(), &mut [I2cOperation::Read(data)])
    }

    /// Writes `out` and then fills `data`, without a stop in between: the way to read a register.
    ///
    /// # Errors
    /// See [`write`](I2c::write).
    pub fn write_read(&self, address: impl Into<I2cAddress>, out: &[u8], data: &mut [u8]) -> Result<()> {
        self.run(address.into(), &mut [I2cOperation::Write(out), I2cOperation::Read(data)])
    }

    /// Runs several operations as one transaction: a start before the first, a repeated start wherever the direction changes, and
    /// one stop at the end. Adjacent operations of one direction go over the wires as one.
    ///
    /// The controller of a Raspberry Pi before the 5 takes one read at most, as the last operation.
    ///
    /// ```
    /// use pinzero::{I2cOperation, mock};
    ///
    /// let gpio = mock::gpio();
    /// let chip = gpio.i2c_chip(1, 0x3c, mock::Registers::new());
    /// let i2c = gpio.i2c(1).open()?;
    /// i2c.transaction(0x3c, &mut [I2cOperation::Write(&[0x40]), I2cOperation::Write(&[1, 2, 3])])?;
    /// assert_eq!(chip.with(|registers| registers.get(0x42)), 3);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`write`](I2c::write); [`Unsupported`](ErrorKind::Unsupported) for a list that the controller cannot run.
    pub fn transaction(
        &self,
        address: impl Into<I2cAddress>,
        operations: &mut [I2cOperation<'_>],
    ) -> Result<()> {
        self.run(address.into(), operations)
    }

    /// Takes an address for a device, so that a device of another kind is refused there. Dropping the reservation frees the address.
    ///
    /// pinzero's own devices and expanders do this. Plain transfers do not ask: a driver may share the chip of another.
    ///
    /// ```
    /// use pinzero::{ErrorKind, mock};
    ///
    /// let i2c = mock::gpio().i2c(1).open()?;
    /// let display = i2c.reserve(0x3c, "Display")?;
    /// assert_eq!(i2c.reserve(0x3c, "Clock").unwrap_err().kind(), ErrorKind::PinInUse);
    /// drop(display);
    /// i2c.reserve(0x3c, "Clock")?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`PinInUse`](ErrorKind::PinInUse) with the device that has the address, [`InvalidValue`](ErrorKind::InvalidValue) for an
    /// address out of range, and [`Closed`](ErrorKind::Closed).
    #[track_caller]
    pub fn reserve(&self, address: impl Into<I2cAddress>, device: &'static str) -> Result<I2cReservation> {
        let address = address.into();
        let reserver = Reserver { device, place: Location::caller() };
        self.0.reserve(address, reserver).map_err(|error| {
            let place = format!("{}, {address}", self.0.label);
            error.with_pin(place).with_device(device).with_factory(self.gpio().name())
        })
    }

    /// Returns the addresses from 0x08 to 0x77 at which a device answers. Reads a byte from each.
    ///
    /// A read is harmless for nearly all devices; a few count what is read.
    ///
    /// ```
    /// use pinzero::mock;
    ///
    /// let gpio = mock::gpio();
    /// gpio.i2c_chip(1, 0x27, mock::Registers::new());
    /// assert_eq!(gpio.i2c(1).open()?.scan()?, [0x27]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`write`](I2c::write), except for devices that do not answer.
    pub fn scan(&self) -> Result<Vec<u8>> {
        let mut found = Vec::new();
        for address in 0x08..0x78u8 {
            match self.read(address, &mut [0]) {
                Ok(()) => found.push(address),
                Err(error) if matches!(error.kind(), ErrorKind::NoAcknowledge | ErrorKind::Refused) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Runs a transaction for a caller that holds a lock: for a [`PinFactory`](crate::PinFactory) whose pins are on a chip of the
    /// bus.
    ///
    /// No callback runs on this thread. On a virtual clock, [`transaction`](I2c::transaction) runs those that are due.
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// use pinzero::{I2cOperation, mock};
    ///
    /// let gpio = mock::gpio();
    /// let chip = gpio.i2c_chip(1, 0x20, mock::Registers::new());
    /// let i2c = gpio.i2c(1).open()?;
    ///
    /// // What the registers hold, so that a write to one pin need not read the others.
    /// let levels = Mutex::new(0b0100);
    /// let mut levels = levels.lock().unwrap();
    /// i2c.transaction_under_lock(0x20, &mut [I2cOperation::Write(&[0x14, *levels | 1])])?;
    /// *levels |= 1;
    /// assert_eq!(chip.with(|registers| registers.get(0x14)), 0b0101);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`transaction`](I2c::transaction); [`Unsupported`](ErrorKind::Unsupported) on a bus that must not be used with a lock
    /// held: of another computer, or on any pins on a virtual clock.
    pub fn transaction_under_lock(
        &self,
        address: impl Into<I2cAddress>,
        operations: &mut [I2cOperation<'_>],
    ) -> Result<()> {
        let (handle, address): (&I2cHandle, I2cAddress) = (&self.0, address.into());
        let allowed = || {
            let pauses = handle.bus.lock().as_ref().is_some_and(|bus| bus.pauses);
            check_under_lock(self.gpio(), pauses, "an I2C controller: `gpio.i2c(1)`")
        };
        let result = allowed().and_then(|()| handle.transfer(address, operations));
        result.map_err(|error| self.explain(error, address))
    }

    fn run(&self, address: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()> {
        let result = self.0.transfer(address, operations);
        self.gpio().runtime().catch_up();
        exit::hold(result).map_err(|error| self.explain(error, address))
    }

    fn explain(&self, error: Error, address: I2cAddress) -> Error {
        let handle: &I2cHandle = &self.0;
        let place = format!("{}, {address}", handle.label);
        error.with_pin(place).with_device(handle.device).with_factory(self.gpio().name())
    }

    /// Returns the name of the bus, which all its handles share: `"I2C bus 1"`, or `"I2C on GPIO23 and GPIO24"`.
    ///
    /// ```
    /// let gpio = pinzero::mock::gpio();
    /// assert_eq!(gpio.i2c(1).open()?.bus_name(), "I2C bus 1");
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn bus_name(&self) -> String {
        self.0.key.to_string()
    }

    /// Returns the factory that the bus belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.gpio()
    }

    /// Returns whether this handle has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Gives up this handle's use of the bus. Idempotent, from any thread. A transfer that runs on another thread ends first.
    ///
    /// # Errors
    /// Any I/O error; the bus is given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl I2cHandle {
    fn reserve(&self, address: I2cAddress, reserver: Reserver) -> Result<I2cReservation> {
        address.check()?;
        let taken = self.bus.lock().as_ref().map(|bus| bus.taken.clone()).ok_or_else(Error::closed)?;
        match taken.lock().entry(address) {
            Entry::Vacant(place) => place.insert(reserver),
            Entry::Occupied(place) => {
                let Reserver { device, place } = place.get();
                let message = format!(
                    "the address is in use by {device} opened at {place}: close that, or check the address"
                );
                return Err(Error::new(ErrorKind::PinInUse, message));
            }
        };
        Ok(I2cReservation { taken, address })
    }

    fn transfer(&self, address: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()> {
        // The pin of an error is the place of the bus, which the caller adds.
        self.lifecycle.gpio().home().check()?;
        address.check()?;
        if operations.is_empty() || operations.iter().any(I2cOperation::is_empty) {
            let message =
                "a transaction has operations, and each has at least one byte: leave out the empty one";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let _turn = self.turn.take()?;
        let bus = self.bus.lock().clone().ok_or_else(Error::closed)?;
        if operations.windows(2).any(|pair| pair[0].is_read() == pair[1].is_read()) {
            merge(operations, |merged| bus.bus.transfer(address, merged))
        } else {
            bus.bus.transfer(address, operations)
        }
    }
}

/// An address on a bus that a device of this program has taken; returned by [`I2c::reserve`], and given back when dropped.
#[derive(Debug)]
#[must_use = "the address is free again when this is dropped"]
pub struct I2cReservation {
    taken: Arc<Mutex<HashMap<I2cAddress, Reserver>>>,
    address: I2cAddress,
}

impl Drop for I2cReservation {
    fn drop(&mut self) {
        self.taken.lock().remove(&self.address);
    }
}

/// Runs the operations with adjacent ones of one direction as one: controllers cannot leave out the start in between.
fn merge(
    operations: &mut [I2cOperation<'_>],
    run: impl FnOnce(&mut [I2cOperation<'_>]) -> Result<()>,
) -> Result<()> {
    let mut data: Vec<(bool, Vec<u8>)> = Vec::new();
    for operation in operations.iter() {
        let is_read = operation.is_read();
        if data.last().is_none_or(|(last, _)| *last != is_read) {
            data.push((is_read, Vec::new()));
        }
        // One was just added if there was none.
        if let Some((_, bytes)) = data.last_mut() {
            match operation {
                I2cOperation::Read(buffer) => bytes.resize(bytes.len() + buffer.len(), 0),
                I2cOperation::Write(sent) => bytes.extend_from_slice(sent),
            }
        }
    }
    let mut merged: Vec<I2cOperation<'_>> = data
        .iter_mut()
        .map(|(is_read, bytes)| if *is_read { I2cOperation::Read(bytes) } else { I2cOperation::Write(bytes) })
        .collect();
    run(&mut merged)?;
    let mut received = data.iter().filter(|(is_read, _)| *is_read).flat_map(|(_, bytes)| bytes);
    for operation in operations {
        if let I2cOperation::Read(buffer) = operation {
            buffer.iter_mut().zip(&mut received).for_each(|(byte, received)| *byte = *received);
        }
    }
    Ok(())
}

impl Close for I2cHandle {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            let bus = self.bus.lock().take();
            self.turn.wait();
            bus.map_or(Ok(()), |bus| self.buses.leave(bus, |shared| shared.bus.close()))
        })
    }
}

impl Device for I2c {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.gpio()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl fmt::Debug for I2c {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I2c({})", self.0.label)
    }
}
