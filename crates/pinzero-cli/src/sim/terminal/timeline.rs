//! The timing diagram: what each line did in the last seconds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};

use crate::sim::state::{LineLook, Scene};
use crate::sim::terminal::palette::Palette;
use crate::sim::terminal::pen::Pen;

/// The time that the diagram shows, in milliseconds.
pub(crate) const SPAN: f64 = 10_000.0;
/// Levels of a line that follow each other faster than this, in milliseconds, become one change: less than a column of any diagram.
const GRAIN: f64 = 8.0;
/// The width of the names of the lines.
const NAMES: u16 = 7;

/// The state of a line in the diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Low,
    High,
    /// PWM, by its height from 0 to 1.
    Pwm(f64),
}

impl State {
    fn is_level(self) -> bool {
        !matches!(self, State::Pwm(_))
    }

    fn height(self) -> f64 {
        match self {
            State::Low => 0.0,
            State::High => 1.0,
            State::Pwm(height) => height,
        }
    }
}

/// A change of a line.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// The time in milliseconds.
    at: f64,
    /// The state from then on.
    state: State,
    /// Whether the line had other levels first, for less than a grain.
    is_mixed: bool,
}

/// The changes of the lines.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    lines: BTreeMap<u32, VecDeque<Change>>,
    /// The lines of servos.
    servos: BTreeSet<u32>,
    now: f64,
}

impl Timeline {
    /// Returns an empty diagram with a row for each line that a part hangs on.
    pub(crate) fn new(scene: &Scene) -> Self {
        let lines = scene.parts.iter().flat_map(|part| &part.pins).map(|(_, line)| (*line, VecDeque::new()));
        let servos = scene.parts.iter().filter(|part| part.kind == "servo");
        let servos = servos.flat_map(|part| &part.pins).map(|(_, line)| *line);
        Timeline { lines: lines.collect(), servos: servos.collect(), now: 0.0 }
    }

    /// Notes the states of the lines at a time.
    pub(crate) fn note(&mut self, at: f64, looks: &[LineLook]) {
        for look in looks {
            let state = match look.duty {
                Some(duty) if self.servos.contains(&look.line) => State::Pwm(servo_height(duty)),
                Some(duty) => State::Pwm(duty),
                None if look.high => State::High,
                None => State::Low,
            };
            self.change(at, look.line, state);
        }
        self.advance(at);
    }

    /// Notes an edge of a line.
    pub(crate) fn edge(&mut self, at: f64, line: u32, is_high: bool) {
        self.change(at, line, if is_high { State::High } else { State::Low });
    }

    fn change(&mut self, at: f64, line: u32, state: State) {
        let Some(changes) = self.lines.get_mut(&line) else { return };
        let is_first = changes.len() < 2;
        match changes.back_mut() {
            Some(last) if last.at > at || last.state == state => {}
            Some(last) if !is_first && last.state.is_level() && state.is_level() && at - last.at < GRAIN => {
                (last.state, last.is_mixed) = (state, true);
            }
            _ => changes.push_back(Change { at, state, is_mixed: false }),
        }
        // One change before the diagram begins says which state the line has there.
        while changes.get(1).is_some_and(|second| second.at < at - SPAN) {
            changes.pop_front();
        }
    }

    /// Moves the right end of the diagram.
    pub(crate) fn advance(&mut self, now: f64) {
        self.now = self.now.max(now);
    }

    /// Returns whether the diagram looks otherwise when time goes on.
    pub(crate) fn moves(&self) -> bool {
        self.lines.keys().any(|line| self.is_busy(*line))
    }

    /// Returns the number of rows that the diagram can use.
    pub(crate) fn rows(&self) -> u16 {
        u16::try_from(self.lines.len()).unwrap_or(u16::MAX)
    }

    fn is_busy(&self, line: u32) -> bool {
        let Some(changes) = self.lines.get(&line) else { return false };
        // The first one is only the state that the line had from the beginning.
        changes.iter().skip(1).any(|change| change.at >= self.now - SPAN)
    }

