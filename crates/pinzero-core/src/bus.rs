//! The boundary for buses: the roles [`SpiBus`], [`I2cBus`] and [`SerialPort`], and their configurations.

use std::fmt;
use std::time::Duration;

use crate::debug::opaque;
use crate::error::{Error, ErrorKind, Result};
use crate::spi_mode::SpiMode;
use crate::types::Line;

/// An SPI bus with one device on it.
pub trait SpiBus: Send + Sync {
    /// Runs the operations in order as one transaction: the device stays selected from the first to the last. The device is
    /// deselected after an error too.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) after [`close`](SpiBus::close), [`InvalidValue`](ErrorKind::InvalidValue) for more bytes than
    /// one transaction can carry, and any I/O error.
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()>;

    /// Gives the lines back. Idempotent. A running transfer may go on to its end first.
    ///
    /// # Errors
    /// Any I/O error; the lines are given back as far as possible all the same.
    fn close(&self) -> Result<()>;
}

/// One step of an SPI transaction; the same as in embedded-hal.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpiOperation<'a> {
    /// Reads bytes, and sends zeros meanwhile.
    Read(&'a mut [u8]),
    /// Sends bytes, and drops the bytes received.
    Write(&'a [u8]),
    /// Sends the second buffer and reads into the first. If the second is shorter, zeros follow; if the first is shorter, the
    /// rest of the bytes received is dropped.
    Transfer(&'a mut [u8], &'a [u8]),
    /// Sends bytes and replaces them by the bytes received.
    TransferInPlace(&'a mut [u8]),
    /// Waits with the device selected.
    Delay(Duration),
}

impl SpiOperation<'_> {
    /// Returns how many bytes go over the wires in each direction.
    pub fn len(&self) -> usize {
        match self {
            SpiOperation::Read(data) | SpiOperation::TransferInPlace(data) => data.len(),
            SpiOperation::Write(data) => data.len(),
            SpiOperation::Transfer(read, write) => read.len().max(write.len()),
            SpiOperation::Delay(_) => 0,
        }
    }

    /// Returns whether no byte goes over the wires.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An I2C bus.
pub trait I2cBus: Send + Sync {
    /// Runs the operations on the device at `address` as one transaction: a start before the first, a repeated start before each
    /// other, and one stop at the end.
    ///
    /// Core never asks for two operations of one direction in a row, nor for an empty one, nor for an address out of range.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) after [`close`](I2cBus::close), [`NoAcknowledge`](ErrorKind::NoAcknowledge) if no device
    /// answers at the address, [`Refused`](ErrorKind::Refused) if the device does not take a byte,
    /// [`TimedOut`](ErrorKind::TimedOut) if the bus hangs, [`Unsupported`](ErrorKind::Unsupported) for a list of operations that
    /// the controller cannot run, and any I/O error.
    fn transfer(&self, address: I2cAddress, operations: &mut [I2cOperation<'_>]) -> Result<()>;

    /// Gives the bus back. Idempotent. A running transfer may go on to its end first.
    ///
    /// # Errors
    /// Any I/O error; the bus is given back as far as possible all the same.
    fn close(&self) -> Result<()>;
}

/// One step of an I2C transaction; the same as in embedded-hal.
#[derive(Debug)]
#[non_exhaustive]
pub enum I2cOperation<'a> {
    /// Reads bytes.
    Read(&'a mut [u8]),
    /// Sends bytes.
    Write(&'a [u8]),
}

impl I2cOperation<'_> {
    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        match self {
            I2cOperation::Read(data) => data.len(),
            I2cOperation::Write(data) => data.len(),
        }
    }

    /// Returns whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether this is a read.
    pub fn is_read(&self) -> bool {
        matches!(self, I2cOperation::Read(_))
    }
}

/// The address of a device on an I2C bus. A number such as `0x76` has 7 bits, without the bit for the direction; a `u16` has 10
/// bits, as in embedded-hal.
///
/// ```
/// use pinzero::I2cAddress;
///
/// assert_eq!(I2cAddress::from(0x76), I2cAddress::Seven(0x76));
/// assert_eq!(I2cAddress::from(0x276u16).to_string(), "0x276 (10 bits)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum I2cAddress {
    /// An address of 7 bits, as nearly every device has.
    Seven(u32),
    /// An address of 10 bits.
    Ten(u32),
}

impl I2cAddress {
    /// Returns the bits.
    pub fn bits(self) -> u32 {
        match self {
            I2cAddress::Seven(bits) | I2cAddress::Ten(bits) => bits,
        }
    }

    /// Fails for an address that has more than its 7 or 10 bits.
    pub(crate) fn check(self) -> Result<()> {
        let most = match self {
            I2cAddress::Seven(_) => 0x7f,
            I2cAddress::Ten(_) => 0x3ff,
        };
        if self.bits() <= most {
            return Ok(());
        }
        let message = format!(
            "an address is 0 to {most:#x}, without the bit for the direction, not {:#x}",
            self.bits()
        );
        Err(Error::new(ErrorKind::InvalidValue, message))
    }
}

impl From<u8> for I2cAddress {
    fn from(address: u8) -> Self {
        I2cAddress::Seven(address.into())
    }
}

impl From<i32> for I2cAddress {
    fn from(address: i32) -> Self {
        // A negative number becomes one that is refused.
        I2cAddress::Seven(address as u32)
    }
}

impl From<u16> for I2cAddress {
    fn from(address: u16) -> Self {
        I2cAddress::Ten(address.into())
    }
}

impl fmt::Display for I2cAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            I2cAddress::Seven(bits) => write!(f, "{bits:#04x}"),
            I2cAddress::Ten(bits) => write!(f, "{bits:#05x} (10 bits)"),
        }
    }
}

