//! From reports to edges: which lines are watched, where each was last, and what was lost.

use pinzero_core::time::Instant;
use pinzero_core::{Edge, EdgeSink, Level};

use crate::clock_sync::{ClockSync, Tick};
use crate::initial_levels::{LevelSnapshot, level_of};
use crate::protocol::Report;

/// The lines whose changes a report can tell.
pub(crate) const LINES: u32 = 32;

/// All watched lines of a factory.
#[derive(Debug, Default)]
pub(crate) struct EdgeDecoder {
    lines: Vec<WatchedLine>,
    /// The number that the next report should have; the first over a connection is 0.
    sequence: u16,
}

#[derive(Debug)]
struct WatchedLine {
    line: u32,
    sink: EdgeSink,
    /// Where the line was last; `None` until that has been read.
    level: Option<Level>,
    /// Changes before this are in `level`.
    until: Option<Tick>,
    /// What was reported before `level` was known.
    early: Vec<(Tick, Level)>,
    /// Reports lost since the last edge.
    missed: u32,
    /// When the last edge was.
    last: Instant,
}

impl EdgeDecoder {
    /// Begins to watch a line, whose level is told later.
    pub(crate) fn add(&mut self, line: u32, sink: EdgeSink) {
        self.lines.push(WatchedLine {
            line,
            sink,
            level: None,
            until: None,
            early: Vec::new(),
            missed: 0,
            last: Instant::ZERO,
        });
    }

    /// Ends watching a line: once this returns no edge of it is told.
    pub(crate) fn remove(&mut self, line: u32) {
        self.lines.retain(|watched| watched.line != line);
    }

    /// The lines that are watched, a bit each.
    pub(crate) fn mask(&self) -> u32 {
        self.lines.iter().fold(0, |mask, watched| mask | 1 << watched.line)
    }

    /// Tells where a line was, and what has been reported of it from then on.
    pub(crate) fn settle(
        &mut self,
        line: u32,
        snapshot: &LevelSnapshot,
        clock_sync: &mut ClockSync,
        now: Instant,
    ) {
        let Some(watched) = self.lines.iter_mut().find(|watched| watched.line == line) else { return };
        (watched.level, watched.until) =
            (Some(snapshot.level(line)), Some(clock_sync.widen(snapshot.until(line))));
        for (tick, level) in std::mem::take(&mut watched.early) {
            watched.change(tick, level, clock_sync, now);
        }
        watched.sink.wake();
    }

    /// Tells where all lines are now, after a time of which there were no reports.
    pub(crate) fn resume(&mut self, snapshot: &LevelSnapshot, clock_sync: &mut ClockSync, now: Instant) {
        self.sequence = 0;
        let since = clock_sync.widen(snapshot.since());
        for watched in &mut self.lines {
            watched.early.clear();
            watched.until = None;
            let level = snapshot.level(watched.line);
            if watched.level.is_some() {
                watched.change(since, level, clock_sync, now);
            }
            (watched.level, watched.until) =
                (Some(level), Some(clock_sync.widen(snapshot.until(watched.line))));
            watched.sink.wake();
        }
    }

    /// Takes a report; tells how many before it were lost.
    pub(crate) fn report(&mut self, report: &Report, clock_sync: &mut ClockSync, now: Instant) -> u16 {
        let lost = report.sequence.wrapping_sub(self.sequence);
        self.sequence = report.sequence.wrapping_add(1);
        let tick = clock_sync.widen(report.tick);
        for watched in &mut self.lines {
            if lost > 0 {
                watched.missed = watched.missed.saturating_add(u32::from(lost));
            }
            // Of several lines most have not changed.
            let level = level_of(report.levels, watched.line);
            if watched.level != Some(level) {
                watched.change(tick, level, clock_sync, now);
            }
        }
        lost
    }

    /// Has the edges seen to that reports have brought.
    pub(crate) fn wake(&self) {
        // All sinks of a factory wake the same timeline.
        if let Some(watched) = self.lines.first() {
            watched.sink.wake();
        }
    }
}

impl WatchedLine {
    fn change(&mut self, tick: Tick, level: Level, clock_sync: &mut ClockSync, now: Instant) {
        let Some(before) = self.level else {
            self.early.push((tick, level));
            return;
        };
        if level == before || self.until.is_some_and(|until| tick < until) {
            return;
        }
        self.level = Some(level);
        // An estimate that has become better must not turn time back.
        self.last = self.last.max(clock_sync.local(tick, now));
        self.sink.queue(Edge { at: self.last, level, missed: std::mem::take(&mut self.missed) });
    }
}
