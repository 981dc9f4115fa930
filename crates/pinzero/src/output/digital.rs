//! [`DigitalOutputDevice`]: on and off.

use std::time::Duration;

use pinzero_core::{
    Animation, Blink, Follower, Level, Output, Part, PinSpec, Result, SetValue, Source, Switch, Value,
};

use super::Digital;
use crate::device::single_pin;
use crate::{Builder, Open, Site};

/// A device that is on or off: a relay, a transistor, a LED.
///
/// Clones share one device; dropping the last clone closes it. Every write ends a running blink.
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
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct DigitalOutputDevice {
    output: Output,
    /// The level that means "on".
    active: Level,
}

impl DigitalOutputDevice {
    /// Opens the device on `pin` of the default factory. The device starts off.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Digital> {
        Builder::new(Digital::new(pin))
    }

    /// Returns a device on an output that is open already, such as a line of a group; `active` is the level that means "on".
    ///
    /// The line keeps its level. Device and output share the line, which closes as the output does: lines of one group close
    /// together.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::{Animation, Result};
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let outputs = gpio.group([17, 27, 22]).open()?.outputs();
    /// let leds: Vec<Led> = outputs.into_iter().map(|output| Led::from_output(output, Level::High)).collect();
    /// Animation::start(leds.iter().map(|led| led.part()), Blink::new(ms(100), ms(100)))?;
    /// leds[0].on()?; // leaves the animation; the others go on
    /// gpio.advance(ms(150));
    /// assert_eq!(leds.iter().map(Led::is_lit).collect::<Result<Vec<_>>>()?, [true, false, false]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn from_output(output: Output, active: Level) -> Self {
        DigitalOutputDevice { output, active }
    }

    /// Turns the device on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.output.set(self.active)
    }

    /// Turns the device off. Once this returns, no step of a blink writes any more.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.output.set(!self.active)
    }

    /// Turns the device on if it is off, and off if it is on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        self.output.toggle()
    }

    /// Turns the device on or off.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn set_value(&self, on: bool) -> Result<()> {
        if on { self.on() } else { self.off() }
    }

    /// Returns whether the device is on, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn value(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns whether the device is on. Reads the pin, so a short circuit shows.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.output.level()? == self.active)
    }

    /// Blinks in the background until the next write: on for `on_time`, off for `off_time`.
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
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if both times together are less than 100 µs; see also [`Switch`].
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
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if a cycle is shorter than 100 µs or the plan fades; see also
    /// [`Switch`].
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        self.output.blink(plan, self.active)
    }

    /// Returns the values from now on, for another device to follow: the value last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<bool> {
        let this = self.clone();
        Source::reading(move || this.output.check_open().map(|()| Some(this.was_active())))
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let (button, led) = (Button::new(2)?, Led::new(17)?);
    /// led.follow(button.values())?;
    /// # gpio.line(2).press(ms(100));
    /// # gpio.advance(ms(50));
    /// # assert!(led.is_lit()?);
    /// led.off()?; // and no longer follows the button
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<bool>>) -> Result<Follower> {
        source.into().write_together([self.part()], |on| Ok(vec![f64::from(u8::from(on))]))
    }

    /// Returns this device's part in an animation of several devices; see [`Animation::start`].
    pub fn part(&self) -> Part {
        self.output.part(self.active)
    }

    /// Returns the handle of the line, which has electrical levels. Both use the same pin.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Returns whether the device was turned on last, without a look at the pin.
    pub(crate) fn was_active(&self) -> bool {
        self.output.last() == self.active
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.was_active() { "on" } else { "off" }
    }
}

impl Open<Digital> for DigitalOutputDevice {
    const NAME: &'static str = "DigitalOutputDevice";

    fn open(Digital { driven, initial }: Digital, site: &Site) -> Result<Self> {
        let active = driven.active;
        let builder = site.output(driven.pin);
        let builder = match initial {
            Some(on) => builder.initial(if on { active } else { !active }),
            None => builder.adopt(),
        };
        Ok(DigitalOutputDevice { output: builder.open()?, active })
    }
}

impl Switch for DigitalOutputDevice {
    fn set_active(&self, on: bool) -> Result<()> {
        self.set_value(on)
    }

    fn is_active(&self) -> Result<bool> {
        self.is_active()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}

impl Value for DigitalOutputDevice {
    type Value = bool;

    fn value(&self) -> Result<bool> {
        self.value()
    }

    fn values(&self) -> Source<bool> {
        self.values()
    }
}

impl SetValue for DigitalOutputDevice {
    fn set_value(&self, on: bool) -> Result<()> {
        self.set_value(on)
    }

    fn follow_source(&self, source: Source<bool>) -> Result<Follower> {
        self.follow(source)
    }
}

single_pin!(DigitalOutputDevice(output));
