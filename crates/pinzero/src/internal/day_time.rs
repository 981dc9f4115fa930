//! [`DayTime`]: a moment of each day, by the clock or by the sun.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Result};

use super::DAY;
use super::sun::{Place, Sun};

/// The most by which a time may be later or earlier than the sun's.
const MOST: i64 = DAY / 2;

/// A moment of each day: by the clock, or by the [`Sun`].
///
/// A time by the clock is `"07:30"`, `"07:30:15"`, `(7, 30)` or `(7, 30, 15)`, from midnight to 23:59:59:
///
/// ```
/// use pinzero::{DayTime, Sun, time::secs};
///
/// let morning: DayTime = "07:30".parse()?;
/// assert_eq!(DayTime::try_from((7, 30))?, morning);
/// assert_eq!(DayTime::new(7, 0, 0)?.later(secs(30 * 60)), morning);
/// assert_eq!(DayTime::try_from("25:00").unwrap_err().kind(), pinzero::ErrorKind::InvalidValue);
///
/// let dusk = Sun::at(52.52, 13.40).set().later(secs(20 * 60));
/// assert_eq!(dusk.to_string(), "20 min after sunset");
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayTime {
    base: Base,
    /// The seconds after the base.
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Base {
    Midnight,
    Sunrise(Place),
    Sunset(Place),
}

impl Sun {
    /// Returns the moment of sunrise: the upper edge of the sun appears.
    pub fn rise(self) -> DayTime {
        DayTime { base: Base::Sunrise(self.place()), offset: 0 }
    }

    /// Returns the moment of sunset: the upper edge of the sun disappears.
    pub fn set(self) -> DayTime {
        DayTime { base: Base::Sunset(self.place()), offset: 0 }
    }
}

impl DayTime {
    /// Returns a time by the clock, from (0, 0, 0) to (23, 59, 59).
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if there is no such time.
    pub fn new(hour: u8, minute: u8, second: u8) -> Result<DayTime> {
        if hour > 23 || minute > 59 || second > 59 {
            let message = format!(
                "{hour:02}:{minute:02}:{second:02} is no time of day: give 00:00:00 to 23:59:59; midnight is 00:00"
            );
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let offset = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        Ok(DayTime { base: Base::Midnight, offset })
    }

    /// Returns the time that is `by` later, in whole seconds. A time by the clock goes on after midnight; one by the sun may be
    /// 12 hours later at most, which `open` checks.
    #[must_use]
    pub fn later(self, by: Duration) -> DayTime {
        self.moved(i64::try_from(by.as_secs()).unwrap_or(i64::MAX))
    }

    /// Returns the time that is `by` earlier; see [`later`](Self::later).
    #[must_use]
    pub fn earlier(self, by: Duration) -> DayTime {
        self.moved(i64::try_from(by.as_secs()).map_or(i64::MIN, |by| -by))
    }

    fn moved(self, by: i64) -> DayTime {
        let offset = match self.base {
            Base::Midnight => (self.offset + by.rem_euclid(DAY)) % DAY,
            _ => self.offset.saturating_add(by),
        };
        DayTime { offset, ..self }
    }

    /// Fails if the time cannot be computed.
    pub(super) fn check(self) -> Result<()> {
        let (Base::Sunrise(place) | Base::Sunset(place)) = self.base else { return Ok(()) };
        if !(-MOST..=MOST).contains(&self.offset) {
            let message = "a time is more than 12 hours from sunrise or sunset: give a shorter one to `later` and `earlier`";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        place.check()
    }

    /// Returns the seconds after midnight, if that is the time by the clock.
    pub(super) fn by_clock(self) -> Option<i64> {
        (self.base == Base::Midnight).then_some(self.offset)
    }

    /// Returns the time on a day by the sun, in seconds since 1970; `None` of a time by the clock. Days count from 1970.
    pub(super) fn by_sun(self, day: i64) -> Option<i64> {
        match self.base {
            Base::Midnight => None,
            Base::Sunrise(place) => Some(place.sunrise(day) + self.offset),
            Base::Sunset(place) => Some(place.sunset(day) + self.offset),
        }
    }

    /// Returns the time on a day of 12 hours of sunshine, in seconds of UTC after the start of the day. `zone`: how many seconds the
    /// clock is ahead of UTC.
    pub(super) fn nominal(self, zone: i64) -> i64 {
        let hours = |place: Place, hours: i64| place.utc(hours * 60 * 60) + self.offset;
        match self.base {
            Base::Midnight => self.offset - zone,
            Base::Sunrise(place) => hours(place, 6),
            Base::Sunset(place) => hours(place, 18),
        }
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = match self.base {
            Base::Midnight => {
                let (hour, minute, second) = (self.offset / 3600, self.offset / 60 % 60, self.offset % 60);
                write!(f, "{hour:02}:{minute:02}")?;
                return if second == 0 { Ok(()) } else { write!(f, ":{second:02}") };
            }
            Base::Sunrise(_) => "sunrise",
            Base::Sunset(_) => "sunset",
        };
        let apart = self.offset.unsigned_abs();
        match apart {
            0 => return f.write_str(event),
            _ if apart % 60 == 0 => write!(f, "{} min", apart / 60)?,
            _ => write!(f, "{apart} s")?,
        }
        write!(f, " {} {event}", if self.offset < 0 { "before" } else { "after" })
    }
}

impl FromStr for DayTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<DayTime> {
        let invalid = || {
            let message = format!("{text:?} is no time of day: write hours and minutes as \"07:30\"");
            Error::new(ErrorKind::InvalidValue, message)
        };
        let number = |part: &str| match part.len() {
            1 | 2 if part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse().map_err(|_| invalid()),
            _ => Err(invalid()),
        };
        let parts = text.split(':').map(number).collect::<Result<Vec<u8>>>()?;
        match parts[..] {
            [hour, minute] => DayTime::new(hour, minute, 0),
            [hour, minute, second] => DayTime::new(hour, minute, second),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<&str> for DayTime {
    type Error = Error;

    fn try_from(text: &str) -> Result<DayTime> {
        text.parse()
    }
}

impl TryFrom<(u8, u8)> for DayTime {
    type Error = Error;

    fn try_from((hour, minute): (u8, u8)) -> Result<DayTime> {
        DayTime::new(hour, minute, 0)
    }
}

impl TryFrom<(u8, u8, u8)> for DayTime {
    type Error = Error;

    fn try_from((hour, minute, second): (u8, u8, u8)) -> Result<DayTime> {
        DayTime::new(hour, minute, second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, expected) in
            [("00:00", 0), ("7:05", 25_500), ("07:30", 27_000), ("23:59:59", 86_399), ("7:5:3", 25_503)]
        {
            assert_eq!(text.parse::<DayTime>().unwrap().by_clock(), Some(expected), "{text}");
        }
        for text in [
            "",
            "7",
            "07:60",
            "24:00",
            "07:30:60",
            "007:30",
            "+7:30",
            "07:30:00:00",
            "07.30",
            "٧:30",
            "7: 30",
        ] {
            let error = text.parse::<DayTime>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidValue, "{text}");
        }
    }

    #[test]
    fn names() {
        let sun = Sun::at(52.52, 13.4);
        for (time, name) in [
            (DayTime::new(7, 5, 0).unwrap(), "07:05"),
            (DayTime::new(7, 5, 9).unwrap(), "07:05:09"),
            (sun.rise(), "sunrise"),
            (sun.set().earlier(Duration::from_secs(90)), "90 s before sunset"),
            (sun.set().later(Duration::from_secs(120)), "2 min after sunset"),
        ] {
            assert_eq!(time.to_string(), name);
        }
    }

    #[test]
    fn shifts() {
        let time = DayTime::new(23, 30, 0).unwrap();
        assert_eq!(time.later(Duration::from_secs(3600)).to_string(), "00:30");
        assert_eq!(time.earlier(Duration::from_secs(24 * 3600)).to_string(), "23:30");
        assert!(time.later(Duration::MAX).by_clock().is_some_and(|second| second < DAY));

        let set = Sun::at(52.52, 13.4).set();
        set.later(Duration::from_secs(12 * 3600)).check().unwrap();
        for far in [
            set.later(Duration::from_secs(12 * 3600 + 1)),
            set.earlier(Duration::MAX),
            set.later(Duration::MAX),
        ] {
            assert_eq!(far.check().unwrap_err().kind(), ErrorKind::InvalidValue);
        }
    }
}