/// A serial port, with raw bytes.
pub trait SerialPort: Send + Sync {
    /// Reads at least one byte, unless none comes within `timeout`; then returns 0. Returns the number of bytes read.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) after [`close`](SerialPort::close), and any I/O error.
    fn read(&self, data: &mut [u8], timeout: Duration) -> Result<usize>;

    /// Writes all bytes; they may still be on their way when this returns.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) after [`close`](SerialPort::close), and any I/O error.
    fn write(&self, data: &[u8]) -> Result<()>;

    /// Blocks until all bytes written are on the wire, as far as the host can tell.
    ///
    /// # Errors
    /// See [`write`](SerialPort::write).
    fn flush(&self) -> Result<()>;

    /// Gives the port back. Idempotent. A running read ends soon.
    ///
    /// # Errors
    /// Any I/O error; the port is given back as far as possible all the same.
    fn close(&self) -> Result<()>;
}

opaque!(SpiBus I2cBus SerialPort);

/// The configuration of an SPI bus on any four lines. On close the backend restores the state in which the lines were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpiConfig {
    /// The line that carries the clock.
    pub clock: Line,
    /// The line that carries data to the device.
    pub mosi: Line,
    /// The line that carries data from the device.
    pub miso: Line,
    /// The chip select line.
    pub select: Line,
    /// Polarity and phase of the clock.
    pub mode: SpiMode,
    /// The lowest bit of each byte goes first.
    pub lsb_first: bool,
    /// The chip select is active when high.
    pub select_high: bool,
    /// The most clock cycles a second; `None` leaves the rate to the backend.
    pub max_rate: Option<u32>,
}

impl SpiConfig {
    /// Returns a configuration for these lines in mode 0: highest bit first, chip select active when low.
    pub fn new(clock: Line, mosi: Line, miso: Line, select: Line) -> Self {
        let (mode, max_rate) = (SpiMode::default(), None);
        SpiConfig { clock, mosi, miso, select, mode, lsb_first: false, select_high: false, max_rate }
    }
}

/// The configuration of a device on an SPI controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HardwareSpiConfig {
    /// The controller's number: 0 for `/dev/spidev0.*`.
    pub bus: u32,
    /// The chip select's number: 1 for `/dev/spidev*.1`.
    pub select: u32,
    /// The controller leaves the chip select alone. The device must be the only one on the bus, or its select a line elsewhere.
    pub unselected: bool,
    /// Polarity and phase of the clock.
    pub mode: SpiMode,
    /// The lowest bit of each byte goes first.
    pub lsb_first: bool,
    /// The chip select is active when high.
    pub select_high: bool,
    /// The most clock cycles a second; `None` leaves the rate to the backend.
    pub max_rate: Option<u32>,
}

impl HardwareSpiConfig {
    /// Returns a configuration for this controller and chip select in mode 0: highest bit first, chip select active when low.
    pub fn new(bus: u32, select: u32) -> Self {
        HardwareSpiConfig {
            bus,
            select,
            unselected: false,
            mode: SpiMode::default(),
            lsb_first: false,
            select_high: false,
            max_rate: None,
        }
    }
}

/// The configuration of an I2C controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct I2cConfig {
    /// The controller's number: 1 for `/dev/i2c-1`, which is on the header of a Raspberry Pi.
    pub bus: u32,
}

impl I2cConfig {
    /// Returns a configuration for this controller.
    pub fn new(bus: u32) -> Self {
        I2cConfig { bus }
    }
}

/// The configuration of an I2C bus on any two lines, each with a pull-up. On close the backend restores the state in which the
/// lines were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftI2cConfig {
    /// The line that carries data.
    pub data: Line,
    /// The line that carries the clock.
    pub clock: Line,
    /// The most clock cycles a second.
    pub max_rate: u32,
}

impl SoftI2cConfig {
    /// Returns a configuration for these lines with 100 kHz, the standard rate.
    pub fn new(data: Line, clock: Line) -> Self {
        SoftI2cConfig { data, clock, max_rate: 100_000 }
    }
}

/// The configuration of a serial port: 8 bits, no parity, one stop bit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SerialConfig {
    /// The port's device file, such as `/dev/serial0`.
    pub port: String,
    /// The bits a second.
    pub rate: u32,
}

impl SerialConfig {
    /// Returns a configuration for this port and rate.
    pub fn new(port: impl Into<String>, rate: u32) -> Self {
        SerialConfig { port: port.into(), rate }
    }
}
