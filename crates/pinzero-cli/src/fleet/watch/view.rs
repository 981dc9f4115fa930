//! The table of the live view: a row for each node, and one for each of its devices below.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use crate::columns::fit;
use crate::fleet::link::State;
use crate::fleet::list::{NODE_COLUMNS, device_words, node_row, totals};
use crate::fleet::model::{Device, Fleet, Node};
use crate::fleet::text::span;
use crate::scroll::Scroll;

/// How long a change is marked, in milliseconds.
const MARKED: u64 = 1000;
/// The lines of the terminal besides the rows of the table.
const OTHER_LINES: u16 = 3;
/// The columns of a node in the order in which they get room: each with its number in [`NODE_COLUMNS`], and its width. The last event
/// takes what is left.
const WIDTHS: [(usize, u16); 7] = [(0, 15), (1, 19), (7, 5), (5, 7), (2, 17), (3, 8), (4, 8)];
/// The column of the last event, and the least width of it before other columns than name and status get room.
const EVENT: usize = 6;
const EVENT_FROM: u16 = 24;
/// The widths of the name and the kind of a device.
const DEVICE: u16 = 18;
const KIND: u16 = 16;

#[derive(Debug)]
pub(super) struct View {
    broker: String,
    scroll: Scroll,
    shows_devices: bool,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
enum Row<'a> {
    Node(&'a Node),
    Device(&'a Node, &'a Device),
}

impl View {
    pub(super) fn new(broker: &str) -> Self {
        View { broker: broker.to_owned(), scroll: Scroll::default(), shows_devices: true }
    }

    /// Moves the table, or shows and hides the devices, if the key is for that.
    pub(super) fn press(&mut self, key: KeyCode) {
        if key == KeyCode::Char('d') {
            self.shows_devices = !self.shows_devices;
            self.scroll = Scroll::default();
        }
        self.scroll.press(key);
    }

    pub(super) fn draw(&mut self, buffer: &mut Buffer, state: &State, now: u64) {
        let area = *buffer.area();
        let fleet = &state.fleet;
        let shown = self.scroll.show(self.table(fleet).count(), area.height.saturating_sub(OTHER_LINES));
        let columns = columns(area.width);
        let mut text = vec![self.head(state), titles(&columns)];
        for row in self.table(fleet).skip(shown.start).take(shown.len()) {
            text.push(match row {
                Row::Node(node) => node_line(node, &columns, now),
                Row::Device(node, device) => device_line(node, device, area.width, now),
            });
        }
        // The foot is at the bottom, however few rows there are.
        text.resize(text.len().max(usize::from(area.height.saturating_sub(1))), Line::default());
        text.push(self.foot(fleet));
        Paragraph::new(text).render(area, buffer);
    }

    fn table<'a>(&self, fleet: &'a Fleet) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let shown = if self.shows_devices { usize::MAX } else { 0 };
        fleet.nodes().flat_map(move |node| {
            let devices = node.devices.iter().take(shown).map(move |device| Row::Device(node, device));
            std::iter::once(Row::Node(node)).chain(devices)
        })
    }

    fn head(&self, state: &State) -> Line<'_> {
        let (end, gap) = (Span::styled("q ends", Modifier::DIM), Span::raw("  "));
        let totals = Span::styled(totals(&state.fleet), Modifier::BOLD);
        // The end of a long line is cut off.
        match &state.error {
            Some(error) => {
                let lost = Span::styled("disconnected", Style::new().fg(Color::Red));
                Line::from(vec![lost, gap.clone(), end, gap, Span::raw(error.to_string())])
            }
            None if !state.is_complete => Line::from(vec![
                Span::raw("asking the broker …"),
                gap.clone(),
                end,
                gap,
                Span::raw(&*self.broker),
            ]),
            None => Line::from(vec![totals, gap.clone(), end, gap, Span::raw(&*self.broker)]),
        }
    }

    fn foot(&self, fleet: &Fleet) -> Line<'_> {
        let devices = if self.shows_devices { "d hides devices" } else { "d shows devices" };
        let place = self.scroll.place().map(|place| format!("{place}  ")).unwrap_or_default();
        let over = if fleet.is_over { "there are more than are shown  " } else { "" };
        Line::styled(format!("{over}{place}{devices}"), Modifier::DIM)
    }
}

