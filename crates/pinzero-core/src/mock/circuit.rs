//! The simulated circuit: the drivers and pulls of each line, the resulting level, and its observers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pinzero_board::{Board, Pull};

use super::component::{Component, Components};
use super::controller::Chips;
use super::pulse::Pulse;
use super::serial::Ports;
use super::view::{Output, Shown};
use super::waves::Waves;
use crate::capability::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::line_info::LineFunction;
use crate::machine::Wave;
use crate::runtime::EdgeSink;
use crate::sync::{Mutex, MutexGuard};
use crate::time::{Clock, Instant};
use crate::types::{Bias, Edge, Level, Line};

#[derive(Debug)]
pub(super) struct Circuit {
    pub(super) id: u64,
    pub(super) board: Board,
    pub(super) capabilities: Capabilities,
    pub(super) clock: Clock,
    pub(super) output: Option<Output>,
    wires: Mutex<Wires>,
    /// The chips on the buses. The lock is taken before those of the chips.
    pub(super) chips: parking_lot::Mutex<Chips>,
    pub(super) ports: parking_lot::Mutex<Ports>,
}

/// The state of all lines. Its lock is held briefly; while it is held, only the runtime's inbox is locked.
#[derive(Debug, Default)]
pub(super) struct Wires {
    /// By number, as far as lines have been asked for.
    pub(super) lines: Vec<LineState>,
    /// The lines of each net that has several, in order.
    pub(super) nets: BTreeMap<u32, Vec<Line>>,
    /// The wires. A wire from a line to itself makes a net of one line.
    wires: Vec<(Line, Line)>,
    /// The contacts that are closed.
    contacts: BTreeSet<(Line, Line)>,
    pub(super) components: Components,
    pub(super) waves: Waves,
    /// The most changes in the history of a line.
    pub(super) memory: usize,
}

#[derive(Debug)]
pub(super) struct LineState {
    pub(super) function: LineFunction,
    /// The level that the pin drives, while it is an output. During PWM: as of the last edge that has been worked out.
    pub(super) output: Level,
    /// The PWM signal.
    pub(super) wave: Wave,
    /// The level at which its PWM signal stops on close.
    pub(super) rest: Level,
    pub(super) bias: Bias,
    /// The level driven from outside.
    pub(super) drive: Option<Level>,
    /// The level that a component drives. Such a line belongs to a net, if only of its own.
    pub(super) component: Option<Level>,
    /// The resulting level.
    pub(super) level: Level,
    /// The net: lines with the same number are wired together.
    pub(super) net: u32,
    pub(super) sink: Option<EdgeSink>,
    pub(super) history: Vec<(Instant, Level)>,
    pub(super) pulses: Vec<Pulse>,
    pub(super) shown: Shown,
    pub(super) writes: u64,
    /// The number of next edges to lose; `lost` counts the edges lost since the last report.
    pub(super) to_lose: u32,
    pub(super) lost: u32,
    /// `true` while a pin of this mock is open on the line.
    pub(super) is_taken: bool,
    /// The simulated consumer outside of this program.
    pub(super) consumer: Option<String>,
}

impl LineState {
    fn new(line: Line, board: &Board) -> Self {
        let bias = match board.pull(line.0) {
            Pull::FixedUp | Pull::DefaultUp => Bias::PullUp,
            Pull::DefaultDown => Bias::PullDown,
            _ => Bias::Disabled,
        };
        LineState {
            function: LineFunction::Input,
            output: Level::Low,
            wave: Wave::on_unknown(),
            rest: Level::Low,
            bias,
            drive: None,
            component: None,
            level: bias.level().unwrap_or(Level::Low),
            net: line.0,
            sink: None,
            history: Vec::new(),
            pulses: Vec::new(),
            shown: Shown::default(),
            writes: 0,
            to_lose: 0,
            lost: 0,
            is_taken: false,
            consumer: None,
        }
    }

    /// Returns what the pin and a hand drive.
    pub(super) fn driven(&self) -> impl Iterator<Item = Level> + use<> {
        let output = (self.function != LineFunction::Input).then_some(self.output);
        output.into_iter().chain(self.drive)
    }

    /// Returns what the pin, a hand and components drive.
    pub(super) fn drivers(&self) -> impl Iterator<Item = Level> + use<> {
        self.driven().chain(self.component)
    }

