//! The table of the live view: what it knows of the lines, and how a line of it looks.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use pinzero::board::{HeaderPin, PinKind};
use pinzero::{Error, ErrorKind, Gpio, Host, Level, LineInfo};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::reader::Reading;
use crate::lines;
use crate::pinout::{letters, words};
use crate::scroll::Scroll;

/// How long a change is marked.
const MARKED: Duration = Duration::from_secs(1);
/// The lines of the terminal besides the rows of the table.
const OTHER_LINES: u16 = 3;
/// The width of each side of the table, without the consumer.
const SIDE: usize = 28;
/// The narrowest terminal for the function of each line, and the narrowest for the pull.
const FUNCTION_FROM: u16 = 59;
const PULL_FROM: u16 = 45;

/// A place in the table: a pin of a header, or a line that is on no header.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: Option<u32>,
    kind: PinKind,
}

impl From<HeaderPin> for Place {
    fn from(pin: HeaderPin) -> Place {
        Place { number: Some(pin.number), kind: pin.kind }
    }
}

/// A row of the table; a row without places is empty.
type Row = [Option<Place>; 2];

/// A line, as last seen.
#[derive(Debug)]
struct Seen {
    line: pinzero::Line,
    info: Option<LineInfo>,
    changed: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct View {
    model: String,
    /// The factory, with its address, and the time between two readings.
    source: String,
    rows: Vec<Row>,
    lines: Vec<Seen>,
    error: Option<Error>,
    scroll: Scroll,
    note: &'static str,
    is_utf8: bool,
}

impl View {
    pub(super) fn new(gpio: &Gpio, every: Duration) -> View {
        let board = gpio.board();
        let mut rows: Vec<Row> = Vec::new();
        for header in board.headers() {
            if !rows.is_empty() {
                rows.push([None; 2]);
            }
            let pins: Vec<Place> = header.pins().map(Place::from).collect();
            rows.extend(pins.chunks(2).map(|pair| [pair.first().copied(), pair.get(1).copied()]));
        }
        if rows.is_empty() {
            let all: Vec<Place> =
                (0..board.lines()).map(|line| Place { number: None, kind: PinKind::Gpio(line) }).collect();
            let half = all.len().div_ceil(2);
            rows.extend((0..half).map(|index| [all.get(index).copied(), all.get(index + half).copied()]));
        }
        let place = match gpio.host() {
            Host::Remote(address) => format!("{} at {address}", gpio.name()),
            _ => gpio.name().to_owned(),
        };
        View {
            model: board.model().to_owned(),
            source: format!("{place}, every {} ms", every.as_millis()),
            rows,
            lines: lines::on_headers(board)
                .into_iter()
                .map(|line| Seen { line, info: None, changed: None })
                .collect(),
            error: None,
            scroll: Scroll::default(),
            note: match gpio.name() {
                "cdev" => "?: unknown. The kernel shows no level of a line that another program may use",
                _ => "?: unknown",
            },
            is_utf8: letters::is_utf8(),
        }
    }

    /// Returns the lines to read.
    pub(super) fn lines(&self) -> Vec<pinzero::Line> {
        self.lines.iter().map(|seen| seen.line).collect()
    }

    /// Takes a reading over, and marks what has changed.
    pub(super) fn take(&mut self, reading: Reading, now: Instant) {
        let infos = match reading {
            Ok(infos) => infos,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        self.error = None;
        for (seen, info) in self.lines.iter_mut().zip(infos) {
            if seen.info.as_ref().is_some_and(|before| *before != info) {
                seen.changed = Some(now);
            }
            seen.info = Some(info);
        }
    }

    /// Moves the table, if the key is for that.
    pub(super) fn scroll(&mut self, key: KeyCode) {
        self.scroll.press(key);
    }

    pub(super) fn draw(&mut self, buffer: &mut Buffer, now: Instant) {
        let area = *buffer.area();
        let shown = self.scroll.show(self.rows.len(), area.height.saturating_sub(OTHER_LINES));
        let widths = widths(area.width);
        let mut text = vec![self.head(), Line::default()];
        let rows = &self.rows[shown];
        text.extend(rows.iter().map(|row| self.row(row, widths, now)));
        text.push(self.foot());
        Paragraph::new(text).render(area, buffer);
    }

    fn head(&self) -> Line<'_> {
        let (end, gap) = (Span::styled("q ends", Modifier::DIM), Span::raw("  "));
        let red = Style::new().fg(Color::Red);
        let title = Span::styled(&self.model, Modifier::BOLD);
        // The end of a long line is cut off.
        match &self.error {
            None => Line::from(vec![title, gap.clone(), end, gap, Span::raw(&self.source)]),
            Some(error) if error.kind() == ErrorKind::Disconnected => Line::from(vec![
                Span::styled("disconnected", red),
                gap.clone(),
                title,
                gap.clone(),
                end,
                gap,
                Span::raw(&self.source),
            ]),
            Some(error) => Line::from(vec![end, gap, Span::styled(error.to_string(), red)]),
        }
    }

