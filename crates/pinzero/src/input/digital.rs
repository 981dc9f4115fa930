//! [`DigitalInputDevice`]: active or inactive.

use std::time::Duration;

use pinzero_core::{
    Error, Event, EventKind, Events, Handler, Input, Outcome, PinSpec, Result, Source, Value,
};

use super::Pulled;
use crate::device::{changing, single_pin};
use crate::{Builder, Open, Site};

/// A device that is active or inactive: a switch, a sensor with a digital output.
///
/// Clones are handles of the same device, and dropping the last one closes the device.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let gate = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
/// gpio.line(24).script([(secs(3), Level::High)]);
/// gate.wait_for_active()?;
/// assert_eq!(gpio.elapsed(), secs(3));
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// # Handlers
///
/// Each `when_…` adds a handler and keeps the earlier ones, unlike gpiozero. [`Handler::remove`] and
/// [`clear_handlers`](Self::clear_handlers) remove them. They work as long as the device is open: keep a handle of it, and end
/// `main` with [`pause`](crate::pause()) if the handlers do the rest.
///
/// A handler that holds a clone of its own device keeps the device open: end it by [`close`](Self::close).
///
/// Handlers run one at a time, in the order of the events over the whole factory, on a thread of the factory. They may block,
/// close devices and panic without harm to others. While they are slow, up to 1,024 events of a device wait; older ones are
/// dropped and counted in [`Event::missed`], but never the last of a kind.
///
/// A handler may return a [`Result`](std::result::Result). The error, and a panic, go to [`Gpio::on_error`](crate::Gpio::on_error),
/// else to the logger of the `log` crate, else to standard error. You may put the closure in a variable first. A closure that
/// uses `?` names its return type:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let gate = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
/// let [led, horn] = [17, 27].map(|pin| Led::builder(pin).gpio(&gpio).open());
/// let (led, horn) = (led?, horn?);
///
/// let on_open = move |_| led.on();
/// gate.when_activated(on_open);
/// gate.when_deactivated(move |event| -> pinzero::Result<()> {
///     println!("was open for {:?}", event.lasted);
///     horn.blink_with(Blink::new(ms(100), ms(100)).times(3))?;
///     Ok(())
/// });
/// # gpio.line(24).press(secs(1));
/// # gpio.advance(secs(2));
/// # assert_eq!(gpio.line(27).history().len(), 6);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct DigitalInputDevice {
    input: Input,
}

impl DigitalInputDevice {
    /// Opens the device on `pin` of the default factory: pulled down, and active when high.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Pulled> {
        Builder::new(Pulled::new(pin, false))
    }

    /// Returns a device on an open line.
    pub(super) fn from_input(input: Input) -> Self {
        DigitalInputDevice { input }
    }

    /// Returns whether the device is active, after debouncing if a bounce or lockout time is set.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_active(&self) -> Result<bool> {
        self.input.is_active()
    }

    /// Returns whether the device is active, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn value(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns the values from now on, for another device to follow: whether it is active, whenever that changes. See [`Source`].
    pub fn values(&self) -> Source<bool> {
        // Not the level on the pin, which may be debounced, and costs a call.
        let value = |device: &Self| match device.is_closed() {
            true => Err(Error::closed()),
            false => Ok(device.was_active()),
        };
        changing(self, value, |device, notify| {
            let kinds = [EventKind::Activated, EventKind::Deactivated];
            kinds.map(|kind| device.input.on(kind, notify.handler())).into()
        })
    }

    /// Returns how long the device has been active; `None` if it is inactive.
    pub fn active_time(&self) -> Option<Duration> {
        self.input.active_time()
    }

    /// Returns how long the device has been inactive; `None` if it is active.
    pub fn inactive_time(&self) -> Option<Duration> {
        self.input.inactive_time()
    }

    /// Calls `handler` whenever the device becomes active; see [Handlers](Self#handlers).
    pub fn when_activated<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.input.on(EventKind::Activated, handler)
    }

    /// Calls `handler` whenever the device becomes inactive; see [Handlers](Self#handlers).
    pub fn when_deactivated<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.input.on(EventKind::Deactivated, handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.input.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events {
        self.input.events()
    }

    /// Blocks until the device is active; returns at once if it is.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_active(&self) -> Result<()> {
        self.input.wait_for(true)
    }

    /// Blocks until the device is active, for at most `timeout`. Returns whether the device became active.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_active_timeout(&self, timeout: Duration) -> Result<bool> {
        self.input.wait_for_timeout(true, timeout)
    }

    /// Blocks until the device is inactive; returns at once if it is.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_inactive(&self) -> Result<()> {
        self.input.wait_for(false)
    }

    /// Blocks until the device is inactive, for at most `timeout`. Returns whether the device became inactive.
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn wait_for_inactive_timeout(&self, timeout: Duration) -> Result<bool> {
        self.input.wait_for_timeout(false, timeout)
    }

    /// Waits until the device is active; for `async` code, on any executor.
    ///
    /// An activation between two calls is missed, unless the device is still active. To see all, take one [`events`](Self::events)
    /// and its [`next_async`](Events::next_async).
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn activated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.input.reached(true)
    }

    /// Waits until the device is inactive; for `async` code, on any executor. See [`activated`](Self::activated).
    ///
    /// # Errors
    /// See [`wait_for_active`](Self::wait_for_active).
    #[track_caller]
    pub fn deactivated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.input.reached(false)
    }

    /// Returns how many edges have been lost so far, because they came faster than they could be read.
    pub fn missed(&self) -> u64 {
        self.input.missed()
    }

    /// Returns the handle of the line, which has electrical levels. Both use the same pin.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Returns whether the device was active at its last event. Does not read the pin.
    pub(super) fn was_active(&self) -> bool {
        self.active_time().is_some()
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.was_active() { "active" } else { "inactive" }
    }
}

impl Open<Pulled> for DigitalInputDevice {
    const NAME: &'static str = "DigitalInputDevice";

    fn open(options: Pulled, site: &Site) -> Result<Self> {
        let input = options.input(site)?.open()?;
        Ok(DigitalInputDevice::from_input(input))
    }
}

impl Value for DigitalInputDevice {
    type Value = bool;

    fn value(&self) -> Result<bool> {
        self.value()
    }

    fn values(&self) -> Source<bool> {
        self.values()
    }
}

single_pin!(DigitalInputDevice(input));