    /// Sets the level, and reports the change to history and sink.
    fn report(&mut self, at: Instant, level: Level, memory: usize) {
        self.level = level;
        let at = self.history.last().map_or(at, |(last, _)| at.max(*last));
        remember(&mut self.history, (at, level), memory);
        // A flexible line always has a sink, but reports edges only while it is an input.
        let Some(sink) = self.sink.as_ref().filter(|_| self.function == LineFunction::Input) else { return };
        if self.to_lose > 0 {
            self.to_lose -= 1;
            self.lost += 1;
        } else {
            sink.push([Edge { at, level, missed: std::mem::take(&mut self.lost) }]);
        }
    }
}

/// The usual limit of a line's history: enough for any test, and a bound for a mock that runs for weeks.
pub(super) const MEMORY: usize = 1 << 18;

/// Adds an entry. When `memory` is full, drops the older half.
fn remember<T>(memory: &mut Vec<T>, item: T, most: usize) {
    if memory.len() >= most {
        memory.drain(..most.div_ceil(2));
    }
    memory.push(item);
}

impl Circuit {
    pub(super) fn new(
        board: Board,
        capabilities: Capabilities,
        clock: Clock,
        output: Option<Output>,
        memory: usize,
    ) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        Circuit {
            id,
            board,
            capabilities,
            clock,
            output,
            wires: Mutex::new(Wires { memory, ..Wires::default() }),
            chips: parking_lot::Mutex::default(),
            ports: parking_lot::Mutex::default(),
        }
    }

    /// Reads or changes a line's state without recomputing its level.
    pub(super) fn look<R>(&self, line: Line, look: impl FnOnce(&mut LineState) -> R) -> R {
        let mut wires = self.wires.lock();
        self.catch_up(&mut wires, &[line]);
        look(wires.line(line, &self.board))
    }

    /// Reads what cannot change by itself.
    pub(super) fn peek<R>(&self, line: Line, peek: impl FnOnce(&LineState) -> R) -> R {
        peek(self.wires.lock().line(line, &self.board))
    }

    /// Changes a line's state, recomputes the levels, and reports edges.
    pub(super) fn change<R>(&self, line: Line, change: impl FnOnce(&mut LineState) -> R) -> R {
        let mut wires = self.wires.lock();
        self.catch_up(&mut wires, &[line]);
        let result = wires.edit(line, &self.board, change);
        self.settle(wires, &[line], self.clock.now());
        result
    }

    /// Drives a line from outside, or releases it with `None`, as of `at`: the edge has that time even if the call is late.
    pub(super) fn drive_at(&self, at: Instant, line: Line, level: Option<Level>) {
        let mut wires = self.wires.lock();
        let at = at.min(self.clock.now());
        self.catch_up_to(at, &mut wires, &[line]);
        wires.line(line, &self.board).drive = level;
        self.settle(wires, &[line], at);
    }

    /// Changes several lines in the same instant; `change` gets the index of each.
    pub(super) fn change_all(&self, lines: &[Line], mut change: impl FnMut(usize, &mut LineState)) {
        let mut wires = self.wires.lock();
        self.catch_up(&mut wires, lines);
        for (index, line) in lines.iter().enumerate() {
            wires.edit(*line, &self.board, |state| change(index, state));
        }
        self.settle(wires, lines, self.clock.now());
    }

    /// Works out what has happened by itself up to now: the edges of PWM on these lines, and the acts of components.
    pub(super) fn catch_up(&self, wires: &mut Wires, lines: &[Line]) {
        if wires.are_busy() {
            self.catch_up_to(self.clock.now(), wires, lines);
        }
    }

    /// Works out what has happened by itself up to `time`. A task that is late passes its own time, as acts of other tasks that are late
    /// may belong between that time and now.
    pub(super) fn catch_up_to(&self, time: Instant, wires: &mut Wires, lines: &[Line]) {
        if wires.are_busy() {
            lines.iter().for_each(|line| wires.catch_up(*line, time, &self.board));
            let mut changed = Vec::new();
            wires.run_components(time, &mut |line| changed.push(line));
            self.show(wires, changed, time);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Wires> {
        self.wires.lock()
    }

    fn settle(&self, mut wires: MutexGuard<'_, Wires>, lines: &[Line], now: Instant) {
        let mut changed = Vec::new();
        let (is_shown, is_busy) = (self.output.is_some(), wires.are_busy());
        let mut note = |line| changed.extend(is_shown.then_some(line));
        lines.iter().for_each(|line| wires.resolve(*line, now, &mut note));
        if is_busy {
            wires.update_components(now, &mut note);
        }
        if let Some(output) = &self.output {
            let pulsed = wires.waves.take_changed();
            if output.wants_functions() {
                changed.extend(lines);
            } else {
                pulsed.iter().for_each(|line| changed.extend(wires.net(line)));
            }
            self.show(&mut wires, changed, now);
        } else {
            wires.waves.forget_changed();
        }
        if is_shown || is_busy {
            wires.wake_task(is_shown);
        }
    }

    fn show(&self, wires: &mut Wires, mut changed: Vec<Line>, now: Instant) {
        let Some(output) = &self.output else { return };
        changed.sort_unstable();
        changed.dedup();
        for line in changed {
            wires.show(line, output, now);
        }
    }

    /// Shows the lines whose last changes were left out for lack of time.
    pub(super) fn show_hidden(&self, wires: &mut Wires, now: Instant) {
        let Some(output) = &self.output else { return };
        for line in (0..wires.lines.len() as u32).map(Line) {
            if wires.lines[line.0 as usize].shown.due().is_some_and(|due| due <= now) {
                wires.show(line, output, now);
            }
        }
    }

    pub(super) fn attach(&self, component: Box<dyn Component>) {
        let mut wires = self.wires.lock();
        let lines = component.lines();
        for line in &lines {
            wires.line(*line, &self.board);
        }
        for line in component.output().into_iter().chain(component.watched()) {
            wires.wire(line, line);
        }
        self.catch_up(&mut wires, &lines);
        wires.components.add(component);
        self.settle(wires, &lines, self.clock.now());
    }

    /// Lets the components look at the lines, because a component has changed by itself.
    pub(super) fn look_again(&self) {
        let wires = self.wires.lock();
        self.settle(wires, &[], self.clock.now());
    }

    /// Returns whether the two lines are one net.
    pub(super) fn are_wired(&self, one: Line, other: Line) -> bool {
        let net = |line: Line| self.look(line, |state| state.net);
        net(one) == net(other)
    }

    pub(super) fn wire(&self, one: Line, other: Line) {
        self.connect(one, other, |wires| wires.wire(one, other));
    }

    /// Closes or opens a contact between two lines.
    pub(super) fn touch(&self, one: Line, other: Line, is_closed: bool) {
        self.connect(one, other, |wires| {
            if is_closed {
                wires.contacts.insert((one, other))
            } else {
                wires.contacts.remove(&(one, other))
            };
            wires.find_nets();
        });
    }

    fn connect(&self, one: Line, other: Line, connect: impl FnOnce(&mut Wires)) {
        let (mut wires, lines) = (self.wires.lock(), [one, other]);
        for line in lines {
            wires.line(line, &self.board);
        }
        self.catch_up(&mut wires, &lines);
        connect(&mut wires);
        self.settle(wires, &lines, self.clock.now());
    }

    /// Takes a line for a pin. Fails if the line is in use.
    pub(super) fn take(&self, line: Line) -> Result<()> {
        self.look(line, |state| {
            let message = match &state.consumer {
                Some(consumer) => {
                    format!("it is in use by {consumer:?}, another program or a kernel driver")
                }
                None if state.is_taken => "it is in use by another factory of this mock".to_owned(),
                None => {
                    state.is_taken = true;
                    return Ok(());
                }
            };
            Err(Error::new(ErrorKind::Busy, message).with_pin(line))
        })
    }

    /// Puts a PWM signal on a line, unless `check` fails.
    pub(super) fn pulse(
        &self,
        line: Line,
        period: Duration,
        pulse: Duration,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let mut wires = self.wires.lock();
        self.catch_up(&mut wires, &[line]);
        // One instant for the start of the pulses and for their first edge.
        let now = self.clock.now();
        let new = Pulse { at: now - Instant::ZERO, period, pulse };
        let memory = wires.memory;
        wires.edit(line, &self.board, |state| {
            check()?;
            state.writes += 1;
            state.function = LineFunction::Pwm;
            state.output = state.wave.set(now, period, pulse).unwrap_or(state.output);
            if state.pulses.last().is_none_or(|last| (last.period, last.pulse) != (period, pulse)) {
                remember(&mut state.pulses, new, memory);
                self.output.iter().for_each(|output| output.note_pulse(line, new));
            }
            Ok(())
        })?;
        self.settle(wires, &[line], now);
        Ok(())
    }
}

impl Wires {
    /// Returns whether levels may change by themselves.
    fn are_busy(&self) -> bool {
        self.waves.are_running() || !self.components.is_empty()
    }

    pub(super) fn line(&mut self, line: Line, board: &Board) -> &mut LineState {
        let index = line.0 as usize;
        for number in self.lines.len()..=index {
            self.lines.push(LineState::new(Line(number as u32), board));
        }
        &mut self.lines[index]
    }

    /// Changes a line's state, and notes what that does to its PWM signal.
    fn edit<R>(&mut self, line: Line, board: &Board, edit: impl FnOnce(&mut LineState) -> R) -> R {
        let state = self.line(line, board);
        // A new signal is one more in the list.
        let before = (state.wave.deadline().is_some(), state.pulses.len());
        let result = edit(state);
        let after = (state.wave.deadline().is_some(), state.pulses.len());
        if before != after {
            self.waves.note(line, before.0, after.0);
        }
        result
    }

    /// Prints the state of a line.
    fn show(&mut self, line: Line, output: &Output, now: Instant) {
        let wave = self.pulse_on(line);
        output.show(line, &mut self.lines[line.0 as usize], wave, now);
    }

    fn wire(&mut self, one: Line, other: Line) {
        self.wires.push((one, other));
        self.join(one, other);
    }

    /// Finds the nets anew after a contact has changed: nets that have been joined come apart only in this way.
    fn find_nets(&mut self) {
        self.nets.clear();
        for (number, state) in self.lines.iter_mut().enumerate() {
            state.net = number as u32;
        }
        let connections: Vec<_> = self.wires.iter().chain(&self.contacts).copied().collect();
        connections.into_iter().for_each(|(one, other)| self.join(one, other));
    }

    /// Joins the nets of two lines.
    fn join(&mut self, one: Line, other: Line) {
        let [from, to] = [one, other].map(|line| self.lines[line.0 as usize].net);
        // A net has the number of one of its lines.
        let mut members = |net| self.nets.remove(&net).unwrap_or_else(|| vec![Line(net)]);
        let mut joined = members(from);
        if from != to {
            for line in members(to) {
                joined.insert(joined.partition_point(|other| *other < line), line);
            }
        }
        for line in &joined {
            if let Some(state) = self.lines.get_mut(line.0 as usize) {
                state.net = to;
            }
        }
        self.nets.insert(to, joined);
    }

    /// Computes the level of the net of `line`, and adds the lines whose level has changed to `changed`.
    ///
    /// A driver overrules any pull. If drivers conflict, low wins. If pulls conflict, or there is neither driver nor pull, the
    /// level stays.
    pub(super) fn resolve(&mut self, line: Line, at: Instant, changed: &mut impl FnMut(Line)) {
        let memory = self.memory;
        let Some(state) = self.lines.get_mut(line.0 as usize) else { return };
        let Some(net) = self.nets.get(&state.net) else {
            // The common case: a line without wires or components.
            let level = state.driven().min().or(state.bias.level()).unwrap_or(state.level);
            if state.level != level {
                state.report(at, level, memory);
                changed(line);
            }
            return;
        };
        let before = state.level;
        let members = || net.iter().filter_map(|line| self.lines.get(line.0 as usize));
        let driven = members().flat_map(LineState::drivers).min();
        let pulls = || members().filter_map(|state| state.bias.level());
        let pulled = if pulls().min() == pulls().max() { pulls().min() } else { None };
        let level = driven.or(pulled).unwrap_or(before);
        for line in net {
            if let Some(state) = self.lines.get_mut(line.0 as usize).filter(|state| state.level != level) {
                state.report(at, level, memory);
                changed(*line);
            }
        }
    }
}
