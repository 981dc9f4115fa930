//! Sources made of several.

use std::time::Duration;

use super::notify::Pace;
use super::{PERIOD, Pull, Source, Step};
use crate::error::Result;
use crate::time::Instant;

/// One of several sources, on a beat of its own, with its last value.
struct Tributary<T> {
    pull: Pull<T>,
    period: Option<Duration>,
    /// When the source is asked next, if it has a beat.
    due: Instant,
    last: Option<T>,
    is_over: bool,
}

impl<T> Tributary<T> {
    fn new(pull: Pull<T>, period: Option<Duration>) -> Self {
        Tributary { pull, period, due: Instant::ZERO, last: None, is_over: false }
    }

    /// Returns the value now: a new one if the source is due, else the last one.
    fn pull(&mut self, now: Instant) -> Result<Step<&T>> {
        if self.is_over {
            return Ok(Step::End);
        }
        if self.due <= now {
            if let Some(period) = self.period {
                // The beats count from the first question.
                let from = if self.due == Instant::ZERO { now } else { self.due };
                self.due = from.next_beat(period.max(Duration::from_nanos(1)), now);
            }
            match (self.pull)(now)? {
                Step::Value(value) => self.last = Some(value),
                Step::Last(value) => (self.last, self.is_over) = (Some(value), true),
                Step::Nothing => {}
                Step::End => return Ok(Step::End),
            }
        }
        Ok(match &self.last {
            Some(value) if self.is_over => Step::Last(value),
            Some(value) => Step::Value(value),
            None => Step::Nothing,
        })
    }
}

/// Returns a source that computes its value from the last values of all sources, each asked at its own pace. The source ends with the first
/// of them.
fn combined<S, T, U>(
    sources: impl IntoIterator<Item = S>,
    mut combine: impl FnMut(Vec<T>) -> U + Send + 'static,
) -> Source<U>
where
    S: Into<Source<T>>,
    T: Clone + Send + 'static,
    U: 'static,
{
    let mut pace = None;
    let mut all = Vec::new();
    for source in sources {
        let source = source.into();
        all.push(Tributary::new(source.pull, source.pace.period));
        pace = Some(match pace {
            None => source.pace,
            Some(pace) => source.pace.and(pace),
        });
    }
    // Without sources there is never a value: the source ends at once.
    let pace = pace.unwrap_or(Pace::every(PERIOD));
    Source::with_pace(pace, move |now| {
        let mut values = Vec::with_capacity(all.len());
        let mut is_last = all.is_empty();
        for one in &mut all {
            match one.pull(now)? {
                Step::Value(value) => values.push(value.clone()),
                Step::Last(value) => {
                    values.push(value.clone());
                    is_last = true;
                }
                Step::Nothing => {}
                Step::End => return Ok(Step::End),
            }
        }
        let is_complete = !all.is_empty() && values.len() == all.len();
        Ok(match (is_complete, is_last) {
            (true, false) => Step::Value(combine(values)),
            (true, true) => Step::Last(combine(values)),
            (false, false) => Step::Nothing,
            (false, true) => Step::End,
        })
    })
}

/// Returns a source that is true while all sources are, as gpiozero's `all_values`.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::source::all_values;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let (one, other) = (Button::new(2)?, Button::new(3)?);
/// let led = Led::new(17)?;
/// led.follow(all_values([one.values(), other.values()]))?;
/// gpio.line(2).drive(Level::Low);
/// assert!(!led.is_lit()?);
/// gpio.line(3).drive(Level::Low);
/// assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn all_values<S: Into<Source<bool>>>(sources: impl IntoIterator<Item = S>) -> Source<bool> {
    combined(sources, |values| values.into_iter().all(|value| value))
}

/// Returns a source that is true while any of the sources is, as gpiozero's `any_values`.
pub fn any_values<S: Into<Source<bool>>>(sources: impl IntoIterator<Item = S>) -> Source<bool> {
    combined(sources, |values| values.into_iter().any(|value| value))
}

/// Returns the mean of the values of all sources, as gpiozero's `averaged`.
pub fn averaged<S: Into<Source<f64>>>(sources: impl IntoIterator<Item = S>) -> Source<f64> {
    combined(sources, |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64)
}

/// Returns the product of the values of all sources, as gpiozero's `multiplied`.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::Source;
/// use pinzero::source::{multiplied, sin_values};
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let button = Button::new(2)?;
/// let lamp = PwmLed::new(18)?;
/// // Breathes while the button is pressed.
/// lamp.follow(multiplied([sin_values(360).scaled_half(), button.values().into()]))?;
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn multiplied<S: Into<Source<f64>>>(sources: impl IntoIterator<Item = S>) -> Source<f64> {
    combined(sources, |values: Vec<f64>| values.iter().product())
}

/// Returns the sum of the values of all sources, as gpiozero's `summed`.
pub fn summed<S: Into<Source<f64>>>(sources: impl IntoIterator<Item = S>) -> Source<f64> {
    combined(sources, |values: Vec<f64>| values.iter().sum())
}

/// Returns the values of all sources as a list, in their order, as gpiozero's `zip_values`. See also [`Source::zip`], for two of different
/// types.
pub fn zip_values<T: Clone + Send + 'static>(sources: impl IntoIterator<Item = Source<T>>) -> Source<Vec<T>> {
    combined(sources, |values| values)
}

impl<T: Clone + Send + 'static> Source<T> {
    /// Returns pairs of the last values of two sources. The source ends with the first of them.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let (run, stop) = (Button::new(2)?, Button::new(3)?);
    /// let motor = Motor::builder(23, 24).pwm(false).open()?;
    /// let speeds = run.values().zip(stop.values()).map(|(run, stop)| f64::from(u8::from(run && !stop)));
    /// motor.follow(speeds)?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn zip<U: Clone + Send + 'static>(self, other: Source<U>) -> Source<(T, U)> {
        let mut left = Tributary::new(self.pull, self.pace.period);
        let mut right = Tributary::new(other.pull, other.pace.period);
        Source::with_pace(self.pace.and(other.pace), move |now| {
            // Both are asked, so that both go on.
            let (left, right) = (left.pull(now)?, right.pull(now)?);
            let is_last = matches!(left, Step::Last(_)) || matches!(right, Step::Last(_));
            Ok(match (left, right) {
                (Step::End, _) | (_, Step::End) => Step::End,
                (Step::Value(left) | Step::Last(left), Step::Value(right) | Step::Last(right)) => {
                    let pair = (left.clone(), right.clone());
                    if is_last { Step::Last(pair) } else { Step::Value(pair) }
                }
                _ if is_last => Step::End,
                _ => Step::Nothing,
            })
        })
    }
}
