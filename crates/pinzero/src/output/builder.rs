//! How digital outputs are opened.

use std::fmt;
use std::marker::PhantomData;

use pinzero_core::{Gpio, Level, OnClose, PinSpec, Result};

use super::DigitalOutputDevice;
use crate::default_gpio;

/// A device that is a digital output under another name.
pub trait OutputDevice: From<DigitalOutputDevice> {
    /// What error messages call it.
    const NAME: &'static str;
}

/// How to open a [`Led`](crate::Led) or another digital output.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let led = Led::builder("J8:11").active_high(false).initial_value(true).gpio(&gpio).open()?;
/// assert_eq!(gpio.line(17).level(), Level::Low);
/// assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[must_use = "nothing is opened before `open`"]
pub struct OutputBuilder<D> {
    pin: PinSpec,
    gpio: Option<Gpio>,
    active: Level,
    initial: Option<bool>,
    on_close: Option<OnClose>,
    device: PhantomData<fn() -> D>,
}

impl<D: OutputDevice> OutputBuilder<D> {
    pub(super) fn new(pin: PinSpec) -> Self {
        OutputBuilder {
            pin,
            gpio: None,
            active: Level::High,
            initial: Some(false),
            on_close: None,
            device: PhantomData,
        }
    }

    /// The factory to take instead of the default one.
    pub fn gpio(mut self, gpio: &Gpio) -> Self {
        self.gpio = Some(gpio.clone());
        self
    }

    /// Whether the device is on when the pin is high; it is if nothing is said. Many relay boards want `false`.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.active = Level::from(active_high);
        self
    }

    /// Whether the device is on from the first instant; off if nothing is said, and as it was found with `None`.
    pub fn initial_value(mut self, on: impl Into<Option<bool>>) -> Self {
        self.initial = on.into();
        self
    }

    /// What the pin becomes when the device is closed; [`OnClose::Restore`] if neither this nor the factory's builder
    /// says anything.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`NoFactory`](crate::ErrorKind::NoFactory) and all that can be wrong with a pin:
    /// [`UnknownPin`](crate::ErrorKind::UnknownPin), [`NotGpio`](crate::ErrorKind::NotGpio),
    /// [`PinInUse`](crate::ErrorKind::PinInUse), [`Busy`](crate::ErrorKind::Busy),
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied).
    #[track_caller]
    pub fn open(self) -> Result<D> {
        let gpio = match self.gpio {
            Some(gpio) => gpio,
            None => default_gpio()?,
        };
        let mut builder = gpio.output(self.pin).device(D::NAME);
        builder = match self.initial {
            Some(on) => builder.initial(if on { self.active } else { !self.active }),
            None => builder.adopt(),
        };
        if let Some(on_close) = self.on_close {
            builder = builder.on_close(on_close);
        }
        Ok(D::from(DigitalOutputDevice::wrap(builder.open()?, self.active)))
    }
}

impl<D: OutputDevice> fmt::Debug for OutputBuilder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(D::NAME).field("pin", &self.pin).field("active", &self.active).finish_non_exhaustive()
    }
}
