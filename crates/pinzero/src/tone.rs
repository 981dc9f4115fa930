//! [`Tone`]: a pitch.

use std::fmt;
use std::str::FromStr;

use pinzero_core::{Error, ErrorKind, Result};

/// The names of the notes of an octave, each a semitone above the one before.
const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The number of A4, and its frequency in hertz.
const A4: (f64, f64) = (69.0, 440.0);

/// The highest frequency in hertz.
const HIGHEST: f64 = 20_000.0;

/// How far a tone may be from a note to be that note, in semitones: what rounding costs.
const EXACT: f64 = 1e-9;

/// A pitch: a note by name or number, or a frequency.
///
/// ```
/// use pinzero::Tone;
///
/// let concert: Tone = "A4".parse()?;
/// assert_eq!(concert.frequency(), 440.0);
/// assert_eq!(Tone::midi(69)?, concert);
/// assert_eq!(Tone::hertz(440.0)?, concert);
/// assert_eq!(concert.up(12), "A5".parse()?);
/// assert_eq!(concert.down(3).to_string(), "F#4");
/// assert_eq!(Tone::hertz(445.0)?.to_string(), "445 Hz");
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Tone {
    hertz: f64,
}

impl Tone {
    /// The concert pitch, 440 Hz.
    pub const A4: Tone = Tone { hertz: A4.1 };

    /// Returns the tone with a number of MIDI, from 0 to 127: 60 is C4, 69 is A4.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue).
    pub fn midi(number: u8) -> Result<Tone> {
        match number {
            0..=127 => Ok(Tone::note(number.into())),
            _ => Err(invalid(format!("a MIDI number of {number} is out of range: give 0 to 127"))),
        }
    }

    /// Returns the tone with a frequency in hertz, above 0 and up to 20,000.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue).
    pub fn hertz(hertz: f64) -> Result<Tone> {
        if hertz > 0.0 && hertz <= HIGHEST {
            return Ok(Tone { hertz });
        }
        Err(invalid(format!("a tone of {hertz} Hz is out of range: give more than 0 and up to 20000")))
    }

    /// Returns the note with a number as in MIDI; notes beyond MIDI's have further numbers.
    fn note(number: f64) -> Tone {
        Tone { hertz: A4.1 * ((number - A4.0) / 12.0).exp2() }
    }

    /// Returns the number of the tone, with a fraction if the tone is between two notes.
    fn number(self) -> f64 {
        A4.0 + 12.0 * (self.hertz / A4.1).log2()
    }

    /// Returns the frequency in hertz.
    pub fn frequency(self) -> f64 {
        self.hertz
    }

    /// Returns the MIDI number of the nearest note; `None` beyond MIDI's range.
    ///
    /// ```
    /// use pinzero::Tone;
    ///
    /// assert_eq!(Tone::hertz(261.6)?.to_midi(), Some(60));
    /// assert_eq!(Tone::hertz(20_000.0)?.to_midi(), None);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn to_midi(self) -> Option<u8> {
        let number = self.number().round();
        (0.0..=127.0).contains(&number).then_some(number as u8)
    }

    /// Returns the tone that is `semitones` higher. An octave has 12.
    #[must_use]
    pub fn up(self, semitones: u32) -> Tone {
        self.moved(f64::from(semitones))
    }

    /// Returns the tone that is `semitones` lower.
    #[must_use]
    pub fn down(self, semitones: u32) -> Tone {
        self.moved(-f64::from(semitones))
    }

    /// Returns the tone that is so many semitones higher. From a note to a note exactly, however many steps lead there.
    pub(crate) fn moved(self, semitones: f64) -> Tone {
        let number = self.number();
        if (number - number.round()).abs() < EXACT {
            Tone::note(number.round() + semitones)
        } else {
            Tone { hertz: self.hertz * (semitones / 12.0).exp2() }
        }
    }

    /// Returns how many semitones the tone is above another.
    pub(crate) fn above(self, other: Tone) -> f64 {
        12.0 * (self.hertz / other.hertz).log2()
    }
}

/// Shows the name of a note with a MIDI number from C0 on, such as `A#4`, and other tones in hertz.
impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_note = (self.number() - self.number().round()).abs() < EXACT;
        match self.to_midi() {
            Some(number @ 12..) if is_note => {
                let number = usize::from(number);
                write!(f, "{}{}", NAMES[number % 12], number / 12 - 1)
            }
            _ => write!(f, "{} Hz", self.hertz),
        }
    }
}

