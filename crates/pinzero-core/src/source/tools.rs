//! The methods that change the values of a source: gpiozero's tools, and more.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Source, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Instant;

/// The way to an average of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Average {
    /// The sample in the middle, or the mean of the two there: stray samples do not count.
    Median,
    /// The arithmetic mean.
    Mean,
}

impl Average {
    /// Returns the average; `None` of nothing.
    pub fn of(self, samples: impl Iterator<Item = f64>) -> Option<f64> {
        let mut samples: Vec<f64> = samples.collect();
        let count = samples.len();
        if count == 0 {
            return None;
        }
        match self {
            Average::Mean => Some(samples.iter().sum::<f64>() / count as f64),
            Average::Median => {
                samples.sort_by(f64::total_cmp);
                Some((samples[(count - 1) / 2] + samples[count / 2]) / 2.0)
            }
        }
    }
}

/// Returns the error for an argument, as a source without values. The follower gets it at the start.
pub(super) fn check(is_right: bool, message: impl FnOnce() -> String) -> Result<()> {
    if is_right { Ok(()) } else { Err(Error::new(ErrorKind::InvalidValue, message())) }
}

pub(super) fn check_range(low: f64, high: f64) -> Result<()> {
    check(low < high, || format!("a range from {low} to {high} is empty: give the lower bound first"))
}

