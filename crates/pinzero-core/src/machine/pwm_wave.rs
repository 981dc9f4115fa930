//! The rectangular wave of software PWM.

use std::time::Duration;

use crate::time::Instant;
use crate::types::Level;

/// A wave with a period and a pulse, and its next edge.
///
/// A pulse of zero is steadily low and a pulse of a whole period steadily high, without an edge. A new period or pulse
/// takes effect at the start of a cycle. The running pulse or gap ends earlier if the new one would: at once, if that is past.
#[derive(Debug, Clone)]
pub(crate) struct Wave {
    period: Duration,
    pulse: Duration,
    cycle: Instant,
    /// The level on the line; `None` while it is not known.
    level: Option<Level>,
    next: Option<Instant>,
}

impl Wave {
    /// Returns a wave that is steadily low until [`set`](Wave::set).
    pub(crate) fn new() -> Self {
        let period = Duration::from_millis(10);
        Wave { period, pulse: Duration::ZERO, cycle: Instant::ZERO, level: Some(Level::Low), next: None }
    }

    /// A wave on a line whose level is not known: the first level is written in any case.
    pub(crate) fn on_unknown() -> Self {
        Wave { level: None, ..Wave::new() }
    }

    /// Sets period and pulse. Returns the level to write at once, if the level changes.
    pub(crate) fn set(&mut self, now: Instant, period: Duration, pulse: Duration) -> Option<Level> {
        (self.period, self.pulse) = (period, pulse);
        match (self.is_steady(), self.next) {
            (false, Some(next)) => {
                let is_high = self.level == Some(Level::High);
                let end = self.cycle + if is_high { pulse } else { period };
                self.next = Some(next.min(end.max(now)));
                None
            }
            (false, None) => {
                self.cycle = now;
                self.next = Some(now + pulse);
                self.change(Level::High)
            }
            (true, _) => {
                self.next = None;
                self.change(Level::from(!pulse.is_zero()))
            }
        }
    }

    /// Returns the level to write, if an edge is due at `now`. Skips cycles that are long past, and keeps the phase.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Level> {
        let due = self.next.filter(|next| *next <= now)?;
        if self.level == Some(Level::High) {
            self.next = Some(self.cycle + self.period.max(due - self.cycle));
            return self.change(Level::Low);
        }
        self.cycle = due;
        if now.since(self.cycle) >= self.period {
            let late = now.since(self.cycle).as_nanos() / self.period.as_nanos();
            self.cycle += self.period * u32::try_from(late).unwrap_or(u32::MAX);
        }
        self.next = Some(self.cycle + self.pulse);
        self.change(Level::High)
    }

    /// Returns the time of the next edge; `None` while the line is steady.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Leaves out whole cycles, so that at most `keep` are left up to `now`; returns how many it leaves out.
    pub(crate) fn skip(&mut self, now: Instant, keep: u64) -> u64 {
        let Some(next) = &mut self.next else { return 0 };
        let period = self.period.as_nanos() as u64;
        let skipped = (now.since(*next).as_nanos() as u64 / period).saturating_sub(keep);
        let time = Duration::from_nanos(period * skipped);
        (self.cycle, *next) = (self.cycle + time, *next + time);
        skipped
    }

    fn is_steady(&self) -> bool {
        self.pulse.is_zero() || self.pulse >= self.period
    }

    fn change(&mut self, level: Level) -> Option<Level> {
        (self.level.replace(level) != Some(level)).then_some(level)
    }
}

impl Default for Wave {
    fn default() -> Self {
        Wave::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{ms, us};

    fn edges(wave: &mut Wave, until: Instant) -> Vec<(u64, Level)> {
        let mut seen = Vec::new();
        while let Some(at) = wave.deadline().filter(|at| *at <= until) {
            let level = wave.expire(at);
            seen.extend(level.map(|level| (at.as_nanos() / 1000, level)));
        }
        seen
    }

    #[test]
    fn keeps_its_period_and_takes_changes_at_the_cycle() {
        let mut wave = Wave::new();
        let at = |micros| Instant::ZERO + us(micros);
        assert_eq!(wave.set(at(0), ms(1), us(300)), Some(Level::High));
        assert_eq!(edges(&mut wave, at(1100)), [(300, Level::Low), (1000, Level::High)]);
        assert_eq!(wave.set(at(1100), ms(1), us(900)), None);
        // The current pulse keeps its length; the next one has the new length.
        assert_eq!(
            edges(&mut wave, at(3000)),
            [(1300, Level::Low), (2000, Level::High), (2900, Level::Low), (3000, Level::High)]
        );
    }

    #[test]
    fn a_change_ends_a_pulse_or_a_gap_that_is_too_long() {
        let at = |millis| Instant::ZERO + ms(millis);
        let mut wave = Wave::new();
        wave.set(at(0), ms(1_000_000), ms(900_000));
        assert_eq!(wave.set(at(500), ms(10), ms(1)), None);
        let edges_until =
            |wave: &mut Wave, until| edges(wave, at(until)).into_iter().map(|(at, _)| at / 1000);
        assert_eq!(edges_until(&mut wave, 522).collect::<Vec<_>>(), [500, 500, 501, 510, 511, 520, 521]);
        // In a gap, too: a new cycle begins at once.
        wave.set(at(525), ms(1_000_000), ms(1));
        assert_eq!(edges_until(&mut wave, 600).collect::<Vec<_>>(), [530, 531]);
        assert_eq!(wave.set(at(90_000), ms(10), ms(2)), None);
        assert_eq!(edges_until(&mut wave, 90_010).collect::<Vec<_>>(), [90_000, 90_002, 90_010]);
    }

    #[test]
    fn the_ends_are_steady() {
        let mut wave = Wave::new();
        let start = Instant::ZERO;
        assert_eq!((wave.set(start, ms(1), ms(0)), wave.deadline()), (None, None));
        assert_eq!((wave.set(start, ms(1), ms(1)), wave.deadline()), (Some(Level::High), None));
        assert_eq!((wave.set(start, ms(1), us(1)), wave.deadline()), (None, Some(start + us(1))));
        assert_eq!((wave.set(start, ms(1), ms(0)), wave.deadline()), (Some(Level::Low), None));
    }

    #[test]
    fn skipped_cycles_keep_the_phase() {
        let mut wave = Wave::new();
        let at = |micros| Instant::ZERO + us(micros);
        wave.set(at(0), us(100), us(30));
        assert_eq!(wave.skip(at(1029), 10), 0);
        assert_eq!(wave.skip(at(1031), 3), 7);
        assert_eq!(edges(&mut wave, at(830)), [(730, Level::Low), (800, Level::High), (830, Level::Low)]);
    }

    #[test]
    fn a_late_wake_up_skips_cycles_and_keeps_the_phase() {
        let mut wave = Wave::new();
        wave.set(Instant::ZERO, ms(1), us(500));
        assert_eq!(wave.expire(Instant::ZERO + us(7_600)), Some(Level::Low));
        assert_eq!(wave.expire(Instant::ZERO + us(7_600)), Some(Level::High));
        assert_eq!(wave.deadline(), Some(Instant::ZERO + us(7_500)));
    }
}
