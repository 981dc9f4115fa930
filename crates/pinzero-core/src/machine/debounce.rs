//! The two debounces: settle (steady *before* an edge counts) and lockout (ignore *after* an edge).

use std::time::Duration;

use crate::time::Instant;
use crate::types::Level;

/// A change that has passed the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// The time at which the change counted.
    pub(crate) at: Instant,
    /// The level from then on.
    pub(crate) level: Level,
}

/// Both debounces in a row. They depend only on the timestamps of the edges, not on when the code runs.
///
/// ```text
/// raw      ___|‾|_|‾|_|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_|‾|_______
/// settle   _______________|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|__   after the level was steady for the settle time
/// lockout  ___|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|___________   at once, then deaf for the lockout time
/// ```
///
/// Neither ever loses the level that remains: each compares the level again when its time is over.
#[derive(Debug, Clone)]
pub(crate) struct Debounce {
    raw: Level,
    settle: Option<Settle>,
    lockout: Option<Lockout>,
    last: Instant,
}

#[derive(Debug, Clone)]
struct Settle {
    time: Duration,
    settled: Level,
    until: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Lockout {
    time: Duration,
    input: Level,
    passed: Level,
    until: Option<Instant>,
}

impl Debounce {
    /// Returns a filter for a line that is at `level`. A time of `None` or zero switches that debounce off.
    pub(crate) fn new(level: Level, settle: Option<Duration>, lockout: Option<Duration>) -> Self {
        let some = |time: Option<Duration>| time.filter(|time| !time.is_zero());
        Debounce {
            raw: level,
            settle: some(settle).map(|time| Settle { time, settled: level, until: None }),
            lockout: some(lockout).map(|time| Lockout { time, input: level, passed: level, until: None }),
            last: Instant::ZERO,
        }
    }

    /// Returns the level of the last edge, before filtering.
    pub(crate) fn raw(&self) -> Level {
        self.raw
    }

    /// Returns whether both debounces are off.
    pub(crate) fn is_open(&self) -> bool {
        self.settle.is_none() && self.lockout.is_none()
    }

    /// Processes an edge. Calls `changed` for every change that counts, including those that were due before the edge.
    pub(crate) fn edge(&mut self, at: Instant, level: Level, changed: &mut impl FnMut(Change)) {
        // Backends report in order, but a timestamp that is out of order must not turn time back.
        let at = at.max(self.last);
        self.expire(at, changed);
        self.last = at;
        if level == self.raw {
            return;
        }
        self.raw = level;
        match &mut self.settle {
            Some(settle) => settle.edge(at, level),
            None => self.settled(Change { at, level }, changed),
        }
    }

    /// Calls `changed` for every change that is due at `now`.
    pub(crate) fn expire(&mut self, now: Instant, changed: &mut impl FnMut(Change)) {
        while let Some(at) = self.deadline().filter(|at| *at <= now) {
            // If both are due at the same instant, settle comes first, so that the lockout sees the settled level.
            if let Some(level) = self.settle.as_mut().and_then(|settle| settle.expire(at)) {
                self.settled(Change { at, level }, changed);
            } else if let Some(level) = self.lockout.as_mut().and_then(|lockout| lockout.expire(at)) {
                changed(Change { at, level });
            }
        }
    }

    /// Returns when to call [`expire`](Debounce::expire) next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let settle = self.settle.as_ref().and_then(|settle| settle.until);
        let lockout = self.lockout.as_ref().and_then(|lockout| lockout.until);
        Instant::first(settle, lockout)
    }

    fn settled(&mut self, change: Change, changed: &mut impl FnMut(Change)) {
        if self.lockout.as_mut().is_none_or(|lockout| lockout.passes(change)) {
            changed(change);
        }
    }
}

impl Settle {
    fn edge(&mut self, at: Instant, level: Level) {
        self.until = (level != self.settled).then_some(at + self.time);
    }

    fn expire(&mut self, now: Instant) -> Option<Level> {
        self.until.take_if(|until| *until <= now)?;
        self.settled = !self.settled;
        Some(self.settled)
    }
}

impl Lockout {
    fn passes(&mut self, change: Change) -> bool {
        self.input = change.level;
        let passes = self.until.is_none() && self.input != self.passed;
        if passes {
            self.pass(change.at);
        }
        passes
    }