    fn foot(&self) -> Line<'_> {
        let text = self.scroll.place().map_or(Cow::Borrowed(self.note), Cow::Owned);
        Line::styled(text, Modifier::DIM)
    }

    fn row(&self, row: &Row, widths: [usize; 6], now: Instant) -> Line<'_> {
        let [left, right] = row;
        if left.is_none() && right.is_none() {
            return Line::default();
        }
        let (left, right) = (self.cells(*left, now), self.cells(*right, now));
        let edge = if self.is_utf8 { "│" } else { "|" };
        let mut spans = Vec::new();
        for (cell, width) in left.cells.into_iter().zip(widths).rev().filter(|(_, width)| *width > 0) {
            spans.push(Span::styled(format!("{:>width$}", cut(&cell.content, width)), cell.style));
            spans.push(Span::raw(" "));
        }
        // The edge is next to the number.
        spans.pop();
        spans.extend([Span::raw(edge), left.lamp, Span::raw(" "), right.lamp, Span::raw(edge)]);
        for (cell, width) in right.cells.into_iter().zip(widths).filter(|(_, width)| *width > 0) {
            spans.push(Span::styled(format!("{:<width$}", cut(&cell.content, width)), cell.style));
            spans.push(Span::raw(" "));
        }
        Line::from(spans)
    }

    /// Returns the words about a place: number, label, level, pull, function, consumer.
    fn cells(&self, place: Option<Place>, now: Instant) -> Cells {
        let Some(place) = place else { return Cells::default() };
        let number = place.number.map(|number| number.to_string()).unwrap_or_default();
        let label = Span::styled(place.kind.to_string(), color(place.kind));
        let seen = match place.kind {
            PinKind::Gpio(line) => self.lines.iter().find(|seen| seen.line.0 == line),
            _ => None,
        };
        let Some(seen) = seen else {
            let lamp = Span::raw(if self.is_utf8 { "·" } else { "." });
            return Cells {
                lamp,
                cells: vec![Span::raw(number), label, "".into(), "".into(), "".into(), "".into()],
            };
        };
        let info = seen.info.clone().unwrap_or_default();
        let is_marked = seen.changed.is_some_and(|at| now.saturating_duration_since(at) < MARKED);
        let mark = |style: Style| if is_marked { style.add_modifier(Modifier::REVERSED) } else { style };
        // Also without colors, a change can be seen.
        let number = if is_marked { format!("{number}*") } else { number };
        let dim = Style::new().add_modifier(Modifier::DIM);
        let (level, style, lamp) = match info.level {
            Some(Level::High) => {
                ("high", Style::new().fg(Color::Yellow), if self.is_utf8 { "●" } else { "#" })
            }
            Some(Level::Low) => ("low", Style::new(), if self.is_utf8 { "○" } else { "o" }),
            None => ("?", dim, "?"),
        };
        let holder = info.consumer.unwrap_or_default();
        let cells = vec![
            Span::styled(number, mark(Style::new())),
            Span::styled(label.content, mark(label.style)),
            Span::styled(level, mark(style)),
            Span::styled(info.bias.and_then(words::bias).unwrap_or("?"), dim),
            Span::raw(info.function.map_or_else(|| "?".to_owned(), words::function)),
            Span::styled(holder, Style::new().fg(Color::Cyan)),
        ];
        Cells { cells, lamp: Span::styled(lamp, mark(style)) }
    }
}

/// One side of a row.
#[derive(Debug)]
struct Cells {
    cells: Vec<Span<'static>>,
    lamp: Span<'static>,
}

impl Default for Cells {
    fn default() -> Cells {
        Cells { cells: vec![Span::raw(""); 6], lamp: Span::raw(" ") }
    }
}

/// Returns the widths of the columns on each side of the table: number, label, level, pull, function, consumer. A column of width 0 is
/// left out.
fn widths(terminal: u16) -> [usize; 6] {
    let consumer = (usize::from(terminal).saturating_sub(7) / 2).saturating_sub(SIDE).min(24);
    let function = if terminal < FUNCTION_FROM { 0 } else { 6 };
    let pull = if terminal < PULL_FROM { 0 } else { 4 };
    [3, 6, 4, pull, function, consumer]
}

/// Returns the beginning of a text, of this number of characters at most.
fn cut(text: &str, width: usize) -> &str {
    text.char_indices().nth(width).map_or(text, |(end, _)| &text[..end])
}

fn color(kind: PinKind) -> Style {
    match kind {
        PinKind::Gpio(_) => Style::new().fg(Color::Green),
        PinKind::Power3v3 => Style::new().fg(Color::Yellow),
        PinKind::Power5v => Style::new().fg(Color::Red),
        _ => Style::new().add_modifier(Modifier::DIM),
    }
}
