//! [`Sun`]: sunrise and sunset at a place.
//!
//! The position of the sun is computed as NOAA's solar calculator does, after Jean Meeus, "Astronomical Algorithms": good for a minute
//! between the polar circles.

use pinzero_core::{Error, ErrorKind, Result};

use super::DAY;

/// How far the center of the sun is from the zenith at sunrise, in degrees: half a turn of the sky, the refraction of the air, and half
/// of the sun's width.
const ZENITH: f64 = 90.833;

/// The sun at a place on Earth. Its [`rise`](Sun::rise) and [`set`](Sun::set) are times of day.
///
/// The times are right to about a minute between the polar circles, at the height of the sea and with a free horizon.
///
/// In Tromsø, north of the polar circle, from sunrise until sunset is active all day and night in June, and never in December; from
/// sunset until sunrise is active all day and night in December, and never in June. A time by the sun alone comes there too: in June, one
/// day's sunset and the next day's sunrise are both when the sun is lowest, at about 00:45 by the clock of Tromsø. In December, sunrise
/// and sunset are both when the sun is highest, at about 11:45.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// let berlin = Sun::at(52.52, 13.40);
/// let night = TimeOfDay::builder(berlin.set(), berlin.rise()).gpio(&gpio).open()?;
/// # assert!(night.is_active()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sun(Place);

impl Sun {
    /// Returns the sun at a place: `latitude` in degrees north, from -90 to 90, and `longitude` in degrees east, from -180 to 180.
    /// South and west are negative.
    ///
    /// A place that does not exist is refused by `open`.
    pub const fn at(latitude: f64, longitude: f64) -> Sun {
        Sun(Place { latitude, longitude })
    }

    pub(super) fn place(self) -> Place {
        self.0
    }
}

/// A place on Earth, in degrees north and east.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    latitude: f64,
    longitude: f64,
}

impl Place {
    pub(super) fn check(self) -> Result<()> {
        let Place { latitude, longitude } = self;
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            return Ok(());
        }
        let message = format!(
            "there is no place at {latitude}° north and {longitude}° east: give -90 to 90 and -180 to 180"
        );
        Err(Error::new(ErrorKind::InvalidValue, message))
    }

    /// Converts seconds of the day by the mean sun to those of UTC.
    pub(super) fn utc(self, seconds: i64) -> i64 {
        seconds - (self.longitude * 240.0) as i64
    }

    /// Returns the sunrise of a day, counted from 1970, in seconds since 1970.
    pub(super) fn sunrise(self, day: i64) -> i64 {
        let noon = self.noon(day);
        match self.half_day(noon, -1.0) {
            Some(half) => (noon - half).round() as i64,
            None => self.midnight(day - 1),
        }
    }

    /// Returns the sunset of a day, counted from 1970, in seconds since 1970.
    pub(super) fn sunset(self, day: i64) -> i64 {
        let noon = self.noon(day);
        match self.half_day(noon, 1.0) {
            Some(half) => (noon + half).round() as i64,
            None => self.midnight(day),
        }
    }

    /// Returns the moment at which the sun is highest.
    fn noon(self, day: i64) -> f64 {
        let mean = self.utc(day * DAY + DAY / 2) as f64;
        mean - Position::at(mean).equation_of_time
    }

    /// Returns the middle between the noon of a day and that of the next one. Both days take it, so that there is no gap between them.
    fn midnight(self, day: i64) -> i64 {
        ((self.noon(day) + self.noon(day + 1)) / 2.0).round() as i64
    }

    /// Returns the seconds between noon and sunset, or with `side` -1 between sunrise and noon: zero if the sun does not rise, and
    /// `None` if it does not set.
    fn half_day(self, noon: f64, side: f64) -> Option<f64> {
        let mut half = 0.0;
        // The sun moves on until it sets, so the second round knows better where it is.
        for _ in 0..3 {
            let declination = Position::at(noon + side * half).declination;
            let latitude = self.latitude.to_radians();
            let cosine = (ZENITH.to_radians().cos() - latitude.sin() * declination.sin())
                / (latitude.cos() * declination.cos());
            if cosine <= -1.0 {
                return None;
            }
            // Of a turn of the sky in a day.
            half = cosine.min(1.0).acos().to_degrees() * 240.0;
        }
        Some(half)
    }
}

/// The position of the sun in the sky.
struct Position {
    /// The angle above the equator, in radians.
    declination: f64,
    /// How many seconds the sun is ahead of the mean sun.
    equation_of_time: f64,
}

