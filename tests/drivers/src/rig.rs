//! [`Rig`]: where a driver runs, with the parts on a mock.

use pinzero::Gpio;
use pinzero::mock::{self, MockGpio};
use pinzero::pigpio::PigpioFactory;
use pinzero_daemon::Daemon;

/// The handles that a driver gets, and the mock that its part is on.
pub(crate) struct Rig {
    /// Opens the handles.
    pub(crate) gpio: Gpio,
    /// Has the part.
    pub(crate) mock: MockGpio,
    /// Stands between the two.
    _daemon: Option<Daemon>,
}

impl Rig {
    /// Returns a rig whose handles are the mock's own, on virtual time.
    pub(crate) fn mock() -> Self {
        let mock = mock::gpio();
        Rig { gpio: Gpio::clone(&mock), mock, _daemon: None }
    }

    /// Returns a rig whose handles reach the mock over the network: through the pigpio client and a daemon, in real time.
    pub(crate) fn remote() -> Self {
        let mock = mock::builder().realtime().open();
        let daemon = Daemon::builder(&mock).port(0).start().unwrap();
        let factory = PigpioFactory::connect(daemon.addrs()[0].to_string()).unwrap();
        Rig { gpio: Gpio::new(factory).unwrap(), mock, _daemon: Some(daemon) }
    }
}
