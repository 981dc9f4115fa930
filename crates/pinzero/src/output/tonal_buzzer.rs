//! [`TonalBuzzer`].

use pinzero_core::{Error, ErrorKind, Follower, PinSpec, Pwm, Result, SetValue, Source, Value};

use super::Tonal;
use crate::convert::{AnyError, convert};
use crate::device::single_pin;
use crate::{Builder, Open, Site, Tone};

/// The duty cycle of a tone.
const SOUND: f64 = 0.5;

/// The tolerance at the ends of the range, in semitones: what rounding costs.
const ROUNDING: f64 = 1e-9;

/// A passive buzzer or a small loudspeaker between a pin and ground, which sounds at the frequency of the pulses.
///
/// The frequency is exact, not a whole number of hertz, if the factory's PWM is. Software PWM reaches 10 kHz. A remote `pigpiod`
/// has whole hertz on pins with hardware PWM, and few frequencies on others: a tone that it cannot play is an error.
/// Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let buzzer = TonalBuzzer::new(17)?;
/// buzzer.play("C#5")?;
/// assert_eq!(buzzer.tone()?, Some(Tone::midi(73)?));
/// buzzer.play(440.0)?;
/// assert_eq!(buzzer.value()?, Some(0.0));
/// buzzer.stop()?;
/// assert_eq!(buzzer.tone()?, None);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// By default, the tones are within an octave of A4. For more:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let buzzer = TonalBuzzer::builder(17).mid_tone("C5".parse()?).octaves(2).gpio(&gpio).open()?;
/// assert_eq!((buzzer.min_tone().to_string(), buzzer.max_tone().to_string()), ("C3".into(), "C7".into()));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct TonalBuzzer {
    pwm: Pwm,
    mid_tone: Tone,
    octaves: u32,
}

impl TonalBuzzer {
    /// Opens the buzzer on `pin` of the default factory. The buzzer starts silent.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        TonalBuzzer::builder(pin).open()
    }

    /// Returns a builder for a buzzer with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Tonal> {
        Builder::new(Tonal::new(pin))
    }

    /// Plays a tone until the next call: a [`Tone`], the name of a note, or a frequency in hertz.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if there is no such tone, or it is out of the buzzer's range; see also
    /// [`SetValue`]. [`InvalidFrequency`](crate::ErrorKind::InvalidFrequency) if the factory cannot play it.
    pub fn play(&self, tone: impl TryInto<Tone, Error: Into<AnyError>>) -> Result<()> {
        let tone: Tone = convert(tone)?;
        check(tone, self.mid_tone, self.octaves).map_err(|error| error.with_pin(self.pin()))?;
        self.pwm.set_signal(tone.frequency(), SOUND)
    }

    /// Stops the tone.
    ///
    /// # Errors
    /// See [`SetValue`].
    pub fn stop(&self) -> Result<()> {
        self.pwm.set_duty(0.0)
    }

    /// Returns the tone that the buzzer plays; `None` is silence.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn tone(&self) -> Result<Option<Tone>> {
        self.pwm.check_open()?;
        self.sounding()
    }

    /// Plays the tone with a value from -1, the lowest tone, to 1, the highest; 0 is the mid tone. `None` is silence.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue); see also [`play`](Self::play).
    pub fn set_value(&self, value: impl Into<Option<f64>>) -> Result<()> {
        match value.into() {
            None => self.stop(),
            Some(value) => self
                .play(tone(value, self.mid_tone, self.octaves).map_err(|error| error.with_pin(self.pin()))?),
        }
    }

    /// Returns the value of the tone, from -1 to 1; `None` is silence.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn value(&self) -> Result<Option<f64>> {
        const DIGITS: f64 = 1e12;
        let value = |tone: Tone| tone.above(self.mid_tone) / f64::from(12 * self.octaves);
        Ok(self.tone()?.map(|tone| (value(tone) * DIGITS).round() / DIGITS))
    }

    /// Returns whether the buzzer plays a tone.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.tone()?.is_some())
    }

    /// Returns the tone in the middle of the range, which has the value 0.
    pub fn mid_tone(&self) -> Tone {
        self.mid_tone
    }

    /// Returns the lowest tone, which has the value -1.
    pub fn min_tone(&self) -> Tone {
        self.mid_tone.down(12 * self.octaves)
    }

    /// Returns the highest tone, which has the value 1.
    pub fn max_tone(&self) -> Tone {
        self.mid_tone.up(12 * self.octaves)
    }

    /// Returns how many octaves the range has on each side of the mid tone.
    pub fn octaves(&self) -> u32 {
        self.octaves
    }

    /// Returns the values from now on, for another device to follow: the value last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<Option<f64>> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or something else is set. See [`Follower`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<Option<f64>>>) -> Result<Follower> {
        let (mid, octaves, pin) = (self.mid_tone, self.octaves, self.pin());
        let mut hertz = self.pwm.frequency();
        self.pwm.follow(source.into(), move |value| {
            let Some(value) = value else { return Ok((hertz, 0.0)) };
            hertz = tone(value, mid, octaves).map_err(|error| error.with_pin(pin))?.frequency();
            Ok((hertz, SOUND))
        })
    }

    /// Returns the handle of the line. Both use the same pin.
    pub fn pwm(&self) -> &Pwm {
        &self.pwm
    }

    fn sounding(&self) -> Result<Option<Tone>> {
        (self.pwm.duty() > 0.0).then(|| Tone::hertz(self.pwm.frequency())).transpose()
    }

    fn state(&self) -> String {
        match self.sounding() {
            Ok(Some(tone)) => tone.to_string(),
            _ => "silent".to_owned(),
        }
    }
}

