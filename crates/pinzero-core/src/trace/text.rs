//! Draws a diagram as text.

use std::fmt;

use super::diagram::{Diagram, Lane};

/// The most rows of events under a line. Events that do not fit there are left out.
const ROWS: usize = 4;

impl fmt::Display for Diagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&draw(self))
    }
}

fn draw(diagram: &Diagram) -> String {
    let names = diagram.lanes.iter().map(|lane| lane.name.chars().count()).max().unwrap_or(0);
    let scale = Scale::new(diagram, diagram.columns.saturating_sub(names + 1).max(20));
    let mut lines = Vec::new();
    let mut line = |name: &str, row: &str| lines.push(format!("{name:names$} {row}").trim_end().to_owned());
    if let Some(title) = &diagram.title {
        line(title, "");
    }
    if diagram.dropped > 0 {
        line(&format!("{} changes before are dropped", diagram.dropped), "");
    }
    if diagram.lanes.is_empty() {
        line("No line was open.", "");
    }
    for lane in &diagram.lanes {
        line(&lane.name, &scale.wave(lane));
        scale.events(lane).iter().for_each(|row| line("", row));
    }
    let ticks = diagram.ticks(scale.columns as u64 / 12);
    let labels = ticks.iter().filter_map(|(at, label)| Some((scale.column(*at)?, label.as_str())));
    line("", &rows(labels, '╵', scale.columns, 1).concat());
    lines.join("\n")
}

/// The columns of a diagram, and the times that they stand for.
struct Scale {
    from: u64,
    to: u64,
    columns: usize,
}

impl Scale {
    fn new(diagram: &Diagram, columns: usize) -> Scale {
        Scale { from: diagram.from, to: diagram.to.max(diagram.from + 1), columns }
    }

    /// Returns the column of a time; `None` outside the diagram. The end is in the last column.
    fn column(&self, at: u64) -> Option<usize> {
        if at < self.from || at > self.to {
            return None;
        }
        let column = u128::from(at - self.from) * self.columns as u128 / u128::from(self.to - self.from);
        Some((column as usize).min(self.columns - 1))
    }

    /// Returns the time at which a column begins.
    fn start(&self, column: usize) -> u64 {
        let part = u128::from(self.to - self.from) * column as u128 / self.columns as u128;
        self.from.saturating_add(part as u64)
    }

    /// Returns the course of a signal, one character a column.
    fn wave(&self, lane: &Lane) -> String {
        let mut signals = lane.signals.iter().peekable();
        let mut height = None;
        while let Some((_, before)) = signals.next_if(|(at, _)| *at < self.from) {
            height = *before;
        }
        let mut wave = Vec::with_capacity(self.columns);
        for column in 0..self.columns {
            let mut changes = 0;
            let mut mean = Mean { since: self.start(column), ..Mean::default() };
            while let Some((at, next)) = signals.next_if(|(at, _)| self.column(*at) == Some(column)) {
                changes += u32::from(height.is_some());
                mean.add(height, *at);
                height = *next;
            }
            mean.add(height, self.start(column + 1));
            wave.push(match changes {
                0 | 1 => glyph(height),
                _ if mean.is_pwm => glyph(mean.value().or(height)),
                _ => '│',
            });
        }
        for column in lane.missed.iter().filter_map(|at| self.column(*at)) {
            wave[column] = '╳';
        }
        wave.into_iter().collect()
    }

    /// Returns the rows with the events of a line, each under its column.
    fn events(&self, lane: &Lane) -> Vec<String> {
        let events = lane.events.iter().filter_map(|(at, name)| Some((self.column(*at)?, *name)));
        rows(events, '↑', self.columns, ROWS)
    }
}

/// The mean height of a signal in a column.
#[derive(Default)]
struct Mean {
    since: u64,
    sum: f64,
    time: f64,
    /// Whether the signal was PWM for some time, not only levels.
    is_pwm: bool,
}

impl Mean {
    /// Adds a height that lasts until a time.
    fn add(&mut self, height: Option<f32>, until: u64) {
        let time = until.saturating_sub(self.since) as f64;
        self.since = self.since.max(until);
        let Some(height) = height.filter(|_| time > 0.0) else { return };
        self.is_pwm |= height > 0.0 && height < 1.0;
        self.sum += f64::from(height) * time;
        self.time += time;
    }

    fn value(&self) -> Option<f32> {
        (self.time > 0.0).then(|| (self.sum / self.time) as f32)
    }
}

/// Puts labels at their columns, below `mark`, in as many rows of `width` as needed but `most` at most. Where no row has room, the label is
/// left out.
fn rows<'a>(
    labels: impl Iterator<Item = (usize, &'a str)>,
    mark: char,
    width: usize,
    most: usize,
) -> Vec<String> {
    let mut rows: Vec<(String, usize)> = Vec::new();
    for (column, label) in labels {
        let length = label.chars().count();
        // A label that would stand out on the right is on the left of its mark.
        let (start, label) = match column + 1 + length > width {
            true => (column.saturating_sub(length), format!("{label}{mark}")),
            false => (column, format!("{mark}{label}")),
        };
        let free = rows.iter().position(|(_, end)| *end < start || *end == 0);
        if free.is_none() && rows.len() == most {
            continue;
        }
        let place = free.unwrap_or_else(|| {
            rows.push((String::new(), 0));
            rows.len() - 1
        });
        let (row, end) = &mut rows[place];
        row.push_str(&" ".repeat(start - *end));
        row.push_str(&label);
        *end = start + length + 1;
    }
    rows.into_iter().map(|(row, _)| row).collect()
}

fn glyph(height: Option<f32>) -> char {
    match height {
        None => ' ',
        Some(height) if height <= 0.0 => '▁',
        Some(height) if height >= 1.0 => '▔',
        Some(height) => ['▂', '▃', '▄', '▅', '▆', '▇'][((height * 6.0) as usize).min(5)],
    }
}
