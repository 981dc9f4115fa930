//! [`LedCharDisplay`].

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::{
    Animation, Blink, Device, Error, ErrorKind, Follower, Level, Line, Part, PinSpec, Result, SetValue,
    Source, Switch, Value,
};

use super::CharFont;
use super::segments::{Segments, check_font, patterns};
use crate::device::several_pins;
use crate::options::{Dimmable, Signal};
use crate::output::logical;
use crate::{Builder, Light, Open, Site};

/// A LED display that shows one character by its segments.
///
/// Each segment is between a pin and the common cathode, with a resistor of its own. All segments change together. Every write ends a
/// running animation. Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// // The segments a, b, c, d, e, f and g, and the decimal point.
/// let display = LedCharDisplay::builder([4, 17, 27, 22, 5, 6, 13]).dp(19).open()?;
/// display.set_value('4')?;
/// display.set_value("2.")?;
/// assert_eq!(display.value()?.as_deref(), Some("2."));
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// A display with a common anode is lit where its pins are low, and has `.active_high(false)`. Displays of 7 and 14 segments have a
/// [`CharFont`]; others need one of their own:
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::CharFont;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let arrows = CharFont::new([(' ', "000"), ('<', "110"), ('>', "011")])?;
/// let display = LedCharDisplay::builder([4, 17, 27]).font(arrows).open()?;
/// display.set_value('<')?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct LedCharDisplay {
    /// The decimal point is last.
    lights: Vec<Light>,
    has_point: bool,
    content: Arc<Mutex<Content>>,
}

struct Content {
    font: CharFont,
    /// The segments of the character last set, which a blink shows.
    pattern: u64,
}

/// The options of a [`LedCharDisplay`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Segmented {
    /// The segments.
    pub segments: Segments,
    /// PWM, or not. Default: without PWM.
    pub dimmable: Dimmable,
}

impl AsMut<Segments> for Segmented {
    fn as_mut(&mut self) -> &mut Segments {
        &mut self.segments
    }
}

impl AsMut<Dimmable> for Segmented {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for Segmented {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

/// Options of displays with one character.
impl<D: Open<Segmented>> Builder<D, Segmented> {
    /// Sets whether a high level lights a segment. Default: `true`. A display with a common anode needs `false`.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.options.segments.active = Level::from(active_high);
        self
    }
}

impl LedCharDisplay {
    /// Opens the display on these pins of the default factory, segment `a` first. The display is blank at first.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for other than 7 or 14 segments, which need a font; see also [`Builder::open`].
    #[track_caller]
    pub fn new<P: Into<PinSpec>>(segments: impl IntoIterator<Item = P>) -> Result<Self> {
        Self::builder(segments).open()
    }

    /// Returns a builder for a display with other options.
    pub fn builder<P: Into<PinSpec>>(segments: impl IntoIterator<Item = P>) -> Builder<Self, Segmented> {
        let dimmable = Dimmable { pwm: false, signal: Signal::default() };
        Builder::new(Segmented { segments: Segments::new(segments), dimmable })
    }

    /// Shows a character, which a decimal point may follow if the display has one: `'4'`, `"4"`, `"4."`.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the font does not have the character, or the text is not one character; see also
    /// [`Switch`].
    pub fn set_value(&self, text: impl Into<String>) -> Result<()> {
        // User code, so before the lock.
        let text = text.into();
        let pattern = self.content.lock().choose(self.has_point, &text)?;
        self.show(|light| value_of(pattern, light))
    }

    /// Returns the character that the segments show, with the decimal point if that is lit. `None` if no character of the font looks so,
    /// as when segments were set by themselves.
    ///
    /// Of characters that look the same, such as `5` and `S`, the first of the font is returned.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn value(&self) -> Result<Option<String>> {
        self.lights.iter().try_for_each(Light::check_open)?;
        Ok(self.read())
    }