    /// Chooses the lines to show: those that change, and then the others, in the order of their numbers.
    fn chosen(&self, count: usize) -> Vec<u32> {
        let (busy, quiet): (Vec<u32>, Vec<u32>) = self.lines.keys().partition(|line| self.is_busy(**line));
        let mut chosen: Vec<u32> = busy.into_iter().chain(quiet).take(count).collect();
        chosen.sort_unstable();
        chosen
    }

    /// Draws a row for each of some lines, and the scale below.
    pub(crate) fn draw(&self, pen: &mut Pen<'_>, palette: Palette, rows: u16) {
        let dim = Style::new().add_modifier(Modifier::DIM);
        let width = pen.width().saturating_sub(NAMES + 1);
        if width == 0 || rows < 2 {
            return;
        }
        for (y, line) in (0..rows - 1).zip(self.chosen(usize::from(rows - 1))) {
            pen.text(0, y, &format!("{:>6}", format!("GPIO{line}")), dim);
            for column in 0..width {
                if let Some((sign, style)) = self.cell(line, column, width, palette) {
                    pen.text(NAMES + column, y, sign.encode_utf8(&mut [0; 4]), style);
                }
            }
        }
        let y = (rows - 1).min(self.rows());
        pen.text(NAMES, y, &format!("-{:.0} s", SPAN / 1000.0), dim);
        pen.text_before(NAMES + 6, NAMES + width, y, "now", dim);
    }

    /// Returns the sign of a line in a column.
    fn cell(&self, line: u32, column: u16, width: u16, palette: Palette) -> Option<(char, Style)> {
        let changes = self.lines.get(&line)?;
        // Columns stand at whole multiples of their time, so that an edge does not waver while the diagram moves.
        let step = SPAN / f64::from(width);
        let end = ((self.now / step).floor() - f64::from(width - 1 - column) + 1.0) * step;
        let past = changes.partition_point(|change| change.at < end);
        let before = changes.partition_point(|change| change.at < end - step);
        let state = changes.get(past.checked_sub(1)?)?.state;
        let is_mixed = changes.range(before..past).any(|change| change.is_mixed);
        if (past - before > 1 || is_mixed) && before > 0 {
            return Some(match mean(changes, before - 1..past, (end - step, end)) {
                Some(height) => (level(height), palette.ink(Color::Cyan)),
                None => ('│', palette.ink(Color::Green)),
            });
        }
        Some(match state {
            State::Low => ('▁', Style::new().add_modifier(Modifier::DIM)),
            State::High => ('▔', palette.ink(Color::Green)),
            State::Pwm(height) => (level(height), palette.ink(Color::Cyan)),
        })
    }
}

/// Returns the mean height of some changes between two times; `None` if there are only levels.
fn mean(changes: &VecDeque<Change>, range: Range<usize>, (start, end): (f64, f64)) -> Option<f64> {
    let is_pwm = changes.range(range.clone()).any(|change| !change.state.is_level());
    let areas = range.clone().map(|index| {
        let Change { at, state, .. } = changes[index];
        let until = if index + 1 < range.end { changes[index + 1].at } else { end };
        (until - at.max(start)) * state.height()
    });
    is_pwm.then(|| areas.sum::<f64>() / (end - start))
}

/// Returns the height of a servo's pulse, of which one comes every 20 ms: from 0.4 ms at the bottom to 2.6 ms at the top, as in a trace.
fn servo_height(duty: f64) -> f64 {
    ((duty * 20.0 - 0.4) / 2.2).clamp(0.0, 1.0)
}

/// Returns the sign of a PWM signal by its height. A trace draws the same signs.
fn level(height: f64) -> char {
    ['▂', '▃', '▄', '▅', '▆', '▇'][((height * 6.0) as usize).min(5)]
}