    fn expire(&mut self, now: Instant) -> Option<Level> {
        self.until.take_if(|until| *until <= now)?;
        (self.input != self.passed).then(|| self.pass(now))
    }

    fn pass(&mut self, at: Instant) -> Level {
        self.passed = self.input;
        self.until = Some(at + self.time);
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use Level::{High, Low};
    use proptest::prelude::*;

    use super::*;
    use crate::time::{ms, us};

    fn at(millis: u64) -> Instant {
        Instant::ZERO + ms(millis)
    }

    /// Returns all changes from edges at these milliseconds, which alternate and start with high.
    fn changes(settle: u64, lockout: u64, edges: &[u64]) -> Vec<(u64, Level)> {
        let mut filter = Debounce::new(Low, Some(ms(settle)), Some(ms(lockout)));
        let mut seen = Vec::new();
        let mut push = |change: Change| seen.push((change.at.as_nanos() / 1_000_000, change.level));
        for (index, edge) in edges.iter().enumerate() {
            filter.edge(at(*edge), Level::from(index % 2 == 0), &mut push);
        }
        filter.expire(Instant::MAX, &mut push);
        seen
    }

    #[test]
    fn table() {
        let press_with_bounce = [100, 102, 104, 300, 302, 304];
        let cases: [(u64, u64, &[u64], &[(u64, Level)]); 9] = [
            (0, 0, &[1, 2, 3], &[(1, High), (2, Low), (3, High)]),
            (10, 0, &press_with_bounce, &[(114, High), (314, Low)]),
            (10, 0, &[100, 105], &[]),
            (10, 0, &[100, 110], &[(110, High), (120, Low)]),
            (0, 10, &press_with_bounce, &[(100, High), (300, Low)]),
            // The lockout hides the edge, but the line did end low.
            (0, 10, &[100, 105], &[(100, High), (110, Low)]),
            (0, 10, &[100, 105, 106], &[(100, High)]),
            (10, 50, &[100, 120], &[(110, High), (160, Low)]),
            (10, 10, &[100, 110], &[(110, High), (120, Low)]),
        ];
        for (settle, lockout, edges, expected) in cases {
            assert_eq!(
                changes(settle, lockout, edges),
                expected,
                "settle {settle} lockout {lockout} {edges:?}"
            );
        }
    }

    #[test]
    fn a_stamp_out_of_order_does_not_turn_time_back() {
        let mut filter = Debounce::new(Low, None, None);
        let mut seen = Vec::new();
        filter.edge(at(10), High, &mut |change| seen.push(change));
        filter.edge(at(5), Low, &mut |change| seen.push(change));
        assert_eq!(seen, [Change { at: at(10), level: High }, Change { at: at(10), level: Low }]);
    }

    proptest! {
        #![proptest_config(crate::machine::properties())]

        #[test]
        fn ends_at_the_level_that_remains_and_alternates(
            settle in 0u64..3_000, lockout in 0u64..3_000,
            edges in prop::collection::vec((0u64..1_500, any::<bool>()), 0..60), late in 0u64..2_000,
        ) {
            let mut filter = Debounce::new(Low, Some(us(settle)), Some(us(lockout)));
            let mut seen = vec![Change { at: Instant::ZERO, level: Low }];
            let mut now = Instant::ZERO;
            let mut last = Low;
            for (gap, high) in edges {
                now += us(gap);
                last = Level::from(high);
                filter.edge(now, last, &mut |change| seen.push(change));
                // Whether the runtime wakes late or early must not change the result.
                if late % 3 == 0 {
                    filter.expire(now, &mut |change| seen.push(change));
                }
            }
            filter.expire(Instant::MAX, &mut |change| seen.push(change));
            prop_assert_eq!(filter.deadline(), None);
            prop_assert_eq!(seen.last().map(|change| change.level), Some(last));
            for pair in seen.windows(2) {
                prop_assert_ne!(pair[0].level, pair[1].level);
                prop_assert!(pair[0].at <= pair[1].at);
            }
            for pair in seen.windows(2).skip(1) {
                prop_assert!(pair[1].at - pair[0].at >= us(lockout));
            }
        }
    }
}
