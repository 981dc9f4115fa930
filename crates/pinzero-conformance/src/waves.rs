//! Looking at waves: at what the rig notes of them, at its record of levels, or at the line again and again.

use std::thread;
use std::time::Duration;

use pinzero_core::time::{Instant, ms};
use pinzero_core::{Level, Line};

use crate::bench::{Bench, PATIENCE};
use crate::outcome::{Outcome, Stop, check};
use crate::rig::Pulses;

/// How many cycles of a wave are looked at, and how often each.
const CYCLES: u32 = 10;
const SAMPLES: u32 = 100;

/// How often a wave is looked at before it counts as wrong.
const LOOKS: u32 = 20;

/// What the share of time that a line is high may be off by, if it is found out by looking at it.
const DUTY_TOLERANCE: f64 = 0.02;

impl Bench<'_> {
    /// Fails unless these pulses are on the line.
    pub(crate) fn sees_pulses(&self, line: Line, wanted: Pulses) -> Outcome {
        if let Some(seen) = self.pulses(line)? {
            return check(are_near(seen, wanted, self.resolution()), || {
                format!("{line} carries {seen:?} instead of {wanted:?}")
            });
        }
        let has_record = self.record(line)?.is_some();
        let look = || if has_record { self.records(line, wanted) } else { self.watches(line, wanted) };
        // Whatever the machine does meanwhile spoils what is seen, so the best look counts.
        let mut complaint = None;
        for _ in 0..LOOKS {
            match look() {
                Err(Stop::Failed(seen)) => complaint = Some(seen),
                Err(Stop::Stalled) => {}
                outcome => return outcome,
            }
        }
        Err(complaint.map_or(Stop::Stalled, Stop::Failed))
    }

    /// Fails unless the record of some cycles shows these pulses.
    fn records(&self, line: Line, wanted: Pulses) -> Outcome {
        // Of a virtual clock nothing is late. Of a real one whoever makes the pulses may be.
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

    /// Fails unless the line, looked at again and again for some cycles, shows these pulses.
    fn watches(&self, line: Line, wanted: Pulses) -> Outcome {
        let period = wanted.period;
        let start = self.gpio().now();
        let (mut seen, mut high) = (Duration::ZERO, Duration::ZERO);
        let (mut before, mut rises, mut gaps) = (None, 0, 0);
        while seen < period * CYCLES {
            let from = self.gpio().now();
            let level = self.observe(line)?;
            rises += u32::from(before.replace(level) == Some(Level::Low) && level.is_high());
            self.gpio().sleep(period / SAMPLES);
            let time = self.gpio().now() - from;
            if time <= period / 10 {
                seen += time;
                high += if level.is_high() { time } else { Duration::ZERO };
            } else {
                // The machine stood still, and what was on the line meanwhile is not known.
                gaps += 1;
                self.in_time(start, PATIENCE)?;
            }
        }
        let duty = wanted.pulse.as_secs_f64() / period.as_secs_f64();
        let share = high.as_secs_f64() / seen.as_secs_f64();
        if (share - duty).abs() <= DUTY_TOLERANCE && rises.abs_diff(CYCLES) <= 1 + gaps {
            return Ok(());
        }
        if gaps > 0 {
            return Err(Stop::Stalled);
        }
        Err(Stop::Failed(format!(
            "{line} is high for {share:.3} of the time instead of {duty:.3}, and rises {rises} times in {CYCLES} cycles"
        )))
    }

    /// Fails unless a line stays at `level` for some cycles of `period`.
    pub(crate) fn stays(&self, line: Line, level: Level, period: Duration, what: &str) -> Outcome {
        for _ in 0..CYCLES * SAMPLES {
            self.sees(line, level, what)?;
            self.gpio().sleep(period / SAMPLES);
        }
        Ok(())
    }

    /// Whether the clock stands still by itself.
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

/// The whole cycles in a record, each from a rise to the next.
fn cycles(changes: &[(Instant, Level)]) -> Vec<Pulses> {
    let cycle = |three: &[(Instant, Level)]| match three {
        [(rise, Level::High), (fall, Level::Low), (next, Level::High)] => {
            Some(Pulses { period: *next - *rise, pulse: *fall - *rise })
        }
        _ => None,
    };
    changes.windows(3).filter_map(cycle).collect()
}

/// A cycle as most of them are; `None` where there are too few to say.
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
