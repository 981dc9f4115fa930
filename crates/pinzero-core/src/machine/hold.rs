//! Reports that an input is held: once or repeatedly.

use std::time::Duration;

use crate::time::Instant;

/// Reports when an input has been active for the hold time.
///
/// ```text
/// active   ____|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_____
/// held              ^    (^)  (^)         after the hold time; with a repeat, every so often from then on
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    time: Duration,
    repeat: Option<Duration>,
    next: Option<Instant>,
}

impl Hold {
    /// Returns a machine that reports "held" after `time` and then every `repeat`, which is not zero.
    pub(crate) fn new(time: Duration, repeat: Option<Duration>) -> Self {
        Hold { time, repeat, next: None }
    }

    /// Records that the input became active.
    pub(crate) fn press(&mut self, at: Instant) {
        self.next = Some(at + self.time);
    }

    /// Records that the input became inactive.
    pub(crate) fn release(&mut self) {
        self.next = None;
    }

    /// Returns the next instant of "held" that is due at `now`. Call this until it returns `None`.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        let at = self.next.filter(|at| *at <= now)?;
        self.next = self.repeat.map(|repeat| at + repeat);
        Some(at)
    }

    /// Returns when to call [`expire`](Hold::expire) next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ms;

    fn held(hold: &mut Hold, until: u64) -> Vec<u64> {
        std::iter::from_fn(|| hold.expire(Instant::ZERO + ms(until)))
            .map(|at| at.as_nanos() / 1_000_000)
            .collect()
    }

    #[test]
    fn table() {
        for (time, repeat, until, expected) in [
            (1000, None, 999, vec![]),
            (1000, None, 5000, vec![1000]),
            (1000, Some(1000), 3500, vec![1000, 2000, 3000]),
            (1000, Some(200), 1500, vec![1000, 1200, 1400]),
            (200, Some(1000), 1500, vec![200, 1200]),
            (0, None, 50, vec![0]),
            (0, Some(20), 50, vec![0, 20, 40]),
        ] {
            let mut hold = Hold::new(ms(time), repeat.map(ms));
            hold.press(Instant::ZERO);
            assert_eq!(
                held(&mut hold, until),
                expected,
                "hold time {time}, repeat {repeat:?}, until {until}"
            );
            hold.release();
            assert_eq!((held(&mut hold, 99_000), hold.deadline()), (vec![], None));
        }
    }
}