/// Returns the columns that have room on a terminal of this width, in the order of [`NODE_COLUMNS`], with their widths.
fn columns(terminal: u16) -> Vec<(usize, u16)> {
    // The mark of a change is at the left.
    let mut left = terminal.saturating_sub(1);
    let mut columns = Vec::new();
    for (place, (column, width)) in WIDTHS.into_iter().enumerate() {
        let reserved = if place < 2 { 0 } else { EVENT_FROM };
        if place > 0 && left < width + 1 + reserved {
            break;
        }
        left = left.saturating_sub(width + 1);
        columns.push((column, width));
    }
    if left >= 8 {
        columns.push((EVENT, left));
    }
    // The last event is the last, for its width varies.
    columns.sort_by_key(|(column, _)| if *column == EVENT { NODE_COLUMNS.len() } else { *column });
    columns
}

fn titles(columns: &[(usize, u16)]) -> Line<'static> {
    let titles = columns.iter().map(|(column, width)| fit(NODE_COLUMNS[*column], *width));
    Line::styled(format!(" {}", titles.collect::<Vec<_>>().join(" ")), Modifier::DIM)
}

fn node_line(node: &Node, columns: &[(usize, u16)], now: u64) -> Line<'static> {
    let is_marked = is_marked(node.changed, now);
    let mut cells = node_row(node, now);
    if let Some(flaw) = &node.flaw {
        cells[EVENT].clone_from(flaw);
    }
    let mut spans = vec![Span::raw(if is_marked { "*" } else { " " })];
    for (column, width) in columns {
        let style = match (*column, node.is_online) {
            (0, _) if is_marked => Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
            (0, _) => Style::new().add_modifier(Modifier::BOLD),
            (1, Some(true)) => Style::new().fg(Color::Green),
            (1, Some(false)) => Style::new().fg(Color::Red),
            (EVENT, _) if node.flaw.is_some() => Style::new().fg(Color::Yellow),
            _ => Style::new(),
        };
        spans.push(Span::styled(fit(&cells[*column], *width), style));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

fn device_line(node: &Node, device: &Device, terminal: u16, now: u64) -> Line<'static> {
    let is_marked = is_marked(device.changed, now);
    let name = Style::new().add_modifier(if is_marked { Modifier::REVERSED } else { Modifier::empty() });
    let is_dim = node.is_online == Some(false) || device.is_online == Some(false);
    let style = Style::new().add_modifier(if is_dim { Modifier::DIM } else { Modifier::empty() });
    let kind = if terminal < 50 { 0 } else { KIND };
    let mut words = device_words(node, device);
    if let Some(event) = &device.last_event {
        let event = format!("{}, {} ago", event.event, span(now.saturating_sub(event.at)));
        words = if words == "-" { event } else { format!("{words}; {event}") };
    }
    let left = terminal.saturating_sub(3 + DEVICE + 1 + kind + u16::from(kind > 0));
    let mut spans = vec![
        Span::raw(if is_marked { "*  " } else { "   " }),
        Span::styled(fit(&device.name, DEVICE), name),
        Span::raw(" "),
    ];
    if kind > 0 {
        spans.push(Span::styled(fit(&device.kind, kind), Modifier::DIM));
        spans.push(Span::raw(" "));
    }
    spans.push(Span::styled(fit(&words, left), style));
    Line::from(spans)
}

fn is_marked(changed: Option<u64>, now: u64) -> bool {
    changed.is_some_and(|at| now.saturating_sub(at) < MARKED)
}
