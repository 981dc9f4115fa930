//! The fixture of a trial: the rig, with the tools that all trials need.

use std::any::Any;
use std::time::Duration;

use pinzero_core::time::{Instant, ms, secs};
use pinzero_core::{
    Bias, Capabilities, Event, EventKind, Events, Gpio, InputBuilder, Inputs, Level, Line, OnClose,
    PinFactory, Result, Support,
};

use crate::rig::{Pulses, Rig};
use crate::verdict::{Stop, Verdict, check, of_rig, or_not_applicable};

/// How long to wait for an expected event. Only a failure takes this long.
pub(crate) const PATIENCE: Duration = secs(5);

/// How long to watch for an unexpected event.
pub(crate) const QUIET: Duration = ms(50);

/// How often core reads an input where the factory reports no edges.
const POLL: Duration = ms(1);

/// How much later than that the reading may be, on a busy machine.
pub(crate) const POLL_LATENESS: Duration = ms(20);

/// A capability that a trial needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    is_met: fn(&Capabilities) -> bool,
    /// The reason to report if the capability is missing.
    reason: &'static str,
}

pub(crate) const BIAS: Need =
    Need { is_met: |powers| powers.bias.is_available(), reason: "bias is not declared" };
pub(crate) const FLEX: Need =
    Need { is_met: |powers| powers.flex.is_available(), reason: "flex is not declared" };
pub(crate) const GROUP: Need =
    Need { is_met: |powers| powers.group.is_available(), reason: "group is not declared" };
pub(crate) const INPUT: Need =
    Need { is_met: |powers| powers.input.is_available(), reason: "input is not declared" };
pub(crate) const INPUTS: Need =
    Need { is_met: |powers| powers.inputs.is_available(), reason: "inputs is not declared" };
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
pub(crate) const NATIVE_SPI: Need = Need {
    is_met: |powers| powers.spi == Support::Native,
    reason: "SPI is emulated, on outputs and an input",
};
pub(crate) const OUTPUT: Need =
    Need { is_met: |powers| powers.output.is_available(), reason: "output is not declared" };
pub(crate) const PWM: Need =
    Need { is_met: |powers| powers.pwm.is_available(), reason: "pwm is not declared" };
pub(crate) const SOFT_I2C: Need =
    Need { is_met: |powers| powers.soft_i2c.is_available(), reason: "soft_i2c is not declared" };
pub(crate) const SPI: Need =
    Need { is_met: |powers| powers.spi.is_available(), reason: "spi is not declared" };

/// The time of an event: not before `from` and not after `to`. On a virtual clock the two are equal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Span {
    /// Returns the span, shifted by this duration.
    pub(crate) fn plus(self, time: Duration) -> Span {
        Span { from: self.from + time, to: self.to + time }
    }
}

/// The rig of a trial, and the tools.
pub(crate) struct Fixture<'a> {
    rig: &'a dyn Rig,
    /// The lines to use, at least one.
    pub(crate) lines: Vec<Line>,
    /// The first of these lines.
    pub(crate) line: Line,
}

impl<'a> Fixture<'a> {
    pub(crate) fn new(rig: &'a dyn Rig) -> Verdict<Self> {
        let lines = rig.lines();
        let line = *lines.first().ok_or_else(|| Stop::Rig("the rig has no lines to use".to_owned()))?;
        Ok(Fixture { rig, lines, line })
    }

    pub(crate) fn gpio(&self) -> &Gpio {
        self.rig.gpio()
    }

    /// Returns the tolerance of an edge's timestamp.
    pub(crate) fn precision(&self) -> Duration {
        self.rig.precision()
    }

    /// Returns the resolution of pulses.
    pub(crate) fn resolution(&self) -> Duration {
        self.rig.resolution()
    }

    /// Returns the factory's capabilities, including core's emulation.
    pub(crate) fn powers(&self) -> Capabilities {
        self.gpio().capabilities()
    }

    /// Returns whether the lines can have this pull.
    pub(crate) fn can_pull(&self, bias: Bias) -> bool {
        self.powers().bias.is_available() && self.rig.pulls().contains(&bias)
    }

