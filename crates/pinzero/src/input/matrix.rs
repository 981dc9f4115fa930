//! The pure part of a keypad: scans a matrix of keys, debounces them, and finds ghosts.

use std::fmt;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Bias, Drive, Edge, Effects, Kinded, Level, Machine, Result};

use crate::time::{ms, secs};

/// The time between two scans while a key is down.
const SCAN: Duration = ms(10);

/// How long the rows are left alone after one could not be turned.
const RETRY: Duration = secs(1);

/// A key of a [`Keypad`](crate::Keypad).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Key {
    /// The row, from 0 in the order of the builder.
    pub row: usize,
    /// The column, from 0.
    pub column: usize,
    /// The label, if the keys have labels.
    pub label: Option<char>,
}

/// Shows the label, or the place: `#`, `(3, 2)`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label {
            Some(label) => write!(f, "{label}"),
            None => write!(f, "({}, {})", self.row, self.column),
        }
    }
}

/// The kind of a [`KeyEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// The key was pressed.
    Pressed,
    /// The key was released.
    Released,
    /// The key has been pressed for the hold time.
    Held,
    /// The key seems to be pressed, but cannot be told from a ghost: three keys on the corners of a rectangle look like four.
    Ghost,
}

/// One event of a [`Keypad`](crate::Keypad).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyEvent {
    /// The kind of the event.
    pub kind: KeyKind,
    /// The key.
    pub key: Key,
    /// The time at which the change counted, after debouncing.
    pub at: Instant,
    /// The number of events lost before this one.
    pub missed: u32,
}

impl Kinded for KeyEvent {
    type Kind = KeyKind;

    fn kind(&self) -> KeyKind {
        self.kind
    }

    fn bit(kind: KeyKind) -> u32 {
        kind as u32
    }

    fn name(kind: KeyKind) -> &'static str {
        match kind {
            KeyKind::Pressed => "pressed",
            KeyKind::Released => "released",
            KeyKind::Held => "held",
            KeyKind::Ghost => "ghost",
        }
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }

    fn replaces(&self, earlier: &Self) -> bool {
        self.kind == earlier.kind && self.key == earlier.key
    }
}

/// The settings of a matrix.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Row by row; empty without labels.
    pub(super) labels: Vec<char>,
    pub(super) bounce_time: Duration,
    pub(super) hold_time: Duration,
    /// How long the columns take to follow a row.
    pub(super) settle: Duration,
}

/// The debounced state of one key.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// When the key was pressed; `None` while it is up.
    pressed: Option<Instant>,
    is_held: bool,
    /// When the contact began to differ from that.
    differs: Option<Instant>,
    /// Whether the key has been reported as a ghost.
    is_ghost: bool,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// All rows are low, and an edge of a column starts a scan.
    Idle,
    /// A scan is due.
    Resting { until: Instant },
    /// One row is low, and the columns follow it.
    Scanning { row: usize, until: Instant },
}

/// Scans the keys, as long as one is down.
#[derive(Debug)]
pub(super) struct Matrix {
    settings: Settings,
    /// The levels of the columns, bit 0 for the first.
    columns: u64,
    phase: Phase,
    /// The contacts of each row that the present scan has found closed.
    closed: Vec<u64>,
    keys: Vec<State>,
}

const LOW: Drive = Drive::Output(Level::Low);
/// A row that is not selected drives nothing, so that two pressed keys never connect two drivers.
const FREE: Drive = Drive::Input(Bias::PullUp);

impl Matrix {
    pub(super) fn new(settings: Settings, columns: u64, now: Instant) -> Self {
        let mut matrix = Matrix {
            columns,
            phase: Phase::Idle,
            closed: vec![0; settings.rows],
            keys: vec![State::default(); settings.rows * settings.columns],
            settings,
        };
        if matrix.has_contact() {
            matrix.phase = Phase::Resting { until: now };
        }
        matrix
    }

    fn has_contact(&self) -> bool {
        let all = u64::MAX >> (64 - self.settings.columns);
        self.columns & all != all
    }

    pub(super) fn has_label(&self, label: char) -> bool {
        self.settings.labels.contains(&label)
    }

    fn key(&self, index: usize) -> Key {
        let (row, column) = (index / self.settings.columns, index % self.settings.columns);
        Key { row, column, label: self.settings.labels.get(index).copied() }
    }

    /// Returns the keys that are pressed.
    pub(super) fn pressed(&self) -> Vec<Key> {
        let pressed = (0..self.keys.len()).filter(|index| self.keys[*index].pressed.is_some());
        pressed.map(|index| self.key(index)).collect()
    }

