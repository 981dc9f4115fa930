//! [`Spi`]: a device on an SPI bus, of a controller or on any pins.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use parking_lot::Mutex;

use super::bus::{Buses, check_under_lock};
use super::turn::Turn;
use super::{Close, HandleRef, Lifecycle};
use crate::bus::{HardwareSpiConfig, SpiBus, SpiConfig, SpiOperation};
use crate::capability::Support;
use crate::device::Device;
use crate::emulate::soft_spi::{SoftSpi, SpiWires};
use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::gpio::Gpio;
use crate::pin_spec::PinSpec;
use crate::reserve::{Reservation, Reserver};
use crate::spi_mode::{SpiMode, SpiSettings};
use crate::types::Line;

/// Builder for an [`Spi`]; returned by [`Gpio::spi`] and [`Gpio::hardware_spi`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct SpiBuilder {
    gpio: Gpio,
    place: Place,
    settings: SpiSettings,
    device: &'static str,
    /// A setting that does not fit the place, by its message.
    misplaced: Option<&'static str>,
    last_write: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Place {
    Controller { bus: u32, select: u32, unselected: bool },
    Pins { clock: PinSpec, mosi: Option<PinSpec>, miso: Option<PinSpec>, select: Option<PinSpec> },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Controller { bus, select, .. } => write!(f, "bus {bus}, chip select {select}"),
            Place::Pins { clock, select: Some(select), .. } => write!(f, "{clock}, chip select {select}"),
            Place::Pins { clock, .. } => write!(f, "{clock}"),
        }
    }
}

/// What tells a bus from the others of its factory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Controller(u32),
    Lines { clock: Line, mosi: Option<Line>, miso: Option<Line> },
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |line: &Option<Line>| line.map_or("none".to_owned(), |line| line.to_string());
        match self {
            Key::Controller(bus) => write!(f, "SPI bus {bus}"),
            Key::Lines { clock, mosi, miso } => {
                write!(f, "SPI on {clock}, {} and {}", line(mosi), line(miso))
            }
        }
    }
}

/// A chip select of a bus: its number, its line, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Select {
    Number(u32),
    Line(Line),
    None,
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Select::Number(number) => write!(f, "chip select {number}"),
            Select::Line(line) => write!(f, "chip select {line}"),
            Select::None => write!(f, "the bus, without a chip select,"),
        }
    }
}

impl SpiBuilder {
    pub(crate) fn pins(gpio: Gpio, clock: PinSpec) -> Self {
        SpiBuilder::new(gpio, Place::Pins { clock, mosi: None, miso: None, select: None })
    }

    pub(crate) fn controller(gpio: Gpio, bus: u32, select: u32) -> Self {
        SpiBuilder::new(gpio, Place::Controller { bus, select, unselected: false })
    }

    fn new(gpio: Gpio, place: Place) -> Self {
        let (settings, last_write) = (SpiSettings::default(), Vec::new());
        SpiBuilder { gpio, place, settings, device: "Spi", misplaced: None, last_write }
    }

    /// Sets the pin that carries data to the device. Default: none, and nothing is sent. A controller has its own.
    pub fn mosi(mut self, pin: impl Into<PinSpec>) -> Self {
        match &mut self.place {
            Place::Pins { mosi, .. } => *mosi = Some(pin.into()),
            Place::Controller { .. } => {
                self.misplaced = Some("a controller has pins of its own: leave out `mosi`");
            }
        }
        self
    }

    /// Sets the pin that carries data from the device. Default: none, and zeros are read. A controller has its own.
    pub fn miso(mut self, pin: impl Into<PinSpec>) -> Self {
        match &mut self.place {
            Place::Pins { miso, .. } => *miso = Some(pin.into()),
            Place::Controller { .. } => {
                self.misplaced = Some("a controller has pins of its own: leave out `miso`");
            }
        }
        self
    }

    /// Sets the chip select pin, which is active during a transfer. Default: none. A controller has its own.
    pub fn select(mut self, pin: impl Into<PinSpec>) -> Self {
        match &mut self.place {
            Place::Pins { select, .. } => *select = Some(pin.into()),
            Place::Controller { .. } => {
                self.misplaced = Some("a controller has pins of its own: leave out `select`");
            }
        }
        self
    }