/// Reads the name of a note, from `C0` to `G9`: a letter from A to G, then `#` or `♯` for sharp, `b` or `♭` for flat, then the
/// octave.
impl FromStr for Tone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Tone> {
        let parse = || {
            let mut letters = name.chars();
            let letter = letters.next().filter(char::is_ascii_uppercase)?;
            let place = NAMES.iter().position(|name| name.chars().eq([letter]))?;
            let mut next = letters.next()?;
            let sign = match next {
                '#' | '♯' => 1,
                'b' | '♭' => -1,
                _ => 0,
            };
            if sign != 0 {
                next = letters.next()?;
            }
            let octave = next.to_digit(10).filter(|_| letters.next().is_none())?;
            let number = i32::try_from(12 * (octave + 1)).ok()? + i32::try_from(place).ok()? + sign;
            u8::try_from(number).ok().filter(|number| (12..=127).contains(number))
        };
        match parse() {
            Some(number) => Tone::midi(number),
            None => Err(invalid(format!(
                "{name:?} is no note from C0 to G9: give a letter from A to G, # or b if need be, and one digit, such as \"C#5\""
            ))),
        }
    }
}

impl TryFrom<&str> for Tone {
    type Error = Error;

    fn try_from(name: &str) -> Result<Tone> {
        name.parse()
    }
}

impl TryFrom<&String> for Tone {
    type Error = Error;

    fn try_from(name: &String) -> Result<Tone> {
        name.parse()
    }
}

/// A bare number is a frequency in hertz.
impl TryFrom<f64> for Tone {
    type Error = Error;

    fn try_from(hertz: f64) -> Result<Tone> {
        Tone::hertz(hertz)
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidValue, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_are_midi_numbers() {
        for (name, number, shown) in [
            ("C0", 12, "C0"),
            ("A0", 21, "A0"),
            ("C4", 60, "C4"),
            ("A4", 69, "A4"),
            ("C#5", 73, "C#5"),
            ("Bb3", 58, "A#3"),
            ("B♭3", 58, "A#3"),
            ("F♯2", 42, "F#2"),
            ("B#4", 72, "C5"),
            ("Cb4", 59, "B3"),
            ("E#4", 65, "F4"),
            ("G9", 127, "G9"),
        ] {
            let tone: Tone = name.parse().unwrap();
            assert_eq!((tone, tone.to_midi()), (Tone::midi(number).unwrap(), Some(number)), "{name}");
            assert_eq!(tone.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for name in [
            "", "A", "A10", "H4", "a4", "A4 ", " A4", "Ab", "A##4", "A-1", "G#9", "Cb0", "#4", "4", "440",
            "A４",
        ] {
            let error = Tone::try_from(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidValue, "{name}");
            assert!(error.to_string().contains("from C0 to G9"), "{error}");
        }
        for hertz in [0.0, -1.0, 20_000.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Tone::try_from(hertz).unwrap_err().kind(), ErrorKind::InvalidValue);
        }
        assert_eq!(Tone::midi(128).unwrap_err().kind(), ErrorKind::InvalidValue);
    }

    #[test]
    fn frequencies_are_exact() {
        let hertz = |name: &str| name.parse::<Tone>().unwrap().frequency();
        assert_eq!((hertz("A4"), hertz("A5"), hertz("A0")), (440.0, 880.0, 27.5));
        assert!((hertz("C4") - 261.625_565_300_598_6).abs() < 1e-10);
        assert!((hertz("G9") - 12_543.853_951_415_975).abs() < 1e-8);
    }

    #[test]
    fn tones_between_notes_have_a_nearest() {
        let tone = Tone::hertz(445.0).unwrap();
        assert_eq!((tone.to_midi(), tone.to_string().as_str()), (Some(69), "445 Hz"));
        assert_eq!((tone.up(12).frequency(), tone.down(12).frequency()), (890.0, 222.5));
        let low = Tone::midi(0).unwrap();
        assert_eq!((low.to_midi(), low.down(1).to_midi()), (Some(0), None));
        assert!(low.to_string().ends_with(" Hz"), "{low}");
    }
}
