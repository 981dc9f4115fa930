//! [`LineSensor`].

use pinzero_core::{Average, Event, Handler, Outcome, PinSpec, Result};

use super::smoothed::{Smoothed, SmoothedInputDevice};
use super::smoothing::Averaged;
use crate::device::newtype;
use crate::time::ms;
use crate::{Builder, Open, Site};
use std::time::Duration;

/// A line sensor, such as a TCRT5000 module: its output is low over a dark line, and high over a light ground.
///
/// So a line is "inactive", as in gpiozero. A `LineSensor` does all that a [`SmoothedInputDevice`] does.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let sensor = LineSensor::builder(4).gpio(&gpio).open()?;
/// gpio.line(4).script([(ms(0), Level::High), (ms(500), Level::Low)]);
/// assert!(!sensor.line_detected()?);
/// sensor.wait_for_line()?;
/// assert!(sensor.line_detected()? && gpio.elapsed() > ms(500));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct LineSensor(SmoothedInputDevice);

impl LineSensor {
    /// Opens the sensor on `pin` of the default factory: pulled down, the median of 5 samples 10 ms apart, threshold 0.5.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a sensor with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Smoothed> {
        Builder::new(Smoothed::new(pin, Averaged::new(5, 0.5, Average::Median), ms(10)))
    }

    /// Returns whether the sensor is over a line.
    ///
    /// # Errors
    /// See [`is_active`](SmoothedInputDevice::is_active).
    #[track_caller]
    pub fn line_detected(&self) -> Result<bool> {
        Ok(!self.is_active()?)
    }

    /// Calls `handler` whenever the sensor comes over a line; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_line<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_deactivated(handler)
    }

    /// Calls `handler` whenever the sensor leaves a line; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_no_line<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.when_activated(handler)
    }

    /// Blocks until the sensor is over a line; returns at once if it is.
    ///
    /// # Errors
    /// See [`wait_for_inactive`](SmoothedInputDevice::wait_for_inactive).
    #[track_caller]
    pub fn wait_for_line(&self) -> Result<()> {
        self.wait_for_inactive()
    }

    /// Blocks until the sensor is over a line, for at most `timeout`. Returns whether it was.
    ///
    /// # Errors
    /// See [`wait_for_inactive`](SmoothedInputDevice::wait_for_inactive).
    #[track_caller]
    pub fn wait_for_line_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_inactive_timeout(timeout)
    }

    /// Blocks until the sensor is over no line; returns at once if it is.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_no_line(&self) -> Result<()> {
        self.wait_for_active()
    }

    /// Blocks until the sensor is over no line, for at most `timeout`. Returns whether it was.
    ///
    /// # Errors
    /// See [`wait_for_active`](SmoothedInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_no_line_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_active_timeout(timeout)
    }
}

impl Open<Smoothed> for LineSensor {
    const NAME: &'static str = "LineSensor";

    fn open(options: Smoothed, site: &Site) -> Result<Self> {
        Open::open(options, site).map(LineSensor)
    }
}

newtype!(LineSensor(SmoothedInputDevice));
