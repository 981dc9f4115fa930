//! [`Spi`]: an SPI bus on any pins.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use event_listener::{Event as Bell, Listener};
use parking_lot::Mutex;

use super::{Close, HandleRef, Lifecycle};
use crate::bus::{SpiBus, SpiConfig, SpiOperation};
use crate::capability::Support;
use crate::emulate::soft_spi::SoftSpi;
use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::gpio::Gpio;
use crate::pin_spec::PinSpec;
use crate::reserve::Reserver;
use crate::spi_mode::{SpiMode, SpiSettings};
use crate::types::Line;

/// Builder for an [`Spi`]; returned by [`Gpio::spi`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct SpiBuilder {
    gpio: Gpio,
    clock: PinSpec,
    mosi: Option<PinSpec>,
    miso: Option<PinSpec>,
    select: Option<PinSpec>,
    settings: SpiSettings,
}

fn config(settings: SpiSettings, clock: Line, mosi: Line, miso: Line, select: Line) -> SpiConfig {
    let SpiSettings { mode, lsb_first, select_high, max_rate } = settings;
    SpiConfig { mode, lsb_first, select_high, max_rate, ..SpiConfig::new(clock, mosi, miso, select) }
}

impl SpiBuilder {
    pub(crate) fn new(gpio: Gpio, clock: PinSpec) -> Self {
        SpiBuilder { gpio, clock, mosi: None, miso: None, select: None, settings: SpiSettings::default() }
    }

    /// Sets the pin that carries data to the device. Default: none, and nothing is sent.
    pub fn mosi(mut self, pin: impl Into<PinSpec>) -> Self {
        self.mosi = Some(pin.into());
        self
    }

    /// Sets the pin that carries data from the device. Default: none, and zeros are read.
    pub fn miso(mut self, pin: impl Into<PinSpec>) -> Self {
        self.miso = Some(pin.into());
        self
    }

    /// Sets the chip select pin, which is active during a transfer. Default: none.
    pub fn select(mut self, pin: impl Into<PinSpec>) -> Self {
        self.select = Some(pin.into());
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

    /// Sets the highest clock rate in hertz. Default: as fast as the pins can change.
    ///
    /// If the factory has no SPI, the calling thread sleeps for each half of a cycle. Rates above a few kilohertz then depend on
    /// the precision of the system's sleep.
    pub fn max_rate(mut self, hertz: u32) -> Self {
        self.settings.max_rate = Some(hertz);
        self
    }

    /// Opens the pins: all of them, or none.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) with neither mosi nor miso, [`Unsupported`](ErrorKind::Unsupported); see also
    /// [`OutputBuilder::open`](crate::OutputBuilder::open).
    #[track_caller]
    pub fn open(self) -> Result<Spi> {
        const DEVICE: &str = "Spi";
        let reserver = Reserver { device: DEVICE, place: Location::caller() };
        let gpio = self.gpio;
        if self.mosi.is_none() && self.miso.is_none() {
            let message = "a bus has a pin for data: give mosi, miso or both";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(DEVICE));
        }
        let context = |error: Error| error.with_device(DEVICE).with_factory(gpio.name());
        gpio.capabilities().spi.require("SPI").map_err(context)?;
        let mut reservations = Vec::new();
        let mut take = |pin: &PinSpec| {
            let reservation = gpio.context(pin, DEVICE, || gpio.reserve(pin, reserver))?;
            let line = reservation.line();
            reservations.push(reservation);
            Ok(line)
        };
        let clock = take(&self.clock)?;
        let mosi = self.mosi.as_ref().map(&mut take).transpose()?;
        let miso = self.miso.as_ref().map(&mut take).transpose()?;
        let select = self.select.as_ref().map(&mut take).transpose()?;
        // A native bus needs all four wires; core emulates one with fewer.
        let opened = match (gpio.capabilities().spi, mosi, miso, select) {
            (Support::Native, Some(mosi), Some(miso), Some(select)) => {
                gpio.factory().open_spi(config(self.settings, clock, mosi, miso, select))
            }
            _ => SoftSpi::open(&gpio, clock, mosi, miso, select, self.settings)
                .map(|bus| Box::new(bus) as Box<dyn SpiBus>),
        };
        let bus = opened.map_err(context)?;
        let shared = Arc::new(SpiShared {
            lifecycle: Lifecycle::new(&gpio, reservations),
            bus,
            turn: Turn::default(),
        });
        Ok(Spi(HandleRef::register(shared)?))
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
pub struct Spi(Arc<HandleRef<SpiShared>>);

impl UnwindSafe for Spi {}
impl RefUnwindSafe for Spi {}

#[derive(Debug)]
struct SpiShared {
    lifecycle: Lifecycle,
    bus: Box<dyn SpiBus>,
    turn: Turn,
}

/// Lets one thread at a time use the bus.
///
/// Not a mutex: on a virtual clock callbacks run while a transfer sleeps, and one that uses the bus would deadlock.
#[derive(Debug, Default)]
struct Turn {
    taken: Mutex<Option<ThreadId>>,
    /// Rung when the bus is free.
    freed: Bell,
}

impl Turn {
    /// Blocks until the bus is free. Fails if this thread has the bus already, because it would wait for itself.
    fn take(&self) -> Result<Taken<'_>> {
        let this = thread::current().id();
        loop {
            let listener = {
                let mut taken = self.taken.lock();
                match *taken {
                    None => {
                        *taken = Some(this);
                        return Ok(Taken(self));
                    }
                    Some(thread) if thread == this => {
                        let message = "a transfer of this thread's goes over the bus: let a callback of it leave \
                                       the bus to another thread, or to later";
                        return Err(Error::new(ErrorKind::PinInUse, message));
                    }
                    // Listen before the lock is released: the other thread takes the lock and then rings.
                    Some(_) => self.freed.listen(),
                }
            };
            listener.wait();
        }
    }
}

/// The right to use the bus, until dropped.
struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock() = None;
        self.0.freed.notify(usize::MAX);
    }
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
        let shared: &SpiShared = &self.0;
        shared.lifecycle.check_home()?;
        let result = {
            let _taken = shared.turn.take().map_err(|error| error.with_pin(shared.lifecycle.line()))?;
            shared.bus.transfer(operations)
        };
        shared.lifecycle.gpio().runtime().catch_up();
        exit::hold(result)
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

    /// Gives the pins back. Idempotent, from any thread; a running transfer ends with [`Closed`](ErrorKind::Closed).
    ///
    /// # Errors
    /// Any I/O error; the pins are given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl Close for SpiShared {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| self.bus.close())
    }
}

impl fmt::Debug for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Spi");
        self.0.lifecycle.lines().iter().for_each(|line| {
            tuple.field(&format_args!("{line}"));
        });
        tuple.finish()
    }
}