impl<T: 'static> Source<T> {
    /// Changes the answers, and fails for ever if an argument was wrong.
    pub(super) fn then<U: 'static>(
        mut self,
        checked: Result<()>,
        mut change: impl FnMut(Step<T>, Instant) -> Step<U> + Send + 'static,
    ) -> Source<U> {
        Source::with_pace(self.pace, move |now| {
            checked.clone()?;
            Ok(change((self.pull)(now)?, now))
        })
    }

    /// Converts each value.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let (button, lamp) = (Button::new(2)?, PwmLed::new(18)?);
    /// lamp.follow(button.values().map(|pressed| if pressed { 1.0 } else { 0.1 }))?;
    /// assert_eq!(lamp.value()?, 0.1);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn map<U: 'static>(self, mut convert: impl FnMut(T) -> U + Send + 'static) -> Source<U> {
        self.then(Ok(()), move |step, _| step.map(&mut convert))
    }

    /// Leaves out the values for which `keep` returns `false`; the device keeps the value before.
    pub fn filter(self, mut keep: impl FnMut(&T) -> bool + Send + 'static) -> Source<T> {
        self.then(Ok(()), move |step, _| {
            step.and_then(|value| if keep(&value) { Step::Value(value) } else { Step::Nothing })
        })
    }

    /// Ends after `count` values.
    ///
    /// ```
    /// use pinzero::mock;
    /// use pinzero::source::ramping_values;
    ///
    /// let values = ramping_values(4).take(5).samples(&mock::gpio())?;
    /// assert_eq!(values.collect::<pinzero::Result<Vec<_>>>()?, [0.0, 0.5, 1.0, 0.5, 0.0]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn take(self, count: usize) -> Source<T> {
        let mut left = count;
        let Source { mut pull, pace } = self;
        Source::with_pace(pace, move |now| {
            if left == 0 {
                return Ok(Step::End);
            }
            Ok(match pull(now)? {
                Step::Value(value) | Step::Last(value) if left == 1 => {
                    left = 0;
                    Step::Last(value)
                }
                Step::Value(value) => {
                    left -= 1;
                    Step::Value(value)
                }
                other => other,
            })
        })
    }

    /// Gives each value `delay` after it was read, and one value every `delay` at most, as gpiozero's `pre_delayed`. The source is asked on a beat.
    pub fn pre_delayed(self, delay: Duration) -> Source<T>
    where
        T: Send,
    {
        let mut before = Step::Nothing;
        self.at_most_every(delay).then(Ok(()), move |step, _| {
            let now = match step {
                // A beat later, as all others.
                Step::Last(value) => Step::Value(value),
                other => other,
            };
            std::mem::replace(&mut before, now)
        })
    }

    /// Gives one value every `delay` at most, the first at once, as gpiozero's `post_delayed`. The source is asked on a beat.
    pub fn post_delayed(self, delay: Duration) -> Source<T> {
        self.at_most_every(delay)
    }

    fn at_most_every(self, delay: Duration) -> Source<T> {
        let period = self.period().map_or(delay, |period| period.max(delay));
        self.every(period)
    }

    /// Leaves out the first `block` values; and `block` more after each `repeat_after` values, unless that is 0. As gpiozero's
    /// `pre_periodic_filtered`.
    ///
    /// ```
    /// use pinzero::{Source, mock};
    ///
    /// let values = Source::from(1..=7).pre_periodic_filtered(2, 1).samples(&mock::gpio())?;
    /// assert_eq!(values.collect::<pinzero::Result<Vec<_>>>()?, [3, 6]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn pre_periodic_filtered(self, block: usize, repeat_after: usize) -> Source<T> {
        let checked = check(block > 0, || {
            "a filter that blocks no value does nothing: give `block` 1 or more".to_owned()
        });
        self.periodic(checked, block, repeat_after, false)
    }

    /// Gives `repeat_after` values and then leaves out `block`, again and again, as gpiozero's `post_periodic_filtered`.
    pub fn post_periodic_filtered(self, repeat_after: usize, block: usize) -> Source<T> {
        let checked = check(block > 0 && repeat_after > 0, || {
            format!(
                "a filter of {repeat_after} values and then {block} blocked does nothing: give 1 or more of both"
            )
        });
        self.periodic(checked, block, repeat_after, true)
    }

    fn periodic(self, checked: Result<()>, block: usize, pass: usize, passes_first: bool) -> Source<T> {
        let (mut passes, mut left) = (passes_first, if passes_first { pass } else { block });
        self.then(checked, move |step, _| {
            step.and_then(|value| {
                // With nothing to pass, all passes once the first block is over.
                let passes_now = passes;
                if !passes || pass > 0 {
                    left -= 1;
                    if left == 0 {
                        passes = !passes;
                        left = if passes { pass } else { block };
                    }
                }
                if passes_now { Step::Value(value) } else { Step::Nothing }
            })
        })
    }

    /// Gives each value `size` values later, as gpiozero's `queued` is meant to; the last `size` values follow when the source has ended.
    /// The source is asked on a beat. A source without end has its delay, too; gpiozero's hangs.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let (first, second) = (PwmLed::new(17)?, PwmLed::new(18)?);
    /// // The second LED lags half a second behind the first.
    /// second.follow(first.values().every(ms(10)).queued(50))?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn queued(self, size: usize) -> Source<T>
    where
        T: Send,
    {
        let checked = check(size > 0, || "a queue of no values: give a size of 1 or more".to_owned());
        let (mut queue, mut is_over) = (VecDeque::new(), false);
        self.on_beat().then(checked, move |step, _| {
            is_over |= step_into(step, &mut queue);
            let is_full = queue.len() > size;
            let next = if is_over || is_full { queue.pop_front() } else { None };
            match next {
                Some(value) => Step::Value(value),
                None if is_over => Step::End,
                None => Step::Nothing,
            }
        })
    }
}

/// Puts a value into a queue; returns whether the source has ended.
fn step_into<T>(step: Step<T>, queue: &mut VecDeque<T>) -> bool {
    match step {
        Step::Value(value) => queue.push_back(value),
        Step::Last(value) => {
            queue.push_back(value);
            return true;
        }
        Step::Nothing => {}
        Step::End => return true,
    }
    false
}

impl Source<bool> {
    /// Turns true into false and false into true, as gpiozero's `negated`.
    pub fn negated(self) -> Source<bool> {
        self.map(|value| !value)
    }
}

impl Source<f64> {
    /// Fails for what is no number: a broken sensor must not look like a value.
    pub(super) fn numbers(self) -> Source<f64> {
        let Source { mut pull, pace } = self;
        Source::with_pace(pace, move |now| {
            let step = pull(now)?;
            match step {
                Step::Value(value) | Step::Last(value) if value.is_nan() => {
                    Err(Error::new(ErrorKind::InvalidValue, "the source gave NaN, which is no number"))
                }
                step => Ok(step),
            }
        })
    }

