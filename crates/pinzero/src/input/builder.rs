//! How digital inputs are opened.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use pinzero_core::{Bias, Error, ErrorKind, Gpio, Level, PinSpec, Result};

use super::{Button, DigitalInputDevice};
use crate::default_gpio;
use crate::time::{ms, secs};

/// A device that is a digital input under another name.
pub trait InputDevice: From<DigitalInputDevice> {
    /// What error messages call it.
    const NAME: &'static str;
    /// Whether it pulls its pin up (or, with `false`, down) if nothing is said.
    const PULL_UP: bool;
    /// Whether it tells hold and clicks.
    const GESTURES: bool;
}

/// How to open a [`Button`] or another digital input.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let button = Button::builder(2).bounce_time(ms(20)).hold_time(secs(2)).gpio(&gpio).open()?;
/// gpio.line(2).drive(Level::Low);
/// gpio.advance(ms(20));
/// assert!(button.is_pressed()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[must_use = "nothing is opened before `open`"]
pub struct InputBuilder<D> {
    pin: PinSpec,
    gpio: Option<Gpio>,
    pull_up: Option<bool>,
    active_state: Option<bool>,
    bounce_time: Option<Duration>,
    lockout_time: Option<Duration>,
    hold_time: Duration,
    hold_repeat: bool,
    double_click_time: Duration,
    device: PhantomData<fn() -> D>,
}

impl<D: InputDevice> InputBuilder<D> {
    pub(super) fn new(pin: PinSpec) -> Self {
        InputBuilder {
            pin,
            gpio: None,
            pull_up: Some(D::PULL_UP),
            active_state: None,
            bounce_time: None,
            lockout_time: None,
            hold_time: secs(1),
            hold_repeat: false,
            double_click_time: ms(300),
            device: PhantomData,
        }
    }

    /// The factory to take instead of the default one.
    pub fn gpio(mut self, gpio: &Gpio) -> Self {
        self.gpio = Some(gpio.clone());
        self
    }

    /// `true`: the pin is pulled up, and active when low. `false`: it is pulled down, and active when high. `None`: no
    /// pull, and [`active_state`](Self::active_state) says which level is active.
    pub fn pull_up(mut self, pull_up: impl Into<Option<bool>>) -> Self {
        self.pull_up = pull_up.into();
        self
    }

    /// Whether high is the active level. To be given with `pull_up(None)`, and only then.
    pub fn active_state(mut self, high: bool) -> Self {
        self.active_state = Some(high);
        self
    }

    /// How long the pin must be steady before a change counts; off if nothing is said.
    ///
    /// It means the same on every factory, has no upper limit, and never swallows the state that remains.
    pub fn bounce_time(mut self, time: Duration) -> Self {
        self.bounce_time = Some(time);
        self
    }

    /// How long changes are ignored after one that counted; off if nothing is said.
    ///
    /// The other debounce: it reports at once, and is deaf for a while. The state that remains is reported then.
    pub fn lockout_time(mut self, time: Duration) -> Self {
        self.lockout_time = Some(time);
        self
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`NoFactory`](ErrorKind::NoFactory) and all that can be wrong with a pin: [`UnknownPin`](ErrorKind::UnknownPin),
    /// [`NotGpio`](ErrorKind::NotGpio), [`PinInUse`](ErrorKind::PinInUse), [`FixedPull`](ErrorKind::FixedPull),
    /// [`Busy`](ErrorKind::Busy), [`PermissionDenied`](ErrorKind::PermissionDenied);
    /// [`InvalidValue`](ErrorKind::InvalidValue) if pull and active state do not go together.
    #[track_caller]
    pub fn open(self) -> Result<D> {
        let (bias, active) = self.levels().map_err(|error| error.with_pin(&self.pin).with_device(D::NAME))?;
        let gpio = match self.gpio {
            Some(gpio) => gpio,
            None => default_gpio()?,
        };
        let mut builder = gpio.input(self.pin).device(D::NAME).bias(bias).active(active);
        builder = builder
            .settle(self.bounce_time.unwrap_or_default())
            .lockout(self.lockout_time.unwrap_or_default());
        if D::GESTURES {
            builder = builder.hold(self.hold_time, self.hold_repeat).clicks(self.double_click_time);
        }
        Ok(D::from(DigitalInputDevice::wrap(builder.open()?)))
    }

    fn levels(&self) -> Result<(Bias, Level)> {
        match (self.pull_up, self.active_state) {
            (Some(true), None) => Ok((Bias::PullUp, Level::Low)),
            (Some(false), None) => Ok((Bias::PullDown, Level::High)),
            (None, Some(high)) => Ok((Bias::Disabled, Level::from(high))),
            (None, None) => Err(Error::new(
                ErrorKind::InvalidValue,
                "without a pull, say which level is active: `active_state`",
            )),
            (Some(_), Some(_)) => Err(Error::new(
                ErrorKind::InvalidValue,
                "with a pull, the other level is active: leave `active_state` out, or say `pull_up(None)`",
            )),
        }
    }
}

impl InputBuilder<Button> {
    /// How long a press makes [`when_held`](Button::when_held) and a long press; 1 second if nothing is said.
    pub fn hold_time(mut self, time: Duration) -> Self {
        self.hold_time = time;
        self
    }

    /// Whether [`when_held`](Button::when_held) is called again after each further hold time.
    pub fn hold_repeat(mut self, repeat: bool) -> Self {
        self.hold_repeat = repeat;
        self
    }

    /// How soon after a release the next press makes a double click; 300 ms if nothing is said.
    pub fn double_click_time(mut self, time: Duration) -> Self {
        self.double_click_time = time;
        self
    }
}

impl<D: InputDevice> fmt::Debug for InputBuilder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(D::NAME)
            .field("pin", &self.pin)
            .field("pull_up", &self.pull_up)
            .finish_non_exhaustive()
    }
}