/// Fails if a tone is out of a buzzer's range.
fn check(tone: Tone, mid: Tone, octaves: u32) -> Result<()> {
    if tone.above(mid).abs() <= f64::from(12 * octaves) + ROUNDING {
        return Ok(());
    }
    let (low, high) = (mid.down(12 * octaves), mid.up(12 * octaves));
    invalid(format!("{tone} is out of range: play {low} to {high}, or open the buzzer with more `octaves`"))
}

/// Returns the tone with a value from -1 to 1.
fn tone(value: f64, mid: Tone, octaves: u32) -> Result<Tone> {
    if (-1.0..=1.0).contains(&value) {
        return Ok(mid.moved(value * f64::from(12 * octaves)));
    }
    invalid(format!("a value of {value} is out of range: give -1 to 1"))
}

/// Fails if the tones of a buzzer cannot be.
fn check_range(mid: Tone, octaves: u32) -> Result<()> {
    if !(1..=9).contains(&octaves) {
        return invalid(format!("{octaves} octaves are out of range: give 1 to 9"));
    }
    let highest = mid.up(12 * octaves);
    match Tone::hertz(highest.frequency()) {
        Ok(_) => Ok(()),
        Err(_) => invalid(format!(
            "{octaves} octaves above {mid} are beyond 20000 Hz: give fewer `octaves` or a lower `mid_tone`"
        )),
    }
}

fn invalid<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorKind::InvalidValue, message))
}

impl Open<Tonal> for TonalBuzzer {
    const NAME: &'static str = "TonalBuzzer";

    fn open(Tonal { pin, mid_tone, octaves, initial, hardware }: Tonal, site: &Site) -> Result<Self> {
        let first = check_range(mid_tone, octaves)
            .and_then(|()| initial.map(|value| tone(value, mid_tone, octaves)).transpose())
            .map_err(|error| error.with_pin(&pin).with_device(site.device()))?;
        let pwm = site
            .pwm(pin)
            .frequency(first.unwrap_or(mid_tone).frequency())
            .initial(if first.is_some() { SOUND } else { 0.0 })
            .hardware(hardware)
            .open()?;
        Ok(TonalBuzzer { pwm, mid_tone, octaves })
    }
}

impl Value for TonalBuzzer {
    type Value = Option<f64>;

    fn value(&self) -> Result<Option<f64>> {
        self.value()
    }

    fn values(&self) -> Source<Option<f64>> {
        self.values()
    }
}

impl SetValue for TonalBuzzer {
    fn set_value(&self, value: Option<f64>) -> Result<()> {
        self.set_value(value)
    }

    fn follow_source(&self, source: Source<Option<f64>>) -> Result<Follower> {
        self.follow(source)
    }
}

single_pin!(TonalBuzzer(pwm));