impl Position {
    /// Computes the position at a time in seconds since 1970.
    fn at(seconds: f64) -> Position {
        // Centuries since noon of the first of January 2000.
        let t = (seconds - 946_728_000.0) / (36_525.0 * DAY as f64);
        let mean_longitude = (280.466_46 + t * (36_000.769_83 + t * 0.000_303_2)).to_radians();
        let mean_anomaly = (357.529_11 + t * (35_999.050_29 - t * 0.000_153_7)).to_radians();
        let eccentricity = 0.016_708_634 - t * (0.000_042_037 + t * 0.000_000_126_7);
        let center = mean_anomaly.sin() * (1.914_602 - t * (0.004_817 + t * 0.000_014))
            + (2.0 * mean_anomaly).sin() * (0.019_993 - t * 0.000_101)
            + (3.0 * mean_anomaly).sin() * 0.000_289;
        // The node of the moon's path, for nutation.
        let node = (125.04 - 1_934.136 * t).to_radians();
        let longitude = mean_longitude + (center - 0.005_69 - 0.004_78 * node.sin()).to_radians();
        let seconds_of_arc = 21.448 - t * (46.815 + t * (0.000_59 - t * 0.001_813));
        let obliquity = (23.0 + (26.0 + seconds_of_arc / 60.0) / 60.0 + 0.002_56 * node.cos()).to_radians();

        let y = (obliquity / 2.0).tan().powi(2);
        let equation = y * (2.0 * mean_longitude).sin() - 2.0 * eccentricity * mean_anomaly.sin()
            + 4.0 * eccentricity * y * mean_anomaly.sin() * (2.0 * mean_longitude).cos()
            - 0.5 * y * y * (4.0 * mean_longitude).sin()
            - 1.25 * eccentricity * eccentricity * (2.0 * mean_anomaly).sin();
        Position {
            declination: (obliquity.sin() * longitude.sin()).asin(),
            equation_of_time: equation.to_degrees() * 240.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BERLIN: Place = Place { latitude: 52.52, longitude: 13.40 };
    const TROMSO: Place = Place { latitude: 69.65, longitude: 18.96 };

    /// The days from 1970 to the first of January 2026.
    const Y2026: i64 = 20_454;

    /// Returns the time of day as hours and minutes, rounded to a minute.
    fn clock(seconds: i64) -> (i64, i64) {
        let minutes = (seconds + 30).rem_euclid(DAY) / 60;
        (minutes / 60, minutes % 60)
    }

    /// As published in almanacs, in UTC. Seconds since 1970 check the date of the result as well.
    #[test]
    fn times_of_almanacs() {
        for (name, latitude, longitude, day, rise, set) in [
            // 2026-03-29, 2024-06-20, 2024-12-21, 2024-12-21, 2024-03-20, 2030-09-01
            ("Berlin", 52.52, 13.40, 20_541, (4, 48), (17, 35)),
            ("London", 51.5, -0.13, 19_894, (3, 43), (20, 21)),
            ("New York", 40.71, -74.01, 20_078, (12, 17), (21, 32)),
            ("Sydney", -33.87, 151.21, 20_078, (18, 41), (9, 5)),
            ("Quito", -0.18, -78.47, 19_802, (11, 18), (23, 24)),
            ("Honolulu", 21.31, -157.86, 22_158, (16, 15), (4, 48)),
        ] {
            let place = Place { latitude, longitude };
            for (event, expected) in [(place.sunrise(day), rise), (place.sunset(day), set)] {
                let (hour, minute) = clock(event);
                let apart = (hour * 60 + minute - expected.0 * 60 - expected.1).abs();
                assert!(apart <= 1, "{name}: {hour}:{minute:02} instead of {expected:?}");
            }
            let noon = day * DAY + place.utc(DAY / 2);
            assert!(place.sunrise(day) < noon && noon < place.sunset(day), "{name}: the same day");
        }
    }

    #[test]
    fn a_polar_day_has_no_gap() {
        // From the 1st to the 20th of June the sun does not set.
        for day in Y2026 + 151..Y2026 + 171 {
            assert_eq!(TROMSO.sunset(day), TROMSO.sunrise(day + 1), "{day}");
            let length = TROMSO.sunset(day) - TROMSO.sunrise(day);
            assert!((length - DAY).abs() < 60, "{day}: {length}");
        }
    }

    #[test]
    fn a_polar_night_has_no_day() {
        for day in Y2026 + 340..Y2026 + 365 {
            assert_eq!(TROMSO.sunrise(day), TROMSO.sunset(day), "{day}");
        }
        // The day before it begins has some minutes.
        assert!(
            (0..365)
                .any(|day| (1..7200).contains(&(TROMSO.sunset(Y2026 + day) - TROMSO.sunrise(Y2026 + day))))
        );
    }

    #[test]
    fn places() {
        for (latitude, longitude) in [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)] {
            Place { latitude, longitude }.check().unwrap();
        }
        for (latitude, longitude) in [(90.1, 0.0), (0.0, 180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Place { latitude, longitude }.check().unwrap_err().kind(), ErrorKind::InvalidValue);
        }
        assert!(BERLIN.sunset(Y2026) - BERLIN.sunrise(Y2026) > 7 * 60 * 60);
    }

    proptest! {
        /// Anywhere and at any time, days follow one another, and none is longer than a day.
        #[test]
        fn days_are_in_order(latitude in -90.0..=90.0f64, longitude in -180.0..=180.0f64, day in 0i64..2_500_000) {
            let place = Place { latitude, longitude };
            let (rise, set, next) = (place.sunrise(day), place.sunset(day), place.sunrise(day + 1));
            prop_assert!(rise <= set && set <= next, "{rise} {set} {next}");
            prop_assert!(set - rise < DAY + 120);
        }
    }
}
