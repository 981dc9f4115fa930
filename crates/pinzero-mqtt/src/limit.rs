//! [`Limit`]: a bound on the lines in a log.

use std::time::{Duration, Instant};

/// The number of lines at once, before the log falls silent.
const BURST: u32 = 10;

/// The time after which the log may speak again.
const SILENCE: Duration = Duration::from_secs(60);

/// Lets some lines through, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct Limit {
    since: Option<Instant>,
    said: u32,
    held_back: u64,
}

impl Limit {
    /// Returns whether a line may be written, and how many were held back before this one.
    pub(crate) fn allow(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= SILENCE) {
            self.since = Some(now);
            self.said = 0;
        }
        if self.said == BURST {
            self.held_back += 1;
            return None;
        }
        self.said += 1;
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_minute_pass_and_the_others_are_counted() {
        let mut limit = Limit::default();
        let start = Instant::now();
        let passed = (0..1000).filter(|_| limit.allow(start).is_some()).count();
        assert_eq!(passed, 10);
        assert_eq!(limit.allow(start + SILENCE), Some(990));
        assert_eq!(limit.allow(start + SILENCE), Some(0));
    }
}
