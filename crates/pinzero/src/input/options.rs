//! The options of input devices.

use std::time::Duration;

use pinzero_core::{Bias, Error, ErrorKind, InputBuilder, Inputs, Level, PinSpec, Result};

use crate::time::{ms, secs};
use crate::{Builder, Open, Site};

/// The options of every input pin, and all those of a [`DigitalInputDevice`](crate::DigitalInputDevice).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pulled {
    /// The pin.
    pub pin: PinSpec,
    /// `true` pulls the pin up, `false` pulls it down; `None` sets no pull.
    pub pull_up: Option<bool>,
    /// `true` if high is the active level. `None` with a pull, which decides this.
    pub active_state: Option<bool>,
    /// How long the level must be steady before a change counts. Default: zero, which is off.
    pub bounce_time: Duration,
    /// How long changes are ignored after one that counted. Default: zero, which is off.
    pub lockout_time: Duration,
}

/// The options of a [`Button`](crate::Button).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pressable {
    /// The pin.
    pub pulled: Pulled,
    /// How long a press must last to be a hold. Default: 1 second.
    pub hold_time: Duration,
    /// How often a hold is reported again. Default: `None`, which is once.
    pub hold_repeat: Option<Duration>,
    /// How soon after a release the next press makes a double click. Default: 300 ms.
    pub double_click_time: Duration,
}

impl Pulled {
    /// Returns the default options of an input on `pin` that is pulled up, or with `false` down.
    pub fn new(pin: impl Into<PinSpec>, pull_up: bool) -> Self {
        Pulled {
            pin: pin.into(),
            pull_up: Some(pull_up),
            active_state: None,
            bounce_time: Duration::ZERO,
            lockout_time: Duration::ZERO,
        }
    }

    /// Returns a builder for the line with these options.
    pub(super) fn input(self, site: &Site) -> Result<InputBuilder> {
        let (bias, active) =
            self.levels().map_err(|error| error.with_pin(&self.pin).with_device(site.device()))?;
        let builder = site.input(self.pin).bias(bias).active(active);
        Ok(builder.settle(self.bounce_time).lockout(self.lockout_time))
    }

    /// Returns a builder for the line, and for `others` of its kind, as [`Inputs`]; and the active level.
    pub(crate) fn inputs(
        self,
        others: impl IntoIterator<Item = PinSpec>,
        site: &Site,
    ) -> Result<(InputBuilder<Inputs>, Level)> {
        let (bias, active) =
            self.levels().map_err(|error| error.with_pin(&self.pin).with_device(site.device()))?;
        let builder = site.inputs(std::iter::once(self.pin).chain(others)).bias(bias).active(active);
        Ok((builder.settle(self.bounce_time).lockout(self.lockout_time), active))
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

impl Pressable {
    /// Returns the default options of a button on `pin`, which is pulled up and so pressed when low.
    pub fn new(pin: impl Into<PinSpec>) -> Self {
        Pressable {
            pulled: Pulled::new(pin, true),
            hold_time: secs(1),
            hold_repeat: None,
            double_click_time: ms(300),
        }
    }
}

impl AsMut<Pulled> for Pulled {
    fn as_mut(&mut self) -> &mut Pulled {
        self
    }
}

impl AsMut<Pressable> for Pressable {
    fn as_mut(&mut self) -> &mut Pressable {
        self
    }
}

impl AsMut<Pulled> for Pressable {
    fn as_mut(&mut self) -> &mut Pulled {
        &mut self.pulled
    }
}

/// Options of devices that read a pin.
impl<D: Open<O>, O: AsMut<Pulled>> Builder<D, O> {
    /// Sets the resistor inside the chip, and with it the active level. `true` pulls the pin up: active is low. `false`
    /// pulls it down: active is high. `None` sets no pull: [`active_state`](Self::active_state) names the active level.
    /// Default: see the device's `new`.
    pub fn pull_up(mut self, pull_up: impl Into<Option<bool>>) -> Self {
        self.options.as_mut().pull_up = pull_up.into();
        self
    }

    /// Sets whether high is the active level. Needed with `pull_up(None)`, and refused without it.
    pub fn active_state(mut self, high: bool) -> Self {
        self.options.as_mut().active_state = Some(high);
        self
    }

    /// Sets how long the level must be steady before a change counts. Default: off.
    ///
    /// Works the same way on every factory, has no upper limit, and always reports the final state.
    pub fn bounce_time(mut self, time: Duration) -> Self {
        self.options.as_mut().bounce_time = time;
        self
    }

    /// Sets how long changes are ignored after one that counted. Default: off.
    ///
    /// The other way to debounce: the device reports a change at once and then ignores edges for this time. When the time is
    /// over, the device reports the state if it has changed.
    pub fn lockout_time(mut self, time: Duration) -> Self {
        self.options.as_mut().lockout_time = time;
        self
    }
}

/// Options of devices that distinguish click, double click and long press.
impl<D: Open<O>, O: AsMut<Pressable>> Builder<D, O> {
    /// Sets how long a press must last to be a hold and a long press. Default: 1 second.
    ///
    /// On a button that is pressed when it is opened, the time counts from then.
    pub fn hold_time(mut self, time: Duration) -> Self {
        self.options.as_mut().hold_time = time;
        self
    }

    /// Sets the time between repeated reports of a hold: 10 ms or longer. Default: one report.
    ///
    /// gpiozero's `hold_repeat=True` repeats after each further hold time: give that time. A volume button rather has a short one:
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let louder = Button::builder(2).hold_time(ms(500)).hold_repeat(ms(100)).gpio(&gpio).open()?;
    /// let held = louder.events().filter(|event| event.kind == EventKind::Held);
    /// gpio.line(2).press(ms(750));
    /// let times: Vec<_> = held.map(|event| event.lasted).take(3).collect();
    /// assert_eq!(times, [ms(500), ms(600), ms(700)]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn hold_repeat(mut self, every: Duration) -> Self {
        self.options.as_mut().hold_repeat = Some(every);
        self
    }

    /// Sets how soon after a release the next press makes a double click. Default: 300 ms.
    pub fn double_click_time(mut self, time: Duration) -> Self {
        self.options.as_mut().double_click_time = time;
        self
    }
}
