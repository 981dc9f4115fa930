//! `--factory`, which all commands that use pins have, and the port of a daemon.

use std::env;

use clap::Args;
use pinzero::{Gpio, mock};

/// The choice of a factory.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Factory {
    /// The factory that drives the pins [default: $PINZERO_PIN_FACTORY, else the first of cdev, rppal and pigpio that starts]
    ///
    /// "cdev" is the character device of the Linux kernel; "rppal" is registers; "pigpio://HOST:PORT" is another computer where
    /// pigpiod or `pinzero serve` runs; "mock" is a simulated Raspberry Pi 4, which prints changes of pins on standard error.
    #[arg(long, value_name = "NAME")]
    pub(crate) factory: Option<String>,
}

impl Factory {
    /// Returns the name of the factory from the command line or else the environment; `None` if neither names one.
    pub(crate) fn name(&self) -> Option<String> {
        let variable = || env::var("PINZERO_PIN_FACTORY").ok().filter(|name| !name.trim().is_empty());
        self.factory.clone().or_else(variable).map(|name| name.trim().to_owned())
    }

    pub(crate) fn is_mock(&self) -> bool {
        self.name().is_some_and(|name| name.eq_ignore_ascii_case("mock"))
    }

    /// Opens the factory.
    ///
    /// # Errors
    /// As `pinzero::default_gpio` and `pinzero::open_factory` have it.
    pub(crate) fn open(&self) -> pinzero::Result<Gpio> {
        if self.is_mock() {
            // Not the mock of programs, which reads commands from standard input.
            return Ok((*mock::builder().realtime().show_changes().try_open()?).clone());
        }
        match &self.factory {
            Some(name) => pinzero::open_factory(name),
            None => pinzero::default_gpio(),
        }
    }
}

/// Returns the port for a daemon: the one that is asked for, else `$PIGPIO_PORT`, else 8888.
///
/// # Errors
/// A sentence about a variable that is no port.
pub(crate) fn daemon_port(asked: Option<u16>) -> Result<u16, String> {
    match (asked, env::var("PIGPIO_PORT")) {
        (Some(port), _) => Ok(port),
        (None, Ok(text)) if !text.is_empty() => {
            text.parse().map_err(|_| format!("PIGPIO_PORT is {text:?}: use a number from 0 to 65535"))
        }
        (None, _) => Ok(pinzero_daemon::PORT),
    }
}
