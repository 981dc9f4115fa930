//! [`LedMultiCharDisplay`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pinzero_core::{
    Device, Error, ErrorKind, Follower, Gpio, Level, Line, PinSpec, Result, Running, SetValue, Source, Value,
};

use super::CharFont;
use super::plex::{Content, Plex, Wiring};
use super::segments::{Segments, patterns};
use crate::device::list;
use crate::time::{ms, us};
use crate::{Builder, Open, Site};

/// A LED display of several characters that share the pins of their segments.
///
/// Each segment is between its pin, with a resistor, and the same segment of all digits. Each digit has a common cathode (or anode) on a
/// pin of its own, by a transistor: a pin alone cannot take the current of all segments.
///
/// The digits are lit one after the other, each for 5 ms, so fast that all of them seem to be lit. Each digit is lit as long as any
/// other one. All digits are off while the segments change, so no digit glimmers with the character of another. If all digits show the
/// same, they are all on, and nothing wakes up. The program needs no thread for this.
///
/// The display is dark after it is closed. Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// // The segments from a to g, and the decimal point; then the digits, from the left.
/// let display = LedMultiCharDisplay::builder([4, 17, 27, 22, 5, 6, 13], [16, 20, 21, 26]).dp(19).open()?;
/// display.set_value("12.5")?;
/// assert_eq!(display.value()?, " 12.5");
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct LedMultiCharDisplay(Arc<Shared>);

struct Shared {
    running: Running<Plex>,
    font: CharFont,
    has_point: bool,
    digits: usize,
}

/// The options of a [`LedMultiCharDisplay`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plexed {
    /// The segments, which all digits share.
    pub segments: Segments,
    /// The pins of the digits, from the left.
    pub digits: Vec<PinSpec>,
    /// The level that turns a digit on. Default: high.
    pub digits_active: Level,
    /// How long a digit is lit at a time. Default: 5 ms.
    pub plex_delay: Duration,
}

impl AsMut<Segments> for Plexed {
    fn as_mut(&mut self) -> &mut Segments {
        &mut self.segments
    }
}

/// Options of displays with several characters.
impl<D: Open<Plexed>> Builder<D, Plexed> {
    /// Sets whether a high level lights a segment. Default: `true`. A display with common anodes needs `false`.
    pub fn segments_active_high(mut self, active_high: bool) -> Self {
        self.options.segments.active = Level::from(active_high);
        self
    }

    /// Sets whether a high level turns a digit on. Default: `true`, as for NPN transistors. PNP transistors need `false`.
    pub fn digits_active_high(mut self, active_high: bool) -> Self {
        self.options.digits_active = Level::from(active_high);
        self
    }

    /// Sets how long a digit is lit at a time: 100 µs or longer. Default: 5 ms. If all digits together take longer than about 20 ms, they
    /// flicker.
    pub fn plex_delay(mut self, delay: Duration) -> Self {
        self.options.plex_delay = delay;
        self
    }
}

/// The shortest turn of a digit. Shorter ones would take most of a processor.
const SHORTEST: Duration = us(100);

/// The most lines of a display.
const MOST: usize = 64;

impl LedMultiCharDisplay {
    /// Opens the display on these pins of the default factory: the segments from `a` on, and the digits from the left. The display is
    /// blank at first.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for other than 7 or 14 segments, which need a font, and for no digit; see also
    /// [`Builder::open`].
    #[track_caller]
    pub fn new<S, D>(segments: S, digits: D) -> Result<Self>
    where
        S: IntoIterator<Item: Into<PinSpec>>,
        D: IntoIterator<Item: Into<PinSpec>>,
    {
        Self::builder(segments, digits).open()
    }

    /// Returns a builder for a display with other options.
    pub fn builder<S, D>(segments: S, digits: D) -> Builder<Self, Plexed>
    where
        S: IntoIterator<Item: Into<PinSpec>>,
        D: IntoIterator<Item: Into<PinSpec>>,
    {
        Builder::new(Plexed {
            segments: Segments::new(segments),
            digits: digits.into_iter().map(Into::into).collect(),
            digits_active: Level::High,
            plex_delay: ms(5),
        })
    }

