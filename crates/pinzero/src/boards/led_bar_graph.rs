//! [`LedBarGraph`].

use pinzero_core::{
    Device, Error, ErrorKind, Follower, Level, Line, PinSpec, Result, SetValue, Source, Switch, Value,
};

use super::{LedBoard, Member};
use crate::device::several_pins;
use crate::output::{Dimmable, Light, Signal};
use crate::{Builder, Open, Site};

/// A row of LEDs that shows a value: the higher the value, the more of them are lit.
///
/// A negative value lights the LEDs from the far end. With PWM, the last lit LED shows the rest of the value by its brightness; without, a
/// LED is lit only if the value reaches it fully. All LEDs change together. Clones share one device.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let graph = LedBarGraph::new([5, 6, 13, 19, 26])?;
/// graph.set_value(0.4)?; // the first two
/// graph.set_lit_count(-3)?; // the last three
/// assert_eq!((graph.value()?, graph.lit_count()?), (-0.6, -3.0));
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// With PWM:
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let graph = LedBarGraph::builder([5, 6, 13, 19]).pwm(true).initial_value(-0.375).open()?;
/// let values = graph.lights().iter().map(|light| light.value());
/// assert_eq!(values.collect::<pinzero::Result<Vec<_>>>()?, [0.0, 0.0, 0.5, 1.0]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct LedBarGraph {
    board: LedBoard,
}

/// The options of a [`LedBarGraph`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Bars {
    /// The pins, from the near end.
    pub pins: Vec<PinSpec>,
    /// The level that means "on". Default: high.
    pub active: Level,
    /// PWM, or not. Default: not.
    pub dimmable: Dimmable,
    /// The first value, from -1 to 1. Default: 0.
    pub initial: f64,
}

impl Bars {
    /// Returns the default options of a row of LEDs on pins.
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Self {
        let pins = pins.into_iter().map(Into::into).collect();
        let dimmable = Dimmable { pwm: false, ..Dimmable::default() };
        Bars { pins, active: Level::High, dimmable, initial: 0.0 }
    }
}

impl AsMut<Dimmable> for Bars {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for Bars {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

/// Options of bar graphs.
impl<D: Open<Bars>> Builder<D, Bars> {
    /// Sets whether a high level means "on". Default: `true`.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.options.active = Level::from(active_high);
        self
    }

    /// Sets the value from the first instant, from -1 to 1. Default: 0.
    pub fn initial_value(mut self, value: f64) -> Self {
        self.options.initial = value;
        self
    }
}

impl LedBarGraph {
    /// Opens LEDs on `pins` of the default factory, from the near end, without PWM. They start dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Result<Self> {
        LedBarGraph::builder(pins).open()
    }

    /// Returns a builder for a graph with other options.
    pub fn builder<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Builder<Self, Bars> {
        Builder::new(Bars::new(pins))
    }

    /// Sets the value: 1 lights all LEDs from the near end, -1 all from the far end, and 0 none.
    ///
    /// Without PWM, divide to light a number of LEDs (`2.0 / 5.0`), or use [`set_lit_count`](Self::set_lit_count).
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the value is out of range; see also [`Switch`].
    pub fn set_value(&self, value: f64) -> Result<()> {
        check(value)?;
        self.board.set_value(levels(value, self.lights().len(), self.is_dimmable()))
    }

    /// Returns the part of the LEDs that is lit, negative if they are lit from the far end. All of them are 1, never -1.
    ///
    /// The value is computed from the LEDs, so that a LED that was switched by itself counts.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    #[allow(clippy::cast_precision_loss, reason = "a graph has few LEDs")]
    pub fn value(&self) -> Result<f64> {
        Ok(self.lit_count()? / self.lights().len() as f64)
    }

    /// Sets how many LEDs are lit, from the far end if the number is negative. With PWM, the number may have a fraction.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the graph has fewer LEDs; see also [`Switch`].
    #[allow(clippy::cast_precision_loss, reason = "a graph has few LEDs")]
    pub fn set_lit_count(&self, count: impl Into<f64>) -> Result<()> {
        let (count, all) = (count.into(), self.lights().len() as f64);
        if (-all..=all).contains(&count) {
            return self.set_value(count / all);
        }
        let message = format!("{count} LEDs cannot be lit: give a number from -{all} to {all}");
        Err(Error::new(ErrorKind::InvalidValue, message))
    }

