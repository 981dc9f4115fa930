//! [`Servo`].

use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Follower, Level, PinSpec, Pwm, Result, SetValue, Source, Value};

use super::Positioned;
use crate::device::single_pin;
use crate::{Builder, Open, Site};

/// A servo, whose signal wire is on a pin: the width of its pulses sets its position.
///
/// The position is a value from -1 to 1, or `None`: then there are no pulses, and most servos give way. Clones share one device;
/// dropping the last clone closes it, which ends the pulses.
///
/// Pulses of a millisecond to two are the rule, and many servos go further: see
/// [`min_pulse_width`](Builder::min_pulse_width). Where pulses of 0.5 ms to
/// 2.5 ms are half a turn, a degree is about 11 µs.
///
/// * **Hardware PWM** does not jitter; see [`hardware`](Builder::hardware). A remote `pigpiod` has servo pulses of its own on every
///   pin, which do not jitter either, in steps of 5 µs: for frames of 20 ms and pulses of 0.5 ms to 2.5 ms.
/// * **Software PWM** keeps nine pulses of ten to about 3 µs, a quarter of a degree, beside a busy processor core. A pulse that ends late makes the
///   servo twitch. If that disturbs, [`detach`](Self::detach) the servo once it has arrived, or take hardware PWM.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let servo = Servo::new(17)?;
/// servo.max()?;
/// assert_eq!(servo.pulse_width()?, Some(ms(2)));
/// servo.set_value(-0.5)?;
/// assert_eq!(servo.pulse_width()?, Some(us(1250)));
/// servo.detach()?;
/// assert_eq!(servo.value()?, None);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// With other options:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let servo = Servo::builder(17).min_pulse_width(us(500)).max_pulse_width(us(2500)).initial_value(None);
/// let servo = servo.gpio(&gpio).open()?;
/// assert!(!servo.is_active()?);
/// servo.min()?;
/// assert_eq!(gpio.line(17).pulses().last().map(|wave| wave.pulse), Some(us(500)));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Servo {
    pwm: Pwm,
    widths: Widths,
}

/// The widths of a servo's pulses.
#[derive(Debug, Clone, Copy)]
struct Widths {
    min: Duration,
    max: Duration,
    frame: Duration,
}

impl Servo {
    /// Opens the servo on `pin` of the default factory. The servo goes to the middle.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Servo::builder(pin).open()
    }

    /// Returns a builder for a servo with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Positioned> {
        Builder::new(Positioned::new(pin))
    }

    /// Goes to a position from -1, the shortest pulse, to 1, the longest. `None` ends the pulses.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn set_value(&self, value: impl Into<Option<f64>>) -> Result<()> {
        let duty = self.widths.duty(value.into()).map_err(|error| error.with_pin(self.pin()))?;
        self.pwm.set_duty(duty)
    }

    /// Returns the position last set, from -1 to 1; `None` if there are no pulses.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn value(&self) -> Result<Option<f64>> {
        self.pwm.check_open()?;
        Ok(self.position())
    }

    /// Goes to the position of the shortest pulse.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn min(&self) -> Result<()> {
        self.set_value(-1.0)
    }

    /// Goes to the middle.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn mid(&self) -> Result<()> {
        self.set_value(0.0)
    }

    /// Goes to the position of the longest pulse.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn max(&self) -> Result<()> {
        self.set_value(1.0)
    }

    /// Ends the pulses. Most servos then give way; a few hold their position.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn detach(&self) -> Result<()> {
        self.set_value(None)
    }

    /// Goes to the position of pulses of this width, to the nanosecond.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if the servo has no such position; see also [`SetValue`].
    pub fn set_pulse_width(&self, width: Duration) -> Result<()> {
        let Widths { min, max, frame } = self.widths;
        if !(min..=max).contains(&width) {
            return invalid(format!("a pulse of {width:?} is out of range: give {min:?} to {max:?}"))
                .map_err(|error| error.with_pin(self.pin()));
        }
        self.pwm.set_duty(width.as_nanos() as f64 / frame.as_nanos() as f64)
    }

    /// Returns the width of the pulses; `None` if there are none.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn pulse_width(&self) -> Result<Option<Duration>> {
        self.pwm.check_open()?;
        Ok(self.width().map(|nanos| Duration::from_nanos(nanos.round() as u64)))
    }

    /// Returns the width of the shortest pulse.
    pub fn min_pulse_width(&self) -> Duration {
        self.widths.min
    }

    /// Returns the width of the longest pulse.
    pub fn max_pulse_width(&self) -> Duration {
        self.widths.max
    }

    /// Returns the time from the start of a pulse to the start of the next.
    pub fn frame_width(&self) -> Duration {
        self.widths.frame
    }

    /// Returns whether there are pulses.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.value()?.is_some())
    }

    /// Returns the values from now on, for another device to follow: the value last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<Option<f64>> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<Option<f64>>>) -> Result<Follower> {
        let (widths, pin) = (self.widths, self.pin());
        source.into().write_together([self.pwm.part(Level::High)], move |value| {
            Ok(vec![widths.duty(value).map_err(|error| error.with_pin(pin))?])
        })
    }

    /// Returns the handle of the line, to look at: a duty cycle or a frequency that is set there is no position of the servo.
    pub fn pwm(&self) -> &Pwm {
        &self.pwm
    }

    /// Returns the width of the pulses in nanoseconds.
    fn width(&self) -> Option<f64> {
        let duty = self.pwm.duty();
        (duty > 0.0).then_some(duty * self.widths.frame.as_nanos() as f64)
    }

    pub(super) fn position(&self) -> Option<f64> {
        const DIGITS: f64 = 1e12;
        let (min, range) = self.widths.in_nanos();
        self.width().map(|width| (((width - min) / range * 2.0 - 1.0) * DIGITS).round() / DIGITS)
    }

    fn state(&self) -> String {
        self.position().map_or("detached".to_owned(), |value| value.to_string())
    }
}