    /// Returns the pulls to a level that the lines can have, with the level.
    pub(crate) fn pulls(&self) -> Vec<(Bias, Level)> {
        let both = [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)];
        both.into_iter().filter(|(bias, _)| self.can_pull(*bias)).collect()
    }

    /// Returns `true` if core polls the level, because the factory reports no edges.
    pub(crate) fn is_polled(&self) -> bool {
        self.powers().edges == Support::Emulated
    }

    /// Ends a trial that needs a missing capability.
    pub(crate) fn need(&self, need: Need) -> Verdict {
        or_not_applicable((need.is_met)(&self.powers()).then_some(()), need.reason)
    }

    /// Returns another line; ends the trial if the rig has none.
    pub(crate) fn other_line(&self) -> Verdict<Line> {
        or_not_applicable(self.lines.get(1).copied(), "the rig has one line only")
    }

    /// Returns four lines; ends the trial if the rig has fewer.
    pub(crate) fn four_lines(&self) -> Verdict<[Line; 4]> {
        or_not_applicable(self.lines.first_chunk().copied(), "the rig has fewer than four lines")
    }

    /// Runs `work` on a line, and returns when that was.
    pub(crate) fn time(&self, work: impl FnOnce() -> Result<()>) -> Verdict<Span> {
        let from = self.gpio().now();
        work()?;
        Ok(Span { from, to: self.gpio().now() })
    }

    /// Drives a line from outside, or stops driving it.
    pub(crate) fn drive(&self, line: Line, level: impl Into<Option<Level>>) -> Verdict<Span> {
        let from = self.gpio().now();
        of_rig(self.rig.drive(line, level.into()))?;
        Ok(Span { from, to: self.gpio().now() })
    }

    /// Turns lines that may have been left as outputs into inputs, so that nothing drives against them.
    pub(crate) fn leave_undriven(&self) -> Verdict {
        if !self.powers().input.is_available() {
            return Ok(());
        }
        for &line in self.lines.iter().filter(|_| self.powers().output.is_available()) {
            let output = self.gpio().output(line).adopt().on_close(OnClose::Input(Bias::AsIs)).open()?;
            output.close()?;
        }
        Ok(())
    }

    /// Returns the level of a line, seen from outside.
    pub(crate) fn observe(&self, line: Line) -> Verdict<Level> {
        of_rig(self.rig.observe(line))
    }

    /// Fails unless a line is at `level`, seen from outside.
    pub(crate) fn sees(&self, line: Line, level: Level, what: &str) -> Verdict {
        let seen = self.observe(line)?;
        check(seen == level, || format!("{line}, {what}: seen {seen} from outside, not {level}"))
    }

    /// Returns every level that a line has changed to so far, if the rig records them.
    pub(crate) fn record(&self, line: Line) -> Verdict<Option<Vec<(Instant, Level)>>> {
        of_rig(self.rig.changes(line))
    }

    /// Returns every level that a line has changed to so far; ends the trial if the rig does not record them.
    pub(crate) fn changes(&self, line: Line) -> Verdict<Vec<(Instant, Level)>> {
        or_not_applicable(self.record(line)?, "the rig keeps no record of levels")
    }

    /// Fails unless `work` changes a line to `level`, in one step or, if the line is there already, in none. Ends the
    /// trial if the rig does not record levels.
    pub(crate) fn goes_straight_to<T>(
        &self,
        line: Line,
        level: Level,
        what: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Verdict<T> {
        let before = self.observe(line)?;
        let mark = self.changes(line)?.len();
        let result = work()?;
        let changes: Vec<Level> =
            self.changes(line)?.split_off(mark).into_iter().map(|(_, level)| level).collect();
        let wanted = if level == before { vec![] } else { vec![level] };
        check(changes == wanted, || format!("{line} was {before}, and {what} made it {changes:?}"))?;
        Ok(result)
    }

    /// Returns the pulses on a line, if the rig can only report them.
    pub(crate) fn pulses(&self, line: Line) -> Verdict<Option<Pulses>> {
        of_rig(self.rig.pulses(line))
    }

    /// Returns two lines that are joined by a wire; ends the trial if there are none.
    pub(crate) fn wire(&self) -> Verdict<[Line; 2]> {
        or_not_applicable(of_rig(self.rig.wire())?, "the rig has no wire between two lines")
    }

    /// Returns another bare factory on the same pins; ends the trial if the rig has none.
    pub(crate) fn factory(&self) -> Verdict<Box<dyn PinFactory>> {
        or_not_applicable(of_rig(self.rig.factory())?, "the rig has no bare factory")
    }

    /// Makes another process hold a line until the result is dropped; ends the trial if the rig cannot do that.
    pub(crate) fn take_elsewhere(&self, line: Line) -> Verdict<Box<dyn Any>> {
        or_not_applicable(of_rig(self.rig.take_elsewhere(line))?, "the rig has no other process")
    }

    /// Fails unless the next event is the change to `level`, at `when`.
    pub(crate) fn expect(&self, events: &mut Events, level: Level, when: Span) -> Verdict<Event> {
        let Some(event) = events.next_timeout(PATIENCE) else {
            return Err(Stop::Failed(format!("no event came of a change to {level}")));
        };
        self.is_change(event, level, when)?;
        Ok(event)
    }

    /// Fails unless an event is the change to `level`, at `when`.
    pub(crate) fn is_change(&self, event: Event, level: Level, when: Span) -> Verdict {
        let kind = if level.is_high() { EventKind::Activated } else { EventKind::Deactivated };
        let late = if self.is_polled() { POLL + POLL_LATENESS } else { Duration::ZERO };
        let slack = self.rig.precision();
        let in_time = event.at + slack >= when.from && event.at <= when.to + slack + late;
        check(in_time && (event.kind, event.level, event.missed) == (kind, level, 0), || {
            format!("{event:?} came of a change to {level} that counts at {:?} to {:?}", when.from, when.to)
        })
    }

    /// Fails if an event comes.
    pub(crate) fn expect_none(&self, events: &mut Events) -> Verdict {
        match events.next_timeout(QUIET) {
            None => Ok(()),
            Some(event) => Err(Stop::Failed(format!("{event:?} came of nothing"))),
        }
    }

    /// Returns a builder for an input, which is polled often if the factory reports no edges.
    pub(crate) fn input(&self, line: Line) -> InputBuilder {
        self.gpio().input(line).poll_interval(POLL)
    }

    /// Returns a builder for inputs that are read together, like [`input`](Fixture::input).
    pub(crate) fn inputs(&self, lines: [Line; 2]) -> InputBuilder<Inputs> {
        self.gpio().inputs(lines).poll_interval(POLL)
    }

    /// Waits a moment, so that the next event has a time of its own.
    pub(crate) fn tick(&self) {
        self.gpio().sleep(POLL * 2);
    }

    /// Ends a trial that should have arrived here less than `limit` after `start`.
    pub(crate) fn in_time(&self, start: Instant, limit: Duration) -> Verdict {
        if self.gpio().now() - start < limit { Ok(()) } else { Err(Stop::Stalled) }
    }

    /// Waits until `is_so`, or until the time is up; returns which.
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
}
