//! Time zones: converts a time by the clock to a moment.

use pinzero_core::Result;
#[cfg(feature = "time-zones")]
use pinzero_core::{Error, ErrorKind};

use super::DAY;

/// The time zone of a clock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Zone {
    /// Coordinated universal time.
    Utc,
    /// The time zone of this computer.
    System,
    /// A time zone by its name, such as `"Europe/Berlin"`.
    Named(String),
}

/// A time zone whose rules are known.
#[derive(Debug, Clone)]
pub(super) enum Rules {
    Utc,
    /// Asked for each time: a laptop may travel.
    #[cfg(feature = "time-zones")]
    System,
    #[cfg(feature = "time-zones")]
    Named(jiff::tz::TimeZone),
}

impl Zone {
    /// Finds the rules of the zone.
    #[cfg(feature = "time-zones")]
    pub(super) fn rules(&self) -> Result<Rules> {
        let unknown = |what: &str, remedy: &str, error| {
            let message = format!("{what} is not known here: {remedy}, or use UTC");
            Error::new(ErrorKind::InvalidValue, message).with_source(error)
        };
        match self {
            Zone::Utc => Ok(Rules::Utc),
            Zone::System => system().map(|_| Rules::System).map_err(|error| {
                unknown("the time zone of this computer", "set it, for instance by `timedatectl`", error)
            }),
            Zone::Named(name) => jiff::tz::TimeZone::get(name).map(Rules::Named).map_err(|error| {
                let remedy = "give a name such as \"Europe/Berlin\", install the system's `tzdata`";
                unknown(&format!("the time zone {name:?}"), remedy, error)
            }),
        }
    }

    /// Refuses all zones but UTC.
    #[cfg(not(feature = "time-zones"))]
    pub(super) fn rules(&self) -> Result<Rules> {
        match self {
            Zone::Utc => Ok(Rules::Utc),
            _ => {
                let message = "a time zone needs the feature `time-zones`: add it to `pinzero` in Cargo.toml, or use UTC";
                Err(pinzero_core::Error::new(pinzero_core::ErrorKind::Unsupported, message))
            }
        }
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Zone::Utc => "UTC",
            Zone::System => "local time",
            Zone::Named(name) => name,
        })
    }
}

#[cfg(feature = "time-zones")]
fn system() -> Result<jiff::tz::TimeZone, jiff::Error> {
    jiff::tz::TimeZone::try_system()
}

impl Rules {
    /// Returns the moment at which the clock shows `second` on a day, both in seconds since 1970. Days count from 1970.
    ///
    /// If the clock shows that time twice, the first one counts; if the clock skips that time, the moment at which it does.
    pub(super) fn moment(&self, day: i64, second: i64) -> Result<i64> {
        #[cfg(feature = "time-zones")]
        if let Some(zone) = self.zone()? {
            return zoned::moment(&zone, day, second).map_err(beyond);
        }
        Ok(day * DAY + second)
    }

    /// Returns how many seconds the clock is ahead of UTC in winter.
    pub(super) fn standard_offset(&self, at: i64) -> Result<i64> {
        #[cfg(feature = "time-zones")]
        if let Some(zone) = self.zone()? {
            return zoned::standard_offset(&zone, at).map_err(beyond);
        }
        let _ = at;
        Ok(0)
    }

    /// Returns the zone, unless that is UTC.
    #[cfg(feature = "time-zones")]
    fn zone(&self) -> Result<Option<jiff::tz::TimeZone>> {
        match self {
            Rules::Utc => Ok(None),
            Rules::System => system().map(Some).map_err(|error| {
                let message = "the time zone of this computer is no longer known";
                Error::new(ErrorKind::Io, message).with_source(error)
            }),
            Rules::Named(zone) => Ok(Some(zone.clone())),
        }
    }
}

#[cfg(feature = "time-zones")]
fn beyond(error: jiff::Error) -> Error {
    let message = "the clock is beyond the years of time zones: give one from year -9998 to 9998";
    Error::new(ErrorKind::InvalidValue, message).with_source(error)
}

#[cfg(feature = "time-zones")]
mod zoned {
    use jiff::civil::{Time, date};
    use jiff::tz::{AmbiguousOffset, TimeZone};
    use jiff::{Error, Span, Timestamp};

    use super::DAY;

    pub(super) fn moment(zone: &TimeZone, day: i64, second: i64) -> Result<i64, Error> {
        let day = date(1970, 1, 1).checked_add(Span::new().try_days(day)?)?;
        let time = Time::midnight() + Span::new().try_seconds(second)?;
        let shown = zone.to_ambiguous_timestamp(day.to_datetime(time));
        let is_skipped = matches!(shown.offset(), AmbiguousOffset::Gap { .. });
        let first = shown.earlier()?;
        let skip = || zone.following(first).next().map(|transition| transition.timestamp());
        Ok(if is_skipped { skip().unwrap_or(first) } else { first }.as_second())
    }

    pub(super) fn standard_offset(zone: &TimeZone, at: i64) -> Result<i64, Error> {
        let half_a_year = 182 * DAY;
        let offset = |at| Timestamp::from_second(at).map(|at| i64::from(zone.to_offset(at).seconds()));
        Ok(offset(at)?.min(offset(at + half_a_year)?))
    }
}
