//! [`Rig`]: where a driver runs, with the parts on a mock.

use pinzero::mock::{self, MockGpio};
use pinzero::pigpio::PigpioFactory;
use pinzero::{Gpio, I2c, Spi};
use pinzero_daemon::Daemon;

/// The handles that a driver gets, and the mock that its part is on.
pub(crate) struct Rig {
    /// Opens the handles.
    pub(crate) gpio: Gpio,
    /// Has the part.
    pub(crate) mock: MockGpio,
    /// Stands between the two.
    _daemon: Option<Daemon>,
    /// The buses are made bit by bit, on the pins of the controllers.
    is_soft: bool,
}

impl Rig {
    /// Returns a rig whose handles are the mock's own, on virtual time.
    pub(crate) fn mock() -> Self {
        let mock = mock::gpio();
        Rig { gpio: Gpio::clone(&mock), mock, _daemon: None, is_soft: false }
    }

    /// Returns a rig whose buses are pins of the mock, on virtual time: the parts follow clock and data.
    pub(crate) fn pins() -> Self {
        Rig { is_soft: true, ..Rig::mock() }
    }

    /// Returns a rig whose handles reach the mock over the network: through the pigpio client and a daemon, in real time.
    pub(crate) fn remote() -> Self {
        let mock = mock::builder().realtime().open();
        let daemon = Daemon::builder(&mock).port(0).start().unwrap();
        let factory = PigpioFactory::connect(daemon.addrs()[0].to_string()).unwrap();
        Rig { gpio: Gpio::new(factory).unwrap(), mock, _daemon: Some(daemon), is_soft: false }
    }

    /// Opens the I2C bus 1.
    pub(crate) fn i2c(&self) -> I2c {
        let bus = if self.is_soft { self.gpio.soft_i2c(2, 3) } else { self.gpio.i2c(1) };
        bus.open().unwrap()
    }

    /// Opens a chip select of the SPI bus 0.
    pub(crate) fn spi(&self, select: u32) -> Spi {
        let device = match self.is_soft {
            true => self.gpio.spi(11).mosi(10).miso(9).select(8 - select),
            false => self.gpio.hardware_spi(0, select).max_rate(1_000_000),
        };
        device.open().unwrap()
    }
}
