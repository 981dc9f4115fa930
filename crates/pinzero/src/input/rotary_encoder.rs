//! [`RotaryEncoder`].

use std::fmt;
use std::time::Duration;

use pinzero_core::{
    Bias, Device, Error, ErrorKind, Events, Follower, Gpio, Handler, Level, Line, Outcome, PinSpec, Result,
    Running, SetValue, Source, Value,
};

use super::Button;
use super::knob::{Direction, EncoderStep, Knob, Rotation, RotationKind};
use crate::device::changing;
use crate::{Builder, Open, Site};

/// A rotary encoder: two contacts, a and b, between their pins and ground, which close one after the other while the knob turns.
///
/// ```text
///            clockwise      counter-clockwise
/// a  ‾‾|_______|‾‾‾‾‾‾‾      ‾‾‾‾‾|_______|‾‾‾‾
/// b  ‾‾‾‾‾|_______|‾‾‾‾      ‾‾|_______|‾‾‾‾‾‾‾
/// ```
///
/// The edges of both pins come in their order, and are followed by a table of states: a contact that bounces goes back and forth between
/// two states, and counts for nothing. A turn that goes back before its end counts for nothing either.
///
/// Clones are handles of the same device, and dropping the last one closes the device.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let knob = gpio.encoder(20, 21);
/// let encoder = RotaryEncoder::builder(20, 21).max_steps(10).gpio(&gpio).open()?;
/// encoder.when_rotated(|rotation| println!("{:?} to {}", rotation.direction, rotation.steps));
/// knob.turn(3, ms(50));
/// gpio.advance(secs(1));
/// assert_eq!((encoder.steps()?, encoder.value()?), (3, 0.3));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct RotaryEncoder {
    running: Running<Knob>,
    button: Option<Button>,
}

/// The options of a [`RotaryEncoder`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rotary {
    /// The pin of the contact that closes first when the knob turns clockwise.
    pub a: PinSpec,
    /// The pin of the other contact.
    pub b: PinSpec,
    /// The pin of the push switch, if there is one.
    pub button: Option<PinSpec>,
    /// The part of a cycle that is one step.
    pub step: EncoderStep,
    /// The steps from the middle to either end; 0 for no end.
    pub max_steps: u32,
    /// The least and the most steps at which the device is active.
    pub threshold_steps: (i64, i64),
    /// Whether the step after the last one is the first one.
    pub wrap: bool,
}

/// Options of a rotary encoder.
impl<D: Open<Rotary>> Builder<D, Rotary> {
    /// Sets the steps from the middle to either end: the value is 1 at the end. 0 sets no end, and the value stays 0. Default: 16.
    pub fn max_steps(mut self, steps: u32) -> Self {
        self.options.max_steps = steps;
        self
    }

    /// Sets the least and the most steps at which the device is active. Default: 0 and 0.
    pub fn threshold_steps(mut self, least: i64, most: i64) -> Self {
        self.options.threshold_steps = (least, most);
        self
    }

    /// Sets whether the step after one end is the other end. Default: `false`, and the steps stay at the end.
    pub fn wrap(mut self, wrap: bool) -> Self {
        self.options.wrap = wrap;
        self
    }

    /// Sets the part of the contacts' cycle that is one step. Default: [`EncoderStep::Full`]. If only every second click counts, give
    /// [`EncoderStep::Half`].
    pub fn step(mut self, step: EncoderStep) -> Self {
        self.options.step = step;
        self
    }

    /// Opens the push switch of the knob on this pin; see [`RotaryEncoder::button`]. Default: none.
    pub fn button(mut self, pin: impl Into<PinSpec>) -> Self {
        self.options.button = Some(pin.into());
        self
    }
}