    /// Selects the first row for a scan.
    fn begin(&mut self, effects: &mut Effects<'_, KeyEvent>) -> Result<()> {
        (1..self.settings.rows).try_for_each(|row| effects.turn(row, FREE))?;
        self.select(0, effects)
    }

    /// Drives a row, and gives the columns time to follow: from the present on, as the edge that began the scan may be an old one.
    fn select(&mut self, row: usize, effects: &mut Effects<'_, KeyEvent>) -> Result<()> {
        effects.turn(row, LOW)?;
        self.phase = Phase::Scanning { row, until: effects.now() + self.settings.settle };
        Ok(())
    }

    /// Notes what row `row` has, and goes on with the next one.
    fn next_row(&mut self, row: usize, at: Instant, effects: &mut Effects<'_, KeyEvent>) -> Result<()> {
        let all = u64::MAX >> (64 - self.settings.columns);
        self.closed[row] = !self.columns & all;
        if row + 1 < self.settings.rows {
            effects.turn(row, FREE)?;
            return self.select(row + 1, effects);
        }
        self.judge(at, effects);
        let is_busy = self.closed.iter().any(|closed| *closed != 0)
            || self.keys.iter().any(|key| key.pressed.is_some() || key.differs.is_some());
        if is_busy {
            self.phase = Phase::Resting { until: at + SCAN };
            return Ok(());
        }
        self.phase = Phase::Idle;
        // The columns are high now. A key that is pressed meanwhile makes an edge.
        (0..self.settings.rows).try_for_each(|row| effects.turn(row, LOW))
    }

    /// Compares the contacts with the keys' states.
    fn judge(&mut self, at: Instant, effects: &mut Effects<'_, KeyEvent>) {
        for index in 0..self.keys.len() {
            let key = self.key(index);
            let is_closed = self.closed[key.row] >> key.column & 1 == 1;
            let is_doubtful = is_closed && self.is_doubtful(key);
            let state = &mut self.keys[index];
            let emit = |effects: &mut Effects<'_, KeyEvent>, kind, at| {
                effects.emit(KeyEvent { kind, key, at, missed: 0 });
            };
            if state.pressed.is_none() && is_doubtful {
                state.differs = None;
                if !std::mem::replace(&mut state.is_ghost, true) {
                    emit(effects, KeyKind::Ghost, at);
                }
                continue;
            }
            state.is_ghost &= is_closed;
            if state.pressed.is_some() == is_closed {
                state.differs = None;
            } else if at.since(*state.differs.get_or_insert(at)) >= self.settings.bounce_time {
                let kind = if is_closed { KeyKind::Pressed } else { KeyKind::Released };
                *state = State { pressed: is_closed.then_some(at), ..State::default() };
                emit(effects, kind, at);
            }
            if let Some(since) = state.pressed.filter(|_| !state.is_held) {
                let due = since + self.settings.hold_time;
                if due <= at {
                    state.is_held = true;
                    emit(effects, KeyKind::Held, due);
                }
            }
        }
    }

    /// Returns whether a closed contact is the corner of a rectangle of closed contacts, of which any may be a ghost.
    fn is_doubtful(&self, key: Key) -> bool {
        let others = self.closed.iter().enumerate().filter(|(row, _)| *row != key.row);
        let mut shared = others.map(|(_, closed)| closed & self.closed[key.row]);
        shared.any(|shared| shared >> key.column & 1 == 1 && shared.count_ones() > 1)
    }

    /// After an error of a line, scans again later: a row that is not low by then would never wake the keypad.
    fn give_up(&mut self, effects: &Effects<'_, KeyEvent>) {
        self.phase = Phase::Resting { until: effects.now() + RETRY };
    }
}

impl Machine for Matrix {
    type Event = KeyEvent;

    fn edge(&mut self, line: usize, edge: Edge, effects: &mut Effects<'_, KeyEvent>) -> Result<()> {
        // The lines after the columns are rows, which follow the keys too.
        if line >= self.settings.columns {
            return Ok(());
        }
        self.columns = self.columns & !(1 << line) | u64::from(edge.level.is_high()) << line;
        if matches!(self.phase, Phase::Idle) && self.has_contact() {
            return self.begin(effects).inspect_err(|_| self.give_up(effects));
        }
        Ok(())
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, KeyEvent>) -> Result<()> {
        let done = match self.phase {
            Phase::Idle => Ok(()),
            Phase::Resting { .. } => self.begin(effects),
            Phase::Scanning { row, .. } => self.next_row(row, at, effects),
        };
        done.inspect_err(|_| self.give_up(effects))
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Idle => None,
            Phase::Resting { until } | Phase::Scanning { until, .. } => Some(until),
        }
    }
}