    /// Returns the values without their sign, as gpiozero's `absoluted`.
    pub fn absoluted(self) -> Source<f64> {
        self.map(f64::abs)
    }

    /// Limits the values to a range, as gpiozero's `clamped`.
    pub fn clamped(self, min: f64, max: f64) -> Source<f64> {
        // Not `f64::clamp`, which panics for an empty range.
        self.numbers().then(check_range(min, max), move |step, _| step.map(|value| value.max(min).min(max)))
    }

    /// Mirrors the values from 0 to 1: 0 becomes 1 and 1 becomes 0, as gpiozero's `inverted`.
    pub fn inverted(self) -> Source<f64> {
        self.inverted_in(0.0, 1.0)
    }

    /// Mirrors the values in a range.
    pub fn inverted_in(self, min: f64, max: f64) -> Source<f64> {
        self.then(check_range(min, max), move |step, _| step.map(|value| min + max - value))
    }

    /// Scales values from 0 to 1 to a range, as gpiozero's `scaled`. The range may run downwards.
    pub fn scaled(self, output_min: f64, output_max: f64) -> Source<f64> {
        self.scaled_from(0.0, 1.0, output_min, output_max)
    }

    /// Scales the values from one range to another.
    ///
    /// ```
    /// use pinzero::{Source, mock};
    ///
    /// let degrees = Source::from([20.0, 25.0, 30.0]).scaled_from(20.0, 30.0, 0.0, 1.0);
    /// assert_eq!(degrees.samples(&mock::gpio())?.collect::<pinzero::Result<Vec<_>>>()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn scaled_from(
        self,
        input_min: f64,
        input_max: f64,
        output_min: f64,
        output_max: f64,
    ) -> Source<f64> {
        let factor = (output_max - output_min) / (input_max - input_min);
        self.then(check_range(input_min, input_max), move |step, _| {
            step.map(|value| (value - input_min) * factor + output_min)
        })
    }

    /// Scales values from 0 to 1 to -1 to 1, as gpiozero's `scaled_full`: a potentiometer drives a motor.
    pub fn scaled_full(self) -> Source<f64> {
        self.scaled(-1.0, 1.0)
    }

    /// Scales values from -1 to 1 to 0 to 1, as gpiozero's `scaled_half`: a sine wave drives a LED.
    pub fn scaled_half(self) -> Source<f64> {
        self.scaled_from(-1.0, 1.0, 0.0, 1.0)
    }

    /// Rounds values from 0 to 1 down to `steps` equal steps, as gpiozero's `quantized`.
    pub fn quantized(self, steps: u32) -> Source<f64> {
        self.quantized_in(steps, 0.0, 1.0)
    }

    /// Rounds the values of a range down to `steps` equal steps.
    pub fn quantized_in(self, steps: u32, min: f64, max: f64) -> Source<f64> {
        let checked = check(steps > 0, || "a range of no steps: give 1 step or more".to_owned());
        let (count, size) = (f64::from(steps), max - min);
        self.then(checked.and(check_range(min, max)), move |step, _| {
            step.map(|value| ((value - min) / size * count).trunc() / count * size + min)
        })
    }

    /// Returns the average of the last `size` values, from the first `size` on, as gpiozero's `smoothed`. The source is asked on a beat.
    pub fn smoothed(self, size: usize) -> Source<f64> {
        self.smoothed_by(size, Average::Mean)
    }

    /// Returns another average of the last `size` values; see [`smoothed`](Self::smoothed).
    pub fn smoothed_by(self, size: usize, average: Average) -> Source<f64> {
        let checked = check(size > 0, || "an average of no values: give a size of 1 or more".to_owned());
        let mut queue = VecDeque::with_capacity(size.min(1024));
        self.numbers().on_beat().then(checked, move |step, _| {
            step.and_then(|value| {
                if queue.len() == size {
                    queue.pop_front();
                }
                queue.push_back(value);
                let is_full = queue.len() == size;
                let value = average.of(queue.iter().copied()).filter(|_| is_full);
                value.map_or(Step::Nothing, Step::Value)
            })
        })
    }

    /// Returns whether the values are within a range, the bounds included, as gpiozero's `booleanized`.
    pub fn booleanized(self, min: f64, max: f64) -> Source<bool> {
        self.booleanized_with(min, max, 0.0)
    }

    /// Returns whether the values are within a range. A value must pass a bound by `hysteresis` to change the answer.
    ///
    /// ```
    /// use pinzero::{Source, mock};
    ///
    /// let noisy = Source::from([0.3, 0.49, 0.51, 0.56, 0.49, 0.44]).booleanized_with(0.5, 1.0, 0.05);
    /// let answers = noisy.samples(&mock::gpio())?.collect::<pinzero::Result<Vec<_>>>()?;
    /// assert_eq!(answers, [false, false, false, true, true, false]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn booleanized_with(self, min: f64, max: f64, hysteresis: f64) -> Source<bool> {
        let checked = check_range(min, max).and(check(hysteresis >= 0.0 && max - min > hysteresis, || {
            format!("a hysteresis of {hysteresis} does not fit into the range: give 0 to below {}", max - min)
        }));
        // -1 below, 0 within, 1 above.
        let mut place: Option<i8> = None;
        self.numbers().then(checked, move |step, _| {
            step.map(|value| {
                let now = i8::from(value > max) - i8::from(value < min);
                let moves = match (place, now) {
                    (Some(-1), 0) => value >= min + hysteresis,
                    (Some(1), 0) => value <= max - hysteresis,
                    (Some(0), -1) => value < min - hysteresis,
                    (Some(0), 1) => value > max + hysteresis,
                    _ => true,
                };
                if moves || hysteresis == 0.0 {
                    place = Some(now);
                }
                place == Some(0)
            })
        })
    }

    /// Turns true at `on` and false at `off`, and keeps the answer in between. If `on` is the lower bound, low values are true.
    ///
    /// ```
    /// use pinzero::{Source, mock};
    ///
    /// // A fan: on at 60 degrees, off at 50.
    /// let fan = Source::from([55.0, 60.0, 55.0, 50.0, 55.0]).hysteresis(60.0, 50.0);
    /// let answers = fan.samples(&mock::gpio())?.collect::<pinzero::Result<Vec<_>>>()?;
    /// assert_eq!(answers, [false, true, true, false, false]);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn hysteresis(self, on: f64, off: f64) -> Source<bool> {
        let checked = check(on != off && !on.is_nan() && !off.is_nan(), || {
            format!("a switch that turns on at {on} and off at {off} has no room between: give two bounds")
        });
        let mut is_on = false;
        self.numbers().then(checked, move |step, _| {
            step.map(|value| {
                let (at_on, at_off) =
                    if on > off { (value >= on, value <= off) } else { (value <= on, value >= off) };
                is_on = (is_on || at_on) && !at_off;
                is_on
            })
        })
    }

    /// Switches a heater: on at `low` and below, off at `high` and above, and at least `min_on` or `min_off` in one state, which spares relays
    /// and compressors. The source is asked on a beat. The heater starts off, and may be switched on at once.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::Source;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let heater = Relay::new(17)?;
    /// let room = Source::from([17.9, 18.5, 21.0, 21.5, 17.0, 17.0]).every(secs(60));
    /// heater.follow(room.thermostat(18.0, 21.0, secs(150), secs(60)))?;
    /// gpio.advance(secs(130));
    /// assert!(heater.is_active()?, "at 21 degrees, but for less than 150 s");
    /// gpio.advance(secs(60));
    /// assert!(!heater.is_active()?);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn thermostat(self, low: f64, high: f64, min_on: Duration, min_off: Duration) -> Source<bool> {
        let (mut is_on, mut since) = (false, None::<Instant>);
        self.numbers().on_beat().then(check_range(low, high), move |step, now| {
            step.map(|value| {
                let wanted = if is_on { value < high } else { value <= low };
                let least = if is_on { min_on } else { min_off };
                if wanted != is_on && since.is_none_or(|since| now.since(since) >= least) {
                    (is_on, since) = (wanted, Some(now));
                }
                is_on
            })
        })
    }
}
