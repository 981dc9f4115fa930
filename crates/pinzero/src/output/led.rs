//! [`Led`].

use std::ops::Deref;

use pinzero_core::{PinSpec, Result};

use super::{DigitalOutputDevice, OutputBuilder, OutputDevice};

/// A light-emitting diode (with its resistor) between a pin and ground.
///
/// All that a [`DigitalOutputDevice`] can do, it can: [`on`](DigitalOutputDevice::on), [`off`](DigitalOutputDevice::off),
/// [`toggle`](DigitalOutputDevice::toggle), [`blink`](DigitalOutputDevice::blink).
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
#[derive(Debug, Clone)]
pub struct Led(DigitalOutputDevice);

impl Led {
    /// Opens the LED on `pin` of the default factory. It starts dark.
    ///
    /// # Errors
    /// As for [`OutputBuilder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Prepares to open the LED with other settings.
    pub fn builder(pin: impl Into<PinSpec>) -> OutputBuilder<Self> {
        OutputBuilder::new(pin.into())
    }

    /// Whether it is on, as its pin says.
    ///
    /// # Errors
    /// As for [`on`](DigitalOutputDevice::on).
    pub fn is_lit(&self) -> Result<bool> {
        self.0.is_active()
    }
}

impl Deref for Led {
    type Target = DigitalOutputDevice;

    fn deref(&self) -> &DigitalOutputDevice {
        &self.0
    }
}

impl From<DigitalOutputDevice> for Led {
    fn from(device: DigitalOutputDevice) -> Self {
        Led(device)
    }
}

impl OutputDevice for Led {
    const NAME: &'static str = "Led";
}