impl Widths {
    fn check(self) -> Result<()> {
        let Widths { min, max, frame } = self;
        if min.is_zero() {
            invalid("a pulse of no width is none: give a longer `min_pulse_width`".to_owned())
        } else if min >= max {
            invalid(format!(
                "the shortest pulse, {min:?}, is not below the longest, {max:?}: give a shorter `min_pulse_width` or a longer \
                 `max_pulse_width`"
            ))
        } else if max >= frame {
            invalid(format!(
                "a pulse of {max:?} does not fit into a frame of {frame:?}: give a longer `frame_width` or a shorter \
                 `max_pulse_width`"
            ))
        } else {
            Ok(())
        }
    }

    /// Returns the shortest width, and the range from there to the longest, in nanoseconds.
    fn in_nanos(self) -> (f64, f64) {
        (self.min.as_nanos() as f64, (self.max - self.min).as_nanos() as f64)
    }

    /// Returns the duty cycle for a position.
    fn duty(self, value: Option<f64>) -> Result<f64> {
        let Some(value) = value else { return Ok(0.0) };
        if !(-1.0..=1.0).contains(&value) {
            return invalid(format!("a value of {value} is out of range: give -1 to 1, or `None`"));
        }
        let (min, range) = self.in_nanos();
        Ok((min + range * (value + 1.0) / 2.0) / self.frame.as_nanos() as f64)
    }
}

pub(super) fn invalid<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl Open<Positioned> for Servo {
    const NAME: &'static str = "Servo";

    fn open(options: Positioned, site: &Site) -> Result<Self> {
        let Positioned { pin, min_pulse_width, max_pulse_width, frame_width, initial, hardware } = options;
        let widths = Widths { min: min_pulse_width, max: max_pulse_width, frame: frame_width };
        let duty = widths.check().and_then(|()| widths.duty(initial));
        let duty = duty.map_err(|error| error.with_pin(&pin).with_device(site.device()))?;
        let frequency = 1e9 / widths.frame.as_nanos() as f64;
        let pwm = site.pwm(pin).frequency(frequency).initial(duty).hardware(hardware).open()?;
        Ok(Servo { pwm, widths })
    }
}

impl Value for Servo {
    type Value = Option<f64>;

    fn value(&self) -> Result<Option<f64>> {
        self.value()
    }

    fn values(&self) -> Source<Option<f64>> {
        self.values()
    }
}

impl SetValue for Servo {
    fn set_value(&self, value: Option<f64>) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<Option<f64>>) -> Result<Follower> {
        self.follow(source)
    }
}

single_pin!(Servo(pwm));
