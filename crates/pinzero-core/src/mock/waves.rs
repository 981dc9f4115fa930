//! The edges of PWM. They cost nothing until a line is looked at, or an input on the same wire listens.

use std::sync::Arc;
use std::time::Duration;

use pinzero_board::Board;

use super::MockGpio;
use super::circuit::{Circuit, LineState, MOST, Wires};
use crate::line_info::LineFunction;
use crate::runtime::{EdgeSink, LineEdge, Next, Outbox, Task};
use crate::time::{Instant, ms};
use crate::types::{Edge, Level, Line};

/// The shortest time between two reports to inputs, in real time. The edges in a report have their exact times.
const PACE: Duration = ms(1);

/// The most cycles in a report, in real time. Of a faster signal edges are lost, as in the queue of a kernel.
const CYCLES: u64 = 64;

/// The running waves of a circuit.
#[derive(Debug, Default)]
pub(super) struct Waves {
    running: usize,
    /// The way to the task that reports edges.
    alarm: EdgeSink,
    /// When the task reports next, unless woken.
    due: Option<Instant>,
}

impl Waves {
    pub(super) fn are_running(&self) -> bool {
        self.running > 0
    }

    /// Counts a wave that was running before a change, or is running after it.
    pub(super) fn count(&mut self, was_running: bool, is_running: bool) {
        self.running = self.running + usize::from(is_running) - usize::from(was_running);
    }
}

impl LineState {
    fn is_listening(&self) -> bool {
        self.sink.is_some() && self.function == LineFunction::Input
    }
}

impl Wires {
    /// Works out the edges of PWM on the net of `line` up to `now`.
    pub(super) fn catch_up(&mut self, line: Line, now: Instant, board: &Board) {
        if self.next_edge(line).is_none_or(|(at, _)| at > now) {
            return;
        }
        self.skip(line, now);
        while let Some((at, driver)) = self.next_edge(line).filter(|(at, _)| *at <= now) {
            let state = self.line(driver, board);
            if let Some(level) = state.wave.expire(at) {
                state.output = level;
                self.resolve(driver, at, &mut |_| ());
                self.update_peripherals(board, at, &mut |_| ());
            }
        }
    }

    /// Leaves out cycles that a history would forget, and those that overrun a listener.
    fn skip(&mut self, line: Line, now: Instant) {
        let net = self.net(&line).to_vec();
        let keep = if self.is_heard(line) { CYCLES } else { MOST as u64 / 2 };
        let skipped = net.iter().map(|line| self.lines[line.0 as usize].wave.skip(now, keep)).sum::<u64>();
        let lost = u32::try_from(2 * skipped).unwrap_or(u32::MAX);
        for line in net {
            let state = &mut self.lines[line.0 as usize];
            if state.is_listening() {
                state.lost = state.lost.saturating_add(lost);
            }
        }
    }

    /// Wakes the task if it is to report earlier than it plans to.
    pub(super) fn wake_waves(&mut self) {
        let next = self.next_heard_edge();
        if next.is_some_and(|next| self.waves.due.is_none_or(|due| next < due)) {
            self.waves.due = next;
            // What the edge says does not matter: after each edge, a task is asked for its next deadline.
            self.waves.alarm.push([Edge { at: Instant::ZERO, level: Level::Low, missed: 0 }]);
        }
    }

    /// Returns the next edge of PWM that an input listens for.
    fn next_heard_edge(&self) -> Option<Instant> {
        if !self.waves.are_running() {
            return None;
        }
        let heard = self.nets.values().filter_map(|net| net.first()).filter(|line| self.is_heard(**line));
        heard.filter_map(|line| self.next_edge(*line)).map(|(at, _)| at).min()
    }

    fn is_heard(&self, line: Line) -> bool {
        self.net(&line).iter().any(|line| self.lines[line.0 as usize].is_listening())
    }

    /// Returns the next edge of PWM on the net of `line`, and the line that drives it.
    fn next_edge(&self, line: Line) -> Option<(Instant, Line)> {
        let net = self.net(&line).iter();
        net.filter_map(|line| Some((self.lines.get(line.0 as usize)?.wave.deadline()?, *line))).min()
    }

    /// Returns the lines that are wired together with `line`, which is one of them.
    fn net<'a>(&'a self, line: &'a Line) -> &'a [Line] {
        let net = self.lines.get(line.0 as usize).and_then(|state| self.nets.get(&state.net));
        net.map_or(std::slice::from_ref(line), Vec::as_slice)
    }
}

impl Circuit {
    /// Reports the edges of PWM up to now to the inputs that listen. Returns when the next edge is due.
    fn report_waves(&self) -> Option<Instant> {
        let mut wires = self.lock();
        let now = self.clock.now();
        let nets: Vec<Line> = wires.nets.values().filter_map(|net| net.first()).copied().collect();
        for line in nets {
            if wires.is_heard(line) {
                wires.catch_up(line, now, &self.board);
            }
        }
        wires.waves.due = wires.next_heard_edge();
        wires.waves.due
    }
}

/// Reports the edges of PWM to the inputs that listen on the same wire.
#[derive(Debug)]
pub(super) struct WaveTask {
    circuit: Arc<Circuit>,
    /// The earliest time for the next report.
    rested: Instant,
    next: Option<Instant>,
}

impl WaveTask {
    pub(super) fn add(mock: &MockGpio) {
        let (circuit, runtime) = (mock.circuit.clone(), mock.runtime());
        let id = runtime.reserve();
        circuit.lock().waves.alarm = runtime.sink(id, 0);
        let task = WaveTask { circuit, rested: Instant::ZERO, next: None };
        runtime.enter(|state| state.insert(id, Box::new(task)));
    }
}

impl Task for WaveTask {
    fn edges(&mut self, _: &[LineEdge], _: &mut Outbox) {
        self.next = self.circuit.lock().waves.due;
    }

    fn fire(&mut self, now: Instant, _: &mut Outbox) {
        self.rested = if self.circuit.clock.is_manual() { now } else { now + PACE };
        self.next = self.circuit.report_waves();
    }

    fn next(&self) -> Next {
        self.next.map_or(Next::Idle, |next| Next::At(next.max(self.rested)))
    }
}
