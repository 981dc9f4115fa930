//! Reports that an input is held: once or repeatedly.

use std::time::Duration;

use crate::time::Instant;

/// The shortest time between two repeats, so that repeats cannot flood the handlers.
const FASTEST: Duration = Duration::from_millis(10);

/// Reports when an input has been active for the hold time.
///
/// ```text
/// active   ____|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_____
/// held              ^    (^)  (^)         after the hold time; with repeat, after each further one
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    time: Duration,
    repeat: Option<Duration>,
    next: Option<Instant>,
}

impl Hold {
    /// Returns a machine that reports "held" after `time` and, with `repeat`, after each further `time`.
    ///
    /// A `time` of zero reports at once and never repeats. Other times repeat at most every 10 ms.
    pub(crate) fn new(time: Duration, repeat: bool) -> Self {
        let repeat = (repeat && !time.is_zero()).then(|| time.max(FASTEST));
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
            (1000, false, 999, vec![]),
            (1000, false, 5000, vec![1000]),
            (1000, true, 3500, vec![1000, 2000, 3000]),
            (0, true, 50, vec![0]),
            (1, true, 25, vec![1, 11, 21]),
        ] {
            let mut hold = Hold::new(ms(time), repeat);
            hold.press(Instant::ZERO);
            assert_eq!(held(&mut hold, until), expected, "hold time {time}, repeat {repeat}, until {until}");
            hold.release();
            assert_eq!((held(&mut hold, 99_000), hold.deadline()), (vec![], None));
        }
    }
}
