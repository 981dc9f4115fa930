//! [`AnyMotor`]: a motor of either kind.

use pinzero_core::{Device, Follower, Line, Part, Result, SetValue, Source, Value};

use super::{Course, Motor, PhaseEnableMotor};

/// A [`Motor`] or a [`PhaseEnableMotor`]: a motor of a [`Robot`](crate::Robot).
///
/// Both have the same verbs. Clones share one motor.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::AnyMotor;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let motors = [AnyMotor::from(Motor::new(4, 14)?), AnyMotor::from(PhaseEnableMotor::new(5, 12)?)];
/// motors.iter().try_for_each(|motor| motor.forward(0.5))?;
/// assert_eq!(motors[1].value()?, 0.5);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub enum AnyMotor {
    /// A motor with a pin for each direction.
    Bridge(Motor),
    /// A motor with a pin for the direction and one for the speed.
    PhaseEnable(PhaseEnableMotor),
}

impl AnyMotor {
    /// Drives the motor forward at a speed from 0 to 1.
    ///
    /// # Errors
    /// See [`Motor::forward`].
    pub fn forward(&self, speed: f64) -> Result<()> {
        match self {
            AnyMotor::Bridge(motor) => motor.forward(speed),
            AnyMotor::PhaseEnable(motor) => motor.forward(speed),
        }
    }

    /// Drives the motor backward at a speed from 0 to 1.
    ///
    /// # Errors
    /// See [`Motor::forward`].
    pub fn backward(&self, speed: f64) -> Result<()> {
        match self {
            AnyMotor::Bridge(motor) => motor.backward(speed),
            AnyMotor::PhaseEnable(motor) => motor.backward(speed),
        }
    }

    /// Reverses the direction at the same speed. A motor that is stopped stays so.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn reverse(&self) -> Result<()> {
        match self {
            AnyMotor::Bridge(motor) => motor.reverse(),
            AnyMotor::PhaseEnable(motor) => motor.reverse(),
        }
    }

    /// Stops the motor.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn stop(&self) -> Result<()> {
        self.set_value(0.0)
    }

    /// Sets the speed: from -1, fully backward, to 1, fully forward. 0 stops the motor.
    ///
    /// # Errors
    /// See [`Motor::forward`].
    pub fn set_value(&self, value: f64) -> Result<()> {
        match self {
            AnyMotor::Bridge(motor) => motor.set_value(value),
            AnyMotor::PhaseEnable(motor) => motor.set_value(value),
        }
    }

    /// Returns the speed last set, from -1 to 1.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn value(&self) -> Result<f64> {
        match self {
            AnyMotor::Bridge(motor) => motor.value(),
            AnyMotor::PhaseEnable(motor) => motor.value(),
        }
    }

    /// Returns whether the motor runs, in either direction.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()? != 0.0)
    }

    /// Returns the values from now on, for another device to follow: the speed last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<f64>>) -> Result<Follower> {
        match self {
            AnyMotor::Bridge(motor) => motor.follow(source),
            AnyMotor::PhaseEnable(motor) => motor.follow(source),
        }
    }

    /// Returns the lines that the motor is on.
    pub fn pins(&self) -> Vec<Line> {
        match self {
            AnyMotor::Bridge(motor) => motor.pins(),
            AnyMotor::PhaseEnable(motor) => motor.pins().to_vec(),
        }
    }

    /// Returns the course last set, also if the motor is closed.
    pub(crate) fn course(&self) -> Course {
        match self {
            AnyMotor::Bridge(motor) => motor.state(),
            AnyMotor::PhaseEnable(motor) => motor.state(),
        }
    }

    /// Returns the two parts that carry the speed.
    pub(crate) fn lines(&self) -> [Part; 2] {
        match self {
            AnyMotor::Bridge(motor) => motor.legs(),
            AnyMotor::PhaseEnable(motor) => motor.parts(),
        }
    }

    /// Returns the function that tells what to write to these parts for a speed with a direction, in this order.
    pub(crate) fn plan(&self) -> fn(f64) -> Vec<(usize, f64)> {
        match self {
            AnyMotor::Bridge(_) => Motor::writes,
            AnyMotor::PhaseEnable(_) => PhaseEnableMotor::writes,
        }
    }

    /// Returns the parts that a reversal changes, in the order of writing.
    pub(crate) fn steps(&self) -> Vec<Part> {
        match self {
            AnyMotor::Bridge(motor) => motor.legs().to_vec(),
            AnyMotor::PhaseEnable(motor) => motor.steps().to_vec(),
        }
    }

    /// Reverses the direction: `steps` has the values of the steps.
    pub(crate) fn turn_round(&self, steps: &mut [f64]) {
        match self {
            AnyMotor::Bridge(_) => steps.swap(0, 1),
            AnyMotor::PhaseEnable(_) => PhaseEnableMotor::turn_round(steps),
        }
    }
}

impl From<Motor> for AnyMotor {
    fn from(motor: Motor) -> Self {
        AnyMotor::Bridge(motor)
    }
}

impl From<PhaseEnableMotor> for AnyMotor {
    fn from(motor: PhaseEnableMotor) -> Self {
        AnyMotor::PhaseEnable(motor)
    }
}

impl Device for AnyMotor {
    fn parts(&self) -> Vec<&dyn Device> {
        match self {
            AnyMotor::Bridge(motor) => vec![motor],
            AnyMotor::PhaseEnable(motor) => vec![motor],
        }
    }
}

impl Value for AnyMotor {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

impl SetValue for AnyMotor {
    fn set_value(&self, value: f64) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<f64>) -> Result<Follower> {
        self.follow(source)
    }
}