    /// Shows a text. A shorter one than the display stands at its right end. A point belongs to the character before if the display has
    /// decimal points.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the font does not have a character, or the text is too long: the display stays as
    /// it is. [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn set_value(&self, text: impl Into<String>) -> Result<()> {
        let Shared { running, font, has_point, digits } = &*self.0;
        let content = content(font, *has_point, *digits, text.into());
        let content = content.map_err(|error| error.with_device(Self::NAME))?;
        running.change(|plex, effects| plex.show(content, effects))
    }

    /// Returns the text last set, as long as the display: a shorter one has spaces before it.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), or the error by which a line was lost.
    pub fn value(&self) -> Result<String> {
        self.0.running.look(|plex| plex.text().to_owned())
    }

    /// Makes the display blank.
    ///
    /// # Errors
    /// See [`set_value`](Self::set_value).
    pub fn off(&self) -> Result<()> {
        self.0.blank()
    }

    /// Returns whether any segment of any digit is lit.
    ///
    /// # Errors
    /// See [`value`](Self::value).
    pub fn is_active(&self) -> Result<bool> {
        self.0.running.look(Plex::is_lit)
    }

    /// Returns whether any segment of any digit is lit, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// See [`value`](Self::value).
    pub fn is_lit(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns how long a digit is lit at a time.
    ///
    /// # Errors
    /// See [`value`](Self::value).
    pub fn plex_delay(&self) -> Result<Duration> {
        self.0.running.look(Plex::delay)
    }

    /// Sets how long a digit is lit at a time: 100 µs or longer.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if that is too short; see also [`value`](Self::value).
    pub fn set_plex_delay(&self, delay: Duration) -> Result<()> {
        check_delay(delay).map_err(|error| error.with_device(Self::NAME))?;
        self.0.running.change(|plex, effects| {
            plex.set_delay(delay, effects.now());
            Ok(())
        })
    }

    /// Returns the values from now on, for another device to follow: the text last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<String> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or something else is set. See [`Follower`].
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// # gpio.mcp3008([11, 10, 9, 8]).set(0, 512);
    /// let display = LedMultiCharDisplay::builder([4, 17, 27, 22, 5, 6, 13], [16, 20, 21, 26]).dp(19).open()?;
    /// let knob = Mcp3008::new(0)?;
    /// display.follow(knob.values().map(|value| format!("{:.1}", value * 100.0)))?;
    /// assert_eq!(display.value()?, " 50.0");
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<String>>) -> Result<Follower> {
        let shared = &self.0;
        let (font, has_point, digits) = (shared.font.clone(), shared.has_point, shared.digits);
        shared.running.follow(source.into(), move |plex, text, effects| {
            let content = content(&font, has_point, digits, text);
            plex.show(content.map_err(|error| error.with_device(Self::NAME))?, effects)
        })
    }

    /// Returns the font.
    pub fn font(&self) -> &CharFont {
        &self.0.font
    }

    /// Returns the lines: the segments from `a` on, the decimal point if there is one, and the digits from the left.
    pub fn pins(&self) -> Vec<Line> {
        self.0.running.lines()
    }

    /// Returns the factory that opened the pins.
    pub fn gpio(&self) -> &Gpio {
        self.0.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.0.running.is_closed()
    }

    /// Makes the display blank, closes the device and all its clones, and gives the pins back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl Shared {
    fn blank(&self) -> Result<()> {
        let blank = content(&self.font, self.has_point, self.digits, String::new())?;
        self.running.change(|plex, effects| plex.show(blank, effects))
    }

    fn close(&self) -> Result<()> {
        // Fails if the device is closed or lost: then there is nothing to blank.
        let _ = self.blank();
        self.running.close()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The lines are given back all the same.
        let _ = self.blank();
    }
}

/// Returns a text as a display of so many digits shows it.
fn content(font: &CharFont, has_point: bool, digits: usize, mut text: String) -> Result<Content> {
    let mut patterns = patterns(font, has_point, &text)?;
    let Some(missing) = digits.checked_sub(patterns.len()) else {
        let message =
            format!("{} characters on a display of {digits}: give {digits} or fewer", patterns.len());
        return Err(Error::new(ErrorKind::InvalidValue, message));
    };
    text.insert_str(0, &" ".repeat(missing));
    // Blank, also in a font without a space.
    patterns.splice(0..0, std::iter::repeat_n(0, missing));
    Ok(Content { text, patterns })
}

fn check_delay(delay: Duration) -> Result<()> {
    if delay >= SHORTEST {
        return Ok(());
    }
    let message =
        format!("a plex_delay of {delay:?} would take most of a processor: give {SHORTEST:?} or longer");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl Plexed {
    fn check(&self) -> Result<()> {
        let (digits, segments) = (self.digits.len(), self.segments.count());
        if digits == 0 || digits + segments > MOST {
            let message = format!("{digits} digits: give 1 to {} pins", MOST.saturating_sub(segments));
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        check_delay(self.plex_delay)
    }
}

impl Open<Plexed> for LedMultiCharDisplay {
    const NAME: &'static str = "LedMultiCharDisplay";

    fn open(options: Plexed, site: &Site) -> Result<Self> {
        let named = |error: Error| error.with_device(site.device());
        let font = options.segments.choose_font().map_err(named)?;
        options.check().map_err(named)?;
        let Plexed { segments, digits: digit_pins, digits_active, plex_delay } = options;
        let (has_point, digits) = (segments.dp.is_some(), digit_pins.len());
        let content = content(&font, has_point, digits, segments.initial.clone()).map_err(named)?;
        segments.check_distinct(&digit_pins, site)?;
        let wiring =
            Wiring { segments: segments.count(), digits, segments_active: segments.active, digits_active };
        let pins = segments.pins.into_iter().chain(segments.dp).chain(digit_pins);
        let outputs = site.group(pins).initial(wiring.levels(content.lit(0))).open()?;
        let running =
            site.machine().outputs(outputs).start(|now, _| Plex::new(wiring, plex_delay, content, now))?;
        Ok(LedMultiCharDisplay(Arc::new(Shared { running, font, has_point, digits })))
    }
}

impl Device for LedMultiCharDisplay {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.0.running]
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Value for LedMultiCharDisplay {
    type Value = String;

    fn value(&self) -> Result<String> {
        self.value()
    }

    fn values(&self) -> Source<String> {
        self.values()
    }
}

impl SetValue for LedMultiCharDisplay {
    fn set_value(&self, text: String) -> Result<()> {
        self.set_value(text)
    }

    fn follow_source(&self, source: Source<String>) -> Result<Follower> {
        self.follow(source)
    }
}

impl fmt::Debug for LedMultiCharDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedMultiCharDisplay({} digits, ", self.0.digits)?;
        match self.0.running.peek(|plex| plex.text().to_owned()).filter(|_| !self.is_closed()) {
            Some(text) => write!(f, "{text:?})"),
            None => f.write_str("closed)"),
        }
    }
}

impl fmt::Display for LedMultiCharDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedMultiCharDisplay on {}", list(&self.pins()))
    }
}
