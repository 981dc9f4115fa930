//! The exact instants of samples.

use std::time::Duration;

use crate::time::Instant;

/// The most missed samples reported at once, so that waking from an hour of sleep causes no flood.
const MOST_BEHIND: u32 = 64;

/// Computes the times of samples: every `period` from a start.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    period: Duration,
    next: Instant,
}

impl Sample {
    /// Returns a machine whose first sample is due one `period` after `start`.
    pub(crate) fn new(start: Instant, period: Duration) -> Self {
        Sample { period, next: start + period }
    }

    /// Returns the instant of the next sample that is due at `now`. Call this until it returns `None`.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        if self.next > now {
            return None;
        }
        let behind = (now - self.next).as_nanos() / self.period.as_nanos();
        let skipped = behind.saturating_sub(u128::from(MOST_BEHIND));
        self.next += self.period.saturating_mul(u32::try_from(skipped).unwrap_or(u32::MAX));
        let at = self.next;
        self.next += self.period;
        Some(at)
    }

    /// Returns when to call [`expire`](Sample::expire) next.
    pub(crate) fn deadline(&self) -> Instant {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ms;

    fn samples(sample: &mut Sample, until: u64) -> Vec<u64> {
        let now = Instant::ZERO + ms(until);
        std::iter::from_fn(|| sample.expire(now)).map(|at| at.as_nanos() / 1_000_000).collect()
    }

    #[test]
    fn each_is_due_on_its_beat() {
        let mut sample = Sample::new(Instant::ZERO, ms(10));
        assert_eq!(samples(&mut sample, 9), []);
        assert_eq!(samples(&mut sample, 35), [10, 20, 30]);
        assert_eq!(sample.deadline(), Instant::ZERO + ms(40));
    }

    #[test]
    fn only_the_last_are_made_up_for() {
        let mut sample = Sample::new(Instant::ZERO, ms(10));
        let made_up = samples(&mut sample, 10_000);
        assert_eq!(made_up.len(), MOST_BEHIND as usize + 1);
        assert_eq!((made_up[0], made_up.last()), (9360, Some(&10_000)));
    }
}
