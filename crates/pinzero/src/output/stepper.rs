//! [`Stepper`].

use std::fmt;
use std::time::Duration;

use pinzero_core::{
    Device, Error, ErrorKind, Events, Follower, Gpio, Handler, Line, Outcome, PinSpec, Result, Running,
    SetValue, Source, Value,
};

use super::travel::{Arrival, StepMode, Travel, Wiring};
use crate::{Builder, Open, Site};

/// A stepper motor: four coils on a driver such as the ULN2003, or a driver with a step and a direction pin, such as the A4988 or the
/// DRV8825.
///
/// A move runs in the background, without a thread of its own. If the system is late for a step, the next one comes one interval after
/// the late one: [`missed`](Self::missed) counts that, and no burst of steps makes up for it, because a motor would lose them. Reliable
/// speeds in software are some hundred steps a second.
///
/// Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let motor = Stepper::builder([17, 18, 27, 22]).rpm(15.0).gpio(&gpio).open()?; // a 28BYJ-48: 2048 steps in a revolution
/// motor.step(512)?; // a quarter of a revolution, in a second
/// motor.wait()?;
/// assert_eq!(motor.position()?, 512);
/// motor.go_to(0)?;
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// With a driver and a ramp:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let axis = Stepper::step_dir(20, 21).enable(16).rpm(120.0).acceleration(800.0).gpio(&gpio).open()?;
/// axis.step(-1000)?;
/// gpio.advance(secs(1));
/// axis.stop()?; // slows down, and stops
/// axis.wait()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Stepper {
    running: Running<Travel>,
    steps_per_revolution: u32,
}

/// The most steps a second that software can hope to give.
const FASTEST: f64 = 2000.0;

/// A step a day: at less, somebody has mistaken the unit.
const SLOWEST: f64 = 1.0 / 86_400.0;

/// From rest, the first step then takes half a day.
const LEAST_ACCELERATION: f64 = 1e-9;

/// The options of a [`Stepper`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stepping {
    /// The pins: four coils, or step and direction.
    pub pins: Vec<PinSpec>,
    /// The pin that enables the driver when low, if there is one.
    pub enable: Option<PinSpec>,
    /// The way to drive four coils; `None` with a driver.
    pub mode: Option<StepMode>,
    /// The steps of a revolution; `None` for the usual number.
    pub steps_per_revolution: Option<u32>,
    /// Revolutions a minute.
    pub rpm: f64,
    /// In steps a second, each second; `None` for none.
    pub acceleration: Option<f64>,
    /// Whether the motor keeps its torque at rest.
    pub hold: bool,
}

/// Options of a stepper.
impl<D: Open<Stepping>> Builder<D, Stepping> {
    /// Sets how four coils are driven. Default: [`StepMode::Full`]. Has no effect with a driver, which has pins for that.
    pub fn mode(mut self, mode: StepMode) -> Self {
        if let Some(set) = &mut self.options.mode {
            *set = mode;
        }
        self
    }

    /// Sets the pin that enables the driver when low. Default: none.
    pub fn enable(mut self, pin: impl Into<PinSpec>) -> Self {
        self.options.enable = Some(pin.into());
        self
    }

    /// Sets the number of steps in a revolution, 1 or more. Default: that of a 28BYJ-48 on four coils (2048, or 4096 half steps), and 200
    /// with a driver.
    pub fn steps_per_revolution(mut self, steps: u32) -> Self {
        self.options.steps_per_revolution = Some(steps);
        self
    }

    /// Sets the speed in revolutions a minute; at most 2000 steps a second. Default: 10.
    pub fn rpm(mut self, rpm: f64) -> Self {
        self.options.rpm = rpm;
        self
    }

    /// Sets the change of the speed, in steps a second, each second, when the motor starts and stops. Default: none, which suits slow
    /// speeds.
    pub fn acceleration(mut self, steps: f64) -> Self {
        self.options.acceleration = Some(steps);
        self
    }

    /// Sets whether the motor keeps its holding torque at rest, from the opening on, which takes current and makes it hot. A driver without
    /// an [`enable`](Self::enable) pin always does. Default: `false`.
    pub fn hold(mut self, hold: bool) -> Self {
        self.options.hold = hold;
        self
    }
}

