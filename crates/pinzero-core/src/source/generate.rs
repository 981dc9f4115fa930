//! Sources without a device.

use std::any::Any;
use std::f64::consts::TAU;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::notify::Pace;
use super::{Source, Step, Subscription};
use crate::error::{Error, ErrorKind, Result};

/// Returns `initial` and its opposite in turn, without end, as gpiozero's `alternating_values`.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::source::alternating_values;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let led = Led::new(17)?;
/// led.follow(alternating_values(false).every(ms(500)))?;
/// gpio.advance(secs(2));
/// assert_eq!(gpio.line(17).history().len(), 4);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn alternating_values(initial: bool) -> Source<bool> {
    let mut value = !initial;
    Source::from(std::iter::repeat_with(move || {
        value = !value;
        value
    }))
}

/// Returns a sine wave without end, from -1 to 1; `period` values make one wave. As gpiozero's `sin_values`.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::source::sin_values;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let lamp = PwmLed::new(18)?;
/// lamp.follow(sin_values(200).scaled_half())?; // breathes once in two seconds
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn sin_values(period: u32) -> Source<f64> {
    wave(period, f64::sin)
}

/// Returns a cosine wave without end, from -1 to 1; `period` values make one wave. As gpiozero's `cos_values`.
pub fn cos_values(period: u32) -> Source<f64> {
    wave(period, f64::cos)
}

fn wave(period: u32, of: fn(f64) -> f64) -> Source<f64> {
    angles(period, move |index, period| of(f64::from(index) * TAU / f64::from(period)))
}

/// Returns a ramp from 0 to 1 and back, without end; `period` values make one. As gpiozero's `ramping_values`.
pub fn ramping_values(period: u32) -> Source<f64> {
    angles(period, |index, period| {
        let half = f64::from(period) / 2.0;
        1.0 - (f64::from(index) - half).abs() / half
    })
}

/// Returns the values that `at` has from 0 to below `period`, again and again.
fn angles(period: u32, at: impl Fn(u32, u32) -> f64 + Send + 'static) -> Source<f64> {
    // A wave of no values is one of a single value.
    let period = period.max(1);
    let mut index = period - 1;
    Source::from(std::iter::repeat_with(move || {
        index = (index + 1) % period;
        at(index, period)
    }))
}

/// Returns the readings of a closure, taken every `period`: of a driver for a sensor, a file, a random number.
///
/// `read` runs where the handlers of devices run, so it must not take long: give slow code to [`every_on_thread`]. An error is told, as an
/// error of a handler is, and the value stays.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::source::every;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let heater = Led::new(17)?;
/// let mut degrees = 18.0;
/// let temperature = every(secs(1), move || -> pinzero::Result<f64> {
///     degrees += 0.5; // a driver reads its sensor here
///     Ok(degrees)
/// });
/// heater.follow(temperature.map(|degrees| degrees < 21.0))?;
/// gpio.advance(secs(10));
/// assert!(!heater.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn every<T, E>(period: Duration, mut read: impl FnMut() -> Result<T, E> + Send + 'static) -> Source<T>
where
    T: 'static,
    E: fmt::Debug + 'static,
{
    Source::with_pace(Pace::every(period), move |_| read().map(Step::Value).map_err(failed))
}

/// Keeps an error of ours; of others, errors of drivers have `Debug` at least.
fn failed(error: impl fmt::Debug + 'static) -> Error {
    let any: &dyn Any = &error;
    match any.downcast_ref::<Error>() {
        Some(own) => own.clone(),
        None => Error::new(ErrorKind::Handler, format!("a reading failed: {error:?}")),
    }
}

/// Returns the readings of a closure that takes long, such as a ping or a slow sensor. The closure runs on a thread of its own while
/// something follows; on a virtual clock, with the handlers.
///
/// The first reading is taken `period` after the start. A new reading reaches the follower at once.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::source::every_on_thread;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let led = Led::new(17)?;
/// let server = every_on_thread(secs(10), || -> pinzero::Result<bool> { Ok(true) }); // asks a server here
/// led.follow(server)?;
/// gpio.advance(secs(10));
/// assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn every_on_thread<T, E>(
    period: Duration,
    mut read: impl FnMut() -> Result<T, E> + Send + 'static,
) -> Source<T>
where
    T: Clone + Send + 'static,
    E: fmt::Debug + 'static,
{
    let latest: Arc<Mutex<Option<Result<T>>>> = Arc::default();
    let look = {
        let latest = latest.clone();
        move || latest.lock().clone().transpose()
    };
    Source::on_change(look, move |gpio, notify| {
        let notify = notify.clone();
        let timer = gpio.every_on_thread(period, move |_| {
            let reading = read().map_err(failed);
            *latest.lock() = Some(reading);
            notify.ring();
        })?;
        Ok(vec![Subscription::from(timer)])
    })
}

/// Returns random numbers from 0 to below 1, without end, as gpiozero's `random_values`. Not for secrets.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::source::random_values;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let candle = PwmLed::new(18)?;
/// candle.follow(random_values().every(ms(50)))?;
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn random_values() -> Source<f64> {
    // The standard library seeds its hashers at random.
    let mut state = RandomState::new().hash_one(0);
    Source::from(std::iter::repeat_with(move || {
        // SplitMix64 by Vigna, in the public domain; 53 bits make a number.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }))
}