impl RotaryEncoder {
    /// Opens the encoder on these pins of the default factory: pulled up, with 16 steps to either side.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(a: impl Into<PinSpec>, b: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(a, b).open()
    }

    /// Returns a builder for an encoder with other options.
    pub fn builder(a: impl Into<PinSpec>, b: impl Into<PinSpec>) -> Builder<Self, Rotary> {
        Builder::new(Rotary {
            a: a.into(),
            b: b.into(),
            button: None,
            step: EncoderStep::Full,
            max_steps: 16,
            threshold_steps: (0, 0),
            wrap: false,
        })
    }

    /// Returns the steps that the knob has been turned: clockwise counts up.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn steps(&self) -> Result<i64> {
        self.running.look(|knob| knob.steps)
    }

    /// Sets the steps. May cause an event "activated" or "deactivated".
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) beyond the maximum; [`Closed`](ErrorKind::Closed).
    pub fn set_steps(&self, steps: i64) -> Result<()> {
        let changed = self.running.change(|knob, effects| {
            let max = i64::from(knob.max_steps);
            if max > 0 && !(-max..=max).contains(&steps) {
                let message = format!("{steps} steps are out of range: give {} to {max}", -max);
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            knob.steps = steps;
            knob.measure(effects.now(), effects);
            Ok(())
        });
        changed.map_err(|error| error.with_pin(self.pins()[0]))
    }

    /// Returns the steps as a value from -1 to 1 of the maximum; 0 without a maximum.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn value(&self) -> Result<f64> {
        self.running.look(Knob::value)
    }

    /// Sets the steps by a value from -1 to 1 of the maximum, rounded to the nearest step.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) out of range, and without a maximum unless the value is 0;
    /// [`Closed`](ErrorKind::Closed).
    pub fn set_value(&self, value: f64) -> Result<()> {
        let max = self.running.look(|knob| knob.max_steps)?;
        let message = if !(-1.0..=1.0).contains(&value) {
            format!("a value of {value} is out of range: give -1 to 1")
        } else if max == 0 && value != 0.0 {
            "without `max_steps` a value means nothing: use `set_steps`".to_owned()
        } else {
            return self.set_steps((value * f64::from(max)).round() as i64);
        };
        Err(Error::new(ErrorKind::InvalidValue, message).with_pin(self.pins()[0]))
    }

    /// Returns the values from now on, for another device to follow: the position from -1 to 1, whenever a step changes it. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        changing(self, Self::value, |encoder, notify| {
            vec![encoder.running.on(RotationKind::Rotated, notify.handler())]
        })
    }

    /// Follows a source in the background, until the source ends. The follower keeps the device open, and a turn of the knob or a write of
    /// yours lasts until the next value. See [`Source::drive`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<f64>>) -> Result<Follower> {
        source.into().drive(self)
    }

    /// Returns the steps from the middle to either end; 0 for no end.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn max_steps(&self) -> Result<u32> {
        self.running.look(|knob| knob.max_steps)
    }

    /// Returns the least and the most steps at which the device is active.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn threshold_steps(&self) -> Result<(i64, i64)> {
        self.running.look(|knob| knob.thresholds)
    }

    /// Returns whether the step after one end is the other end.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn wrap(&self) -> Result<bool> {
        self.running.look(|knob| knob.wrap)
    }

    /// Returns whether the steps are within the thresholds.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_active(&self) -> Result<bool> {
        self.running.look(Knob::is_active)
    }

    /// Returns the speed in steps a second, negative for counter-clockwise, by the last two steps; less and less as no further step comes,
    /// and 0 after a second.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn speed(&self) -> Result<f64> {
        let now = self.gpio().now();
        self.running.look(|knob| knob.speed(now))
    }

    /// Returns how many edges have been lost so far: each may have cost a step.
    pub fn missed(&self) -> u64 {
        self.running.peek(|knob| knob.missed).unwrap_or_default()
    }

    /// Returns how long the device has been active; `None` if it is inactive.
    pub fn active_time(&self) -> Option<Duration> {
        self.time(true)
    }

    /// Returns how long the device has been inactive; `None` if it is active.
    pub fn inactive_time(&self) -> Option<Duration> {
        self.time(false)
    }

    fn time(&self, active: bool) -> Option<Duration> {
        let now = self.gpio().now();
        self.running.peek(|knob| knob.activity.time(active, now)).flatten()
    }

    /// Returns the push switch, if one was [opened](Builder::button). A clone of it keeps its pin open when the encoder is dropped;
    /// [`close`](Self::close) closes both.
    pub fn button(&self) -> Option<&Button> {
        self.button.as_ref()
    }

    /// Calls `handler` at each step, in either direction; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_rotated<R: Outcome>(&self, handler: impl FnMut(Rotation) -> R + Send + 'static) -> Handler {
        self.running.on(RotationKind::Rotated, handler)
    }

    /// Calls `handler` at each step clockwise; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_rotated_clockwise<R: Outcome>(
        &self,
        handler: impl FnMut(Rotation) -> R + Send + 'static,
    ) -> Handler {
        self.when(Direction::Clockwise, handler)
    }

    /// Calls `handler` at each step counter-clockwise; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_rotated_counter_clockwise<R: Outcome>(
        &self,
        handler: impl FnMut(Rotation) -> R + Send + 'static,
    ) -> Handler {
        self.when(Direction::CounterClockwise, handler)
    }

    fn when<R: Outcome>(
        &self,
        direction: Direction,
        mut handler: impl FnMut(Rotation) -> R + Send + 'static,
    ) -> Handler {
        self.running.on(RotationKind::Rotated, move |rotation: Rotation| match rotation.direction {
            turned if turned == direction => handler(rotation).into_error().map_or(Ok(()), Err),
            _ => Ok(()),
        })
    }

    /// Calls `handler` whenever the steps come within the thresholds; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_activated<R: Outcome>(&self, handler: impl FnMut(Rotation) -> R + Send + 'static) -> Handler {
        self.running.on(RotationKind::Activated, handler)
    }

    /// Calls `handler` whenever the steps leave the thresholds; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_deactivated<R: Outcome>(
        &self,
        handler: impl FnMut(Rotation) -> R + Send + 'static,
    ) -> Handler {
        self.running.on(RotationKind::Deactivated, handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<Rotation> {
        self.running.events()
    }

    /// Blocks until the next step, in either direction.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// let gpio = pinzero::mock::gpio();
    /// let knob = gpio.encoder(20, 21);
    /// let encoder = RotaryEncoder::builder(20, 21).gpio(&gpio).open()?;
    /// knob.turn(1, ms(50));
    /// encoder.wait_for_rotate()?;
    /// assert!(!encoder.wait_for_rotate_timeout(secs(1))?);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_rotate(&self) -> Result<()> {
        self.running.wait_until(None, self.rotates(None)).map(drop)
    }

    /// Blocks until the next step, in either direction, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn wait_for_rotate_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.rotates(None))?.is_some())
    }

    /// Blocks until the next step clockwise.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_rotate_clockwise(&self) -> Result<()> {
        self.running.wait_until(None, self.rotates(Some(Direction::Clockwise))).map(drop)
    }

    /// Blocks until the next step clockwise, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn wait_for_rotate_clockwise_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.rotates(Some(Direction::Clockwise)))?.is_some())
    }

    /// Blocks until the next step counter-clockwise.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_rotate_counter_clockwise(&self) -> Result<()> {
        self.running.wait_until(None, self.rotates(Some(Direction::CounterClockwise))).map(drop)
    }

    /// Blocks until the next step counter-clockwise, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn wait_for_rotate_counter_clockwise_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.rotates(Some(Direction::CounterClockwise)))?.is_some())
    }

    /// Blocks until the steps are within the thresholds, or returns at once if they are.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_active(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(true)).map(drop)
    }

    /// Blocks until the steps are within the thresholds, or returns at once if they are, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn wait_for_active_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(true))?.is_some())
    }

    /// Blocks until the steps are beyond the thresholds, or returns at once if they are.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_inactive(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(false)).map(drop)
    }

    /// Blocks until the steps are beyond the thresholds, or returns at once if they are, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn wait_for_inactive_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(false))?.is_some())
    }

    /// Waits until the next step, in either direction; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn rotated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.rotates(None))
    }

    /// Waits until the next step clockwise; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn rotated_clockwise(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.rotates(Some(Direction::Clockwise)))
    }

    /// Waits until the next step counter-clockwise; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn rotated_counter_clockwise(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.rotates(Some(Direction::CounterClockwise)))
    }

    /// Waits until the steps are within the thresholds; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn activated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.reaches(true))
    }

    /// Waits until the steps are beyond the thresholds; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_rotate`](Self::wait_for_rotate).
    #[track_caller]
    pub fn deactivated(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.reaches(false))
    }

    /// Returns a closure that gives `Some` once there was a further step in this direction.
    fn rotates(&self, direction: Option<Direction>) -> impl FnMut(&Knob) -> Option<()> + Send + use<> {
        let count = move |knob: &Knob| match direction {
            Some(Direction::Clockwise) => knob.turns[0],
            Some(Direction::CounterClockwise) => knob.turns[1],
            None => knob.turns[0] + knob.turns[1],
        };
        let before = self.running.peek(count);
        move |knob| (Some(count(knob)) != before).then_some(())
    }

    /// Returns a closure that gives `Some` once the device is in that state, or has been since this call.
    fn reaches(&self, active: bool) -> impl FnMut(&Knob) -> Option<()> + Send + use<> {
        let before = self.running.peek(|knob| knob.activity.count(active));
        move |knob| knob.activity.has_reached(active, before).then_some(())
    }

    /// Returns the lines of the contacts, a and b.
    pub fn pins(&self) -> [Line; 2] {
        let lines = self.running.lines();
        // An encoder has two lines.
        [0, 1].map(|index| lines.get(index).copied().unwrap_or(Line(0)))
    }

    /// Returns the factory that opened the pins.
    pub fn gpio(&self) -> &Gpio {
        self.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        Device::is_closed(self)
    }

    /// Closes the device and all its clones, and gives the pins back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        Device::close(self)
    }
}

