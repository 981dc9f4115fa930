//! [`Light`]: one pin of a device with several.

use pinzero_core::{Device, Error, ErrorKind, Level, Line, Part, PinSpec, Result};

use super::{Digital, Dimmable, Led, Pulsed, PwmLed};
use crate::{Open, Site};

/// A pin of a device with several: with PWM, or only on and off.
#[derive(Debug, Clone)]
pub(crate) enum Light {
    Digital(Led),
    Pwm(PwmLed),
}

impl Light {
    /// Opens the pin; `value` is its first value, from 0 to 1.
    #[track_caller]
    pub(crate) fn open(
        pin: &PinSpec,
        active: Level,
        dimmable: &Dimmable,
        value: f64,
        site: &Site,
    ) -> Result<Light> {
        if dimmable.pwm {
            let mut options = Pulsed::new(pin.clone());
            (options.driven.active, options.initial) = (active, value);
            options.signal = dimmable.signal.clone();
            return Ok(Light::Pwm(PwmLed::open(options, site)?));
        }
        if value != 0.0 && value != 1.0 {
            let message =
                format!("without PWM, a pin is off or on: give 0 or 1, not {value}, or `pwm(true)`");
            let error = Error::new(ErrorKind::InvalidValue, message);
            return Err(error.with_pin(pin).with_device(site.device()));
        }
        let mut options = Digital::new(pin.clone());
        (options.driven.active, options.initial) = (active, Some(value == 1.0));
        Ok(Light::Digital(Led::open(options, site)?))
    }

    /// Returns the line that the light is on.
    pub(crate) fn pin(&self) -> Line {
        match self {
            Light::Digital(led) => led.pin(),
            Light::Pwm(led) => led.pin(),
        }
    }

    /// Returns the value last set, by an animation or by a call, from 0 to 1.
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

    /// Returns the light's part in an animation.
    pub(crate) fn part(&self) -> Part {
        match self {
            Light::Digital(led) => led.part(),
            Light::Pwm(led) => led.part(),
        }
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
