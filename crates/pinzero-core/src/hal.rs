//! The traits of embedded-hal 1.0 on the handles, so that drivers others wrote run on every factory.
//!
//! The levels are electrical, as embedded-hal means them: an [`Input`] that is active when low is still low when low. Every trait is
//! on the handle itself, and the error is [`Error`], with embedded-hal's kinds.

use std::time::Duration;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin, StatefulOutputPin};
use embedded_hal::i2c::{self, AddressMode, NoAcknowledgeSource};
use embedded_hal::pwm::{self, SetDutyCycle};
use embedded_hal::spi::{self, SpiBus, SpiDevice};
use embedded_hal_async::delay::DelayNs as AsyncDelayNs;
use embedded_hal_async::digital::Wait;

use crate::bus::{I2cAddress, I2cOperation, SpiOperation};
use crate::delay::Delay;
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventKind;
use crate::handle::flex::Flex;
use crate::handle::i2c::I2c;
use crate::handle::input::Input;
use crate::handle::open_drain::OpenDrain;
use crate::handle::output::Output;
use crate::handle::pwm::Pwm;
use crate::handle::serial::Serial;
use crate::handle::spi::Spi;
use crate::types::{Drive, Level};

impl digital::Error for Error {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}

impl pwm::Error for Error {
    fn kind(&self) -> pwm::ErrorKind {
        pwm::ErrorKind::Other
    }
}

impl i2c::Error for Error {
    fn kind(&self) -> i2c::ErrorKind {
        match self.kind() {
            ErrorKind::NoAcknowledge => i2c::ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address),
            ErrorKind::Refused => i2c::ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data),
            ErrorKind::ArbitrationLost => i2c::ErrorKind::ArbitrationLoss,
            ErrorKind::TimedOut => i2c::ErrorKind::Bus,
            _ => i2c::ErrorKind::Other,
        }
    }
}

impl spi::Error for Error {
    fn kind(&self) -> spi::ErrorKind {
        spi::ErrorKind::Other
    }
}

impl digital::ErrorType for Output {
    type Error = Error;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<()> {
        self.set(Level::Low)
    }

    fn set_high(&mut self) -> Result<()> {
        self.set(Level::High)
    }
}

impl StatefulOutputPin for Output {
    fn is_set_high(&mut self) -> Result<bool> {
        Ok(self.last().is_high())
    }

    fn is_set_low(&mut self) -> Result<bool> {
        Ok(!self.last().is_high())
    }
}

impl digital::ErrorType for Input {
    type Error = Error;
}

impl InputPin for Input {
    fn is_high(&mut self) -> Result<bool> {
        Ok(self.level()?.is_high())
    }

    fn is_low(&mut self) -> Result<bool> {
        Ok(!self.level()?.is_high())
    }
}

impl Input {
    async fn wait_for_level(&self, level: Level) -> Result<()> {
        self.reached(level == self.active_level()).await
    }

    async fn wait_for_edge(&self, level: Level) -> Result<()> {
        let is_active = level == self.active_level();
        let kind = if is_active { EventKind::Activated } else { EventKind::Deactivated };
        self.next_event(kind).await.map(drop)
    }
}

/// After the input's settle and lockout times, if there are any.
impl Wait for Input {
    async fn wait_for_high(&mut self) -> Result<()> {
        self.wait_for_level(Level::High).await
    }

    async fn wait_for_low(&mut self) -> Result<()> {
        self.wait_for_level(Level::Low).await
    }

    async fn wait_for_rising_edge(&mut self) -> Result<()> {
        self.wait_for_edge(Level::High).await
    }

    async fn wait_for_falling_edge(&mut self) -> Result<()> {
        self.wait_for_edge(Level::Low).await
    }

    async fn wait_for_any_edge(&mut self) -> Result<()> {
        let mut events = self.events();
        while let Some(event) = events.next_async().await {
            if matches!(event.kind, EventKind::Activated | EventKind::Deactivated) {
                return Ok(());
            }
        }
        Err(events.error().unwrap_or_else(Error::closed))
    }
}

impl digital::ErrorType for Flex {
    type Error = Error;
}

