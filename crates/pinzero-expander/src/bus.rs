//! The bus that a chip is on, for transfers with the chip's lock held.

use pinzero_core::{
    Error, ErrorKind, Gpio, Host, I2c, I2cAddress, I2cOperation, I2cReservation, Result, Spi, SpiOperation,
};

/// A chip's place on a bus.
#[derive(Debug, Clone)]
pub(crate) enum Bus {
    I2c(I2c, I2cAddress),
    Spi(Spi),
}

impl Bus {
    pub(crate) fn gpio(&self) -> &Gpio {
        match self {
            Bus::I2c(i2c, _) => i2c.gpio(),
            Bus::Spi(spi) => spi.gpio(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Bus::I2c(i2c, _) => i2c.is_closed(),
            Bus::Spi(spi) => spi.is_closed(),
        }
    }

    /// Returns the host of a chip's pins: its name, and its place on the bus of that factory. `address` is the chip's own on a
    /// device of SPI.
    pub(crate) fn host(&self, chip: &str, address: Option<u8>) -> Host {
        let address = address.map_or(String::new(), |address| format!(" at {address}"));
        let place = match self {
            Bus::I2c(i2c, address) => format!("{address} on {}", i2c.bus_name()),
            Bus::Spi(spi) => format!("{}{address}", spi.bus_name()),
        };
        let owner = match self.gpio().host() {
            Host::Local => "this computer".to_owned(),
            Host::Chip(name) | Host::Remote(name) => name,
            Host::Virtual(number) => format!("mock {number}"),
            other => format!("{other:?}"),
        };
        Host::Chip(format!("{chip} at {place} of {owner}"))
    }

    /// Fails on an SPI bus that cannot send, or selects nothing; `select` is the chip's pin for that.
    pub(crate) fn check_wires(&self, select: &str) -> Result<()> {
        let message = match self {
            Bus::Spi(spi) if !spi.has_mosi() => {
                "nothing reaches the chip without MOSI: open the bus with `mosi`".to_owned()
            }
            Bus::Spi(spi) if !spi.has_select() => format!(
                "the chip needs a chip select at its {select}: open the bus with `select`, and without `unselected`"
            ),
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::InvalidValue, message))
    }

    /// Takes the chip's address on I2C. On SPI, a chip select is taken already.
    #[track_caller]
    pub(crate) fn reserve(&self, device: &'static str) -> Result<Option<I2cReservation>> {
        match self {
            Bus::I2c(i2c, address) => Ok(Some(i2c.reserve(*address, device)?)),
            Bus::Spi(_) => Ok(None),
        }
    }

    /// Sends bytes as one transaction.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        match self {
            Bus::I2c(i2c, address) => i2c.transaction_under_lock(*address, &mut [I2cOperation::Write(bytes)]),
            Bus::Spi(spi) => spi.transaction_under_lock(&mut [SpiOperation::Write(bytes)]),
        }
    }

    /// Sends bytes, and then fills `data`, as one transaction.
    pub(crate) fn write_read(&self, bytes: &[u8], data: &mut [u8]) -> Result<()> {
        match self {
            Bus::I2c(i2c, address) => i2c.transaction_under_lock(
                *address,
                &mut [I2cOperation::Write(bytes), I2cOperation::Read(data)],
            ),
            Bus::Spi(spi) => {
                spi.transaction_under_lock(&mut [SpiOperation::Write(bytes), SpiOperation::Read(data)])
            }
        }
    }
}

/// Returns the error of a pin whose chip has failed by `error`: the chip may come back.
pub(crate) fn lost(error: Error) -> Error {
    match error.kind() {
        // Of the bus, and not of the chip.
        ErrorKind::Closed | ErrorKind::PinInUse | ErrorKind::Unsupported | ErrorKind::Disconnected => error,
        _ => Error::new(ErrorKind::Disconnected, "the chip does not answer: check its supply and its wires")
            .with_source(error),
    }
}