    /// Leaves a controller's chip select alone: for a device that has none, or whose select is another pin. Default: the
    /// controller selects the device.
    pub fn unselected(mut self) -> Self {
        match &mut self.place {
            Place::Controller { unselected, .. } => *unselected = true,
            Place::Pins { .. } => {
                self.misplaced = Some("a bus on any pins has a chip select only by `select`");
            }
        }
        self
    }

    /// Sets the clock's polarity and phase. Default: [`SpiMode::Mode0`].
    pub fn mode(mut self, mode: SpiMode) -> Self {
        self.settings.mode = mode;
        self
    }

    /// Sets whether the lowest bit of each byte goes first. Default: `false`.
    pub fn lsb_first(mut self, lsb_first: bool) -> Self {
        self.settings.lsb_first = lsb_first;
        self
    }

    /// Sets whether the chip select is active when high. Default: `false`.
    pub fn select_high(mut self, select_high: bool) -> Self {
        self.settings.select_high = select_high;
        self
    }

    /// Sets the highest clock rate in hertz. Default: as fast as the pins can change, or a rate that the backend chooses for its
    /// controller.
    ///
    /// On pins that core drives itself, the calling thread pauses for each half of a cycle.
    pub fn max_rate(mut self, hertz: u32) -> Self {
        self.settings.max_rate = Some(hertz);
        self
    }

    /// Sets bytes to send to the device before it is closed, whether by [`close`](Spi::close), by a drop, or at the end of the program:
    /// for a strip of LEDs that is to become dark. Default: none.
    pub fn last_write(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.last_write = data.into();
        self
    }

    /// Sets the device name in error messages. Default: `Spi`.
    pub fn device(mut self, name: &'static str) -> Self {
        self.device = name;
        self
    }