/// Drives the line both ways; an [`OpenDrain`] releases it instead of driving it high.
impl OutputPin for Flex {
    fn set_low(&mut self) -> Result<()> {
        self.turn(Drive::Output(Level::Low))
    }

    fn set_high(&mut self) -> Result<()> {
        self.turn(Drive::Output(Level::High))
    }
}

impl InputPin for Flex {
    fn is_high(&mut self) -> Result<bool> {
        Ok(self.level()?.is_high())
    }

    fn is_low(&mut self) -> Result<bool> {
        Ok(!self.level()?.is_high())
    }
}

impl digital::ErrorType for OpenDrain {
    type Error = Error;
}

impl OutputPin for OpenDrain {
    fn set_low(&mut self) -> Result<()> {
        self.set(Level::Low)
    }

    fn set_high(&mut self) -> Result<()> {
        self.set(Level::High)
    }
}

impl StatefulOutputPin for OpenDrain {
    fn is_set_high(&mut self) -> Result<bool> {
        Ok(!OpenDrain::is_low(self))
    }

    fn is_set_low(&mut self) -> Result<bool> {
        Ok(OpenDrain::is_low(self))
    }
}

impl InputPin for OpenDrain {
    fn is_high(&mut self) -> Result<bool> {
        Ok(self.level()?.is_high())
    }

    fn is_low(&mut self) -> Result<bool> {
        Ok(!self.level()?.is_high())
    }
}

impl pwm::ErrorType for Pwm {
    type Error = Error;
}

impl SetDutyCycle for Pwm {
    fn max_duty_cycle(&self) -> u16 {
        u16::MAX
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<()> {
        self.set_duty(f64::from(duty) / f64::from(u16::MAX))
    }
}

impl DelayNs for Delay {
    fn delay_ns(&mut self, nanos: u32) {
        self.pause(Duration::from_nanos(nanos.into()));
    }
}

impl AsyncDelayNs for Delay {
    async fn delay_ns(&mut self, nanos: u32) {
        let time = Duration::from_nanos(nanos.into());
        if self.pause_async(time).await.is_err() {
            // This process is a fork, or the runtime has no threads. A driver relies on the pause all the same.
            self.pause(time);
        }
    }
}

fn i2c_operation<'a>(operation: &'a mut i2c::Operation<'_>) -> I2cOperation<'a> {
    match operation {
        i2c::Operation::Read(data) => I2cOperation::Read(data),
        i2c::Operation::Write(data) => I2cOperation::Write(data),
    }
}

impl i2c::ErrorType for I2c {
    type Error = Error;
}

/// An empty operation is left out, unless the transaction has no other.
impl<A: AddressMode + Into<I2cAddress>> i2c::I2c<A> for I2c {
    fn read(&mut self, address: A, data: &mut [u8]) -> Result<()> {
        I2c::read(self, address, data)
    }

    fn write(&mut self, address: A, data: &[u8]) -> Result<()> {
        I2c::write(self, address, data)
    }

    fn write_read(&mut self, address: A, out: &[u8], data: &mut [u8]) -> Result<()> {
        i2c::I2c::transaction(self, address, &mut [i2c::Operation::Write(out), i2c::Operation::Read(data)])
    }

