//! [`Light`]: one LED of a device with several.

use std::time::Duration;

use pinzero_core::{
    Animation, Blink, Device, Error, ErrorKind, Follower, Level, Line, Part, PinSpec, Result, SetValue,
    Source, Switch, Value,
};

use super::{Digital, Dimmable, Led, Pulsed, PwmLed};
use crate::{Open, Site};

/// A LED of a board: with PWM, or only on and off. The value of both is a number from 0 to 1.
///
/// A write takes the LED out of an animation of its board; the others go on. Clones share one LED. LEDs without PWM of one board are
/// opened together, and close together.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::Light;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let lights = [Light::from(Led::new(17)?), Light::from(PwmLed::new(18)?)];
/// lights.iter().try_for_each(Light::on)?;
/// lights[1].set_value(0.5)?;
/// assert!(lights[0].set_value(0.5).is_err());
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub enum Light {
    /// A LED that is on or off.
    Digital(Led),
    /// A LED with any brightness.
    Pwm(PwmLed),
}

/// The most lines of one group.
const TOGETHER: usize = 64;

impl Light {
    /// Turns the LED fully on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        match self {
            Light::Digital(led) => led.on(),
            Light::Pwm(led) => led.on(),
        }
    }

    /// Turns the LED off. Once this returns, no step of an animation writes any more.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        match self {
            Light::Digital(led) => led.off(),
            Light::Pwm(led) => led.off(),
        }
    }

    /// Sets the value to 1 less the value.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        match self {
            Light::Digital(led) => led.toggle(),
            Light::Pwm(led) => led.toggle(),
        }
    }

    /// Sets the brightness, from 0 to 1; without PWM, 0 or 1.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the value is out of range, or neither 0 nor 1 without PWM; see also [`Switch`].
    pub fn set_value(&self, value: f64) -> Result<()> {
        Part::write_together(&[(&self.part(), value)])
    }

    /// Returns the value last set, by an animation or by a call, from 0 to 1.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn value(&self) -> Result<f64> {
        self.check_open()?;
        Ok(self.state())
    }

    /// Returns whether the LED is lit, however dimly.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()? > 0.0)
    }

    /// Returns whether the LED is lit, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }

    /// Blinks in the background until the next write: on for `on_time`, off for `off_time`.
    ///
    /// # Errors
    /// See [`Animation::start`].
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Blinks in the background by a plan, which may end, and may fade with PWM.
    ///
    /// # Errors
    /// See [`Animation::start`].
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        Animation::start([self.part()], plan)
    }

    /// Returns the values from now on, for another device to follow: the value last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<f64>>) -> Result<Follower> {
        source.into().write_together([self.part()], |value| Ok(vec![value]))
    }

    /// Returns the line that the LED is on.
    pub fn pin(&self) -> Line {
        match self {
            Light::Digital(led) => led.pin(),
            Light::Pwm(led) => led.pin(),
        }
    }

    /// Returns the LED's part in an animation of several devices; see [`Animation::start`].
    pub fn part(&self) -> Part {
        match self {
            Light::Digital(led) => led.part(),
            Light::Pwm(led) => led.part(),
        }
    }

    /// Opens a pin alone; `value` is its first value, from 0 to 1.
    #[track_caller]
    pub(crate) fn open(
        pin: &PinSpec,
        active: Level,
        dimmable: &Dimmable,
        value: f64,
        site: &Site,
    ) -> Result<Light> {
        Light::open_alone(&Bulb { pin, active, dimmable, value: Some(value) }, site)
    }

    /// Opens several pins, each with its first value. Pins without PWM change together.
    #[track_caller]
    pub(crate) fn open_all(
        pins: &[PinSpec],
        active: Level,
        dimmable: &Dimmable,
        values: &[f64],
        site: &Site,
    ) -> Result<Vec<Light>> {
        let bulbs = pins.iter().zip(values);
        let bulbs: Vec<_> =
            bulbs.map(|(pin, value)| Bulb { pin, active, dimmable, value: Some(*value) }).collect();
        Light::open_each(&bulbs, site)
    }

    /// Opens several LEDs, each with its own options. Those without PWM change together, unless their levels are kept.
    #[track_caller]
    pub(crate) fn open_each(bulbs: &[Bulb<'_>], site: &Site) -> Result<Vec<Light>> {
        let mut together = Vec::new();
        for (index, bulb) in bulbs.iter().enumerate() {
            if let (false, Some(value)) = (bulb.dimmable.pwm, bulb.value) {
                together.push((index, bulb, bulb.electrical(value, site)?));
            }
        }
        let mut lights: Vec<Option<Light>> = vec![None; bulbs.len()];
        for bulbs in together.chunks(TOGETHER) {
            let levels = bulbs.iter().enumerate();
            let levels =
                levels.fold(0, |levels, (bit, (.., level))| levels | u64::from(level.is_high()) << bit);
            let pins = bulbs.iter().map(|(_, bulb, _)| bulb.pin.clone());
            let group = site.group(pins).initial(levels).open()?;
            for (output, (index, bulb, _)) in group.outputs().into_iter().zip(bulbs) {
                lights[*index] = Some(Light::Digital(Led::from_output(output, bulb.active)));
            }
        }
        let mut all = Vec::with_capacity(bulbs.len());
        for (light, bulb) in lights.into_iter().zip(bulbs) {
            all.push(match light {
                Some(light) => light,
                None => Light::open_alone(bulb, site)?,
            });
        }
        Ok(all)
    }

    #[track_caller]
    fn open_alone(bulb: &Bulb<'_>, site: &Site) -> Result<Light> {
        let Bulb { pin, active, dimmable, value } = *bulb;
        if dimmable.pwm {
            let mut options = Pulsed::new(pin.clone());
            (options.driven.active, options.signal) = (active, dimmable.signal.clone());
            options.initial = value.unwrap_or_default();
            return Ok(Light::Pwm(PwmLed::open(options, site)?));
        }
        let mut options = Digital::new(pin.clone());
        options.driven.active = active;
        options.initial = match value {
            Some(value) => Some(bulb.electrical(value, site)? == active),
            None => None,
        };
        Ok(Light::Digital(Led::open(options, site)?))
    }

    /// Returns the value last set, also if the LED is closed.
    pub(crate) fn state(&self) -> f64 {
        match self {
            Light::Digital(led) => f64::from(u8::from(led.was_active())),
            Light::Pwm(led) => led.state(),
        }
    }

    /// Fails if the light has been closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        match self {
            Light::Digital(led) => led.output().check_open(),
            Light::Pwm(led) => led.pwm().check_open(),
        }
    }
}