    /// Lights all segments, the decimal point too.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.show(|_| 1.0)
    }

    /// Turns all segments off. Once this returns, no step of an animation writes any more.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.show(|_| 0.0)
    }

    /// Sets each segment to 1 less its value, as gpiozero does.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        let parts: Vec<Part> = self.lights.iter().map(Light::part).collect();
        let parts: Vec<&Part> = parts.iter().collect();
        Part::change_together(&parts, |values| {
            values.iter_mut().for_each(|value| *value = logical(*value, Level::Low));
        })
    }

    /// Returns whether any segment is lit.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        self.lights.iter().try_for_each(Light::check_open)?;
        Ok(self.lights.iter().any(|light| light.state() > 0.0))
    }

    /// Returns whether any segment is lit, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }

    /// Blinks the character last set, in the background until the next write: shown for `on_time`, blank for `off_time`.
    ///
    /// # Errors
    /// See [`Animation::start`].
    pub fn blink(&self, on_time: Duration, off_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::new(on_time, off_time))
    }

    /// Fades the character last set in and out, in the background until the next write.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) without PWM; see also [`Animation::start`].
    pub fn pulse(&self, fade_in_time: Duration, fade_out_time: Duration) -> Result<Animation> {
        self.blink_with(Blink::pulse(fade_in_time, fade_out_time))
    }

    /// Blinks the character last set by a plan, which may end, and may fade with PWM.
    ///
    /// # Errors
    /// See [`Animation::start`].
    pub fn blink_with(&self, plan: Blink) -> Result<Animation> {
        let pattern = self.content.lock().pattern;
        let parts = self.lights.iter().map(Light::part).enumerate();
        Animation::start(parts.map(|(light, part)| part.between(0.0, value_of(pattern, light))), plan)
    }

    /// Returns the values from now on, for another device to follow: the character that the segments show, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<Option<String>> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or the next write. `None` turns all segments off. See [`Follower`].
    ///
    /// ```
    /// use pinzero::Source;
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let display = LedCharDisplay::new([4, 17, 27, 22, 5, 6, 13])?;
    /// let countdown = Source::from((0..=9).rev().map(|digit| digit.to_string())).every(secs(1));
    /// display.follow(countdown)?.wait()?;
    /// assert_eq!(display.value()?.as_deref(), Some("0"));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<Option<String>>>) -> Result<Follower> {
        // Not the display, which its last handle closes.
        let (content, has_point) = (self.content.clone(), self.has_point);
        let lights = self.lights.len();
        source.into().write_together(self.lights.iter().map(Light::part), move |text| {
            let pattern = match text {
                Some(text) => content.lock().choose(has_point, &text)?,
                None => 0,
            };
            Ok((0..lights).map(|light| value_of(pattern, light)).collect())
        })
    }

    /// Returns the font.
    pub fn font(&self) -> CharFont {
        self.content.lock().font.clone()
    }

    /// Sets the font. The segments stay as they are; [`value`](Self::value) reads them by the new font.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the font is for another number of segments.
    pub fn set_font(&self, font: CharFont) -> Result<()> {
        check_font(&font, self.segments()).map_err(|error| error.with_device(Self::NAME))?;
        self.content.lock().font = font;
        Ok(())
    }

    /// Returns the LEDs: the segments from `a` on, and then the decimal point if there is one.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let display = LedCharDisplay::new([4, 17, 27, 22, 5, 6, 13])?;
    /// display.set_value('0')?;
    /// display.lights()[6].on()?; // segment g
    /// assert_eq!(display.value()?.as_deref(), Some("8"));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn lights(&self) -> &[Light] {
        &self.lights
    }

    /// Returns the LED of the decimal point, if there is one.
    pub fn dp(&self) -> Option<&Light> {
        self.lights.last().filter(|_| self.has_point)
    }

    /// Returns the lines of the segments from `a` on, and then that of the decimal point if there is one.
    pub fn pins(&self) -> Vec<Line> {
        self.lights.iter().map(Light::pin).collect()
    }

    /// Returns the number of segments, without the decimal point.
    fn segments(&self) -> usize {
        self.lights.len() - usize::from(self.has_point)
    }

    /// Sets all segments together, each to the value for its index.
    fn show(&self, value: impl Fn(usize) -> f64) -> Result<()> {
        let parts: Vec<Part> = self.lights.iter().map(Light::part).collect();
        let writes: Vec<(&Part, f64)> =
            parts.iter().enumerate().map(|(light, part)| (part, value(light))).collect();
        Part::write_together(&writes)
    }

    /// Returns the character that the segments show, also if the display is closed.
    fn read(&self) -> Option<String> {
        let mut pattern = 0;
        for (index, light) in self.lights.iter().enumerate() {
            match light.state() {
                0.0 => {}
                1.0 => pattern |= 1 << index,
                _ => return None,
            }
        }
        let point = 1 << self.segments();
        let character = self.content.lock().font.of_bits(pattern & !point)?;
        let mut text = String::from(character);
        text.extend((pattern & point != 0).then_some('.'));
        Some(text)
    }

    /// Returns the character for `Debug`.
    fn state(&self) -> String {
        self.read().map_or_else(|| "no character".to_owned(), |text| format!("{text:?}"))
    }
}