impl Stepper {
    /// Opens the motor on four pins of the default factory, IN1 to IN4 of the driver board: full steps, 10 revolutions a minute.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new<P: Into<PinSpec>>(pins: [P; 4]) -> Result<Self> {
        Self::builder(pins).open()
    }

    /// Returns a builder for a motor with four coils and other options.
    pub fn builder<P: Into<PinSpec>>(pins: [P; 4]) -> Builder<Self, Stepping> {
        Builder::new(Stepping {
            pins: pins.into_iter().map(Into::into).collect(),
            enable: None,
            mode: Some(StepMode::Full),
            steps_per_revolution: None,
            rpm: 10.0,
            acceleration: None,
            hold: false,
        })
    }

    /// Returns a builder for a motor on a driver with a step and a direction pin; the direction is high for positive steps.
    pub fn step_dir(step: impl Into<PinSpec>, direction: impl Into<PinSpec>) -> Builder<Self, Stepping> {
        Builder::new(Stepping {
            pins: vec![step.into(), direction.into()],
            enable: None,
            mode: None,
            steps_per_revolution: None,
            rpm: 10.0,
            acceleration: None,
            hold: false,
        })
    }

    /// Moves by `steps` from the present position, in the background. Negative steps go back.
    ///
    /// A move under way is replaced: the motor goes on from where it is, with its ramp.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn step(&self, steps: i64) -> Result<()> {
        self.running.change(|travel, effects| {
            let target = travel.position().saturating_add(steps);
            travel.go_to(target, effects)
        })
    }

    /// Moves to `position`, in the background; see [`step`](Self::step). The position at the opening is 0.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn go_to(&self, position: i64) -> Result<()> {
        self.running.change(|travel, effects| travel.go_to(position, effects))
    }

    /// Slows down along the ramp, and stops; without a ramp, stops at once.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn stop(&self) -> Result<()> {
        self.running.change(Travel::stop)
    }

    /// Stops at once, without a ramp. A fast motor may run on, and its position is then wrong.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn halt(&self) -> Result<()> {
        self.running.change(Travel::halt)
    }

    /// Returns the position in steps: 0 at the opening.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn position(&self) -> Result<i64> {
        self.running.look(Travel::position)
    }

    /// Returns the values from now on, for another device to follow: the position, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<i64> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or something else is set. See [`Follower`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<i64>>) -> Result<Follower> {
        self.running.follow(source.into(), Travel::go_to)
    }

    /// Calls the present position `position`, such as 0 at an end switch. A move under way goes on for the steps that are left.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn set_position(&self, position: i64) -> Result<()> {
        self.running.change(|travel, _| {
            travel.set_position(position);
            Ok(())
        })
    }

    /// Returns the position that the motor moves to, or has moved to.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn target(&self) -> Result<i64> {
        self.running.look(Travel::target)
    }

    /// Returns whether a move is under way.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_moving(&self) -> Result<bool> {
        self.running.look(Travel::is_moving)
    }

    /// Returns whether a move is under way, as [`is_moving`](Self::is_moving) does.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        self.is_moving()
    }

    /// Returns the speed in revolutions a minute.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn rpm(&self) -> Result<f64> {
        Ok(self.running.look(Travel::speed)? * 60.0 / f64::from(self.steps_per_revolution))
    }

    /// Sets the speed in revolutions a minute. A move under way changes to the new speed, along its ramp.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) unless it gives a step a day or more, and at most 2000 steps a second;
    /// [`Closed`](ErrorKind::Closed).
    pub fn set_rpm(&self, rpm: f64) -> Result<()> {
        let speed = speed(rpm, self.steps_per_revolution).map_err(|error| error.with_pin(self.pins()[0]))?;
        self.running.change(|travel, effects| {
            travel.set_speed(speed, effects.now());
            Ok(())
        })
    }

    /// Returns how many steps came late so far, by more than a quarter of their interval.
    pub fn missed(&self) -> u64 {
        self.running.peek(Travel::missed).unwrap_or_default()
    }

    /// Blocks until the motor rests; returns at once if it does.
    ///
    /// # Errors
    /// The error that ended the move early; [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile.
    #[track_caller]
    pub fn wait(&self) -> Result<()> {
        self.running.wait_until(None, Travel::ended)?.unwrap_or(Ok(()))
    }

    /// Blocks until the motor rests, for at most `timeout`. Returns whether it does.
    ///
    /// # Errors
    /// See [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool> {
        let ended = self.running.wait_until(Some(timeout), Travel::ended)?;
        Ok(ended.transpose()?.is_some())
    }

    /// Waits until the motor rests; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait`](Self::wait).
    #[track_caller]
    pub fn arrived(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        let ended = self.running.until(Travel::ended);
        async move { ended.await? }
    }

    /// Calls `handler` at the end of each move; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_arrived<R: Outcome>(&self, handler: impl FnMut(Arrival) -> R + Send + 'static) -> Handler {
        self.running.on((), handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over the ends of all moves from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<Arrival> {
        self.running.events()
    }

    /// Returns the lines of the motor: four coils, or step, direction, and enable if there is one.
    pub fn pins(&self) -> Vec<Line> {
        self.running.lines()
    }

    /// Returns the factory that opened the pins.
    pub fn gpio(&self) -> &Gpio {
        self.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.running.is_closed()
    }

    /// Closes the device and all its clones, and gives the pins back: a move ends at once. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }
}