    /// Opens the device, and the bus if no other device of this program has opened it.
    ///
    /// Devices share a bus if they are on the same controller, or name the same clock, mosi and miso, each with a chip select of
    /// its own.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) with neither mosi nor miso, [`InvalidFrequency`](ErrorKind::InvalidFrequency) for
    /// 0 Hz, [`PinInUse`](ErrorKind::PinInUse) for a second device on one chip select, [`Unsupported`](ErrorKind::Unsupported),
    /// [`NoChip`](ErrorKind::NoChip) if the system has no such controller, with the setting that enables one; see also
    /// [`OutputBuilder::open`](crate::OutputBuilder::open).
    #[track_caller]
    pub fn open(self) -> Result<Spi> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let (gpio, place) = (self.gpio.clone(), self.place.to_string());
        let opened = gpio.check_open().and_then(|()| self.open_as(reserver));
        exit::hold(opened)
            .map_err(|error| error.with_pin(place).with_device(reserver.device).with_factory(gpio.name()))
    }

    fn open_as(self, reserver: Reserver) -> Result<Spi> {
        let SpiBuilder { gpio, place, settings, misplaced, last_write, .. } = self;
        if let Some(message) = misplaced {
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        if settings.max_rate == Some(0) {
            return Err(Error::new(ErrorKind::InvalidFrequency, "a rate of 0 Hz would never end"));
        }
        let capabilities = gpio.capabilities();
        let (key, select, specs, select_spec) = match &place {
            Place::Controller { bus, select, unselected } => {
                capabilities.hardware_spi.require("an SPI controller")?;
                let own = |line| PinSpec::from(Line(line));
                let specs: Vec<PinSpec> =
                    gpio.board().spi_lines(*bus).into_iter().flatten().map(own).collect();
                let select_spec = gpio.board().spi_select(*bus, *select).map(own).filter(|_| !unselected);
                let select = if *unselected { Select::None } else { Select::Number(*select) };
                (Key::Controller(*bus), select, specs, select_spec)
            }
            Place::Pins { clock, mosi, miso, select } => {
                capabilities.spi.require("SPI")?;
                if mosi.is_none() && miso.is_none() {
                    let message = "a bus has a pin for data: give mosi, miso or both";
                    return Err(Error::new(ErrorKind::InvalidValue, message));
                }
                let resolve =
                    |pin: &Option<PinSpec>| pin.as_ref().map(|pin| gpio.resolve(pin.clone())).transpose();
                let key = Key::Lines {
                    clock: gpio.resolve(clock.clone())?,
                    mosi: resolve(mosi)?,
                    miso: resolve(miso)?,
                };
                let specs = [Some(clock), mosi.as_ref(), miso.as_ref()];
                let specs: Vec<PinSpec> = specs.into_iter().flatten().cloned().collect();
                let chosen = resolve(select)?;
                if let Key::Lines { clock, mosi, miso } = key {
                    if chosen.is_some() && [Some(clock), mosi, miso].contains(&chosen) {
                        let message = "the chip select is a pin of the bus too: give it a pin of its own";
                        return Err(Error::new(ErrorKind::InvalidValue, message));
                    }
                }
                (key, chosen.map_or(Select::None, Select::Line), specs, select.clone())
            }
        };
        let open = || {
            let reservations = gpio.reserve_all(&specs, reserver, |_| Ok(()))?;
            let lines = reservations.iter().map(Reservation::line).collect();
            // A native bus needs all four wires; core emulates one with fewer.
            let wires = match (key, select, capabilities.spi) {
                (Key::Controller(_), ..)
                | (Key::Lines { mosi: Some(_), miso: Some(_), .. }, Select::Line(_), Support::Native) => None,
                (Key::Lines { clock, mosi, miso }, ..) => {
                    Some(Arc::new(SpiWires::open(&gpio, clock, mosi, miso, settings)?))
                }
            };
            Ok(SharedSpi { reservations, lines, wires, selects: Mutex::default() })
        };
        let buses = gpio.common::<Buses<Key, SharedSpi>>();
        let (shared, chosen) =
            buses.share(key, open, |bus| Ok((bus.clone(), bus.choose(select, reserver)?)))?;
        let opened = || {
            let reservation = select_spec.iter().map(|spec| gpio.reserve(spec, reserver));
            let reservation = reservation.collect::<Result<Vec<Reservation>>>()?;
            let bus = match (key, select, &place, &shared.wires) {
                (Key::Controller(_), _, &Place::Controller { bus, select, unselected }, _) => {
                    gpio.factory().open_hardware_spi(hardware(settings, bus, select, unselected))?
                }
                (Key::Lines { clock, mosi: Some(mosi), miso: Some(miso) }, Select::Line(select), _, None) => {
                    gpio.factory().open_spi(config(settings, clock, mosi, miso, select))?
                }
                (_, select, _, Some(wires)) => {
                    let select = if let Select::Line(line) = select { Some(line) } else { None };
                    Box::new(SoftSpi::open(wires.clone(), select, settings)?) as Box<dyn SpiBus>
                }
                // A bus without wires of ours is a controller's or has all four lines.
                _ => return Err(Error::unsupported("SPI on these pins")),
            };
            Ok((reservation, bus))
        };
        let (reservations, bus) = match opened() {
            Ok(opened) => opened,
            Err(error) => {
                drop(chosen);
                buses.leave(shared, |_| Ok(()))?;
                return Err(error);
            }
        };
        let own = reservations.iter().map(Reservation::line);
        let lines = shared.lines.iter().copied().chain(own).collect();
        let lifecycle = Lifecycle::on_bus(&gpio, reserver.device, lines, reservations);
        let has_select = !matches!(select, Select::None);
        let pauses = shared.wires.is_some() && settings.max_rate.is_some();
        let handle = SpiHandle {
            name: if has_select { format!("{key}, {select}") } else { key.to_string() },
            pauses,
            lifecycle,
            label: place.to_string(),
            device: reserver.device,
            bus,
            buses,
            shared: Mutex::new(Some((shared, chosen))),
            turn: Turn::default(),
            has_select,
            has_mosi: !matches!(key, Key::Lines { mosi: None, .. }),
            last_write,
        };
        Ok(Spi(HandleRef::register(Arc::new(handle))?))
    }
}

fn config(settings: SpiSettings, clock: Line, mosi: Line, miso: Line, select: Line) -> SpiConfig {
    let SpiSettings { mode, lsb_first, select_high, max_rate } = settings;
    SpiConfig { mode, lsb_first, select_high, max_rate, ..SpiConfig::new(clock, mosi, miso, select) }
}

fn hardware(settings: SpiSettings, bus: u32, select: u32, unselected: bool) -> HardwareSpiConfig {
    let SpiSettings { mode, lsb_first, select_high, max_rate } = settings;
    let config = HardwareSpiConfig::new(bus, select);
    HardwareSpiConfig { mode, lsb_first, select_high, max_rate, unselected, ..config }
}

