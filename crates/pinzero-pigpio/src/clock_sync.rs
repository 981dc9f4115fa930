//! From the daemon's microseconds to the clock of this computer.

use std::time::Duration;

use pinzero_core::time::{Instant, us};

/// The largest drift between two good clocks in a second: 100 parts in a million.
const DRIFT: u32 = 10_000;

/// How far in the daemon's future a report may seem to be, beyond the error of our measurement: clocks are not perfect.
const AHEAD: Duration = Duration::from_secs(1);

/// A moment on the daemon's clock, in microseconds that do not wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(i64);

impl Tick {
    /// Returns the time since an earlier moment; `None` if that is not earlier.
    pub(crate) fn since(self, earlier: Tick) -> Option<Duration> {
        u64::try_from(self.0.saturating_sub(earlier.0)).ok().map(Duration::from_micros)
    }
}

/// The relation between the daemon's clock and ours.
///
/// A tick on the wire has 32 bits and wraps every 71.6 minutes. It stands for the moment nearest to the last tick, so a
/// tick must come at least every half hour. The keep-alive reports ensure that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockSync {
    last: Tick,
    /// The daemon's tick zero on our clock, in nanoseconds.
    zero: i64,
    /// The possible error of that value, and the time of its measurement.
    error: Duration,
    measured: Instant,
}

impl ClockSync {
    /// Returns the result of one measurement: a request for the tick, sent and answered at these times.
    pub(crate) fn new(sent: Instant, tick: u32, answered: Instant) -> Self {
        let last = Tick(i64::from(tick));
        ClockSync { last, zero: zero(sent, last, answered), error: (answered - sent) / 2, measured: answered }
    }

    /// Adds a measurement, if it is better than the present estimate, whose error has grown since.
    pub(crate) fn measure(&mut self, sent: Instant, tick: u32, answered: Instant) -> Tick {
        let tick = self.widen(tick);
        let error = (answered - sent) / 2;
        if error <= self.error_at(answered) {
            (self.zero, self.error, self.measured) = (zero(sent, tick, answered), error, answered);
        }
        tick
    }

    /// Returns the moment for these 32 bits.
    pub(crate) fn widen(&mut self, tick: u32) -> Tick {
        let ahead = tick.wrapping_sub(self.last.0 as u32) as i32;
        let tick = Tick(self.last.0.saturating_add(i64::from(ahead)));
        self.last = self.last.max(tick);
        tick
    }

    /// Returns the time of a tick on our clock; never later than `now`, when the tick was already known.
    pub(crate) fn local(&mut self, tick: Tick, now: Instant) -> Instant {
        let latest = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        let local = self.zero.saturating_add(tick.0.saturating_mul(1000));
        if local > latest {
            // The time would lie in the future: our zero was too late by at least this much.
            self.zero -= local - latest;
        }
        Instant::from_nanos(local.clamp(0, latest) as u64)
    }

    /// Checks that a tick that is known `now` does not lie in the daemon's future.
    ///
    /// # Errors
    /// The reason why no daemon sends the tick.
    pub(crate) fn check(&self, tick: Tick, now: Instant) -> Result<(), String> {
        let ahead = self.zero.saturating_add(tick.0.saturating_mul(1000));
        let ahead = Instant::from_nanos(u64::try_from(ahead).unwrap_or(0)).since(now);
        match ahead > AHEAD + 2 * self.error_at(now) {
            true => Err(format!("it sends a report that is {ahead:?} ahead of its clock")),
            false => Ok(()),
        }
    }

    /// Returns the age of the last measurement.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now - self.measured
    }

    /// Returns whether a daemon at `tick` can be the one measured before: its host has not restarted.
    pub(crate) fn goes_on(&mut self, tick: u32, now: Instant) -> bool {
        let expected = (i64::try_from(now.as_nanos()).unwrap_or(i64::MAX) - self.zero) / 1000;
        let apart = (tick.wrapping_sub(expected as u32) as i32).unsigned_abs();
        Duration::from_micros(u64::from(apart)) < Duration::from_millis(500) + 2 * self.error_at(now)
    }

    fn error_at(&self, now: Instant) -> Duration {
        self.error + self.age(now) / DRIFT
    }
}

