//! The bench that a trial works at: the rig, with the tools that all trials need.

use std::time::Duration;

use pinzero_core::time::{Instant, ms, secs};
use pinzero_core::{
    Bias, Capabilities, Event, EventKind, Events, Gpio, InputBuilder, Level, Line, OnClose, Result, Support,
};

use crate::outcome::{Outcome, Stop, check, or_not_applicable};
use crate::rig::{Pulses, Rig};

/// How long to wait for what has to come. Only a failure takes this long.
const PATIENCE: Duration = secs(5);

/// How long to watch for what must not come.
const QUIET: Duration = ms(50);

/// How many cycles of a wave are looked at, and how often each.
const CYCLES: u32 = 10;
const SAMPLES: u32 = 100;

/// How often a wave is watched, if the machine keeps standing still meanwhile.
const WATCHES: u32 = 10;

/// What the share of time that a line is high may be off by, if it is found out by looking.
const DUTY_TOLERANCE: f64 = 0.05;

/// How often core reads an input where the factory reports no edges.
const POLL: Duration = ms(1);

/// How much later than that it may be, on a machine that has other things to do.
const POLL_LATENESS: Duration = ms(20);

/// A power without which a trial is not for a factory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    is_met: fn(&Capabilities) -> bool,
    /// What is said if it is not met.
    reason: &'static str,
}

pub(crate) const BIAS: Need =
    Need { is_met: |powers| powers.bias.is_available(), reason: "bias is not declared" };
pub(crate) const GROUP: Need =
    Need { is_met: |powers| powers.group.is_available(), reason: "group is not declared" };
pub(crate) const INPUT: Need =
    Need { is_met: |powers| powers.input.is_available(), reason: "input is not declared" };
pub(crate) const KEEP: Need =
    Need { is_met: |powers| powers.keep.is_available(), reason: "keep is not declared" };
pub(crate) const NATIVE_EDGES: Need = Need {
    is_met: |powers| powers.edges == Support::Native,
    reason: "edges are polled, so short ones go unseen",
};
pub(crate) const NATIVE_GROUP: Need = Need {
    is_met: |powers| powers.group == Support::Native,
    reason: "a group is emulated, one line after the other",
};
pub(crate) const OUTPUT: Need =
    Need { is_met: |powers| powers.output.is_available(), reason: "output is not declared" };
pub(crate) const PWM: Need =
    Need { is_met: |powers| powers.pwm.is_available(), reason: "pwm is not declared" };
pub(crate) const SPI: Need =
    Need { is_met: |powers| powers.spi.is_available(), reason: "spi is not declared" };

/// When something happened: not before `from` and not after `to`. On a virtual clock the two are one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Span {
    /// The span that begins and ends so much later.
    pub(crate) fn plus(self, time: Duration) -> Span {
        Span { from: self.from + time, to: self.to + time }
    }
}

