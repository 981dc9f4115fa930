//! [`Motor`].

use std::fmt;

use pinzero_core::{
    Device, Error, ErrorKind, Follower, Level, Line, Part, PinSpec, Result, SetValue, Source, Value,
};

use super::light::Light;
use super::{Bridge, DigitalOutputDevice};
use crate::device::several_pins;
use crate::{Builder, Open, Site};

/// A motor on a driver with one pin for each direction: an H bridge such as the L293D, the DRV8833 or the L9110.
///
/// The two pins are never on together, not for an instant, however many threads and handlers drive the motor: the one goes off
/// before the other goes on. With PWM of the factory's hardware, a pulse that has begun may last to its end, which the chip
/// decides; a driver with a dead time of its own, as nearly all have, bears that. Software PWM ends the pulse at once.
///
/// If the connection to a remote factory is lost during a reversal, both pins may be on for a moment while they are restored. Then give
/// the driver an enable pin, or take a driver that locks its legs.
///
/// Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let motor = Motor::new(23, 24)?;
/// motor.forward(0.5)?;
/// motor.reverse()?;
/// assert_eq!(motor.value()?, -0.5);
/// motor.stop()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// A driver with an enable pin, without PWM:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let motor = Motor::builder(23, 24).enable(25).pwm(false).gpio(&gpio).open()?;
/// motor.backward(1.0)?;
/// assert_eq!([23, 24, 25].map(|pin| gpio.line(pin).level()), [Level::Low, Level::High, Level::High]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Motor {
    forward: Light,
    backward: Light,
    enable: Option<DigitalOutputDevice>,
}

impl Motor {
    /// Opens the motor on two pins of the default factory. The motor starts stopped, with PWM at 100 Hz.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(forward: impl Into<PinSpec>, backward: impl Into<PinSpec>) -> Result<Self> {
        Motor::builder(forward, backward).open()
    }

    /// Returns a builder for a motor with other options.
    pub fn builder(forward: impl Into<PinSpec>, backward: impl Into<PinSpec>) -> Builder<Self, Bridge> {
        Builder::new(Bridge::new(forward, backward))
    }

    /// Drives the motor forward at a speed from 0 to 1.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if the speed is out of range, or neither 0 nor 1 without PWM; see also
    /// [`SetValue`].
    pub fn forward(&self, speed: f64) -> Result<()> {
        check_speed(speed)?;
        drive(&self.forward, speed, &self.backward)
    }

    /// Drives the motor backward at a speed from 0 to 1.
    ///
    /// # Errors
    /// See [`forward`](Self::forward).
    pub fn backward(&self, speed: f64) -> Result<()> {
        check_speed(speed)?;
        drive(&self.backward, speed, &self.forward)
    }

    /// Reverses the direction at the same speed. A motor that is stopped stays so.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn reverse(&self) -> Result<()> {
        // The leg that goes off is written first.
        Part::change_all(&[&self.forward.part(), &self.backward.part()], |legs| legs.swap(0, 1))
    }

    /// Stops the motor: both pins are off, and the motor runs down.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn stop(&self) -> Result<()> {
        self.set_value(0.0)
    }

    /// Sets the speed: from -1, fully backward, to 1, fully forward. 0 stops the motor.
    ///
    /// # Errors
    /// See [`forward`](Self::forward).
    pub fn set_value(&self, value: f64) -> Result<()> {
        check_value(value)?;
        if value < 0.0 { self.backward(-value) } else { self.forward(value) }
    }

    /// Returns the speed last set, from -1 to 1.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn value(&self) -> Result<f64> {
        self.forward.check_open()?;
        self.backward.check_open()?;
        Ok(self.speed())
    }

    /// Returns whether the motor runs, in either direction.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()? != 0.0)
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
        source.into().write_in_order(self.legs(), |value| {
            check_value(value)?;
            Ok(Motor::writes(value))
        })
    }

    /// Returns the lines that the motor is on: forward, backward, and enable if there is one.
    pub fn pins(&self) -> Vec<Line> {
        let enable = self.enable.as_ref().map(DigitalOutputDevice::pin);
        [self.forward.pin(), self.backward.pin()].into_iter().chain(enable).collect()
    }

    /// Returns the legs: forward, backward.
    pub(super) fn legs(&self) -> [Part; 2] {
        [self.forward.part(), self.backward.part()]
    }

    /// Returns what to write to the legs for a speed with a direction, in this order.
    pub(super) fn writes(value: f64) -> Vec<(usize, f64)> {
        // Without the sign of -0, which would show.
        if value < 0.0 { vec![(0, 0.0), (1, -value)] } else { vec![(1, 0.0), (0, value.abs())] }
    }

    fn speed(&self) -> f64 {
        self.forward.state() - self.backward.state()
    }

    pub(super) fn state(&self) -> Course {
        Course(self.speed())
    }
}

/// Turns one leg of a bridge off, and then the other on.
fn drive(on: &Light, speed: f64, off: &Light) -> Result<()> {
    // Without the sign of -0, which would show.
    Part::write_in_order(&[(&off.part(), 0.0), (&on.part(), speed.abs())])
}

/// Fails if a speed is out of range.
pub(crate) fn check_speed(speed: f64) -> Result<()> {
    if (0.0..=1.0).contains(&speed) {
        return Ok(());
    }
    let message = format!("a speed of {speed} is out of range: give 0 to 1");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// Fails if a speed with a direction is out of range.
pub(crate) fn check_value(value: f64) -> Result<()> {
    if (-1.0..=1.0).contains(&value) {
        return Ok(());
    }
    let message = format!("a value of {value} is out of range: give -1 to 1");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// A speed with a direction, in words: `forward at 0.5`.
pub(crate) struct Course(pub(super) f64);

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0.0 => f.write_str("stopped"),
            value if value < 0.0 => write!(f, "backward at {}", -value),
            value => write!(f, "forward at {value}"),
        }
    }
}

impl Open<Bridge> for Motor {
    const NAME: &'static str = "Motor";

    fn open(Bridge { forward, backward, enable, dimmable }: Bridge, site: &Site) -> Result<Self> {
        dimmable.check().map_err(|error| error.with_device(site.device()))?;
        let mut roles = vec![("forward", &forward), ("backward", &backward)];
        roles.extend(enable.as_ref().map(|pin| ("enable", pin)));
        site.check_distinct(&roles)?;
        let forward = Light::open(&forward, Level::High, &dimmable, 0.0, site)?;
        let backward = Light::open(&backward, Level::High, &dimmable, 0.0, site)?;
        // Last, and closed first: the driver is enabled only while both legs are driven.
        let enable = match enable {
            Some(pin) => Some(DigitalOutputDevice::builder(pin).initial_value(true).open_in(site)?),
            None => None,
        };
        Ok(Motor { forward, backward, enable })
    }
}

impl Device for Motor {
    fn parts(&self) -> Vec<&dyn Device> {
        let enable = self.enable.as_ref().map(|enable| enable as &dyn Device);
        let legs: [&dyn Device; 2] = [&self.forward, &self.backward];
        legs.into_iter().chain(enable).collect()
    }
}

impl Value for Motor {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

impl SetValue for Motor {
    fn set_value(&self, value: f64) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<f64>) -> Result<Follower> {
        self.follow(source)
    }
}

several_pins!(Motor);
