//! Turns reports into edges: which lines are watched, their last levels, and the losses.

use std::collections::VecDeque;
use std::time::Duration;

use pinzero_core::time::{Instant, secs};
use pinzero_core::{Edge, EdgeBatch, EdgeSink, Level};

use crate::clock_sync::{ClockSync, Tick};
use crate::initial_levels::LevelSnapshot;
use crate::protocol::Report;

/// The most changes to keep of lines whose level is not known yet.
const EARLY: usize = 16_384;

/// How much earlier than the report before it a report may be. A busy daemon may tell a change after a sign of life.
const DISORDER: Duration = secs(10);

/// The lines whose changes a report can carry.
pub(crate) const LINES: u32 = 32;

/// All watched lines of a factory.
#[derive(Debug, Default)]
pub(crate) struct EdgeDecoder {
    lines: Vec<WatchedLine>,
    /// The expected number of the next report; the first of a connection is 0.
    sequence: u16,
    /// The tick of the latest report of the connection.
    latest: Option<Tick>,
    /// The last changes of lines whose level is not known yet, in the daemon's order; [`EARLY`] at most.
    early: VecDeque<(u32, Tick, Level)>,
    /// The resulting edges, each with the index of its line; empty while no thread holds the decoder's lock.
    edges: Vec<(usize, Edge)>,
}

#[derive(Debug)]
struct WatchedLine {
    line: u32,
    sink: EdgeSink,
    /// The last level; `None` until it has been read.
    level: Option<Level>,
    /// The level of the last early report.
    early: Option<Level>,
    /// The tick of the last early report that was dropped.
    dropped: Option<Tick>,
    /// `level` includes all changes before this tick.
    until: Option<Tick>,
    /// Reports lost since the last edge.
    missed: u32,
    /// The time of the last edge.
    last: Instant,
}

impl EdgeDecoder {
    /// Starts watching a line. Its level follows later.
    pub(crate) fn add(&mut self, line: u32, sink: EdgeSink) {
        self.lines.push(WatchedLine {
            line,
            sink,
            level: None,
            early: None,
            dropped: None,
            until: None,
            missed: 0,
            last: Instant::ZERO,
        });
    }

    /// Stops watching a line: after this returns, none of its edges is reported.
    pub(crate) fn remove(&mut self, line: u32) {
        self.lines.retain(|watched| watched.line != line);
        self.early.retain(|(early, ..)| *early != line);
    }

    /// Returns whether a line is watched.
    pub(crate) fn has(&self, line: u32) -> bool {
        self.lines.iter().any(|watched| watched.line == line)
    }

    /// Returns whether a line is watched whose level is not known yet.
    pub(crate) fn is_unsettled(&self, line: u32) -> bool {
        self.lines.iter().any(|watched| watched.line == line && watched.level.is_none())
    }

    /// Returns the watched lines as a bit mask.
    pub(crate) fn mask(&self) -> u32 {
        self.lines.iter().fold(0, |mask, watched| mask | 1 << watched.line)
    }

    /// Sets the levels of lines, and applies the reports since then.
    pub(crate) fn settle(
        &mut self,
        lines: &[u32],
        snapshot: &LevelSnapshot,
        clock_sync: &mut ClockSync,
        now: Instant,
    ) {
        self.latest = self.latest.or(Some(clock_sync.widen(snapshot.since())));
        for watched in self.lines.iter_mut().filter(|watched| lines.contains(&watched.line)) {
            watched.level = Some(snapshot.level(watched.line));
            let until = clock_sync.widen(snapshot.until(watched.line));
            watched.until = Some(until);
            if watched.dropped.is_none_or(|dropped| dropped < until) {
                watched.missed = 0;
            }
        }
        for (line, tick, level) in std::mem::take(&mut self.early) {
            match self.lines.iter_mut().position(|watched| watched.line == line) {
                Some(place) if lines.contains(&line) => {
                    let edge = self.lines[place].change(tick, level, clock_sync, now);
                    self.edges.extend(edge.map(|edge| (place, edge)));
                }
                _ => self.early.push_back((line, tick, level)),
            }
        }
        self.push();
    }

