//! [`Window`]: the part of each day from one time to another, as pure functions of the wall time.

use pinzero_core::Result;

use super::DAY;
use super::day_time::DayTime;
use super::zone::Rules;

/// The part of each day from `start` until just before `end`, perhaps on the next day.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) start: DayTime,
    pub(super) end: DayTime,
    zone: Rules,
    /// How many days later the window ends than it starts.
    later: i64,
}

/// How many days before and after the current one can matter: the date of a time by the sun, of one in a time zone, and of UTC differ by
/// a day, and a window may end on the next.
const AROUND: i64 = 3;

/// The first of January 2026, in days since 1970. All years are alike to the sun.
const Y2026: i64 = 20_454;

impl Window {
    pub(super) fn new(start: DayTime, end: DayTime, zone: Rules) -> Result<Window> {
        let offset = zone.standard_offset(Y2026 * DAY)?;
        // By a day of 12 hours of sunshine, without daylight saving: so a window from sunset until 22:00 ends on the same evening.
        let later = -(end.nominal(offset) - start.nominal(offset)).div_euclid(DAY);
        let mut window = Window { start, end, zone, later };
        // On a long or a short day, such a window from 18:30 until sunset would go on after 18:30 of the next day.
        for day in (Y2026..Y2026 + 365).step_by(7) {
            if window.moment(end, day + later)? > window.moment(start, day + 1)? {
                window.later = later - 1;
                break;
            }
        }
        Ok(window)
    }

