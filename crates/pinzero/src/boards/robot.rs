//! [`Robot`]: two motors.

use std::fmt;

use pinzero_core::{
    Device, Error, ErrorKind, Follower, Line, Part, PinSpec, Result, SetValue, Source, Value,
};

use crate::device::several_pins;
use crate::options::{Bridge, Dimmable, PhaseEnable, Signal};
use crate::output::{check_speed, check_value};
use crate::{AnyMotor, Builder, Motor, Open, PhaseEnableMotor, Site};

/// A robot with a motor on the left and one on the right.
///
/// Both motors change in one step: nothing else drives them in between, and no leg of a bridge goes on before the other legs are off.
///
/// Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::Curve;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let robot = Robot::new((4, 14), (17, 18))?; // left and right: forward, backward
/// robot.forward(1.0)?;
/// robot.forward_curve(0.5, Curve::Left(0.25))?;
/// assert_eq!(robot.value()?, (0.375, 0.5));
/// robot.left(0.5)?;
/// assert_eq!(robot.value()?, (-0.5, 0.5));
/// robot.stop()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// Motors with an enable pin, for instance, or one of each kind:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let left = Motor::builder(4, 14).enable(15).gpio(&gpio).open()?;
/// let right = PhaseEnableMotor::builder(13, 6).gpio(&gpio).open()?;
/// let robot = Robot::from_motors(left, right)?;
/// robot.backward(0.5)?;
/// assert_eq!(robot.right_motor().value()?, -0.5);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Robot {
    left: AnyMotor,
    right: AnyMotor,
}

/// A curve of a [`Robot`]: the motor on that side is slower by this share, from 0, straight on, to 1, round the wheel that stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// To the left.
    Left(f64),
    /// To the right.
    Right(f64),
}

/// The options of a [`Robot`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Wheels {
    /// The pins of the left motor: forward and backward, or phase and enable.
    pub left: [PinSpec; 2],
    /// The pins of the right motor: forward and backward, or phase and enable.
    pub right: [PinSpec; 2],
    /// Whether each motor has a pin for the phase and one for the enable. Default: `false`, one for each direction.
    pub phase_enable: bool,
    /// PWM, or not, for both.
    pub dimmable: Dimmable,
}

impl Wheels {
    /// Returns the default options of motors on these pins.
    pub fn new(
        left: (impl Into<PinSpec>, impl Into<PinSpec>),
        right: (impl Into<PinSpec>, impl Into<PinSpec>),
    ) -> Self {
        let (left, right) = ([left.0.into(), left.1.into()], [right.0.into(), right.1.into()]);
        Wheels { left, right, phase_enable: false, dimmable: Dimmable::default() }
    }
}

/// Options of robots.
impl<D: Open<Wheels>> Builder<D, Wheels> {
    /// Sets whether the pins of each motor are phase and enable, as [`PhaseEnableMotor`] has them. Default: `false`, forward and backward.
    pub fn phase_enable(mut self, phase_enable: bool) -> Self {
        self.options.phase_enable = phase_enable;
        self
    }
}

impl AsMut<Dimmable> for Wheels {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for Wheels {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

impl Robot {
    /// Opens two motors on bridges, each on two pins of the default factory: forward, backward. They start stopped, with PWM at 100 Hz.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(
        left: (impl Into<PinSpec>, impl Into<PinSpec>),
        right: (impl Into<PinSpec>, impl Into<PinSpec>),
    ) -> Result<Self> {
        Robot::builder(left, right).open()
    }

    /// Returns a builder for a robot with other options.
    pub fn builder(
        left: (impl Into<PinSpec>, impl Into<PinSpec>),
        right: (impl Into<PinSpec>, impl Into<PinSpec>),
    ) -> Builder<Self, Wheels> {
        Builder::new(Wheels::new(left, right))
    }