/// What the devices on one bus share.
#[derive(Debug)]
struct SharedSpi {
    /// The pins, if core drives them.
    wires: Option<Arc<SpiWires>>,
    /// After the pins: the lines are free only when these have let go of them.
    #[allow(dead_code, reason = "frees the lines when dropped")]
    reservations: Vec<Reservation>,
    lines: Vec<Line>,
    selects: Mutex<HashMap<Select, Reserver>>,
}

impl SharedSpi {
    /// Takes a chip select for a device.
    fn choose(self: &Arc<Self>, select: Select, reserver: Reserver) -> Result<Chosen> {
        let mut selects = self.selects.lock();
        let alone = selects.iter().find(|(other, _)| **other == Select::None || select == Select::None);
        if let Some((other, Reserver { device, place })) = alone {
            let message = format!("{other} is in use by {device} opened at {place}: close that first");
            return Err(Error::new(ErrorKind::PinInUse, message));
        }
        match selects.entry(select) {
            Entry::Vacant(entry) => entry.insert(reserver),
            Entry::Occupied(entry) => {
                let Reserver { device, place } = entry.get();
                let message = format!(
                    "{select} is in use by {device} opened at {place}: close that, or take another chip select"
                );
                return Err(Error::new(ErrorKind::PinInUse, message));
            }
        };
        Ok(Chosen { bus: self.clone(), select })
    }
}

/// A chip select that a device has taken; given back when dropped.
#[derive(Debug)]
struct Chosen {
    bus: Arc<SharedSpi>,
    select: Select,
}

impl Drop for Chosen {
    fn drop(&mut self) {
        self.bus.selects.lock().remove(&self.select);
    }
}

/// An SPI bus with one device on it. Clones share one bus; dropping the last clone closes it.
///
/// ```
/// use pinzero::{SpiMode, mock};
///
/// let gpio = mock::gpio();
/// let device = gpio.spi_device([11, 10, 9, 8], SpiMode::Mode0);
/// device.answer(&[0xca, 0xfe]);
///
/// let spi = gpio.spi(11).mosi(10).miso(9).select(8).open()?;
/// let mut data = [0x01, 0x80];
/// spi.transfer(&mut data)?;
/// assert_eq!(data, [0xca, 0xfe]);
/// assert_eq!(device.received(), [0x01, 0x80]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the bus is closed when the last handle is dropped"]
pub struct Spi(Arc<HandleRef<SpiHandle>>);

impl UnwindSafe for Spi {}
impl RefUnwindSafe for Spi {}

#[derive(Debug)]
struct SpiHandle {
    lifecycle: Lifecycle,
    /// The place of the bus, for messages.
    label: String,
    device: &'static str,
    bus: Box<dyn SpiBus>,
    buses: Arc<Buses<Key, SharedSpi>>,
    /// `None` once this handle is closed.
    shared: Mutex<Option<(Arc<SharedSpi>, Chosen)>>,
    turn: Turn,
    has_select: bool,
    has_mosi: bool,
    last_write: Vec<u8>,
    /// The bus and the chip select, the same for all handles of this device.
    name: String,
    /// `true` if the calling thread drives the lines bit by bit, and pauses in between.
    pauses: bool,
}

impl Spi {
    /// Sends `data` and replaces it by the bytes received. The device is selected during the transfer.
    ///
    /// One transfer uses the bus at a time; others wait.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), and any I/O error. On a virtual clock only: [`PinInUse`](ErrorKind::PinInUse) in a callback
    /// that runs while a transfer of the same thread sleeps.
    pub fn transfer(&self, data: &mut [u8]) -> Result<()> {
        self.transaction(&mut [SpiOperation::TransferInPlace(data)])
    }

    /// Runs several operations as one transaction: the device stays selected from the first to the last.
    ///
    /// Of another computer, through `pigpio`, a bus cannot pause within a transaction.
    ///
    /// ```
    /// use pinzero::{SpiMode, SpiOperation, mock};
    ///
    /// let gpio = mock::gpio();
    /// let device = gpio.spi_device([11, 10, 9, 8], SpiMode::Mode0);
    /// device.answer(&[0, 0xca, 0xfe]);
    ///
    /// let spi = gpio.spi(11).mosi(10).miso(9).select(8).open()?;
    /// let mut answer = [0; 2];
    /// spi.transaction(&mut [SpiOperation::Write(&[0x9f]), SpiOperation::Read(&mut answer)])?;
    /// assert_eq!(answer, [0xca, 0xfe]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`transfer`](Spi::transfer).
    pub fn transaction(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        let result = self.0.run(operations);
        self.gpio().runtime().catch_up();
        exit::hold(result).map_err(|error| self.explain(error))
    }

