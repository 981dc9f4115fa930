//! [`Serial`]: a serial port.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use event_listener::Event as Bell;
use parking_lot::Mutex;

use super::{Close, HandleRef, Lifecycle};
use crate::bus::{SerialConfig, SerialPort};
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::exit;
use crate::gpio::Gpio;
use crate::pin_spec::PinSpec;
use crate::reserve::{Reservation, Reserver};
use crate::time::secs;
use crate::types::Line;

/// Builder for a [`Serial`]; returned by [`Gpio::serial`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct SerialBuilder {
    gpio: Gpio,
    port: String,
    rate: u32,
    timeout: Duration,
}

impl SerialBuilder {
    pub(crate) fn new(gpio: Gpio, port: String) -> Self {
        SerialBuilder { gpio, port, rate: 9_600, timeout: secs(1) }
    }

    /// Sets the bits a second. Default: 9,600.
    pub fn rate(mut self, bits: u32) -> Self {
        self.rate = bits;
        self
    }

    /// Sets how long a read waits for the first byte. Default: a second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Opens the port: 8 bits, no parity, one stop bit. `/dev/serial0` of a Raspberry Pi reserves its pins, GPIO14 and GPIO15.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the factory has no serial ports, or not this rate;
    /// [`InvalidFrequency`](ErrorKind::InvalidFrequency) for a rate of 0,
    /// [`NoChip`](ErrorKind::NoChip) if the host has no such port, [`PinInUse`](ErrorKind::PinInUse) if this program has it open,
    /// [`Busy`](ErrorKind::Busy), [`PermissionDenied`](ErrorKind::PermissionDenied), [`Closed`](ErrorKind::Closed),
    /// [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    #[track_caller]
    pub fn open(self) -> Result<Serial> {
        let reserver = Reserver { device: DEVICE, place: Location::caller() };
        let (gpio, port) = (self.gpio.clone(), self.port.clone());
        let opened = gpio.check_open().and_then(|()| self.open_as(reserver));
        exit::hold(opened).map_err(|error| named(error, &port, &gpio))
    }

    fn open_as(self, reserver: Reserver) -> Result<Serial> {
        let gpio = self.gpio;
        gpio.capabilities().serial.require("a serial port")?;
        if self.rate == 0 {
            return Err(Error::new(ErrorKind::InvalidFrequency, "a rate of 0 bits a second would never end"));
        }
        let lines: &[Line] = if self.port == HEADER_PORT { &HEADER_LINES } else { &[] };
        let is_there = |line: &&Line| line.0 < gpio.board().lines() && !gpio.board().headers().is_empty();
        let specs: Vec<PinSpec> = lines.iter().filter(is_there).map(|line| PinSpec::from(*line)).collect();
        let reservations = gpio.reserve_all(&specs, reserver, |_| Ok(()))?;
        let taken = TakenPort::take(gpio.common::<Ports>(), &self.port, reserver)?;
        let port = gpio.factory().open_serial(SerialConfig::new(&self.port, self.rate))?;
        let lifecycle = Lifecycle::on_bus(
            &gpio,
            DEVICE,
            reservations.iter().map(Reservation::line).collect(),
            reservations,
        );
        let taken = Mutex::new(Some(taken));
        let handle = SerialHandle { lifecycle, name: self.port, port, timeout: self.timeout, taken };
        Ok(Serial(HandleRef::register(Arc::new(handle))?))
    }
}

const DEVICE: &str = "Serial";

/// The serial port of a Raspberry Pi's header, and its lines.
const HEADER_PORT: &str = "/dev/serial0";
const HEADER_LINES: [Line; 2] = [Line(14), Line(15)];

/// Names the port in an error.
fn named(error: Error, port: &str, gpio: &Gpio) -> Error {
    error.with_pin(port).with_device(DEVICE).with_factory(gpio.name())
}

/// The ports that a factory has open, with the places that opened them.
type Ports = Mutex<HashMap<String, Reserver>>;

/// A port that a handle has taken; given back when dropped.
#[derive(Debug)]
struct TakenPort {
    ports: Arc<Ports>,
    name: String,
}

impl TakenPort {
    fn take(ports: Arc<Ports>, name: &str, reserver: Reserver) -> Result<Self> {
        let mut open = ports.lock();
        if let Some(Reserver { device, place }) = open.get(name) {
            let message = format!("the port is in use by {device} opened at {place}: take a clone of that");
            return Err(Error::new(ErrorKind::PinInUse, message));
        }
        open.insert(name.to_owned(), reserver);
        drop(open);
        Ok(TakenPort { ports, name: name.to_owned() })
    }
}