impl Open<Rotary> for RotaryEncoder {
    const NAME: &'static str = "RotaryEncoder";

    fn open(options: Rotary, site: &Site) -> Result<Self> {
        let (least, most) = options.threshold_steps;
        if least > most {
            let message = format!("thresholds of {least} and {most} steps: give the least first");
            let error = Error::new(ErrorKind::InvalidValue, message);
            return Err(error.with_pin(&options.a).with_device(site.device()));
        }
        let mut roles = vec![("a", &options.a), ("b", &options.b)];
        roles.extend(options.button.as_ref().map(|button| ("the button", button)));
        site.check_distinct(&roles)?;
        let inputs = site.inputs([options.a, options.b]).bias(Bias::PullUp).active(Level::Low).open()?;
        let button = match options.button {
            Some(pin) => Some(Button::builder(pin).open_in(site)?),
            None => None,
        };
        let running = site.machine().inputs(inputs).start(|now, levels| {
            let contacts = [0, 1].map(|line| levels >> line & 1 == 0);
            Knob::new(contacts, options.step, options.max_steps, options.threshold_steps, options.wrap, now)
        })?;
        Ok(RotaryEncoder { running, button })
    }
}

impl Device for RotaryEncoder {
    fn parts(&self) -> Vec<&dyn Device> {
        let button = self.button.iter().map(|button| button as &dyn Device);
        std::iter::once(&self.running as &dyn Device).chain(button).collect()
    }

    /// The push switch may be closed alone.
    fn is_closed(&self) -> bool {
        self.running.is_closed()
    }
}

impl Value for RotaryEncoder {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

impl SetValue for RotaryEncoder {
    fn set_value(&self, value: f64) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<f64>) -> Result<Follower> {
        self.follow(source)
    }
}

impl fmt::Debug for RotaryEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.pins();
        match self.running.peek(|knob| knob.steps).filter(|_| !self.is_closed()) {
            Some(steps) => write!(f, "RotaryEncoder({a}, {b}, {steps} steps)"),
            None => write!(f, "RotaryEncoder({a}, {b}, closed)"),
        }
    }
}

impl fmt::Display for RotaryEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.pins();
        write!(f, "RotaryEncoder on {a} and {b}")
    }
}
