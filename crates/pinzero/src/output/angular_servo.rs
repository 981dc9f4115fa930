//! [`AngularServo`].

use std::ops::Deref;

use pinzero_core::{PinSpec, Result};

use super::servo::invalid;
use super::{Angular, Servo};
use crate::device::one_line;
use crate::{Builder, Open, Site};

/// A servo, whose signal wire is on a pin, with its position as an angle in degrees.
///
/// An `AngularServo` does all that a [`Servo`] does: [`min`](Servo::min), [`mid`](Servo::mid), [`max`](Servo::max),
/// [`detach`](Servo::detach). Its [`value`](Servo::value) goes from -1 to 1.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let servo = AngularServo::new(17)?;
/// servo.set_angle(45.0)?;
/// assert_eq!((servo.value()?, servo.pulse_width()?), (Some(0.5), Some(us(1750))));
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// A servo that turns from 0° to 180°, and the other way round than its pulses grow:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let servo = AngularServo::builder(17).min_angle(180.0).max_angle(0.0).initial_angle(180.0);
/// let servo = servo.gpio(&gpio).open()?;
/// assert_eq!((servo.angle()?, servo.pulse_width()?), (Some(180.0), Some(ms(1))));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct AngularServo {
    servo: Servo,
    angles: Angles,
}

/// The angles of a servo's shortest and longest pulse, in degrees.
#[derive(Debug, Clone, Copy)]
struct Angles {
    min: f64,
    max: f64,
}

impl AngularServo {
    /// Opens the servo on `pin` of the default factory. The servo turns from -90° to 90°, and goes to 0°.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        AngularServo::builder(pin).open()
    }

    /// Returns a builder for a servo with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Angular> {
        Builder::new(Angular::new(pin))
    }

    /// Goes to an angle in degrees. `None` ends the pulses.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if the angle is out of range; see also
    /// [`SetValue`](crate::SetValue).
    pub fn set_angle(&self, angle: impl Into<Option<f64>>) -> Result<()> {
        let value = self.angles.value(angle.into()).map_err(|error| error.with_pin(self.pin()))?;
        self.servo.set_value(value)
    }

    /// Goes to a position from -1 to 1, as [`Servo::set_value`] does.
    ///
    /// # Errors
    /// See [`SetValue`](crate::SetValue).
    // Here too, because the method of the trait, which takes an `Option` alone, would be found before the servo's own.
    pub fn set_value(&self, value: impl Into<Option<f64>>) -> Result<()> {
        self.servo.set_value(value)
    }

    /// Returns the angle last set, in degrees; `None` if there are no pulses.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn angle(&self) -> Result<Option<f64>> {
        Ok(self.servo.value()?.map(|value| self.angles.angle(value)))
    }

    /// Returns the angle of the shortest pulse, in degrees.
    pub fn min_angle(&self) -> f64 {
        self.angles.min
    }

    /// Returns the angle of the longest pulse, in degrees.
    pub fn max_angle(&self) -> f64 {
        self.angles.max
    }

    fn state(&self) -> String {
        let angle = self.position().map(|value| self.angles.angle(value));
        angle.map_or("detached".to_owned(), |angle| format!("{angle}°"))
    }
}

impl Angles {
    fn check(self) -> Result<()> {
        let Angles { min, max } = self;
        if !min.is_finite() || !max.is_finite() || !(max - min).is_finite() {
            return invalid(format!("angles from {min} to {max} have no middle: give degrees"));
        }
        if min == max {
            return invalid(format!(
                "a servo that turns from {min} to {max} degrees does not turn: give two angles"
            ));
        }
        Ok(())
    }

    /// Returns the value for an angle, from -1 to 1.
    fn value(self, angle: Option<f64>) -> Result<Option<f64>> {
        let Some(angle) = angle else { return Ok(None) };
        let Angles { min, max } = self;
        if !(min.min(max)..=min.max(max)).contains(&angle) {
            return invalid(format!(
                "an angle of {angle} degrees is out of range: give {min} to {max}, or `None`"
            ));
        }
        // Of an angle in between, rounding must not make more than 1.
        Ok(Some(((angle - min) / (max - min) * 2.0 - 1.0).clamp(-1.0, 1.0)))
    }

    fn angle(self, value: f64) -> f64 {
        const DIGITS: f64 = 1e9;
        let angle = self.min + (self.max - self.min) * (value + 1.0) / 2.0;
        // Without the sign of -0, which would show.
        (angle * DIGITS).round() / DIGITS + 0.0
    }
}

impl Open<Angular> for AngularServo {
    const NAME: &'static str = "AngularServo";

    fn open(options: Angular, site: &Site) -> Result<Self> {
        let Angular { mut servo, min_angle, max_angle, initial_angle } = options;
        let angles = Angles { min: min_angle, max: max_angle };
        let initial = angles.check().and_then(|()| angles.value(initial_angle));
        servo.initial = initial.map_err(|error| error.with_pin(&servo.pin).with_device(site.device()))?;
        Ok(AngularServo { servo: Open::open(servo, site)?, angles })
    }
}

impl Deref for AngularServo {
    type Target = Servo;

    fn deref(&self) -> &Servo {
        &self.servo
    }
}

one_line!(AngularServo);
