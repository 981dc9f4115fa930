//! [`PwmOutputDevice`]: anything between off and on.

use std::time::Duration;

use pinzero_core::{
    Animation, Blink, Easing, Error, ErrorKind, Follower, Level, Part, PinSpec, Pwm, Result, SetValue,
    Source, Switch, Value,
};

use super::Pulsed;
use crate::device::single_pin;
use crate::{Builder, Open, Site};

/// A device whose brightness or speed follows the duty cycle of a PWM signal.
///
/// If the factory has no PWM, core generates the signal in software; see
/// [`Gpio::capabilities`](crate::Gpio::capabilities). Clones share one device; dropping the last clone closes it. Every write
/// ends a running animation.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let lamp = PwmOutputDevice::new(18)?;
/// lamp.set_value(0.3)?;
/// lamp.toggle()?;
/// assert_eq!(lamp.value()?, 0.7);
/// lamp.pulse(secs(1), secs(1))?;
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// With other options:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let fan = PwmOutputDevice::builder("GPIO18").frequency(25_000.0).initial_value(0.5).gpio(&gpio).open()?;
/// assert_eq!(gpio.line(18).pulses()[0].period, us(40));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PwmOutputDevice {
    pwm: Pwm,
    /// The level that means "on".
    active: Level,
}

impl PwmOutputDevice {
    /// Opens the device on `pin` of the default factory. The device starts off, at 100 Hz.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Pulsed> {
        Builder::new(Pulsed::new(pin))
    }

    /// Sets the value: 0 is off, 1 is fully on.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn set_value(&self, value: f64) -> Result<()> {
        check(value).map_err(|error| error.with_pin(self.pin()))?;
        self.pwm.set_duty(logical(value, self.active))
    }

    /// Returns the value last set, by an animation or by a call.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn value(&self) -> Result<f64> {
        self.pwm.check_open()?;
        Ok(self.state())
    }

    /// Turns the device fully on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.set_value(1.0)
    }

    /// Turns the device off. Once this returns, no step of an animation writes any more.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.set_value(0.0)
    }

    /// Sets the value to `1.0 - value`, as gpiozero does.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        self.pwm.set_duty(logical(self.pwm.duty(), Level::Low))
    }

    /// Returns whether the value is above 0.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()? > 0.0)
    }

    /// Returns the frequency of the pulses in hertz.
    pub fn frequency(&self) -> f64 {
        self.pwm.frequency()
    }

    /// Sets the frequency in hertz. The value stays, and an animation goes on.
    ///
    /// # Errors
    /// [`InvalidFrequency`](crate::ErrorKind::InvalidFrequency); see also [`Switch`].
    pub fn set_frequency(&self, hertz: f64) -> Result<()> {
        self.pwm.set_frequency(hertz)
    }

    /// Blinks in the background until the next write: on for `on_time`, off for `off_time`.
    ///
    /// # Errors
    /// See [`blink_with`](Self::blink_with).
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Fades in and out in the background until the next write.
    ///
    /// # Errors
    /// See [`blink_with`](Self::blink_with).
    pub fn pulse(&self, fade_in_time: Duration, fade_out_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::pulse(fade_in_time, fade_out_time))
    }

    /// Fades from the current value to `value` in the background, at an even speed. The next write ends the fade.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lamp = PwmOutputDevice::new(18)?;
    /// lamp.fade_to(0.8, secs(2))?.wait()?;
    /// assert_eq!(lamp.value()?, 0.8);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn fade_to(&self, value: f64, time: Duration) -> Result<Animation> {
        self.fade_to_with(value, time, Easing::Linear)
    }

    /// Fades from the current value to `value` in the background, on the course that `easing` names.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lamp = PwmOutputDevice::new(18)?;
    /// lamp.fade_to_with(1.0, secs(2), Easing::Gamma)?; // the brightness looks even
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn fade_to_with(&self, value: f64, time: Duration, easing: Easing) -> Result<Animation> {
        check(value).map_err(|error| error.with_pin(self.pin()))?;
        let part = self.part().between(self.value()?, value);
        Animation::start([part], Blink::rise(time).easing(easing))
    }

    /// Blinks or pulses in the background by a plan, which may fade and may end.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lamp = PwmOutputDevice::new(18)?;
    /// lamp.blink_with(Blink::new(ms(100), ms(500)).fade(ms(200), ms(200)).times(3))?.wait()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if a cycle is shorter than 100 µs; see also [`Switch`].
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        self.pwm.blink(plan, self.active)
    }

    /// Returns the values from now on, for another device to follow: the value last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::source::sin_values;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lamp = PwmLed::new(18)?;
    /// lamp.follow(sin_values(200).scaled_half())?; // breathes once in two seconds
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<f64>>) -> Result<Follower> {
        source.into().write_together([self.part()], |value| Ok(vec![value]))
    }

    /// Returns this device's part in an animation of several devices; see [`Animation::start`].
    pub fn part(&self) -> Part {
        self.pwm.part(self.active)
    }

    /// Returns the handle of the line, which has electrical duty cycles. Both use the same pin.
    pub fn pwm(&self) -> &Pwm {
        &self.pwm
    }

    pub(crate) fn state(&self) -> f64 {
        logical(self.pwm.duty(), self.active)
    }
}

/// Converts a value to a duty cycle and back. Rounds, so that the value read is the value set.
pub(crate) fn logical(value: f64, active: Level) -> f64 {
    const DIGITS: f64 = 1e12;
    if active.is_high() { value } else { ((1.0 - value) * DIGITS).round() / DIGITS }
}

/// Fails if the value is out of range. Checked here, so that the message has the user's value, whichever level is active.
fn check(value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    let message = format!("a value of {value} is out of range: give 0 to 1");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl Open<Pulsed> for PwmOutputDevice {
    const NAME: &'static str = "PwmOutputDevice";

    fn open(Pulsed { driven, initial, signal }: Pulsed, site: &Site) -> Result<Self> {
        check(initial).map_err(|error| error.with_pin(&driven.pin).with_device(site.device()))?;
        let active = driven.active;
        let pwm = site
            .pwm(driven.pin)
            .initial(logical(initial, active))
            .frequency(signal.frequency)
            .hardware(signal.hardware)
            .rest(!active)
            .open()?;
        Ok(PwmOutputDevice { pwm, active })
    }
}

impl Switch for PwmOutputDevice {
    fn set_active(&self, on: bool) -> Result<()> {
        if on { self.on() } else { self.off() }
    }

    fn is_active(&self) -> Result<bool> {
        self.is_active()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}

impl Value for PwmOutputDevice {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

impl SetValue for PwmOutputDevice {
    fn set_value(&self, value: f64) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<f64>) -> Result<Follower> {
        self.follow(source)
    }
}

single_pin!(PwmOutputDevice(pwm));
