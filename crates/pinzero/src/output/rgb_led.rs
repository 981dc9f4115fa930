//! [`RgbLed`].

use std::time::Duration;

use pinzero_core::{
    Animation, Blink, Device, Easing, Follower, Level, Line, Part, PinSpec, Result, SetValue, Source, Switch,
    Value,
};

use super::Colored;
use super::light::Light;
use super::pwm::logical;
use crate::convert::{AnyError, convert};
use crate::device::several_pins;
use crate::{Builder, Color, Open, Site};

/// A LED with three colors, each between a pin and ground with its resistor.
///
/// All pins change together. Every write ends a running animation. Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::Color;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let led = RgbLed::new(9, 10, 11)?;
/// led.set_color("hotpink")?;
/// led.set_green(0.0)?;
/// led.fade_to(Color::new(0.0, 0.5, 1.0), secs(2))?.wait()?;
/// assert_eq!((led.red()?, led.green()?, led.blue()?), (0.0, 0.5, 1.0));
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// A LED with a common anode is on when its pins are low:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let led = RgbLed::builder(9, 10, 11).active_high(false).gpio(&gpio).open()?;
/// led.set_color("yellow")?;
/// assert_eq!([9, 10, 11].map(|pin| gpio.line(pin).level()), [Level::Low, Level::Low, Level::High]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct RgbLed {
    red: Light,
    green: Light,
    blue: Light,
}