/// Returns the steps a second.
fn speed(rpm: f64, steps_per_revolution: u32) -> Result<f64> {
    let speed = rpm * f64::from(steps_per_revolution) / 60.0;
    if (SLOWEST..=FASTEST).contains(&speed) {
        return Ok(speed);
    }
    let message = format!(
        "{rpm} revolutions a minute of {steps_per_revolution} steps are {speed} steps a second: give one step a day or more, and at most \
         {FASTEST} a second"
    );
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl Stepping {
    /// Returns the steps of a revolution, and the steps a second.
    fn check(&self) -> Result<(u32, f64)> {
        let usual = match self.mode {
            Some(StepMode::Half) => 4096,
            Some(_) => 2048,
            None => 200,
        };
        let steps = self.steps_per_revolution.unwrap_or(usual);
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidValue, message));
        if steps == 0 {
            return invalid("a revolution of 0 steps: give 1 or more".to_owned());
        }
        match self.acceleration {
            Some(acceleration) if !(acceleration >= LEAST_ACCELERATION && acceleration.is_finite()) => {
                invalid(format!(
                    "an acceleration of {acceleration}: give {LEAST_ACCELERATION:?} or more, or none"
                ))
            }
            _ => Ok((steps, speed(self.rpm, steps)?)),
        }
    }
}

impl Open<Stepping> for Stepper {
    const NAME: &'static str = "Stepper";

    fn open(options: Stepping, site: &Site) -> Result<Self> {
        let (steps_per_revolution, speed) =
            options.check().map_err(|error| error.with_pin(&options.pins[0]).with_device(site.device()))?;
        let Stepping { mut pins, enable, mode, acceleration, hold, .. } = options;
        let names = if mode.is_some() { &["IN1", "IN2", "IN3", "IN4"][..] } else { &["step", "direction"] };
        let roles: Vec<(&str, &PinSpec)> = names.iter().copied().zip(&pins).collect();
        site.check_distinct(&[roles, enable.iter().map(|pin| ("enable", pin)).collect()].concat())?;
        // Without current at first, unless the motor is held.
        let initial = match mode {
            Some(mode) if hold => mode.phases()[0],
            Some(_) => 0,
            None if hold => 0,
            None => u64::from(enable.is_some()) << pins.len(),
        };
        let has_enable = enable.is_some();
        pins.extend(enable);
        let wiring = mode.map_or(Wiring::Driver { has_enable }, Wiring::Coils);
        let outputs = site.group(pins).initial(initial).open()?;
        let running =
            site.machine().outputs(outputs).start(|_, _| Travel::new(wiring, hold, speed, acceleration))?;
        Ok(Stepper { running, steps_per_revolution })
    }
}

impl Device for Stepper {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

impl Value for Stepper {
    type Value = i64;

    fn value(&self) -> Result<i64> {
        self.position()
    }

    fn values(&self) -> Source<i64> {
        self.values()
    }
}

/// Moves to a position, as [`go_to`](Stepper::go_to) does.
impl SetValue for Stepper {
    fn set_value(&self, position: i64) -> Result<()> {
        self.go_to(position)
    }

    fn follow_source(&self, source: Source<i64>) -> Result<Follower> {
        self.follow(source)
    }
}

impl fmt::Debug for Stepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stepper(")?;
        self.pins().iter().try_for_each(|pin| write!(f, "{pin}, "))?;
        let state = self.running.peek(|travel| (travel.position(), travel.target(), travel.is_moving()));
        match state.filter(|_| !self.is_closed()) {
            None => f.write_str("closed)"),
            Some((position, target, true)) => write!(f, "at {position}, on the way to {target})"),
            Some((position, ..)) => write!(f, "at {position})"),
        }
    }
}

impl fmt::Display for Stepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pins: Vec<String> = self.pins().iter().map(Line::to_string).collect();
        write!(f, "Stepper on {}", pins.join(", "))
    }
}