    /// Runs a transaction for a caller that holds a lock: for a [`PinFactory`](crate::PinFactory) whose pins are on a chip of the
    /// bus.
    ///
    /// No callback runs on this thread. On a virtual clock, [`transaction`](Spi::transaction) runs those that are due. The example is at
    /// [`I2c::transaction_under_lock`](crate::I2c::transaction_under_lock).
    ///
    /// # Errors
    /// See [`transfer`](Spi::transfer); [`Unsupported`](ErrorKind::Unsupported) on a bus that must not be used with a lock held: of
    /// another computer, or on any pins with a highest rate on a virtual clock.
    pub fn transaction_under_lock(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        let allowed =
            check_under_lock(self.gpio(), self.0.pauses, "an SPI controller, or a bus without `max_rate`");
        allowed.and_then(|()| self.0.run(operations)).map_err(|error| self.explain(error))
    }

    fn explain(&self, error: Error) -> Error {
        error.with_pin(&self.0.label).with_device(self.0.device).with_factory(self.gpio().name())
    }

    /// Returns the name of the device's place on the bus: `"SPI bus 0, chip select 1"`.
    ///
    /// ```
    /// let gpio = pinzero::mock::gpio();
    /// assert_eq!(gpio.hardware_spi(0, 1).open()?.bus_name(), "SPI bus 0, chip select 1");
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn bus_name(&self) -> String {
        self.0.name.clone()
    }

    /// Returns whether a chip select is active during a transfer.
    pub fn has_select(&self) -> bool {
        self.0.has_select
    }

    /// Returns whether the bus has a pin to send on. Without one, data to send goes nowhere.
    ///
    /// ```
    /// let gpio = pinzero::mock::gpio();
    /// assert!(!gpio.spi(11).miso(9).select(8).open()?.has_mosi());
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn has_mosi(&self) -> bool {
        self.0.has_mosi
    }

    /// Sends `data`, and drops the bytes received.
    ///
    /// # Errors
    /// See [`transfer`](Spi::transfer).
    pub fn write(&self, data: &[u8]) -> Result<()> {
        self.transaction(&mut [SpiOperation::Write(data)])
    }

    /// Reads `count` bytes, sending zeros.
    ///
    /// # Errors
    /// See [`transfer`](Spi::transfer).
    pub fn read(&self, count: usize) -> Result<Vec<u8>> {
        let mut data = vec![0; count];
        self.transaction(&mut [SpiOperation::Read(&mut data)])?;
        Ok(data)
    }

    /// Returns the factory that the bus belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.lifecycle.gpio()
    }

    /// Returns whether the bus has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.lifecycle.is_closed()
    }

    /// Gives the pins back. Idempotent, from any thread.
    ///
    /// A transfer that runs on another thread comes first: on pins that core drives itself, the bit or the pause under way, and the
    /// transfer ends with [`Closed`](ErrorKind::Closed); on a controller, the whole transfer.
    ///
    /// # Errors
    /// Any I/O error; the pins are given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl SpiHandle {
    fn run(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        self.lifecycle.gpio().home().check()?;
        let _turn = self.turn.take()?;
        if self.lifecycle.is_closed() {
            return Err(Error::closed());
        }
        if operations.iter().all(SpiOperation::is_empty) {
            let message = "a transfer has at least one byte: there is none here";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        self.bus.transfer(operations)
    }

    /// Sends what the device is to get last, after a transfer that is running.
    fn write_last(&self) -> Result<()> {
        if self.last_write.is_empty() {
            return Ok(());
        }
        // A callback of a transfer, on a virtual clock, may have the turn already: then nothing can be sent.
        let _turn = self.turn.take()?;
        self.bus.transfer(&mut [SpiOperation::Write(&self.last_write)])
    }
}

impl Close for SpiHandle {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            let written = self.write_last();
            let closed = written.and(self.bus.close());
            self.turn.wait();
            let shared = self.shared.lock().take();
            closed.and(shared.map_or(Ok(()), |(shared, chosen)| {
                drop(chosen);
                self.buses.leave(shared, |shared| shared.wires.map_or(Ok(()), |wires| wires.close()))
            }))
        })
    }
}

impl Device for Spi {
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

impl fmt::Debug for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spi({})", self.0.label)
    }
}
