//! [`MotionSensor`].

use std::time::Duration;

use pinzero_core::{Average, Event, Handler, Outcome, PinSpec, Result};

use super::smoothed::{Smoothed, SmoothedInputDevice};
use super::smoothing::Averaged;
use crate::device::newtype;
use crate::time::ms;
use crate::{Builder, Open, Site};

/// A passive infrared sensor (PIR), such as an HC-SR501, whose output is high while something warm moves.
///
/// A `MotionSensor` does all that a [`SmoothedInputDevice`] does. With a longer queue, a single blip of the sensor does not count.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let pir = MotionSensor::builder(4).gpio(&gpio).open()?;
/// gpio.line(4).script([(secs(5), Level::High), (secs(8), Level::Low)]);
/// pir.wait_for_motion()?;
/// assert!(pir.motion_detected()?);
/// pir.wait_for_no_motion()?;
/// assert_eq!(gpio.elapsed(), ms(8100));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct MotionSensor(SmoothedInputDevice);

impl MotionSensor {
    /// Opens the sensor on `pin` of the default factory: pulled down, the mean of a queue of one sample, ten samples a second, threshold
    /// 0.5.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a sensor with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Smoothed> {
        Builder::new(Smoothed::new(pin, Averaged::new(1, 0.5, Average::Mean), ms(100)))
    }

    /// Returns whether something moves.
    ///
    /// # Errors
    /// See [`is_active`](SmoothedInputDevice::is_active).
    #[track_caller]
    pub fn motion_detected(&self) -> Result<bool> {
        self.is_active()
    }

    /// Calls `handler` whenever a motion begins; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_motion<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_activated(handler)
    }

    /// Calls `handler` whenever a motion ends; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_no_motion<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_deactivated(handler)
    }

    /// Blocks until something moves; returns at once if something does.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_motion(&self) -> Result<()> {
        self.wait_for_active()
    }

    /// Blocks until something moves, for at most `timeout`. Returns whether something moved.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_motion_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_active_timeout(timeout)
    }

    /// Blocks until nothing moves; returns at once if nothing does.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_no_motion(&self) -> Result<()> {
        self.wait_for_inactive()
    }

    /// Blocks until nothing moves, for at most `timeout`. Returns whether all was still.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_no_motion_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_inactive_timeout(timeout)
    }
}

impl Open<Smoothed> for MotionSensor {
    const NAME: &'static str = "MotionSensor";

    fn open(options: Smoothed, site: &Site) -> Result<Self> {
        Open::open(options, site).map(MotionSensor)
    }
}

newtype!(MotionSensor(SmoothedInputDevice));
