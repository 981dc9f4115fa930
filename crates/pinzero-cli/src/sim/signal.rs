//! Reads the last moments of a line as an eye or an ear does: its share of time, its frequency.

use std::time::Duration;

use pinzero::mock::MockGpio;
use pinzero::{Level, LineFunction};

/// How far back a signal is looked at: two rounds of a display with four digits, and less than an eye notices.
const WINDOW: Duration = Duration::from_millis(40);

/// The fewest changes in the window that make a signal: a cycle and its start. Of fewer, the last one counts.
const FEWEST: usize = 3;

/// The last moments of a line.
#[derive(Debug, Clone)]
pub(crate) struct Signal {
    pub(crate) function: LineFunction,
    pub(crate) is_high: bool,
    /// The share of the time in which PWM is high, and its frequency.
    pub(crate) pwm: Option<(f64, f64)>,
    /// In seconds before `now`, oldest first, with the level from then on.
    changes: Vec<(f64, bool)>,
}

impl Signal {
    /// Looks at a line. The edges of PWM are not worked out, so that a look costs little.
    pub(crate) fn read(mock: &MockGpio, line: u32) -> Self {
        let line = mock.line(line);
        let function = line.function();
        if let Some(pulse) = line.pulse() {
            let duty = pulse.duty().clamp(0.0, 1.0);
            let pwm = Some((duty, 1.0 / pulse.period.as_secs_f64()));
            return Signal { function, is_high: duty >= 0.5, pwm, changes: Vec::new() };
        }
        let now = mock.elapsed();
        let history = line.history_since(now.saturating_sub(WINDOW));
        let before = |at: Duration| -now.saturating_sub(at).as_secs_f64();
        let changes: Vec<_> = history.into_iter().map(|(at, level)| (before(at), level.is_high())).collect();
        let is_high = changes.last().map_or_else(|| line.level() == Level::High, |(_, is_high)| *is_high);
        Signal { function, is_high, pwm: None, changes }
    }

    /// Returns whether a pin or PWM drives the line.
    pub(crate) fn is_driven(&self) -> bool {
        self.pwm.is_some() || self.function != LineFunction::Input
    }

    /// Returns the share of the time in which the line is high: of PWM its duty cycle, of a line that toggles all the time that of its
    /// last cycles, else 0 or 1.
    pub(crate) fn share(&self) -> f64 {
        if let Some((duty, _)) = self.pwm {
            return duty;
        }
        match self.cycles() {
            // In steps of a twentieth, as no program toggles evenly.
            Some((from, to, _)) => (self.time_high(from, to) / (to - from) * 20.0).round() / 20.0,
            None => f64::from(u8::from(self.is_high)),
        }
    }

    /// Returns the frequency, if there is one.
    pub(crate) fn hertz(&self) -> Option<f64> {
        match self.pwm {
            Some((duty, hertz)) => (duty > 0.0 && duty < 1.0).then_some(hertz),
            None => self.cycles().map(|(from, to, count)| f64::from(count) / (to - from)),
        }
    }

    /// Returns the start and the end of the last whole cycles, and their number; `None` if the line does not toggle, or no longer.
    fn cycles(&self) -> Option<(f64, f64, u32)> {
        let (end, _) = *self.changes.last()?;
        let count = (self.changes.len() - 1) / 2;
        if self.changes.len() < FEWEST {
            return None;
        }
        let (start, _) = self.changes[self.changes.len() - 1 - 2 * count];
        let period = (end - start) / count as f64;
        // A change is overdue: the toggling has ended.
        (period > 0.0 && -end <= 1.5 * period).then_some((start, end, count as u32))
    }

    /// Returns how long the line was high between two times.
    fn time_high(&self, from: f64, to: f64) -> f64 {
        let ends = self.changes.iter().skip(1).map(|(at, _)| *at).chain([0.0]);
        let spans = self.changes.iter().zip(ends).filter(|((_, is_high), _)| *is_high);
        spans.map(|((start, _), end)| (end.min(to) - start.max(from)).max(0.0)).sum()
    }

    /// Returns the level at a time, from 0 to 1: of PWM its duty cycle.
    fn level_at(&self, time: f64) -> f64 {
        if let Some((duty, _)) = self.pwm {
            return duty;
        }
        let is_high = match self.changes.partition_point(|(at, _)| *at <= time).checked_sub(1) {
            Some(index) => self.changes[index].1,
            None => self.changes.first().map_or(self.is_high, |(_, is_high)| !is_high),
        };
        f64::from(u8::from(is_high))
    }

    /// Returns how bright a segment is while its digit is selected: `lit` and `selected` are the levels that light and select.
    pub(crate) fn seen_with(&self, digit: &Signal, lit: bool, selected: bool) -> f64 {
        let share = |level: f64, active: bool| if active { level } else { 1.0 - level };
        if digit.changes.is_empty() {
            return share(self.share(), lit) * share(digit.share(), selected).round();
        }
        let mut times: Vec<f64> = self.changes.iter().chain(&digit.changes).map(|(at, _)| *at).collect();
        times.extend([-WINDOW.as_secs_f64(), 0.0]);
        times.sort_by(f64::total_cmp);
        let (mut both, mut selection) = (0.0, 0.0);
        for pair in times.windows(2) {
            let middle = (pair[0] + pair[1]) / 2.0;
            let time = share(digit.level_at(middle), selected) * (pair[1] - pair[0]);
            selection += time;
            both += time * share(self.level_at(middle), lit);
        }
        if selection > 0.0 { both / selection } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(changes: &[(f64, bool)]) -> Signal {
        let is_high = changes.last().is_some_and(|(_, is_high)| *is_high);
        Signal { function: LineFunction::Output, is_high, pwm: None, changes: changes.to_vec() }
    }

    #[test]
    fn whole_cycles_make_the_share_and_the_frequency() {
        // 100 Hz, a quarter high.
        let toggling = signal(&[
            (-0.030, true),
            (-0.0275, false),
            (-0.020, true),
            (-0.0175, false),
            (-0.010, true),
            (-0.0075, false),
        ]);
        assert!((toggling.share() - 0.25).abs() < 1e-9, "{}", toggling.share());
        assert!((toggling.hertz().unwrap() - 100.0).abs() < 1e-6);
        let ended = signal(&[(-0.040, true), (-0.0395, false), (-0.039, true), (-0.0385, false)]);
        assert_eq!((ended.share(), ended.hertz()), (0.0, None), "the toggling has ended");
        assert_eq!(signal(&[(-0.01, true)]).share(), 1.0, "one change is no signal");
    }

    #[test]
    fn a_segment_is_as_bright_as_while_its_digit_is_selected() {
        // Two digits take turns of 5 ms; the segment is lit with the first.
        let first = signal(&[(-0.020, false), (-0.015, true), (-0.010, false), (-0.005, true)]);
        let second = signal(&[(-0.020, true), (-0.015, false), (-0.010, true), (-0.005, false)]);
        let segment = signal(&[(-0.020, true), (-0.015, false), (-0.010, true), (-0.005, false)]);
        assert!((segment.seen_with(&first, true, false) - 1.0).abs() < 1e-9);
        assert!(segment.seen_with(&second, true, false).abs() < 1e-9);
    }
}
