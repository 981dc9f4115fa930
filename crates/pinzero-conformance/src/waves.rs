//! Checks waves: in the rig's notes, in its record of levels, or by sampling the line.

use std::thread;
use std::time::Duration;

use pinzero_core::time::{Instant, ms};
use pinzero_core::{Level, Line};

use crate::fixture::Fixture;
use crate::rig::Pulses;
use crate::verdict::{Stop, Verdict, check};

/// The number of cycles to sample, and of samples in each.
const CYCLES: u32 = 10;
const SAMPLES: u32 = 100;

/// The number of attempts before a wave counts as wrong.
const LOOKS: u32 = 20;

/// The tolerance of times that are found by sampling, as a part of a period.
const TOLERANCE: f64 = 0.02;

impl Fixture<'_> {
    /// Fails unless these pulses are on the line.
    pub(crate) fn sees_pulses(&self, line: Line, wanted: Pulses) -> Verdict {
        if let Some(seen) = self.pulses(line)? {
            return check(are_near(seen, wanted, self.resolution()), || {
                format!("{line} carries {seen:?} instead of {wanted:?}")
            });
        }
        let has_record = self.record(line)?.is_some();
        let look = || if has_record { self.records(line, wanted) } else { self.watches(line, wanted) };
        // Other work of the machine disturbs the sampling, so the best attempt counts.
        let mut complaint = None;
        for _ in 0..LOOKS {
            match look() {
                Err(Stop::Failed(seen)) => complaint = Some(seen),
                Err(Stop::Stalled) => {}
                verdict => return verdict,
            }
        }
        Err(complaint.map_or(Stop::Stalled, Stop::Failed))
    }

    /// Fails unless the record of some cycles shows these pulses.
    fn records(&self, line: Line, wanted: Pulses) -> Verdict {
        // On a virtual clock nothing is late. On a real clock, the source of the pulses may be.
        let late = if self.is_virtual() { Duration::ZERO } else { wanted.period / 100 };
        let slack = self.resolution() + self.precision() + late;
        let mark = self.changes(line)?.len();
        self.gpio().sleep(wanted.period * CYCLES);
        let changes = self.changes(line)?.split_off(mark);
        let cycles = cycles(&changes);
        if let Some(seen) = typical(&cycles).filter(|seen| are_near(*seen, wanted, slack)) {
            log::debug!("{line} carries {seen:?}");
            return Ok(());
        }
        let is_steady = |pair: &[Pulses]| are_near(pair[0], pair[1], 2 * slack);
        if !cycles.windows(2).all(is_steady) {
            return Err(Stop::Stalled);
        }
        Err(Stop::Failed(format!("{line} carries {cycles:?} instead of {wanted:?}")))
    }

    /// Fails unless samples of the line over some cycles show these pulses.
    fn watches(&self, line: Line, wanted: Pulses) -> Verdict {
        let (period, start) = (wanted.period, self.gpio().now());
        let mut whole: Vec<Pulses> = Vec::new();
        // The levels of an unbroken run of samples.
        let mut row: Vec<(Instant, Level)> = Vec::new();
        let (mut has_gaps, mut steps) = (false, Vec::new());
        while whole.len() < CYCLES as usize && self.gpio().now() - start < period * CYCLES * 3 {
            let from = self.gpio().now();
            let level = self.observe(line)?;
            if row.last().is_none_or(|(_, last)| *last != level) {
                row.push((from, level));
            }
            self.gpio().sleep(period / SAMPLES);
            let step = self.gpio().now() - from;
            let is_end = step > period / 6;
            steps.push(step);
            if is_end || row.len() > 3 * CYCLES as usize {
                // The first level of a run began before the run.
                whole.extend(row.get(1..).map(cycles).unwrap_or_default());
                row.clear();
                has_gaps |= is_end;
            }
        }
        whole.extend(row.get(1..).map(cycles).unwrap_or_default());
        // A change shows in the next sample.
        steps.sort_unstable();
        let step = steps.get(steps.len() / 2).copied().unwrap_or_default();
        // If sampling is slow, either end of a pulse may be seen this late.
        let slack = if step > period / 25 { 2 * step } else { step };
        let slack = period.mul_f64(TOLERANCE).max(slack) + self.resolution();
        match typical(&whole) {
            Some(seen) if are_near(seen, wanted, slack) => Ok(()),
            Some(seen) => Err(Stop::Failed(format!("{line} carries {seen:?} instead of {wanted:?}"))),
            // The machine stalled repeatedly, so the line's levels in between are unknown.
            None if has_gaps => Err(Stop::Stalled),
            None => Err(Stop::Failed(format!("{line} carries no waves instead of {wanted:?}"))),
        }
    }

    /// Fails unless a line stays at `level` for some cycles of `period`.
    pub(crate) fn stays(&self, line: Line, level: Level, period: Duration, what: &str) -> Verdict {
        for _ in 0..CYCLES * SAMPLES {
            self.sees(line, level, what)?;
            self.gpio().sleep(period / SAMPLES);
        }
        Ok(())
    }

    /// Returns `true` if the clock stands still by itself.
    fn is_virtual(&self) -> bool {
        let before = self.gpio().now();
        thread::sleep(ms(1));
        self.gpio().now() == before
    }
}

fn are_near(one: Pulses, other: Pulses, slack: Duration) -> bool {
    let near = |one: Duration, other: Duration| one.abs_diff(other) <= slack;
    near(one.period, other.period) && near(one.pulse, other.pulse)
}

/// Returns the whole cycles in a record, each from a rise to the next.
fn cycles(changes: &[(Instant, Level)]) -> Vec<Pulses> {
    let cycle = |three: &[(Instant, Level)]| match three {
        [(rise, Level::High), (fall, Level::Low), (next, Level::High)] => {
            Some(Pulses { period: *next - *rise, pulse: *fall - *rise })
        }
        _ => None,
    };
    changes.windows(3).filter_map(cycle).collect()
}

/// Returns the typical cycle; `None` if there are too few.
fn typical(cycles: &[Pulses]) -> Option<Pulses> {
    if cycles.len() < CYCLES as usize / 2 {
        return None;
    }
    let middle = |time: fn(&Pulses) -> Duration| {
        let mut times: Vec<Duration> = cycles.iter().map(time).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    Some(Pulses { period: middle(|cycle| cycle.period), pulse: middle(|cycle| cycle.pulse) })
}
