//! The buses of this machine: opens their device files, and says how to get those that are missing.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use pinzero_core::board::Board;
use pinzero_core::{
    Error, ErrorKind, HardwareSpiConfig, I2cBus, I2cConfig, Result, SerialConfig, SerialPort, SpiBus,
};
use rustix::fs::{Mode, OFlags, open};

use crate::config_txt;
use crate::error::{self, Class};
use crate::i2c::CdevI2c;
use crate::serial::CdevSerial;
use crate::spi::CdevSpi;

const I2C: Class = Class { subsystem: "i2c-dev", group: "i2c" };
const SPI: Class = Class { subsystem: "spidev", group: "spi" };
const SERIAL: Class = Class { subsystem: "tty", group: "dialout" };

/// The I2C buses, SPI buses and serial ports of this machine, by the kernel's drivers.
///
/// A backend that has no buses of its own passes its calls on to this.
///
/// ```no_run
/// use pinzero_cdev::Buses;
/// use pinzero_core::board::Board;
/// use pinzero_core::{I2cAddress, I2cConfig, I2cOperation};
///
/// # fn main() -> pinzero_core::Result<()> {
/// let board = Board::detect().unwrap_or_else(|| Board::generic(0));
/// let i2c = Buses::new("mine", board).open_i2c(I2cConfig::new(1))?;
/// i2c.transfer(I2cAddress::from(0x76), &mut [I2cOperation::Write(&[0xf4, 0x27])])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Buses {
    factory: &'static str,
    board: Board,
    dev: PathBuf,
    sys: PathBuf,
}

impl Buses {
    /// Returns the buses of this machine, which is this board. Errors name the factory.
    pub fn new(factory: &'static str, board: Board) -> Self {
        Buses { factory, board, dev: "/dev".into(), sys: "/sys".into() }
    }

    /// Sets the directory with the device files. Default: `/dev`.
    #[must_use]
    pub fn dev(mut self, directory: impl Into<PathBuf>) -> Self {
        self.dev = directory.into();
        self
    }

    /// Opens an I2C bus: `/dev/i2c-1` for bus 1.
    ///
    /// # Errors
    /// * [`NoChip`](ErrorKind::NoChip) if there is no such bus; the message has the line for `config.txt`.
    /// * [`PermissionDenied`](ErrorKind::PermissionDenied) if the user may not use the bus.
    /// * [`Unsupported`](ErrorKind::Unsupported) if the bus is for SMBus alone.
    /// * [`Io`](ErrorKind::Io) for other errors of the kernel.
    pub fn open_i2c(&self, config: I2cConfig) -> Result<Box<dyn I2cBus>> {
        let bus = config.bus;
        let path = self.dev.join(format!("i2c-{bus}"));
        let file = self.open(&path, OFlags::empty(), I2C, || {
            if self.sys.join(format!("bus/i2c/devices/i2c-{bus}")).exists() {
                return "load the module i2c-dev (sudo modprobe i2c-dev)".to_owned();
            }
            self.remedy(self.board.i2c_setting(bus))
        })?;
        Ok(Box::new(self.about(CdevI2c::new(self.factory, file))?))
    }

    /// Opens a device on an SPI bus: `/dev/spidev0.1` for chip select 1 of bus 0.
    ///
    /// # Errors
    /// See [`open_i2c`](Buses::open_i2c); [`Unsupported`](ErrorKind::Unsupported) for an option that the driver lacks, and
    /// [`Busy`](ErrorKind::Busy) if a driver of the kernel has the device.
    pub fn open_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        let (bus, select) = (config.bus, config.select);
        let path = self.dev.join(format!("spidev{bus}.{select}"));
        let driver = self.sys.join(format!("bus/spi/devices/spi{bus}.{select}/driver"));
        // Without a file of ours, a driver of the kernel has the device.
        if let (false, Ok(driver)) = (path.exists(), driver.read_link()) {
            let driver = driver.file_name().unwrap_or_default().to_string_lossy();
            let message = format!("the kernel's driver {driver} has chip select {select} of SPI bus {bus}");
            return self.about(Err(Error::new(ErrorKind::Busy, message)));
        }
        let file =
            self.open(&path, OFlags::empty(), SPI, || self.remedy(self.board.spi_setting(bus, select)))?;
        Ok(Box::new(self.about(CdevSpi::new(self.factory, file, &self.sys, config))?))
    }

    /// Opens a serial port, by the path of its device file.
    ///
    /// # Errors
    /// See [`open_i2c`](Buses::open_i2c); [`Busy`](ErrorKind::Busy) if another program has the port, and
    /// [`InvalidFrequency`](ErrorKind::InvalidFrequency) if the port does not support the rate.
    pub fn open_serial(&self, config: SerialConfig) -> Result<Box<dyn SerialPort>> {
        let path = self.dev.join(&config.port);
        // Opening a port waits for a modem's carrier otherwise.
        let file = self.open(&path, OFlags::NOCTTY | OFlags::NONBLOCK, SERIAL, || {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if ["serial", "ttyAMA", "ttyS"].iter().any(|start| name.starts_with(start)) {
                self.remedy(self.board.serial_setting())
            } else {
                "check its name, and that it is plugged in".to_owned()
            }
        })?;
        Ok(Box::new(self.about(CdevSerial::new(self.factory, file, &path, config.rate))?))
    }

    /// Opens a device file; if there is none, the error ends with the `remedy`.
    fn open(
        &self,
        path: &Path,
        flags: OFlags,
        class: Class,
        remedy: impl FnOnce() -> String,
    ) -> Result<OwnedFd> {
        let opened = open(path, OFlags::RDWR | OFlags::CLOEXEC | flags, Mode::empty());
        self.about(opened.map_err(|errno| {
            let error = io::Error::from(errno);
            match error.kind() {
                io::ErrorKind::PermissionDenied => error::permission(path, class),
                io::ErrorKind::NotFound => {
                    Error::new(ErrorKind::NoChip, format!("there is no {}: {}", path.display(), remedy()))
                }
                io::ErrorKind::ResourceBusy => {
                    Error::new(ErrorKind::Busy, format!("another program has {}", path.display()))
                }
                _ => Error::new(ErrorKind::Io, format!("cannot open {}", path.display())).with_source(error),
            }
        }))
    }

    /// Returns what to do without a device file, whose controller this setting enables.
    fn remedy(&self, setting: Option<String>) -> String {
        match setting {
            Some(setting) => config_txt::add(&setting),
            None if self.board.revision().is_some() => format!("a {} has no such bus", self.board.model()),
            None => "this machine has no such bus, or its driver is not loaded".to_owned(),
        }
    }

    fn about<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.with_factory(self.factory))
    }
}

#[cfg(test)]
mod tests;