    fn transaction(&mut self, address: A, operations: &mut [i2c::Operation<'_>]) -> Result<()> {
        if operations.is_empty() {
            return Ok(());
        }
        let mut ours: Vec<I2cOperation<'_>> = operations.iter_mut().map(i2c_operation).collect();
        if ours.iter().any(|operation| !operation.is_empty()) {
            ours.retain(|operation| !operation.is_empty());
        }
        I2c::transaction(self, address, &mut ours)
    }
}

fn spi_operation<'a>(operation: &'a mut spi::Operation<'_, u8>) -> SpiOperation<'a> {
    match operation {
        spi::Operation::Read(data) => SpiOperation::Read(data),
        spi::Operation::Write(data) => SpiOperation::Write(data),
        spi::Operation::Transfer(read, write) => SpiOperation::Transfer(read, write),
        spi::Operation::TransferInPlace(data) => SpiOperation::TransferInPlace(data),
        spi::Operation::DelayNs(nanos) => SpiOperation::Delay(Duration::from_nanos((*nanos).into())),
    }
}

impl spi::ErrorType for Spi {
    type Error = Error;
}

impl SpiDevice for Spi {
    fn transaction(&mut self, operations: &mut [spi::Operation<'_, u8>]) -> Result<()> {
        let mut ours: Vec<SpiOperation<'_>> = operations.iter_mut().map(spi_operation).collect();
        if ours.iter().all(SpiOperation::is_empty) {
            // With no byte to send, the device need not be selected. A driver relies on the pauses all the same.
            for operation in &ours {
                if let SpiOperation::Delay(time) = operation {
                    self.gpio().delay().pause(*time);
                }
            }
            return Ok(());
        }
        Spi::transaction(self, &mut ours)
    }
}

/// An SPI bus without a chip select, as embedded-hal's `SpiBus`; returned by [`Spi::into_bus`].
///
/// Several devices share it by the crate `embedded-hal-bus`, each with an [`Output`] as its chip select.
///
/// ```
/// use embedded_hal::spi::SpiBus;
/// use pinzero::mock;
///
/// let gpio = mock::gpio();
/// gpio.wire(10, 9);
/// let mut bus = gpio.spi(11).mosi(10).miso(9).open()?.into_bus()?;
/// let mut data = [1, 2, 3];
/// bus.transfer_in_place(&mut data)?;
/// assert_eq!(data, [1, 2, 3]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "the bus is closed when the last handle is dropped"]
pub struct BareSpi(Spi);

impl Spi {
    /// Converts a handle that has no chip select into embedded-hal's `SpiBus`.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the device is selected during a transfer: then the handle is a `SpiDevice`.
    pub fn into_bus(self) -> Result<BareSpi> {
        if self.has_select() {
            let message = "the chip select ends with each transfer, which an `SpiBus` must not: open the bus without one, by \
                           `unselected()` on a controller, or use the handle as a `SpiDevice`";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        Ok(BareSpi(self))
    }
}

impl BareSpi {
    fn run(&self, operation: SpiOperation<'_>) -> Result<()> {
        if operation.is_empty() { Ok(()) } else { self.0.transaction(&mut [operation]) }
    }
}

impl spi::ErrorType for BareSpi {
    type Error = Error;
}

impl SpiBus for BareSpi {
    fn read(&mut self, data: &mut [u8]) -> Result<()> {
        self.run(SpiOperation::Read(data))
    }

    fn write(&mut self, data: &[u8]) -> Result<()> {
        self.run(SpiOperation::Write(data))
    }

    fn transfer(&mut self, read: &mut [u8], write: &[u8]) -> Result<()> {
        self.run(SpiOperation::Transfer(read, write))
    }

    fn transfer_in_place(&mut self, data: &mut [u8]) -> Result<()> {
        self.run(SpiOperation::TransferInPlace(data))
    }

    /// Returns at once: a transfer is over when its call returns.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl embedded_io::Error for Error {
    fn kind(&self) -> embedded_io::ErrorKind {
        match self.kind() {
            ErrorKind::TimedOut => embedded_io::ErrorKind::TimedOut,
            ErrorKind::Closed | ErrorKind::Disconnected => embedded_io::ErrorKind::NotConnected,
            _ => embedded_io::ErrorKind::Other,
        }
    }
}

impl embedded_io::ErrorType for Serial {
    type Error = Error;
}

/// Fails with [`TimedOut`](ErrorKind::TimedOut) if nothing comes within the port's timeout, because 0 bytes mean the end of the
/// data there.
impl embedded_io::Read for Serial {
    fn read(&mut self, data: &mut [u8]) -> Result<usize> {
        match Serial::read(self, data)? {
            0 if !data.is_empty() => Err(Error::new(ErrorKind::TimedOut, "the port has received nothing")),
            count => Ok(count),
        }
    }
}

impl embedded_io::Write for Serial {
    fn write(&mut self, data: &[u8]) -> Result<usize> {
        Serial::write(self, data).map(|()| data.len())
    }

    fn flush(&mut self) -> Result<()> {
        Serial::flush(self)
    }
}