impl Drop for TakenPort {
    fn drop(&mut self) {
        self.ports.lock().remove(&self.name);
    }
}

/// A serial port, with raw bytes. Clones share one port; dropping the last clone closes it.
///
/// [`Read`](io::Read) and [`Write`](io::Write) of the standard library are there too, for a `BufReader` and `writeln!`. A read that
/// gets nothing in time fails with [`TimedOut`](io::ErrorKind::TimedOut) there.
///
/// ```
/// use pinzero::mock;
///
/// let gpio = mock::gpio();
/// let gps = gpio.serial_device("/dev/serial0");
/// gps.answer(b"$GPGGA");
///
/// let serial = gpio.serial("/dev/serial0").rate(9_600).open()?;
/// serial.write(b"$PMTK000\r\n")?;
/// let mut data = [0; 16];
/// let count = serial.read(&mut data)?;
/// assert_eq!(&data[..count], b"$GPGGA");
/// assert_eq!(gps.received(), b"$PMTK000\r\n");
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the port is closed when the last handle is dropped"]
pub struct Serial(Arc<HandleRef<SerialHandle>>);

impl UnwindSafe for Serial {}
impl RefUnwindSafe for Serial {}

#[derive(Debug)]
struct SerialHandle {
    lifecycle: Lifecycle,
    name: String,
    port: Box<dyn SerialPort>,
    timeout: Duration,
    /// `None` once this handle is closed.
    taken: Mutex<Option<TakenPort>>,
}

impl Serial {
    /// Reads what has come, and waits for the first byte until the port's timeout. Returns the number of bytes; 0 on timeout.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the port is closed meanwhile, [`Disconnected`](ErrorKind::Disconnected), and any I/O
    /// error.
    pub fn read(&self, data: &mut [u8]) -> Result<usize> {
        self.run(|port| if data.is_empty() { Ok(0) } else { self.0.receive(port, data) })
    }

    /// Writes all bytes; they may still be on their way when this returns.
    ///
    /// # Errors
    /// See [`read`](Serial::read).
    pub fn write(&self, data: &[u8]) -> Result<()> {
        self.run(|port| if data.is_empty() { Ok(()) } else { port.write(data) })
    }

    /// Blocks until all bytes written are on the wire, as far as the host can tell.
    ///
    /// # Errors
    /// See [`read`](Serial::read).
    pub fn flush(&self) -> Result<()> {
        self.run(|port| port.flush())
    }

    fn run<T>(&self, code: impl FnOnce(&dyn SerialPort) -> Result<T>) -> Result<T> {
        let handle: &SerialHandle = &self.0;
        let result = handle.lifecycle.check_open().and_then(|()| code(&*handle.port));
        exit::hold(result).map_err(|error| named(error, &handle.name, self.gpio()))
    }

    /// Returns the factory that the port belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.0.gpio()
    }

    /// Returns whether the port has been closed.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Gives the port back. Idempotent, from any thread; a running read ends with [`Closed`](ErrorKind::Closed).
    ///
    /// # Errors
    /// Any I/O error; the port is given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl SerialHandle {
    /// Reads, and waits until the timeout. On a virtual clock the runtime waits, so that all happens that is due meanwhile.
    fn receive(&self, port: &dyn SerialPort, data: &mut [u8]) -> Result<usize> {
        let gpio = self.lifecycle.gpio();
        if gpio.is_realtime() {
            return port.read(data, self.timeout);
        }
        let come = || match port.read(data, Duration::ZERO) {
            Ok(0) => None,
            result => Some(result),
        };
        let deadline = Some(gpio.now() + self.timeout);
        gpio.runtime().wait(&Bell::new(), deadline, String::new, come).unwrap_or(Ok(0))
    }
}

impl Close for SerialHandle {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            let closed = self.port.close();
            drop(self.taken.lock().take());
            closed
        })
    }
}

impl Device for Serial {
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

impl io::Read for Serial {
    fn read(&mut self, data: &mut [u8]) -> io::Result<usize> {
        match Serial::read(self, data) {
            Ok(0) if !data.is_empty() => Err(io::ErrorKind::TimedOut.into()),
            result => result.map_err(io::Error::other),
        }
    }
}

impl io::Write for Serial {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Serial::write(self, data).map(|()| data.len()).map_err(io::Error::other)
    }

    fn flush(&mut self) -> io::Result<()> {
        Serial::flush(self).map_err(io::Error::other)
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({})", self.0.name)
    }
}
