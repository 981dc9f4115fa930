//! [`PhaseEnableMotor`].

use pinzero_core::{Device, Follower, Level, Line, Part, PinSpec, Result, SetValue, Source, Value};

use super::light::Light;
use super::motor::{Course, check_speed, check_value};
use super::{Digital, Led, PhaseEnable};
use crate::device::several_pins;
use crate::{Builder, Open, Site};

/// A motor on a driver with one pin for the direction, the phase, and one for the speed, such as the DRV8835.
///
/// The phase is low for forward and high for backward. A direction changes while the motor is off: the enable pin goes off, the
/// phase changes, and the enable pin gets the new speed, with nothing in between. With PWM of the factory's hardware, a pulse that
/// has begun may last to its end, which the chip decides.
///
/// Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let motor = PhaseEnableMotor::builder(5, 12).gpio(&gpio).open()?;
/// motor.backward(0.75)?;
/// assert_eq!((gpio.line(5).level(), motor.value()?), (Level::High, -0.75));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PhaseEnableMotor {
    phase: Led,
    enable: Light,
}

impl PhaseEnableMotor {
    /// Opens the motor on two pins of the default factory. The motor starts stopped, with PWM at 100 Hz.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(phase: impl Into<PinSpec>, enable: impl Into<PinSpec>) -> Result<Self> {
        PhaseEnableMotor::builder(phase, enable).open()
    }

    /// Returns a builder for a motor with other options.
    pub fn builder(phase: impl Into<PinSpec>, enable: impl Into<PinSpec>) -> Builder<Self, PhaseEnable> {
        Builder::new(PhaseEnable::new(phase, enable))
    }

    /// Drives the motor forward at a speed from 0 to 1.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if the speed is out of range, or neither 0 nor 1 without PWM; see also
    /// [`SetValue`].
    pub fn forward(&self, speed: f64) -> Result<()> {
        check_speed(speed)?;
        self.drive(0.0, speed)
    }

    /// Drives the motor backward at a speed from 0 to 1.
    ///
    /// # Errors
    /// See [`forward`](Self::forward).
    pub fn backward(&self, speed: f64) -> Result<()> {
        check_speed(speed)?;
        self.drive(1.0, speed)
    }

    /// Reverses the direction at the same speed. A motor that is stopped stays so.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn reverse(&self) -> Result<()> {
        let steps = self.steps();
        Part::change_all(&steps.each_ref(), Self::turn_round)
    }

    /// Stops the motor: the enable pin is off.
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
        self.phase.output().check_open()?;
        self.enable.check_open()?;
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
        source.into().write_in_order(self.parts(), |value| {
            check_value(value)?;
            Ok(PhaseEnableMotor::writes(value))
        })
    }

    /// Returns the lines that the motor is on: phase and enable.
    pub fn pins(&self) -> [Line; 2] {
        [self.phase.pin(), self.enable.pin()]
    }

    fn drive(&self, phase: f64, speed: f64) -> Result<()> {
        let [direction, enable] = self.parts();
        Part::write_in_order(&[(&enable, 0.0), (&direction, phase), (&enable, speed.abs())])
    }

    /// Returns the phase and the enable pin.
    pub(super) fn parts(&self) -> [Part; 2] {
        [self.phase.part(), self.enable.part()]
    }

    /// Returns what to write to the parts for a speed with a direction, in this order.
    pub(super) fn writes(value: f64) -> Vec<(usize, f64)> {
        vec![(1, 0.0), (0, f64::from(u8::from(value < 0.0))), (1, value.abs())]
    }

    /// Returns the parts that a reversal changes, in the order of writing: the enable pin goes off first.
    pub(super) fn steps(&self) -> [Part; 3] {
        [self.enable.part(), self.phase.part(), self.enable.part()]
    }

    /// Reverses the direction: `steps` has the values of the steps.
    pub(super) fn turn_round(steps: &mut [f64]) {
        let is_forward = steps[1] == 0.0 && steps[2] != 0.0;
        steps[0] = 0.0;
        steps[1] = f64::from(u8::from(is_forward));
    }

    fn speed(&self) -> f64 {
        // Not -0 for a motor that is stopped.
        let speed = self.enable.state();
        if self.phase.was_active() { 0.0 - speed } else { speed }
    }

    pub(super) fn state(&self) -> Course {
        Course(self.speed())
    }
}

impl Open<PhaseEnable> for PhaseEnableMotor {
    const NAME: &'static str = "PhaseEnableMotor";

    fn open(PhaseEnable { phase, enable, dimmable }: PhaseEnable, site: &Site) -> Result<Self> {
        dimmable.check().map_err(|error| error.with_device(site.device()))?;
        site.check_distinct(&[("phase", &phase), ("enable", &enable)])?;
        let phase = Led::open(Digital::new(phase), site)?;
        let enable = Light::open(&enable, Level::High, &dimmable, 0.0, site)?;
        Ok(PhaseEnableMotor { phase, enable })
    }
}

impl Device for PhaseEnableMotor {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.phase, &self.enable]
    }
}

impl Value for PhaseEnableMotor {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

impl SetValue for PhaseEnableMotor {
    fn set_value(&self, value: f64) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<f64>) -> Result<Follower> {
        self.follow(source)
    }
}

several_pins!(PhaseEnableMotor);