/// Returns tick zero on our clock, if `tick` was halfway between request and reply.
fn zero(sent: Instant, tick: Tick, answered: Instant) -> i64 {
    let middle = sent + (answered - sent) / 2;
    i64::try_from(middle.as_nanos()).unwrap_or(i64::MAX).saturating_sub(tick.0.saturating_mul(1000))
}

/// The longest round trip of a useful measurement.
pub(crate) const WORTHLESS: Duration = us(200_000);

#[cfg(test)]
mod tests {
    use pinzero_core::time::{ms, secs};
    use proptest::prelude::*;

    use super::*;

    fn at(time: Duration) -> Instant {
        Instant::ZERO + secs(1_000_000) + time
    }

    #[test]
    fn a_tick_is_in_the_middle_of_question_and_answer() {
        let mut clock_sync = ClockSync::new(at(ms(0)), 5_000_000, at(ms(4)));
        let tick = clock_sync.widen(5_010_000);
        assert_eq!(clock_sync.local(tick, at(ms(50))), at(ms(12)));
    }

    #[test]
    fn the_shorter_way_counts_and_the_older_measurement_fades() {
        let mut clock_sync = ClockSync::new(at(ms(0)), 0, at(ms(2)));
        // Longer on the way, and so worse.
        clock_sync.measure(at(ms(10)), 15_000, at(ms(20)));
        let tick = clock_sync.widen(20_000);
        assert_eq!(clock_sync.local(tick, at(ms(90))), at(ms(21)));
        // Two minutes later the first may be wrong by 13 ms.
        let later = secs(120);
        clock_sync.measure(at(later), 120_009_000, at(later + ms(10)));
        let tick = clock_sync.widen(120_019_000);
        assert_eq!(clock_sync.local(tick, at(later + ms(90))), at(later + ms(15)));
    }

    #[test]
    fn no_edge_lies_in_the_future() {
        let mut clock_sync = ClockSync::new(at(ms(0)), 0, at(ms(10)));
        let tick = clock_sync.widen(20_000);
        assert_eq!(clock_sync.local(tick, at(ms(22))), at(ms(22)));
        // So the zero was 3 ms too late.
        let tick = clock_sync.widen(30_000);
        assert_eq!(clock_sync.local(tick, at(ms(90))), at(ms(32)));
    }

    #[test]
    fn a_host_that_was_started_anew_is_noticed() {
        let mut clock_sync = ClockSync::new(at(ms(0)), 4_294_000_000, at(ms(2)));
        assert!(clock_sync.goes_on(4_294_000_000u32.wrapping_add(60_000_000), at(secs(60))));
        assert!(!clock_sync.goes_on(20_000_000, at(secs(60))));
    }

    proptest! {
        #[test]
        fn ticks_go_on_over_any_number_of_wraps(start: u32, steps in proptest::collection::vec(0u32..0x7fff_ffff, 1..40)) {
            let mut clock_sync = ClockSync::new(at(ms(0)), start, at(ms(0)));
            let mut now = u64::from(start);
            for step in steps {
                now += u64::from(step);
                prop_assert_eq!(clock_sync.widen(now as u32), Tick(now as i64));
            }
        }

        #[test]
        fn a_tick_that_is_told_late_is_not_taken_for_a_wrap(start: u32, back in 0u32..1_000_000) {
            let mut clock_sync = ClockSync::new(at(ms(0)), start, at(ms(0)));
            let late = clock_sync.widen(start.wrapping_sub(back));
            prop_assert_eq!(late, Tick(i64::from(start) - i64::from(back)));
            prop_assert_eq!(clock_sync.widen(start), Tick(i64::from(start)));
        }
    }
}
