//! [`DigitalOutputDevice`]: on and off.

use std::time::Duration;

use pinzero_core::{Animation, Blink, Gpio, Level, Output, PinSpec, Result};

use super::{OutputBuilder, OutputDevice};

/// Anything that is either on or off: a relay, a transistor, a LED.
///
/// Clones are handles of the same device; the last one to go closes it. Writing ends a blink that runs.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let relay = DigitalOutputDevice::builder(27).active_high(false).open()?;
/// relay.on()?;
/// assert!(relay.is_active()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DigitalOutputDevice {
    output: Output,
    /// The level that means "on".
    active: Level,
}

impl DigitalOutputDevice {
    /// Opens the device on `pin` of the default factory: on means high, and it starts off.
    ///
    /// # Errors
    /// As for [`OutputBuilder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Prepares to open the device with other settings.
    pub fn builder(pin: impl Into<PinSpec>) -> OutputBuilder<Self> {
        OutputBuilder::new(pin.into())
    }

    pub(super) fn wrap(output: Output, active: Level) -> Self {
        DigitalOutputDevice { output, active }
    }

    /// Switches it on.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), [`Disconnected`](crate::ErrorKind::Disconnected), and those of the system.
    pub fn on(&self) -> Result<()> {
        self.output.set(self.active)
    }

    /// Switches it off. Once this returns, no step of a blink writes any more.
    ///
    /// # Errors
    /// As for [`on`](Self::on).
    pub fn off(&self) -> Result<()> {
        self.output.set(!self.active)
    }

    /// Switches it to what it is not.
    ///
    /// # Errors
    /// As for [`on`](Self::on).
    pub fn toggle(&self) -> Result<()> {
        self.output.toggle()
    }

    /// Switches it on or off.
    ///
    /// # Errors
    /// As for [`on`](Self::on).
    pub fn set_value(&self, on: bool) -> Result<()> {
        self.output.set(if on { self.active } else { !self.active })
    }

    /// The same as [`is_active`](Self::is_active).
    ///
    /// # Errors
    /// As for [`is_active`](Self::is_active).
    pub fn value(&self) -> Result<bool> {
        self.is_active()
    }

    /// Whether it is on, as its pin says: a short circuit may hold that elsewhere than where it is driven to.
    ///
    /// # Errors
    /// As for [`on`](Self::on).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.output.level()? == self.active)
    }

    /// Blinks in the background until it is told otherwise: on for `on_time`, off for `off_time`.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let led = Led::new(17)?;
    /// led.blink(ms(200), ms(800))?;
    /// # gpio.advance(ms(1100));
    /// # assert!(led.is_lit()?);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if both times together are less than 100 µs, and as for
    /// [`on`](Self::on).
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Blinks in the background by a plan, which may end.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let led = Led::new(17)?;
    /// led.blink_with(Blink::new(ms(200), ms(200)).times(5))?.wait()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`blink`](Self::blink); [`InvalidValue`](crate::ErrorKind::InvalidValue) if the plan fades, too.
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        self.output.blink(plan, self.active)
    }

    /// The factory that it belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.output.gpio()
    }

    /// The line below, with electrical levels; the same pin, not a second one.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.output.is_closed()
    }

    /// Ends a blink and gives the pin back. Idempotent; other handles of the device are closed by this, too.
    ///
    /// # Errors
    /// Those of the system; the pin is given back as far as can be all the same.
    pub fn close(&self) -> Result<()> {
        self.output.close()
    }
}

impl OutputDevice for DigitalOutputDevice {
    const NAME: &'static str = "DigitalOutputDevice";
}