impl RgbLed {
    /// Opens the LED on three pins of the default factory. The LED starts dark, with PWM at 100 Hz.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(red: impl Into<PinSpec>, green: impl Into<PinSpec>, blue: impl Into<PinSpec>) -> Result<Self> {
        RgbLed::builder(red, green, blue).open()
    }

    /// Returns a builder for a LED with other options.
    pub fn builder(
        red: impl Into<PinSpec>,
        green: impl Into<PinSpec>,
        blue: impl Into<PinSpec>,
    ) -> Builder<Self, Colored> {
        Builder::new(Colored::new(red, green, blue))
    }

    /// Sets the color.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if a component is out of range, or neither 0 nor 1 without PWM; see
    /// also [`Switch`].
    pub fn set_value(&self, color: Color) -> Result<()> {
        color.check()?;
        let [red, green, blue] = self.all_parts();
        Part::write_together(&[(&red, color.red), (&green, color.green), (&blue, color.blue)])
    }

    /// Returns the color last set, by an animation or by a call.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn value(&self) -> Result<Color> {
        self.lights().into_iter().try_for_each(Light::check_open)?;
        Ok(self.state())
    }

    /// Sets the color, which may be a name, a number such as `"#ff8000"`, or three components.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::Color;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let led = RgbLed::new(9, 10, 11)?;
    /// led.set_color("orange")?;
    /// led.set_color("#ff8000")?;
    /// led.set_color((1.0, 0.5, 0.0))?;
    /// led.set_color(Color::hsv(30.0, 1.0, 1.0))?;
    /// assert_eq!(led.color()?, Color::new(1.0, 0.5, 0.0));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if there is no such color; see also [`set_value`](Self::set_value).
    pub fn set_color(&self, color: impl TryInto<Color, Error: Into<AnyError>>) -> Result<()> {
        self.set_value(convert(color)?)
    }

    /// Returns the color last set, as [`value`](Self::value) does.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn color(&self) -> Result<Color> {
        self.value()
    }

    /// Returns the brightness of red, from 0 to 1.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn red(&self) -> Result<f64> {
        Ok(self.value()?.red)
    }

    /// Returns the brightness of green, from 0 to 1.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn green(&self) -> Result<f64> {
        Ok(self.value()?.green)
    }

    /// Returns the brightness of blue, from 0 to 1.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn blue(&self) -> Result<f64> {
        Ok(self.value()?.blue)
    }

    /// Sets the brightness of red, from 0 to 1. The others stay as they are.
    ///
    /// # Errors
    /// See [`set_value`](Self::set_value).
    pub fn set_red(&self, red: f64) -> Result<()> {
        Color { red, ..Color::BLACK }.check()?;
        self.change(|components| components[0] = red)
    }

    /// Sets the brightness of green, from 0 to 1. The others stay as they are.
    ///
    /// # Errors
    /// See [`set_value`](Self::set_value).
    pub fn set_green(&self, green: f64) -> Result<()> {
        Color { green, ..Color::BLACK }.check()?;
        self.change(|components| components[1] = green)
    }

    /// Sets the brightness of blue, from 0 to 1. The others stay as they are.
    ///
    /// # Errors
    /// See [`set_value`](Self::set_value).
    pub fn set_blue(&self, blue: f64) -> Result<()> {
        Color { blue, ..Color::BLACK }.check()?;
        self.change(|components| components[2] = blue)
    }

    /// Turns all colors fully on, which is white.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.set_value(Color::WHITE)
    }

    /// Turns the LED off. Once this returns, no step of an animation writes any more.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.set_value(Color::BLACK)
    }

    /// Sets each component to 1 less its value, as gpiozero does: red becomes cyan.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        self.change(|components| components.iter_mut().for_each(|value| *value = logical(*value, Level::Low)))
    }

    /// Changes the components, without another write in between.
    fn change(&self, change: impl FnOnce(&mut [f64])) -> Result<()> {
        let [red, green, blue] = self.all_parts();
        Part::change_all(&[&red, &green, &blue], change)
    }

    /// Returns whether any component is above 0.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()?.components().into_iter().any(|(_, value)| value > 0.0))
    }

    /// Returns whether the LED is lit, however dimly and in whatever color.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }

    /// Blinks white in the background until the next write: on for `on_time`, off for `off_time`.
    ///
    /// # Errors
    /// See [`blink_between`](Self::blink_between).
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Fades to white and to black in turn, in the background, until the next write.
    ///
    /// # Errors
    /// See [`blink_between`](Self::blink_between).
    pub fn pulse(&self, fade_in_time: Duration, fade_out_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::pulse(fade_in_time, fade_out_time))
    }

    /// Blinks white in the background by a plan, which may fade and may end.
    ///
    /// # Errors
    /// See [`blink_between`](Self::blink_between).
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        self.blink_between(Color::WHITE, Color::BLACK, plan)
    }

    /// Blinks or pulses between two colors in the background by a plan, which may fade and may end. The plan ends with
    /// `off_color`.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::Color;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let led = RgbLed::new(9, 10, 11)?;
    /// led.blink_between("red", "blue", Blink::pulse(secs(1), secs(1)).times(3))?.wait()?;
    /// assert_eq!(led.color()?, Color::BLUE);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if a cycle is shorter than 100 µs, or the plan fades without PWM; see
    /// also [`set_color`](Self::set_color).
    pub fn blink_between(
        &self,
        on_color: impl TryInto<Color, Error: Into<AnyError>>,
        off_color: impl TryInto<Color, Error: Into<AnyError>>,
        plan: Blink,
    ) -> Result<Animation> {
        let on = convert(on_color)?;
        self.animate(convert(off_color)?, on, plan)
    }

    /// Fades from the current color to `color` in the background, at an even speed. The next write ends the fade.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) without PWM; see also [`set_color`](Self::set_color).
    pub fn fade_to(
        &self,
        color: impl TryInto<Color, Error: Into<AnyError>>,
        time: Duration,
    ) -> Result<Animation> {
        self.fade_to_with(color, time, Easing::Linear)
    }

    /// Fades from the current color to `color` in the background, on the course that `easing` names.
    ///
    /// # Errors
    /// See [`fade_to`](Self::fade_to).
    pub fn fade_to_with(
        &self,
        color: impl TryInto<Color, Error: Into<AnyError>>,
        time: Duration,
        easing: Easing,
    ) -> Result<Animation> {
        let color = convert(color)?;
        self.animate(self.value()?, color, Blink::rise(time).easing(easing))
    }

    fn animate(&self, off: Color, on: Color, plan: Blink) -> Result<Animation> {
        off.check()?;
        on.check()?;
        let values = off.components().into_iter().zip(on.components());
        let parts = self.all_parts().into_iter().zip(values);
        Animation::start(parts.map(|(part, ((_, off), (_, on)))| part.between(off, on)), plan)
    }

    /// Returns the values from now on, for another device to follow: the value last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<Color> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<Color>>) -> Result<Follower> {
        source.into().write_together(self.all_parts(), |color| {
            color.check()?;
            Ok(color.components().map(|(_, value)| value).into())
        })
    }

    /// Returns the lines that the LED is on: red, green and blue.
    pub fn pins(&self) -> [Line; 3] {
        self.lights().map(Light::pin)
    }

    fn lights(&self) -> [&Light; 3] {
        [&self.red, &self.green, &self.blue]
    }

    fn all_parts(&self) -> [Part; 3] {
        self.lights().map(Light::part)
    }

    pub(crate) fn state(&self) -> Color {
        Color::from(self.lights().map(Light::state))
    }
}

impl Open<Colored> for RgbLed {
    const NAME: &'static str = "RgbLed";

    fn open(Colored { pins, active, dimmable, initial }: Colored, site: &Site) -> Result<Self> {
        let check = || initial.check().and_then(|()| dimmable.check());
        check().map_err(|error| error.with_device(site.device()))?;
        let [red, green, blue] = &pins;
        site.check_distinct(&[("red", red), ("green", green), ("blue", blue)])?;
        let values = initial.components().map(|(_, value)| value);
        let lights = Light::open_all(&pins, active, &dimmable, &values, site)?;
        let [red, green, blue] = &lights[..] else { unreachable!("a light on each of three pins") };
        Ok(RgbLed { red: red.clone(), green: green.clone(), blue: blue.clone() })
    }
}

impl Device for RgbLed {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.red, &self.green, &self.blue]
    }
}

impl Switch for RgbLed {
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

impl Value for RgbLed {
    type Value = Color;

    fn value(&self) -> Result<Color> {
        self.value()
    }

    fn values(&self) -> Source<Color> {
        self.values()
    }
}

impl SetValue for RgbLed {
    fn set_value(&self, color: Color) -> Result<()> {
        self.set_value(color)
    }

    fn follow_source(&self, source: Source<Color>) -> Result<Follower> {
        self.follow(source)
    }
}

several_pins!(RgbLed);