    /// Sets the present levels of all lines, after a time without reports.
    pub(crate) fn resume(&mut self, snapshot: &LevelSnapshot, clock_sync: &mut ClockSync, now: Instant) {
        self.sequence = 0;
        self.early.clear();
        let since = clock_sync.widen(snapshot.since());
        self.latest = Some(since);
        for (place, watched) in self.lines.iter_mut().enumerate() {
            watched.until = None;
            let level = snapshot.level(watched.line);
            let edge = watched.change(since, level, clock_sync, now);
            self.edges.extend(edge.map(|edge| (place, edge)));
            (watched.level, watched.until) =
                (Some(level), Some(clock_sync.widen(snapshot.until(watched.line))));
        }
        self.push();
    }

    /// Takes a report; returns how many before it were lost. The edges wait for [`push`](EdgeDecoder::push) or
    /// [`put_into`](EdgeDecoder::put_into).
    ///
    /// # Errors
    /// The reason why the report cannot come from a daemon.
    pub(crate) fn report(
        &mut self,
        report: &Report,
        clock_sync: &mut ClockSync,
        now: Instant,
    ) -> Result<u16, String> {
        if !report.is_known() {
            return Err(format!(
                "it sends a report with the flags {:#x}, which no daemon does",
                report.flags
            ));
        }
        let tick = clock_sync.widen(report.tick);
        clock_sync.check(tick, now)?;
        if let Some(early) =
            self.latest.and_then(|latest| latest.since(tick)).filter(|early| *early > DISORDER)
        {
            return Err(format!("it sends a report of {early:?} before the last one, which no daemon does"));
        }
        self.latest = self.latest.max(Some(tick));
        let lost = report.sequence.wrapping_sub(self.sequence);
        self.sequence = report.sequence.wrapping_add(1);
        for (place, watched) in self.lines.iter_mut().enumerate() {
            if lost > 0 {
                watched.missed = watched.missed.saturating_add(u32::from(lost));
            }
            // Most of the lines have not changed.
            let level = Level::of_bit(report.levels.into(), watched.line as usize);
            if watched.level.is_none() {
                if watched.early.replace(level) != Some(level) {
                    self.early.push_back((watched.line, tick, level));
                }
            } else if watched.level != Some(level) {
                let edge = watched.change(tick, level, clock_sync, now);
                self.edges.extend(edge.map(|edge| (place, edge)));
            }
        }
        while self.early.len() > EARLY {
            let Some((line, tick, _)) = self.early.pop_front() else { break };
            if let Some(watched) = self.lines.iter_mut().find(|watched| watched.line == line) {
                watched.missed = watched.missed.saturating_add(1);
                watched.dropped = Some(tick);
            }
        }
        Ok(lost)
    }

    /// Passes the edges to the runtime from a thread of ours.
    pub(crate) fn push(&mut self) {
        for of_one in self.edges.chunk_by(|(one, _), (other, _)| one == other) {
            self.lines[of_one[0].0].sink.push(of_one.iter().map(|(_, edge)| *edge));
        }
        self.edges.clear();
    }

    /// Passes the edges to the runtime, which made the call.
    pub(crate) fn put_into(&mut self, batch: &mut EdgeBatch) {
        for (place, edge) in self.edges.drain(..) {
            batch.push(&self.lines[place].sink, edge);
        }
    }
}

impl WatchedLine {
    /// Returns the edge to `level`; `None` if the line is there already or its level is not known yet.
    fn change(&mut self, tick: Tick, level: Level, clock_sync: &mut ClockSync, now: Instant) -> Option<Edge> {
        if self.level? == level || self.until.is_some_and(|until| tick < until) {
            return None;
        }
        self.level = Some(level);
        // A better estimate must not move time backwards.
        self.last = self.last.max(clock_sync.local(tick, now));
        Some(Edge { at: self.last, level, missed: std::mem::take(&mut self.missed) })
    }
}
