//! [`Led`].

use pinzero_core::{Level, Output, PinSpec, Result};

use super::{Digital, DigitalOutputDevice};
use crate::device::newtype;
use crate::{Builder, Open, Site};

/// A light-emitting diode between a pin and ground, with its resistor.
///
/// A `Led` does all that a [`DigitalOutputDevice`] does: [`on`](DigitalOutputDevice::on),
/// [`off`](DigitalOutputDevice::off), [`toggle`](DigitalOutputDevice::toggle), [`blink`](DigitalOutputDevice::blink).
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let led = Led::new(17)?;
/// led.on()?;
/// assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Led(DigitalOutputDevice);

impl Led {
    /// Opens the LED on `pin` of the default factory. The LED starts dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Led::builder(pin).open()
    }

    /// Returns a builder for a LED with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Digital> {
        Builder::new(Digital::new(pin))
    }

    /// Returns a LED on an output that is open already; see [`DigitalOutputDevice::from_output`].
    pub fn from_output(output: Output, active: Level) -> Self {
        Led(DigitalOutputDevice::from_output(output, active))
    }

    /// Returns whether the LED is lit. Reads the pin, so a short circuit shows.
    ///
    /// # Errors
    /// See [`Switch`](crate::Switch).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }
}

impl Open<Digital> for Led {
    const NAME: &'static str = "Led";

    fn open(options: Digital, site: &Site) -> Result<Self> {
        Open::open(options, site).map(Led)
    }
}

newtype!(Led(DigitalOutputDevice));
