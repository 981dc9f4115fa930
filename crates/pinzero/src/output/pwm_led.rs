//! [`PwmLed`].

use pinzero_core::{PinSpec, Result};

use super::{Pulsed, PwmOutputDevice};
use crate::device::newtype;
use crate::{Builder, Open, Site};

/// A light-emitting diode between a pin and ground, with its resistor, whose brightness can be set.
///
/// A `PwmLed` does all that a [`PwmOutputDevice`] does: [`set_value`](PwmOutputDevice::set_value),
/// [`blink`](PwmOutputDevice::blink), [`pulse`](PwmOutputDevice::pulse), [`fade_to`](PwmOutputDevice::fade_to).
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let led = PwmLed::new(17)?;
/// led.set_value(0.5)?;
/// assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// An eye sees a LED at half of its duty cycle as almost fully lit. A fade with [`Easing::Gamma`](crate::Easing::Gamma) looks
/// even:
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let led = PwmLed::new(17)?;
/// led.fade_to_with(1.0, secs(2), Easing::Gamma)?.wait()?;
/// led.blink_with(Blink::pulse(secs(1), secs(1)).easing(Easing::Gamma).times(3))?.wait()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PwmLed(PwmOutputDevice);

impl PwmLed {
    /// Opens the LED on `pin` of the default factory. The LED starts dark, at 100 Hz.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        PwmLed::builder(pin).open()
    }

    /// Returns a builder for a LED with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Pulsed> {
        Builder::new(Pulsed::new(pin))
    }

    /// Returns whether the LED is lit, however dimly.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }
}

impl Open<Pulsed> for PwmLed {
    const NAME: &'static str = "PwmLed";

    fn open(options: Pulsed, site: &Site) -> Result<Self> {
        Open::open(options, site).map(PwmLed)
    }
}

newtype!(PwmLed(PwmOutputDevice));
