//! [`Source`]: values that a device can follow.

mod combine;
mod follow;
mod generate;
mod notify;
#[cfg(feature = "pid")]
mod pid;
mod samples;
mod tools;

pub use combine::{all_values, any_values, averaged, multiplied, summed, zip_values};
pub use follow::Follower;
pub use generate::{
    alternating_values, cos_values, every, every_on_thread, ramping_values, random_values, sin_values,
};
pub use notify::{Notify, Subscription};
#[cfg(feature = "pid")]
pub use pid::Pid;
pub use samples::Samples;
pub use tools::Average;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::gpio::Gpio;
use crate::time::{Instant, ms};
use notify::Pace;
#[cfg(feature = "pid")]
use tools::{check, check_range};

/// The time between two values of a source that has no other pace, as in gpiozero.
const PERIOD: Duration = ms(10);

/// The answer of a source.
enum Step<T> {
    /// The value now.
    Value(T),
    /// The last value: the source is over with it.
    Last(T),
    /// No value yet; a later question may get one.
    Nothing,
    /// No value any more.
    End,
}

impl<T> Step<T> {
    /// Converts a value, if there is one.
    fn map<U>(self, convert: impl FnOnce(T) -> U) -> Step<U> {
        self.and_then(|value| Step::Value(convert(value)))
    }

    /// Answers with what `convert` returns for the value, if there is one.
    fn and_then<U>(self, convert: impl FnOnce(T) -> Step<U>) -> Step<U> {
        match self {
            Step::Value(value) => convert(value),
            Step::Last(value) => match convert(value) {
                Step::Value(value) | Step::Last(value) => Step::Last(value),
                Step::Nothing | Step::End => Step::End,
            },
            Step::Nothing => Step::Nothing,
            Step::End => Step::End,
        }
    }
}

/// Asks a source for its value at a point in time.
type Pull<T> = Box<dyn FnMut(Instant) -> Result<Step<T>> + Send>;

/// Values that come in time: those of a device, of an iterator, of a closure, or made of others.
///
/// A device has its values in [`values`](crate::Value::values), and takes others by [`follow`](crate::SetValue::follow). In between, the methods of
/// a source change the values, as those of an iterator do. What holds a source owns what the source is made of.
///
/// * The values of an input such as a button come **when they change**. A LED that follows a button wakes nothing up while the button rests.
/// * All else is asked **on a beat**, every 10 ms, or as [`every`](Source::every) says: outputs, sensors with a continuous value, iterators,
///   closures, and what averages or delays values, such as [`smoothed`](Source::smoothed).
///
/// A source ends with the device or the iterator that it came from, and its follower with it. Until then the source keeps its device open:
/// two devices that follow each other keep each other open, until one is closed.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let button = Button::new(2)?;
/// let led = Led::new(17)?;
/// led.follow(button.values().negated())?; // lit while the button is not pressed
/// # assert!(led.is_lit()?);
/// # gpio.line(2).press(ms(100));
/// # gpio.advance(ms(50));
/// # assert!(!led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// Any iterator is a source:
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::Source;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let lamp = PwmLed::new(18)?;
/// let fade = Source::from((0..=100).map(|percent| f64::from(percent) / 100.0)).every(ms(50));
/// lamp.follow(fade)?.wait()?;
/// assert_eq!(lamp.value()?, 1.0);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[must_use = "a source does nothing until something follows it"]
pub struct Source<T> {
    pull: Pull<T>,
    pace: Pace,
}

impl<T> UnwindSafe for Source<T> {}
impl<T> RefUnwindSafe for Source<T> {}

