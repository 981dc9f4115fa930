//! Draws a diagram as text.

use std::fmt::Write;

use super::diagram::{Diagram, Lane};

/// The most rows of events under a line. Events that do not fit there have their mark only.
const ROWS: usize = 4;

pub(super) fn draw(diagram: &Diagram) -> String {
    let names = diagram.lanes.iter().map(|lane| lane.name.chars().count()).max().unwrap_or(0);
    let scale = Scale::new(diagram, diagram.columns.saturating_sub(names + 1).max(20));
    let mut text = String::new();
    let mut line = |name: &str, row: &str| {
        let line = format!("{name:names$} {row}");
        text.push_str(line.trim_end());
        text.push('\n');
    };
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
    let labels = ticks.iter().filter_map(|(at, label)| Some((scale.column(*at)?, format!("╵{label}"))));
    line("", &rows(labels, 1).join(""));
    text
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

    /// Returns the course of a signal, one character a column.
    fn wave(&self, lane: &Lane) -> String {
        let mut wave = vec![None; self.columns];
        let mut signals = lane.signals.iter().peekable();
        let mut duty = None;
        while let Some((_, before)) = signals.next_if(|(at, _)| *at < self.from) {
            duty = *before;
        }
        for (column, cell) in wave.iter_mut().enumerate() {
            let mut changes = 0;
            while let Some((_, next)) = signals.next_if(|(at, _)| self.column(*at) == Some(column)) {
                changes += u32::from(duty.is_some());
                duty = *next;
            }
            *cell = Some(if changes > 1 && is_steady(duty) { '│' } else { glyph(duty) });
        }
        for column in lane.missed.iter().filter_map(|at| self.column(*at)) {
            wave[column] = Some('╳');
        }
        wave.into_iter().flatten().collect()
    }

    /// Returns the rows with the events of a line, each under its column.
    fn events(&self, lane: &Lane) -> Vec<String> {
        let events = lane.events.iter();
        rows(events.filter_map(|(at, name)| Some((self.column(*at)?, format!("↑{name}")))), ROWS)
    }
}

/// Puts labels at their columns, in as many rows as needed but `most` at most. Where no row has room, the label is left out.
fn rows(labels: impl Iterator<Item = (usize, String)>, most: usize) -> Vec<String> {
    let mut rows: Vec<(String, usize)> = Vec::new();
    for (column, label) in labels {
        let free = rows.iter().position(|(_, length)| *length == 0 || *length < column);
        if free.is_none() && rows.len() == most {
            continue;
        }
        let place = free.unwrap_or_else(|| {
            rows.push((String::new(), 0));
            rows.len() - 1
        });
        let row = &mut rows[place];
        let gap = column - row.1;
        // Writing to a string cannot fail.
        let _ = write!(row.0, "{:gap$}{label}", "");
        row.1 = column + label.chars().count();
    }
    rows.into_iter().map(|(row, _)| row).collect()
}

fn is_steady(duty: Option<f32>) -> bool {
    duty.is_some_and(|duty| duty <= 0.0 || duty >= 1.0)
}

fn glyph(duty: Option<f32>) -> char {
    match duty {
        None => ' ',
        Some(duty) if duty <= 0.0 => '▁',
        Some(duty) if duty >= 1.0 => '▔',
        Some(duty) => ['▂', '▃', '▄', '▅', '▆', '▇'][((duty * 6.0) as usize).min(5)],
    }
}
