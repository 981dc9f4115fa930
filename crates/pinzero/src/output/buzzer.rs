//! [`Buzzer`].

use std::time::Duration;

use pinzero_core::{Animation, Blink, PinSpec, Result};

use super::{Digital, DigitalOutputDevice};
use crate::device::newtype;
use crate::{Builder, Open, Site};

/// An active buzzer between a pin and ground, which sounds its one tone while the pin is high.
///
/// A `Buzzer` does all that a [`DigitalOutputDevice`] does: [`on`](DigitalOutputDevice::on),
/// [`off`](DigitalOutputDevice::off), [`toggle`](DigitalOutputDevice::toggle). A passive buzzer, which needs a signal, is a
/// [`TonalBuzzer`](crate::TonalBuzzer).
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let buzzer = Buzzer::new(17)?;
/// buzzer.beep_with(Blink::new(ms(200), ms(100)).times(3))?.wait()?;
/// assert!(!buzzer.is_active()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Buzzer(DigitalOutputDevice);

impl Buzzer {
    /// Opens the buzzer on `pin` of the default factory. The buzzer starts silent.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Buzzer::builder(pin).open()
    }

    /// Returns a builder for a buzzer with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Digital> {
        Builder::new(Digital::new(pin))
    }

    /// Beeps in the background until the next write: on for `on_time`, off for `off_time`.
    ///
    /// # Errors
    /// See [`blink`](DigitalOutputDevice::blink).
    pub fn beep(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink(on_time, off_time)
    }

    /// Beeps in the background by a plan, which may end.
    ///
    /// # Errors
    /// See [`blink_with`](DigitalOutputDevice::blink_with).
    pub fn beep_with(&self, plan: Blink) -> Result<Animation> {
        self.blink_with(plan)
    }
}

impl Open<Digital> for Buzzer {
    const NAME: &'static str = "Buzzer";

    fn open(options: Digital, site: &Site) -> Result<Self> {
        Open::open(options, site).map(Buzzer)
    }
}

newtype!(Buzzer(DigitalOutputDevice));