impl<T: 'static> Source<T> {
    fn with_pace(pace: Pace, pull: impl FnMut(Instant) -> Result<Step<T>> + Send + 'static) -> Self {
        Source { pull: Box::new(pull), pace }
    }

    /// Returns a source that reads on a beat. `read` answers `None` as long as there is no value; an error of the kind
    /// [`Closed`](ErrorKind::Closed) ends the source.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::Source;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let mut count = 0;
    /// let source = Source::reading(move || {
    ///     count += 1;
    ///     Ok(Some(count % 2 == 0))
    /// });
    /// Led::new(17)?.follow(source)?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn reading(mut read: impl FnMut() -> Result<Option<T>> + Send + 'static) -> Self {
        Source::with_pace(Pace::every(PERIOD), move |_| answer(read()))
    }

    /// Returns a source that reads only after `subscribe`'s devices have told of a change; see [`Notify`]. `read` is asked first at the start.
    ///
    /// `subscribe` gets the factory of the follower. It is called once, when something begins to follow.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::{EventKind, Source, Subscription};
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let input = gpio.input(4).open()?;
    /// let source = Source::on_change(
    ///     { let input = input.clone(); move || Ok(Some(input.level()?.is_high())) },
    ///     move |_, notify| {
    ///         let kinds = [EventKind::Activated, EventKind::Deactivated];
    ///         Ok(kinds.map(|kind| Subscription::from(input.on(kind, notify.handler()))).into())
    ///     },
    /// );
    /// let led = Led::new(17)?;
    /// led.follow(source)?;
    /// gpio.line(4).drive(Level::High);
    /// assert!(led.is_lit()?);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn on_change(
        mut read: impl FnMut() -> Result<Option<T>> + Send + 'static,
        subscribe: impl FnOnce(&Gpio, &Notify) -> Result<Vec<Subscription>> + Send + 'static,
    ) -> Self {
        Source::with_pace(Pace::on_change(subscribe), move |_| answer(read()))
    }

    /// Sets the beat: the source is asked every `period`, whatever asked before. At least 100 µs; else the follower fails at its start.
    /// Default: on change where that is possible, else every 10 ms.
    pub fn every(mut self, period: Duration) -> Self {
        self.pace.on_beat(period);
        self
    }

    /// Asks on a beat, every 10 ms unless there is another one.
    fn on_beat(self) -> Self {
        let period = self.period().unwrap_or(PERIOD);
        self.every(period)
    }

    /// Returns the time between two values; `None` if the source is asked on a change.
    pub fn period(&self) -> Option<Duration> {
        self.pace.period
    }
}

/// Turns what a reading closure returns into an answer.
fn answer<T>(read: Result<Option<T>>) -> Result<Step<T>> {
    match read {
        Ok(Some(value)) => Ok(Step::Value(value)),
        Ok(None) => Ok(Step::Nothing),
        Err(error) if error.kind() == ErrorKind::Closed => Ok(Step::End),
        Err(error) => Err(error),
    }
}

/// Fails if a time between two values is too short.
fn check_period(period: Duration) -> Result<()> {
    const SHORTEST: Duration = Duration::from_micros(100);
    if period >= SHORTEST {
        return Ok(());
    }
    let message =
        format!("a source with a value every {period:?} is too fast: give `every` at least {SHORTEST:?}");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// Every iterator is a source with the pace of 10 ms.
impl<I> From<I> for Source<I::Item>
where
    I: IntoIterator<IntoIter: Send + 'static, Item: 'static>,
{
    fn from(values: I) -> Self {
        let mut values = values.into_iter();
        Source::with_pace(Pace::every(PERIOD), move |_| Ok(values.next().map_or(Step::End, Step::Value)))
    }
}

/// On is 1, off is 0.
impl From<Source<bool>> for Source<f64> {
    fn from(source: Source<bool>) -> Self {
        source.map(|on| f64::from(u8::from(on)))
    }
}

/// For a device that can also have no value, such as a servo that is detached.
impl<T: 'static> From<Source<T>> for Source<Option<T>> {
    fn from(source: Source<T>) -> Self {
        source.map(Some)
    }
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pace.period {
            None => f.write_str("Source(on change)"),
            Some(period) => write!(f, "Source(every {period:?})"),
        }
    }
}
