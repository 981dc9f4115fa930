//! [`DigitalInputDevice`]: active or not.

use std::time::Duration;

use pinzero_core::{Event, EventKind, Events, Gpio, Handler, Input, Outcome, PinSpec, Result};

use super::{InputBuilder, InputDevice};

/// Anything that is either active or not: a switch, a sensor with a digital output.
///
/// Clones are handles of the same device; the last one to go closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let gate = DigitalInputDevice::builder(24).on(&gpio).open()?;
/// gpio.line(24).script([(secs(3), Level::High)]);
/// gate.wait_for_active()?;
/// assert_eq!(gpio.elapsed(), secs(3));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DigitalInputDevice {
    input: Input,
}

impl DigitalInputDevice {
    /// Opens the device on `pin` of the default factory: pulled down, and active when high.
    ///
    /// # Errors
    /// As for [`InputBuilder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Prepares to open the device with other settings.
    pub fn builder(pin: impl Into<PinSpec>) -> InputBuilder<Self> {
        InputBuilder::new(pin.into())
    }

    pub(super) fn wrap(input: Input) -> Self {
        DigitalInputDevice { input }
    }

    /// Whether it is active; with a bounce or lockout time, whether it is by what has passed that.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), [`Disconnected`](crate::ErrorKind::Disconnected), and those of the system.
    pub fn is_active(&self) -> Result<bool> {
        self.input.is_active()
    }

    /// The same as [`is_active`](Self::is_active).
    ///
    /// # Errors
    /// As for [`is_active`](Self::is_active).
    pub fn value(&self) -> Result<bool> {
        self.is_active()
    }

    /// How long it has been active; `None` if it is not.
    pub fn active_time(&self) -> Option<Duration> {
        self.input.active_time()
    }

    /// How long it has been inactive; `None` if it is not.
    pub fn inactive_time(&self) -> Option<Duration> {
        self.input.inactive_time()
    }

    /// Has `handler` called whenever it becomes active, beside the handlers that are there already.
    ///
    /// Handlers are called one at a time and in order over the whole factory. They may block, close devices and panic
    /// without harm to others; a [`Result`] that they return is logged if it is an error.
    pub fn when_activated<R: Outcome>(&self, handler: impl FnMut(&Event) -> R + Send + 'static) -> Handler {
        self.input.on(EventKind::Activated, handler)
    }

    /// Has `handler` called whenever it becomes inactive, beside the handlers that are there already.
    pub fn when_deactivated<R: Outcome>(&self, handler: impl FnMut(&Event) -> R + Send + 'static) -> Handler {
        self.input.on(EventKind::Deactivated, handler)
    }

    /// Forgets all handlers.
    pub fn forget_handlers(&self) {
        self.input.clear_handlers();
    }

    /// All events from now on, as an iterator that ends when the device is closed.
    pub fn events(&self) -> Events {
        self.input.events()
    }

    /// Blocks until it is active; returns at once if it is.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), also if it is closed meanwhile, and those of the system.
    pub fn wait_for_active(&self) -> Result<()> {
        self.input.wait_for(true)
    }

    /// Blocks until it is active, for at most `timeout`; tells whether it came to that.
    ///
    /// # Errors
    /// As for [`wait_for_active`](Self::wait_for_active).
    pub fn wait_for_active_timeout(&self, timeout: Duration) -> Result<bool> {
        self.input.wait_for_timeout(true, timeout)
    }

    /// Blocks until it is inactive; returns at once if it is.
    ///
    /// # Errors
    /// As for [`wait_for_active`](Self::wait_for_active).
    pub fn wait_for_inactive(&self) -> Result<()> {
        self.input.wait_for(false)
    }

    /// Blocks until it is inactive, for at most `timeout`; tells whether it came to that.
    ///
    /// # Errors
    /// As for [`wait_for_active`](Self::wait_for_active).
    pub fn wait_for_inactive_timeout(&self, timeout: Duration) -> Result<bool> {
        self.input.wait_for_timeout(false, timeout)
    }

    /// How many edges have been lost so far, because nobody could take them fast enough.
    pub fn missed(&self) -> u64 {
        self.input.missed()
    }

    /// The factory that it belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.input.gpio()
    }

    /// The line below, with electrical levels; the same pin, not a second one.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.input.is_closed()
    }

    /// Gives the pin back, forgets the handlers, and ends all waits with [`Closed`](crate::ErrorKind::Closed).
    /// Idempotent; other handles of the device are closed by this, too.
    ///
    /// # Errors
    /// Those of the system; the pin is given back as far as can be all the same.
    pub fn close(&self) -> Result<()> {
        self.input.close()
    }
}

impl InputDevice for DigitalInputDevice {
    const NAME: &'static str = "DigitalInputDevice";
    const PULL_UP: bool = false;
    const GESTURES: bool = false;
}