    /// Returns whether a time, in seconds since 1970, is in the window.
    pub(super) fn contains(&self, at: i64) -> Result<bool> {
        for day in days(at) {
            if self.moment(self.start, day)? <= at && at < self.moment(self.end, day + self.later)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the first moment after `at` at which the window may begin or end.
    pub(super) fn next(&self, at: i64) -> Result<i64> {
        let mut next = i64::MAX;
        for day in days(at) {
            for time in [self.start, self.end] {
                let moment = self.moment(time, day)?;
                if moment > at {
                    next = next.min(moment);
                }
            }
        }
        Ok(next)
    }

    fn moment(&self, time: DayTime, day: i64) -> Result<i64> {
        match (time.by_clock(), time.by_sun(day)) {
            (Some(second), _) => self.zone.moment(day, second),
            (None, moment) => Ok(moment.unwrap_or_default()),
        }
    }
}

fn days(at: i64) -> std::ops::RangeInclusive<i64> {
    let today = at.div_euclid(DAY);
    today - AROUND..=today + AROUND
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Sun, Zone};

    fn window(start: DayTime, end: DayTime, zone: Zone) -> Window {
        Window::new(start, end, zone.rules().unwrap()).unwrap()
    }

    fn clock(start: &str, end: &str) -> Window {
        window(start.parse().unwrap(), end.parse().unwrap(), Zone::Utc)
    }

    /// Returns the parts of these days in which the window is active, as seconds since 1970, by its own deadlines.
    fn parts(window: &Window, days: std::ops::Range<i64>) -> Vec<(i64, i64)> {
        let (mut at, end) = (days.start * DAY, days.end * DAY);
        let mut parts: Vec<(i64, i64)> = Vec::new();
        while at < end {
            let next = window.next(at).unwrap().min(end);
            assert!(next > at, "the next change is later");
            if window.contains(at).unwrap() {
                match parts.last_mut() {
                    Some(last) if last.1 == at => last.1 = next,
                    _ => parts.push((at, next)),
                }
            }
            at = next;
        }
        parts
    }

    #[test]
    fn by_the_clock() {
        let (hour, midnight) = (3600, Y2026 * DAY);
        let one_day = |start, end| parts(&clock(start, end), Y2026..Y2026 + 1);
        assert_eq!(one_day("07:00", "08:00"), [(midnight + 7 * hour, midnight + 8 * hour)]);
        assert_eq!(
            one_day("22:00", "06:00"),
            [(midnight, midnight + 6 * hour), (midnight + 22 * hour, midnight + DAY)]
        );
        assert_eq!(one_day("00:00", "12:00"), [(midnight, midnight + 12 * hour)]);
        assert_eq!(one_day("12:00", "00:00"), [(midnight + 12 * hour, midnight + DAY)]);
        assert_eq!(
            one_day("23:59:59", "00:00:01"),
            [(midnight, midnight + 1), (midnight + DAY - 1, midnight + DAY)]
        );
    }

    /// Returns how many hours of each of these days are active.
    fn hours(window: &Window, days: std::ops::Range<i64>) -> Vec<f64> {
        let length = |day| parts(window, day..day + 1).iter().map(|(from, to)| to - from).sum::<i64>();
        days.map(|day| length(day) as f64 / 3600.0).collect()
    }

    #[test]
    fn evenings_end_on_the_same_day() {
        let berlin = Sun::at(52.52, 13.40);
        let evening = window(berlin.set(), "19:00".parse().unwrap(), Zone::Utc);
        // In UTC, the sun sets at 15:02 on the first of January, and at 19:33 in June.
        let of_year = hours(&evening, Y2026..Y2026 + 365);
        assert!((of_year[0] - 3.97).abs() < 0.1, "{}", of_year[0]);
        assert_eq!(of_year[170], 0.0, "the sun sets after the end");
        assert!(of_year.iter().all(|hours| *hours < 4.2));

        // A night that ends at a sunrise goes on after midnight.
        let night = window(berlin.set(), berlin.rise(), Zone::Utc);
        let of_year = hours(&night, Y2026..Y2026 + 365);
        assert!((of_year[0] - 16.3).abs() < 0.2, "{}", of_year[0]);
        assert!((of_year[170] - 7.2).abs() < 0.2, "{}", of_year[170]);
        // And so does one that begins late.
        let late = window("23:00".parse().unwrap(), berlin.rise(), Zone::Utc);
        let of_year = hours(&late, Y2026..Y2026 + 365);
        assert!((of_year[0] - 8.3).abs() < 0.2 && (of_year[170] - 3.7).abs() < 0.2);
    }

    #[test]
    fn a_season_may_leave_a_window_empty() {
        let (berlin, june, december) = (Sun::at(52.52, 13.40), Y2026 + 171, Y2026 + 354);
        let minutes = |start, end, zone, day| {
            let minute = |at: i64| (at - day * DAY) / 60;
            let parts = parts(&window(start, end, zone), day..day + 1);
            parts.into_iter().map(|(from, to)| (minute(from), minute(to))).collect::<Vec<_>>()
        };
        let time = |text: &str| text.parse::<DayTime>().unwrap();
        // In UTC, the sun is up from 02:43 to 19:33 in June, and from 07:15 to 14:54 in December.
        for (start, end, in_june, in_december) in [
            (time("18:30"), berlin.set(), vec![(1110, 1173)], vec![]),
            (berlin.rise(), time("05:00"), vec![(162, 300)], vec![]),
            (berlin.set(), time("19:00"), vec![], vec![(893, 1140)]),
            (time("06:00"), berlin.rise(), vec![], vec![(360, 434)]),
            // These never meet, and are on the next day all the year.
            (time("22:00"), berlin.set(), vec![(0, 1173), (1320, 1440)], vec![(0, 893), (1320, 1440)]),
            (berlin.rise(), time("02:00"), vec![(0, 120), (162, 1440)], vec![(0, 120), (434, 1440)]),
            (berlin.set(), time("12:00"), vec![(0, 720), (1173, 1440)], vec![(0, 720), (893, 1440)]),
            (time("22:00"), berlin.rise(), vec![(0, 162), (1320, 1440)], vec![(0, 434), (1320, 1440)]),
        ] {
            for (day, expected) in [(june, in_june), (december, in_december)] {
                let found = minutes(start, end, Zone::Utc, day);
                let is_close =
                    |((a, b), (c, d)): (&(i64, i64), &(i64, i64))| (a - c).abs() < 3 && (b - d).abs() < 3;
                assert!(
                    found.len() == expected.len() && found.iter().zip(&expected).all(is_close),
                    "{start} to {end}: {found:?} instead of {expected:?}"
                );
            }
        }
    }

    #[test]
    fn all_around_the_earth() {
        for longitude in [-180.0, -157.9, -74.0, 0.0, 13.4, 151.2, 180.0] {
            let sun = Sun::at(0.0, longitude);
            for (start, end) in [(sun.rise(), sun.set()), (sun.set(), sun.rise())] {
                let of_days = hours(&window(start, end, Zone::Utc), Y2026..Y2026 + 30);
                assert!(of_days.iter().all(|hours| (hours - 12.0).abs() < 0.2), "{longitude}: {of_days:?}");
            }
        }
    }

    #[test]
    fn polar_days_and_nights() {
        let tromso = Sun::at(69.65, 18.96);
        let (light, dark) =
            (window(tromso.rise(), tromso.set(), Zone::Utc), window(tromso.set(), tromso.rise(), Zone::Utc));
        // June and December.
        assert_eq!(parts(&light, Y2026 + 151..Y2026 + 171), [((Y2026 + 151) * DAY, (Y2026 + 171) * DAY)]);
        assert_eq!(parts(&dark, Y2026 + 151..Y2026 + 171), []);
        assert_eq!(parts(&light, Y2026 + 340..Y2026 + 360), []);
        assert_eq!(parts(&dark, Y2026 + 340..Y2026 + 360), [((Y2026 + 340) * DAY, (Y2026 + 360) * DAY)]);
    }

    proptest! {
        /// A window by the clock contains each second of the day as often as a look at the clock says.
        #[test]
        fn the_clock_says_so(start in 0..DAY, end in 0..DAY, at in 0i64..200_000_000_000) {
            prop_assume!(start != end);
            let time = |second: i64| DayTime::new(0, 0, 0).unwrap().later(std::time::Duration::from_secs(second as u64));
            let second = at.rem_euclid(DAY);
            let expected = if start < end { start <= second && second < end } else { second >= start || second < end };
            let window = window(time(start), time(end), Zone::Utc);
            prop_assert_eq!(window.contains(at).unwrap(), expected);
            let next = window.next(at).unwrap();
            prop_assert!(next > at && next <= at + DAY);
            prop_assert!([start, end].contains(&next.rem_euclid(DAY)));
        }

        /// Whatever the place, a window with one time by the sun rests for a while on most days: it does not reach the next one.
        #[test]
        fn no_window_reaches_the_next(
            latitude in -60.0..60.0f64,
            longitude in -180.0..180.0f64,
            second in 0..DAY,
            is_set: bool,
            is_end: bool,
        ) {
            let (sun, clock) = (Sun::at(latitude, longitude), DayTime::new(0, 0, 0).unwrap());
            let clock = clock.later(std::time::Duration::from_secs(second as u64));
            let sun = if is_set { sun.set() } else { sun.rise() };
            let (start, end) = if is_end { (clock, sun) } else { (sun, clock) };
            let window = window(start, end, Zone::Utc);
            for day in (Y2026..Y2026 + 365).step_by(30) {
                let (end, next) = (window.moment(end, day + window.later), window.moment(start, day + 1));
                // The sun of the days between those that were looked at is some minutes off.
                prop_assert!(end.unwrap() < next.unwrap() + 30 * 60, "{start} to {end}", end = window.end);
            }
        }

        /// Whatever the times by the sun, no moment is both in a window and in the one the other way round, or in neither.
        #[test]
        fn the_rest_of_the_day(latitude in -89.0..89.0f64, longitude in -180.0..180.0f64, at in 0i64..4_000_000_000) {
            let sun = Sun::at(latitude, longitude);
            let day = window(sun.rise(), sun.set(), Zone::Utc).contains(at).unwrap();
            let night = window(sun.set(), sun.rise(), Zone::Utc).contains(at).unwrap();
            prop_assert_ne!(day, night);
        }
    }

    /// Daylight saving.
    #[cfg(feature = "time-zones")]
    mod zones {
        use super::*;

        /// Returns the active parts of a day of UTC, in minutes.
        fn berlin(start: &str, end: &str, day: i64) -> Vec<(i64, i64)> {
            let window =
                window(start.parse().unwrap(), end.parse().unwrap(), Zone::Named("Europe/Berlin".into()));
            let minute = |at: i64| (at - day * DAY) / 60;
            parts(&window, day..day + 1).into_iter().map(|(from, to)| (minute(from), minute(to))).collect()
        }

        /// The 29th of March: at 01:00 UTC, the clock goes from 02:00 to 03:00.
        const FORWARD: i64 = Y2026 + 87;

        /// The 25th of October: at 01:00 UTC, the clock goes from 03:00 to 02:00.
        const BACK: i64 = Y2026 + 297;

        #[test]
        fn a_skipped_time_counts_when_it_is_skipped() {
            assert_eq!(berlin("02:30", "04:00", FORWARD), [(60, 120)]);
            assert_eq!(berlin("01:30", "02:30", FORWARD), [(30, 60), (1410, 1440)]);
            assert_eq!(berlin("02:15", "02:45", FORWARD), []);
            assert_eq!(berlin("02:30", "03:10", FORWARD), [(60, 70)]);
        }

        #[test]
        fn a_time_that_comes_twice_counts_once() {
            assert_eq!(berlin("02:30", "04:00", BACK), [(30, 180)]);
            assert_eq!(berlin("01:30", "02:30", BACK), [(0, 30)]);
            assert_eq!(berlin("02:15", "02:45", BACK), [(15, 45)]);
        }

        #[test]
        fn other_days_follow_the_zone() {
            assert_eq!(berlin("07:00", "08:00", Y2026), [(360, 420)]);
            assert_eq!(berlin("07:00", "08:00", Y2026 + 180), [(300, 360)]);
            assert_eq!(berlin("00:30", "23:30", Y2026), [(0, 1350), (1410, 1440)]);
        }

        #[test]
        fn evenings_do_not_depend_on_daylight_saving() {
            // The nominal sunset is at 18:06 of the zone's standard time, so this window ends on the same evening all the year.
            let evening = window(
                Sun::at(52.52, 13.40).set(),
                "18:30".parse().unwrap(),
                Zone::Named("Europe/Berlin".into()),
            );
            let of_year = hours(&evening, Y2026..Y2026 + 365);
            assert!((of_year[0] - 2.47).abs() < 0.1, "{}", of_year[0]);
            assert_eq!(of_year[170], 0.0);
        }

        #[test]
        fn unknown_zones() {
            let error = Zone::Named("Europe/Nowhere".into()).rules().unwrap_err();
            assert_eq!(error.kind(), pinzero_core::ErrorKind::InvalidValue);
            assert!(error.to_string().contains("Europe/Berlin"), "{error}");
        }
    }

    #[cfg(not(feature = "time-zones"))]
    #[test]
    fn zones_need_their_feature() {
        for zone in [Zone::System, Zone::Named("Europe/Berlin".into())] {
            let error = zone.rules().unwrap_err();
            assert_eq!(error.kind(), pinzero_core::ErrorKind::Unsupported);
            let message =
                "a time zone needs the feature `time-zones`: add it to `pinzero` in Cargo.toml, or use UTC";
            assert_eq!(error.to_string(), message);
        }
    }
}
