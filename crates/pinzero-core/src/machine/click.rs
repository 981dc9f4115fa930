//! Distinguishes click, double click and long press.

use std::time::Duration;

use crate::time::Instant;

/// The meaning of one press, or of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gesture {
    /// Pressed and released, and not pressed again within the double-click time.
    Click,
    /// Pressed and released twice.
    DoubleClick,
    /// Pressed for the hold time.
    LongPress,
}

/// Sorts presses into gestures; each press belongs to exactly one.
///
/// ```text
/// pressed  __|‾|____________|‾|_|‾|______|‾‾‾‾‾‾‾‾‾‾‾|____
///               |<- gap ->|         |         |
///                         click     double    long press
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Click {
    gap: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// Pressed when the input was opened: a release tells nothing, but the press may become a long one.
    Found,
    First,
    Between(Instant),
    Second,
    Long,
}

impl Click {
    /// The second press of a double click comes at most `gap` after the first release.
    pub(crate) fn new(gap: Duration) -> Self {
        Click { gap, state: State::Idle }
    }

    /// Records that the input became active. Call [`expire`](Click::expire) for this instant first.
    pub(crate) fn press(&mut self) {
        self.state = if matches!(self.state, State::Between(_)) { State::Second } else { State::First };
    }

    /// Records that the input was active when it was opened.
    pub(crate) fn found_active(&mut self) {
        self.state = State::Found;
    }

    /// Records that the input became inactive. Returns the gesture that this completes.
    pub(crate) fn release(&mut self, at: Instant) -> Option<Gesture> {
        let (state, gesture) = match self.state {
            State::First => (State::Between(at + self.gap), None),
            State::Second => (State::Idle, Some(Gesture::DoubleClick)),
            State::Idle | State::Found | State::Between(_) | State::Long => (State::Idle, None),
        };
        self.state = state;
        gesture
    }

    /// Records that the input has been active for the hold time. In a second press, the first one becomes a click.
    pub(crate) fn long(&mut self) -> &'static [Gesture] {
        let gestures: &[Gesture] = match self.state {
            State::Found | State::First => &[Gesture::LongPress],
            State::Second => &[Gesture::Click, Gesture::LongPress],
            State::Idle | State::Between(_) | State::Long => return &[],
        };
        self.state = State::Long;
        gestures
    }

    /// Returns the instant at which a single click became certain, if that is due at `now`.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        let at = self.deadline().filter(|at| *at <= now)?;
        self.state = State::Idle;
        Some(at)
    }

    /// Returns when to call [`expire`](Click::expire) next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Between(until) => Some(until),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use Gesture::{Click as Single, DoubleClick, LongPress};

    use super::*;
    use crate::time::ms;

    /// Plays presses `(down, up)` with a gap of 300 and a hold time of 1000 ms.
    fn play(presses: &[(u64, u64)]) -> Vec<Gesture> {
        let at = |millis| Instant::ZERO + ms(millis);
        let mut click = Click::new(ms(300));
        let mut seen = Vec::new();
        for &(down, up) in presses {
            seen.extend(click.expire(at(down)).map(|_| Single));
            click.press();
            if up - down >= 1000 {
                seen.extend(click.long());
            }
            seen.extend(click.release(at(up)));
        }
        seen.extend(click.expire(Instant::MAX).map(|_| Single));
        seen
    }

    #[test]
    fn table() {
        let cases: [(&[(u64, u64)], &[Gesture]); 7] = [
            (&[(0, 100)], &[Single]),
            (&[(0, 100), (399, 450)], &[DoubleClick]),
            (&[(0, 100), (400, 450)], &[Single, Single]),
            (&[(0, 1000)], &[LongPress]),
            (&[(0, 100), (200, 1300)], &[Single, LongPress]),
            (&[(0, 50), (100, 150), (200, 250)], &[DoubleClick, Single]),
            (&[(0, 50), (100, 150), (200, 250), (300, 350)], &[DoubleClick, DoubleClick]),
        ];
        for (presses, expected) in cases {
            assert_eq!(play(presses), expected, "{presses:?}");
        }
    }
}