/// A LED before it is opened.
#[derive(Debug)]
pub(crate) struct Bulb<'a> {
    pub(crate) pin: &'a PinSpec,
    pub(crate) active: Level,
    pub(crate) dimmable: &'a Dimmable,
    /// The first value, from 0 to 1; `None` keeps the level found, without PWM.
    pub(crate) value: Option<f64>,
}

impl Bulb<'_> {
    /// Returns the level for a value without PWM; fails if there is none.
    fn electrical(&self, value: f64, site: &Site) -> Result<Level> {
        if value == 0.0 || value == 1.0 {
            return Ok(if value == 1.0 { self.active } else { !self.active });
        }
        let message = format!("without PWM, a pin is off or on: give 0 or 1, not {value}, or `pwm(true)`");
        Err(Error::new(ErrorKind::InvalidValue, message).with_pin(self.pin).with_device(site.device()))
    }
}

impl From<Led> for Light {
    fn from(led: Led) -> Self {
        Light::Digital(led)
    }
}

impl From<PwmLed> for Light {
    fn from(led: PwmLed) -> Self {
        Light::Pwm(led)
    }
}

impl Device for Light {
    fn parts(&self) -> Vec<&dyn Device> {
        match self {
            Light::Digital(led) => vec![led],
            Light::Pwm(led) => vec![led],
        }
    }
}

impl Switch for Light {
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

impl Value for Light {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

impl SetValue for Light {
    fn set_value(&self, value: f64) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<f64>) -> Result<Follower> {
        self.follow(source)
    }
}