/// The rig of a trial, and the tools.
pub(crate) struct Bench<'a> {
    rig: &'a dyn Rig,
    /// The lines to use, one at least.
    pub(crate) lines: Vec<Line>,
    /// The first of them.
    pub(crate) line: Line,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(rig: &'a dyn Rig) -> Outcome<Self> {
        let lines = rig.lines();
        let line = *lines.first().ok_or_else(|| Stop::Failed("the rig has no lines to use".to_owned()))?;
        Ok(Bench { rig, lines, line })
    }

    pub(crate) fn rig(&self) -> &dyn Rig {
        self.rig
    }

    pub(crate) fn gpio(&self) -> &Gpio {
        self.rig.gpio()
    }

    /// What the factory can do, core's emulation included.
    pub(crate) fn powers(&self) -> Capabilities {
        self.gpio().capabilities()
    }

    /// Ends a trial about a power that is not there.
    pub(crate) fn need(&self, need: Need) -> Outcome {
        or_not_applicable((need.is_met)(&self.powers()).then_some(()), need.reason)
    }

    /// A further line; the end of the trial if the rig has none.
    pub(crate) fn other_line(&self) -> Outcome<Line> {
        or_not_applicable(self.lines.get(1).copied(), "the rig has one line only")
    }

    /// Does something, and says when that was.
    pub(crate) fn time(&self, work: impl FnOnce() -> Result<()>) -> Outcome<Span> {
        let from = self.gpio().now();
        work()?;
        Ok(Span { from, to: self.gpio().now() })
    }

    /// Drives a line from outside, or lets go of it.
    pub(crate) fn drive(&self, line: Line, level: impl Into<Option<Level>>) -> Outcome<Span> {
        let level = level.into();
        self.time(|| self.rig.drive(line, level))
    }

    /// Makes an input of a line that may have been left as an output, so that nothing drives against it.
    pub(crate) fn leave_undriven(&self, line: Line) -> Outcome {
        let output = self.gpio().output(line).adopt().on_close(OnClose::Input(Bias::AsIs)).open()?;
        Ok(output.close()?)
    }

    /// The level on a line, seen from outside.
    pub(crate) fn observe(&self, line: Line) -> Outcome<Level> {
        Ok(self.rig.observe(line)?)
    }

    /// Fails unless a line is at `level`, seen from outside.
    pub(crate) fn sees(&self, line: Line, level: Level, what: &str) -> Outcome {
        let seen = self.observe(line)?;
        check(seen == level, || format!("{line}, {what}: seen {seen} from outside, not {level}"))
    }

    /// Every level that a line has changed to so far; the end of the trial if the rig does not note them.
    pub(crate) fn changes(&self, line: Line) -> Outcome<Vec<(Instant, Level)>> {
        or_not_applicable(self.rig.changes(line)?, "the rig keeps no record of levels")
    }

    /// Fails unless the next event is the change to `level`, and counted at `when`.
    pub(crate) fn expect(&self, events: &mut Events, level: Level, when: Span) -> Outcome<Event> {
        let Some(event) = events.next_timeout(PATIENCE) else {
            return Err(Stop::Failed(format!("no event came of a change to {level}")));
        };
        let kind = if level.is_high() { EventKind::Activated } else { EventKind::Deactivated };
        let is_polled = self.powers().edges == Support::Emulated;
        let late = if is_polled { POLL + POLL_LATENESS } else { Duration::ZERO };
        let slack = self.rig.precision();
        let in_time = event.at + slack >= when.from && event.at <= when.to + slack + late;
        check(in_time && (event.kind, event.level, event.missed) == (kind, level, 0), || {
            format!("{event:?} came of a change to {level} that counts at {:?} to {:?}", when.from, when.to)
        })?;
        Ok(event)
    }

    /// Fails if an event comes.
    pub(crate) fn expect_none(&self, events: &mut Events) -> Outcome {
        match events.next_timeout(QUIET) {
            None => Ok(()),
            Some(event) => Err(Stop::Failed(format!("{event:?} came of nothing"))),
        }
    }

    /// Prepares to open a line as an input, to be read often if its edges are polled.
    pub(crate) fn input(&self, line: Line) -> InputBuilder {
        self.gpio().input(line).poll_interval(POLL)
    }

    /// Lets a moment pass, so that what happens next has a time of its own.
    pub(crate) fn tick(&self) {
        self.gpio().sleep(POLL * 2);
    }

    /// Ends a trial that has meant to be here less than `limit` after `start`.
    pub(crate) fn in_time(&self, start: Instant, limit: Duration) -> Outcome {
        if self.gpio().now() - start < limit { Ok(()) } else { Err(Stop::Stalled) }
    }

    /// Waits until `is_so`, or until nothing is left to be hoped for; tells which.
    pub(crate) fn eventually(&self, mut is_so: impl FnMut() -> bool) -> bool {
        let start = self.gpio().now();
        while !is_so() {
            if self.gpio().now() - start > PATIENCE {
                return false;
            }
            self.tick();
        }
        true
    }

    /// Fails unless these pulses are on the line.
    pub(crate) fn sees_pulses(&self, line: Line, wanted: Pulses) -> Outcome {
        if let Some(seen) = self.rig.pulses(line)? {
            let near = |one: Duration, other: Duration| one.abs_diff(other) <= self.rig.resolution();
            return check(near(seen.period, wanted.period) && near(seen.pulse, wanted.pulse), || {
                format!("{line} carries {seen:?} instead of {wanted:?}")
            });
        }
        let duty = wanted.pulse.as_secs_f64() / wanted.period.as_secs_f64();
        for _ in 0..WATCHES {
            let Watched { share, is_complete } = self.watch(line, wanted.period)?;
            if (share - duty).abs() <= DUTY_TOLERANCE {
                return Ok(());
            }
            if is_complete {
                let complaint = format!("{line} is high for {share:.3} of the time instead of {duty:.3}");
                return Err(Stop::Failed(complaint));
            }
        }
        Err(Stop::Stalled)
    }

    /// Watches a line for some cycles of `period`, all but the time that the machine stands still.
    fn watch(&self, line: Line, period: Duration) -> Outcome<Watched> {
        let start = self.gpio().now();
        let (mut seen, mut high) = (Duration::ZERO, Duration::ZERO);
        while seen < period * CYCLES {
            let from = self.gpio().now();
            let level = self.observe(line)?;
            self.gpio().sleep(period / SAMPLES);
            let time = self.gpio().now() - from;
            if time <= period / 10 {
                seen += time;
                high += if level.is_high() { time } else { Duration::ZERO };
            } else {
                self.in_time(start, PATIENCE)?;
            }
        }
        let is_complete = self.gpio().now() - start <= seen + period;
        Ok(Watched { share: high.as_secs_f64() / seen.as_secs_f64(), is_complete })
    }

    /// Fails unless a line stays at `level` for some cycles of `period`.
    pub(crate) fn stays(&self, line: Line, level: Level, period: Duration, what: &str) -> Outcome {
        for _ in 0..CYCLES * SAMPLES {
            self.sees(line, level, what)?;
            self.gpio().sleep(period / SAMPLES);
        }
        Ok(())
    }
}

/// What came of watching a line.
struct Watched {
    /// The share of time that it was high, from 0 to 1.
    share: f64,
    /// Whether hardly any time went by unwatched.
    is_complete: bool,
}