impl Content {
    /// Takes the character to show, and returns its segments.
    fn choose(&mut self, has_point: bool, text: &str) -> Result<u64> {
        let pattern = one_pattern(&self.font, has_point, text);
        self.pattern = pattern.map_err(|error| error.with_device(LedCharDisplay::NAME))?;
        Ok(self.pattern)
    }
}

/// Returns the value of a light whose bit in a pattern says whether it is lit.
fn value_of(pattern: u64, light: usize) -> f64 {
    if pattern >> light & 1 == 1 { 1.0 } else { 0.0 }
}

/// Returns the segments of a text of one character.
fn one_pattern(font: &CharFont, has_point: bool, text: &str) -> Result<u64> {
    match patterns(font, has_point, text)?[..] {
        [pattern] => Ok(pattern),
        _ => {
            let message = format!("the display shows one character, not {text:?}: give one");
            Err(Error::new(ErrorKind::InvalidValue, message))
        }
    }
}

impl Open<Segmented> for LedCharDisplay {
    const NAME: &'static str = "LedCharDisplay";

    fn open(Segmented { segments, dimmable }: Segmented, site: &Site) -> Result<Self> {
        let named = |error: Error| error.with_device(site.device());
        dimmable.check().map_err(named)?;
        let font = segments.choose_font().map_err(named)?;
        let has_point = segments.dp.is_some();
        let pattern = match &segments.initial[..] {
            "" => 0,
            text => one_pattern(&font, has_point, text).map_err(named)?,
        };
        segments.check_distinct(&[], site)?;
        let values: Vec<f64> = (0..segments.count()).map(|light| value_of(pattern, light)).collect();
        let pins: Vec<PinSpec> = segments.pins.into_iter().chain(segments.dp).collect();
        let lights = Light::open_all(&pins, segments.active, &dimmable, &values, site)?;
        Ok(LedCharDisplay { lights, has_point, content: Arc::new(Mutex::new(Content { font, pattern })) })
    }
}

impl Device for LedCharDisplay {
    fn parts(&self) -> Vec<&dyn Device> {
        self.lights.iter().map(|light| light as &dyn Device).collect()
    }
}

impl Switch for LedCharDisplay {
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

impl Value for LedCharDisplay {
    type Value = Option<String>;

    fn value(&self) -> Result<Option<String>> {
        self.value()
    }

    fn values(&self) -> Source<Option<String>> {
        self.values()
    }
}

/// `None` turns all segments off.
impl SetValue for LedCharDisplay {
    fn set_value(&self, text: Option<String>) -> Result<()> {
        text.map_or_else(|| self.off(), |text| self.set_value(text))
    }

    fn follow_source(&self, source: Source<Option<String>>) -> Result<Follower> {
        self.follow(source)
    }
}

// The font and the pattern are written whole, under a lock that does not poison.
impl std::panic::UnwindSafe for LedCharDisplay {}
impl std::panic::RefUnwindSafe for LedCharDisplay {}

several_pins!(LedCharDisplay);