    /// Returns a robot with motors that are open already.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the motors belong to two factories.
    pub fn from_motors(left: impl Into<AnyMotor>, right: impl Into<AnyMotor>) -> Result<Self> {
        let robot = Robot { left: left.into(), right: right.into() };
        if robot.left.pins().iter().any(|pin| robot.right.pins().contains(pin))
            && robot.left.gpio().is_same(robot.right.gpio())
        {
            let message = "one motor cannot be both sides of a robot: give two motors";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device("Robot"));
        }
        if robot.left.gpio().is_same(robot.right.gpio()) {
            return Ok(robot);
        }
        let message =
            "the motors of a robot belong to one factory, so that they change in one step: open both on one";
        Err(Error::new(ErrorKind::InvalidValue, message).with_device("Robot"))
    }

    /// Returns the left motor.
    pub fn left_motor(&self) -> &AnyMotor {
        &self.left
    }

    /// Returns the right motor.
    pub fn right_motor(&self) -> &AnyMotor {
        &self.right
    }

    /// Drives forward at a speed from 0 to 1.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the speed is out of range, or neither 0 nor 1 without PWM; see also
    /// [`SetValue`].
    pub fn forward(&self, speed: f64) -> Result<()> {
        self.forward_curve(speed, Curve::Left(0.0))
    }

    /// Drives forward in a curve, at a speed from 0 to 1: that of the faster motor.
    ///
    /// # Errors
    /// See [`forward`](Self::forward); [`InvalidValue`](ErrorKind::InvalidValue) if the curve is out of range.
    pub fn forward_curve(&self, speed: f64, curve: Curve) -> Result<()> {
        self.set_value(curve.speeds(speed)?)
    }

    /// Drives backward at a speed from 0 to 1.
    ///
    /// # Errors
    /// See [`forward`](Self::forward).
    pub fn backward(&self, speed: f64) -> Result<()> {
        self.backward_curve(speed, Curve::Left(0.0))
    }

    /// Drives backward in a curve, at a speed from 0 to 1: that of the faster motor. The motor on the side of the curve is the slower
    /// one.
    ///
    /// # Errors
    /// See [`forward_curve`](Self::forward_curve).
    pub fn backward_curve(&self, speed: f64, curve: Curve) -> Result<()> {
        let (left, right) = curve.speeds(speed)?;
        self.set_value((-left, -right))
    }

    /// Turns to the left on the spot: the left motor runs backward and the right one forward, at a speed from 0 to 1.
    ///
    /// # Errors
    /// See [`forward`](Self::forward).
    pub fn left(&self, speed: f64) -> Result<()> {
        check_speed(speed)?;
        self.set_value((-speed, speed))
    }

    /// Turns to the right on the spot: the left motor runs forward and the right one backward, at a speed from 0 to 1.
    ///
    /// # Errors
    /// See [`forward`](Self::forward).
    pub fn right(&self, speed: f64) -> Result<()> {
        check_speed(speed)?;
        self.set_value((speed, -speed))
    }

