//! The edges of PWM. They cost nothing until a line is looked at, or an input on the same wire listens.

use std::sync::Arc;
use std::time::Duration;

use pinzero_board::Board;

use super::MockGpio;
use super::circuit::{Circuit, LineState, Wires};
use super::pulse::Pulse;
use crate::line_info::LineFunction;
use crate::runtime::{EdgeSink, LineEdge, Next, Outbox, Task};
use crate::time::{Instant, ms};
use crate::types::{Edge, Level, Line};

/// The shortest time between two reports to inputs, in real time. The edges in a report have their exact times.
const PACE: Duration = ms(1);

/// The most cycles in a report, in real time. Of a faster signal edges are lost, as in the queue of a kernel.
const CYCLES: u64 = 64;

/// The PWM signals of a circuit.
#[derive(Debug, Default)]
pub(super) struct Waves {
    running: usize,
    /// The lines whose signal has changed lately.
    changed: Vec<Line>,
    /// The way to the task.
    alarm: EdgeSink,
    /// When the task is due, unless woken.
    due: Option<Instant>,
    /// The earliest time for the next report to inputs.
    rested: Instant,
}

impl Waves {
    pub(super) fn are_running(&self) -> bool {
        self.running > 0
    }

    /// Notes a change of a signal, which was running before, or is running now.
    pub(super) fn note(&mut self, line: Line, was_running: bool, is_running: bool) {
        self.running = self.running + usize::from(is_running) - usize::from(was_running);
        self.changed.push(line);
    }

    /// Returns the lines whose signal has changed since this was last called.
    pub(super) fn take_changed(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn forget_changed(&mut self) {
        self.changed.clear();
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
                self.update_components(at, &mut |_| ());
            }
        }
    }

    /// Leaves out cycles that a history would forget, and those that overrun a listener.
    fn skip(&mut self, line: Line, now: Instant) {
        let net = self.net(&line).to_vec();
        let keep = if self.is_heard(line) { CYCLES } else { (self.memory as u64 / 2).max(1) };
        let skipped = net.iter().map(|line| self.lines[line.0 as usize].wave.skip(now, keep)).sum::<u64>();
        let lost = u32::try_from(2 * skipped).unwrap_or(u32::MAX);
        for line in net {
            let state = &mut self.lines[line.0 as usize];
            if state.is_listening() {
                state.lost = state.lost.saturating_add(lost);
            }
        }
    }

    /// Wakes the task if it is due earlier than planned.
    pub(super) fn wake_task(&mut self, is_shown: bool) {
        let next = self.next_duty(is_shown);
        if next.is_some_and(|next| self.waves.due.is_none_or(|due| next < due)) {
            self.waves.due = next;
            // What the edge says does not matter: after each edge, a task is asked for its next deadline.
            self.waves.alarm.push([Edge { at: Instant::ZERO, level: Level::Low, missed: 0 }]);
        }
    }

    /// Returns when the task is due. `is_shown`: changes are shown on a terminal.
    fn next_duty(&self, is_shown: bool) -> Option<Instant> {
        let lines = if is_shown { self.lines.as_slice() } else { &[] };
        let shown = lines.iter().filter_map(|state| state.shown.due());
        let heard = self.next_heard_edge().map(|at| at.max(self.waves.rested));
        shown.chain(heard).chain(self.components.next()).min()
    }

    /// Returns the PWM signal on a line: its own, or a running one on its net.
    pub(super) fn pulse_on(&self, line: Line) -> Option<Pulse> {
        let own = self.lines.get(line.0 as usize)?;
        match own.function {
            LineFunction::Pwm => own.pulses.last().copied(),
            LineFunction::Input => {
                let mut net = self.net(&line).iter().filter_map(|line| self.lines.get(line.0 as usize));
                net.find(|state| state.wave.deadline().is_some())?.pulses.last().copied()
            }
            _ => None,
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
        let mut net = self.net(&line).iter();
        net.any(|line| self.lines[line.0 as usize].is_listening() || self.components.watch(*line))
    }

    /// Returns the next edge of PWM on the net of `line`, and the line that drives it.
    fn next_edge(&self, line: Line) -> Option<(Instant, Line)> {
        let net = self.net(&line).iter();
        net.filter_map(|line| Some((self.lines.get(line.0 as usize)?.wave.deadline()?, *line))).min()
    }

    /// Returns the lines that are wired together with `line`, which is one of them.
    pub(super) fn net<'a>(&'a self, line: &'a Line) -> &'a [Line] {
        let net = self.lines.get(line.0 as usize).and_then(|state| self.nets.get(&state.net));
        net.map_or(std::slice::from_ref(line), Vec::as_slice)
    }
}

impl Circuit {
    /// Does what is due at `time`; returns when more is due.
    fn do_duties(&self, time: Instant) -> Option<Instant> {
        let mut wires = self.lock();
        let nets = wires.nets.values().filter_map(|net| net.first()).copied();
        let heard: Vec<Line> = nets.filter(|line| wires.is_heard(*line)).collect();
        self.catch_up_to(time, &mut wires, &heard);
        wires.waves.rested = if self.clock.is_manual() { time } else { self.clock.now() + PACE };
        self.show_hidden(&mut wires, time);
        wires.waves.due = wires.next_duty(self.output.is_some());
        wires.waves.due
    }
}

/// Does what a circuit does by itself: reports the edges of PWM to the inputs that listen, has components act in time, and shows
/// what a terminal left out.
#[derive(Debug)]
pub(super) struct CircuitTask {
    circuit: Arc<Circuit>,
    next: Option<Instant>,
}

impl CircuitTask {
    pub(super) fn add(mock: &MockGpio) {
        let (circuit, runtime) = (mock.circuit.clone(), mock.runtime());
        let id = runtime.reserve();
        circuit.lock().waves.alarm = runtime.sink(id, 0);
        let task = CircuitTask { circuit, next: None };
        runtime.enter(|state| state.insert(id, Box::new(task)));
    }
}

impl Task for CircuitTask {
    fn edges(&mut self, _: &[LineEdge], _: &mut Outbox) {
        self.next = self.circuit.lock().waves.due;
    }

    fn fire(&mut self, now: Instant, _: &mut Outbox) {
        // Not up to now: of the tasks that are late, those with an earlier deadline than the next duty come first.
        self.next = self.circuit.do_duties(self.next.unwrap_or(now));
    }

    fn next(&self) -> Next {
        self.next.map_or(Next::Idle, Next::At)
    }
}