    /// Returns how many LEDs are lit, negative if they are lit from the far end. With PWM, the sum of their values.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn lit_count(&self) -> Result<f64> {
        Ok(lit(&self.board.value()?.numbers()))
    }

    /// Turns all LEDs fully on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.board.on()
    }

    /// Turns all LEDs off.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.board.off()
    }

    /// Sets the value of each LED to 1 less its value: 0.25 becomes -0.75.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        self.board.toggle()
    }

    /// Returns whether any LED is lit, however dimly.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        self.board.is_active()
    }

    /// Returns whether any LED is lit, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns the values from now on, for another device to follow: the value of the LEDs, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. See [`Follower`].
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::source::sin_values;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let graph = LedBarGraph::builder([5, 6, 13, 19]).pwm(true).open()?;
    /// graph.follow(sin_values(360))?; // from the near end, then from the far one
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<f64>>) -> Result<Follower> {
        let (count, is_dimmable) = (self.lights().len(), self.is_dimmable());
        source.into().write_together(self.board.all_parts().iter().cloned(), move |value| {
            check(value)?;
            Ok(levels(value, count, is_dimmable))
        })
    }

    /// Returns the LEDs, from the near end.
    pub fn lights(&self) -> &[Light] {
        self.board.lights()
    }

    /// Returns the lines of the LEDs, from the near end.
    pub fn pins(&self) -> Vec<Line> {
        self.board.pins()
    }

    fn is_dimmable(&self) -> bool {
        matches!(self.lights(), [Light::Pwm(_), ..])
    }

    #[allow(clippy::cast_precision_loss, reason = "a graph has few LEDs")]
    pub(crate) fn state(&self) -> f64 {
        lit(&self.board.state().numbers()) / self.lights().len() as f64
    }
}

/// Returns the value of each of `count` LEDs.
#[allow(clippy::cast_precision_loss, reason = "a graph has few LEDs")]
fn levels(value: f64, count: usize, is_dimmable: bool) -> Vec<f64> {
    let (size, all) = (value.abs(), count as f64);
    let level = |index: usize| {
        let index = index as f64;
        if is_dimmable {
            (all * size - index).clamp(0.0, 1.0)
        } else {
            // The same division as in `set_lit_count`, so that a count reaches its last LED.
            f64::from(u8::from(size >= (index + 1.0) / all))
        }
    };
    let mut levels: Vec<f64> = (0..count).map(level).collect();
    if value < 0.0 {
        levels.reverse();
    }
    levels
}

/// Returns how many LEDs are lit, negative if the far end is the brighter one.
fn lit(values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    if values.first() < values.last() { -sum } else { sum }
}

/// Fails if the value is out of range.
fn check(value: f64) -> Result<()> {
    if (-1.0..=1.0).contains(&value) {
        return Ok(());
    }
    let message = format!("a value of {value} is out of range: give -1 to 1");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

fn check_pins(pins: &[PinSpec]) -> Result<()> {
    if !pins.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidValue, "a bar graph has no LED: give a pin at least"))
}

impl Open<Bars> for LedBarGraph {
    const NAME: &'static str = "LedBarGraph";

    fn open(Bars { pins, active, dimmable, initial }: Bars, site: &Site) -> Result<Self> {
        let check = || check(initial).and_then(|()| dimmable.check()).and_then(|()| check_pins(&pins));
        check().map_err(|error| error.with_device(site.device()))?;
        let places: Vec<String> = (0..pins.len()).map(|index| index.to_string()).collect();
        let roles: Vec<_> = places.iter().map(String::as_str).zip(&pins).collect();
        site.check_distinct(&roles)?;
        let values = levels(initial, pins.len(), dimmable.pwm);
        let lights = Light::open_all(&pins, active, &dimmable, &values, site)?;
        Ok(LedBarGraph { board: LedBoard::unnamed(lights.into_iter().map(Member::Light).collect()) })
    }
}

impl Device for LedBarGraph {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.board]
    }
}

impl Switch for LedBarGraph {
    fn set_active(&self, on: bool) -> Result<()> {
        if on { self.on() } else { self.off() }
    }

    fn is_active(&self) -> Result<bool> {
        self.is_active()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}

impl Value for LedBarGraph {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

impl SetValue for LedBarGraph {
    fn set_value(&self, value: f64) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<f64>) -> Result<Follower> {
        self.follow(source)
    }
}

several_pins!(LedBarGraph);