    /// Reverses the directions of both motors at the same speeds. A robot that is stopped stays so.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn reverse(&self) -> Result<()> {
        let (left, right) = (self.left.steps(), self.right.steps());
        let steps: Vec<&Part> = left.iter().chain(&right).collect();
        Part::change_all(&steps, |values| {
            let (of_left, of_right) = values.split_at_mut(left.len());
            self.left.turn_round(of_left);
            self.right.turn_round(of_right);
        })
    }

    /// Stops both motors.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn stop(&self) -> Result<()> {
        self.set_value((0.0, 0.0))
    }

    /// Sets the speeds of the left and the right motor: from -1, fully backward, to 1, fully forward.
    ///
    /// # Errors
    /// See [`forward`](Self::forward). After this error, neither motor has changed.
    pub fn set_value(&self, speeds: (f64, f64)) -> Result<()> {
        let lines = self.lines();
        let writes = self.plan()(speeds)?;
        let writes: Vec<_> = writes.into_iter().map(|(line, value)| (&lines[line], value)).collect();
        Part::write_in_order(&writes)
    }

    /// Returns the speeds last set of the left and the right motor, from -1 to 1.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn value(&self) -> Result<(f64, f64)> {
        Ok((self.left.value()?, self.right.value()?))
    }

    /// Returns whether a motor runs.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()? != (0.0, 0.0))
    }

    /// Returns the values from now on, for another device to follow: the speeds last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<(f64, f64)> {
        Source::of(self)
    }

    /// Follows a source of speeds in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// ```
    /// use pinzero::Source;
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let robot = Robot::new((4, 14), (17, 18))?;
    /// let (left, right) = (Button::new(2)?, Button::new(3)?);
    /// let speeds = Source::<f64>::from(left.values()).zip(right.values().into());
    /// robot.follow(speeds)?;
    /// # gpio.line(2).press(secs(1));
    /// # gpio.advance(ms(1));
    /// # assert_eq!(robot.value()?, (1.0, 0.0));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<(f64, f64)>>) -> Result<Follower> {
        source.into().write_in_order(self.lines(), self.plan())
    }

    /// Returns the lines that the motors are on, those of the left one first.
    pub fn pins(&self) -> Vec<Line> {
        [self.left.pins(), self.right.pins()].concat()
    }

    /// Returns the parts that carry the speeds.
    fn lines(&self) -> Vec<Part> {
        [self.left.lines(), self.right.lines()].concat()
    }

    /// Returns the function that tells what to write to these parts for two speeds: what goes off, and then what goes on. The function holds
    /// no motor.
    fn plan(&self) -> impl Fn((f64, f64)) -> Result<Vec<(usize, f64)>> + Send + use<> {
        let (of_left, of_right) = (self.left.plan(), self.right.plan());
        move |(left, right)| {
            check_value(left)?;
            check_value(right)?;
            let mut writes = of_left(left);
            writes.extend(of_right(right).into_iter().map(|(line, value)| (2 + line, value)));
            writes.sort_by_key(|(_, value)| *value != 0.0);
            Ok(writes)
        }
    }

    pub(crate) fn state(&self) -> State<'_> {
        State(self)
    }
}

impl Curve {
    /// Returns the speeds of the left and the right motor.
    fn speeds(self, speed: f64) -> Result<(f64, f64)> {
        check_speed(speed)?;
        let (Curve::Left(share) | Curve::Right(share)) = self;
        if !(0.0..=1.0).contains(&share) {
            let message = format!("a curve of {share} is out of range: give 0 to 1");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let slower = speed * (1.0 - share);
        Ok(match self {
            Curve::Left(_) => (slower, speed),
            Curve::Right(_) => (speed, slower),
        })
    }
}

/// What the motors do, in words.
pub(crate) struct State<'a>(&'a Robot);

impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Robot { left, right } = self.0;
        write!(f, "left {}, right {}", left.course(), right.course())
    }
}

impl Open<Wheels> for Robot {
    const NAME: &'static str = "Robot";

    fn open(Wheels { left, right, phase_enable, dimmable }: Wheels, site: &Site) -> Result<Self> {
        let roles = match phase_enable {
            false => ["left forward", "left backward", "right forward", "right backward"],
            true => ["left phase", "left enable", "right phase", "right enable"],
        };
        let roles: Vec<_> = roles.into_iter().zip(left.iter().chain(&right)).collect();
        site.check_distinct(&roles)?;
        let left = wheel(left, phase_enable, &dimmable, site)?;
        let right = wheel(right, phase_enable, &dimmable, site)?;
        Ok(Robot { left, right })
    }
}

#[track_caller]
fn wheel(
    [one, other]: [PinSpec; 2],
    phase_enable: bool,
    dimmable: &Dimmable,
    site: &Site,
) -> Result<AnyMotor> {
    if phase_enable {
        let mut options = PhaseEnable::new(one, other);
        options.dimmable = dimmable.clone();
        return Ok(PhaseEnableMotor::open(options, site)?.into());
    }
    let mut options = Bridge::new(one, other);
    options.dimmable = dimmable.clone();
    Ok(Motor::open(options, site)?.into())
}

impl Device for Robot {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.left, &self.right]
    }
}

impl Value for Robot {
    type Value = (f64, f64);

    fn value(&self) -> Result<(f64, f64)> {
        self.value()
    }

    fn values(&self) -> Source<(f64, f64)> {
        self.values()
    }
}

impl SetValue for Robot {
    fn set_value(&self, value: (f64, f64)) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<(f64, f64)>) -> Result<Follower> {
        self.follow(source)
    }
}

several_pins!(Robot);
