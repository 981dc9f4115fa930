//! The whole screen: where the header, the parts, the timing diagram and the status are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::columns::wrap;
use crate::sim::state::{Frame, Scene};
use crate::sim::terminal::card::{Card, UNIT};
use crate::sim::terminal::header;
use crate::sim::terminal::help;
use crate::sim::terminal::palette::Palette;
use crate::sim::terminal::pen::Pen;
use crate::sim::terminal::spot::{Spot, Stop, stops};
use crate::sim::terminal::timeline::Timeline;

/// The smallest screen with a drawing.
pub(crate) const SMALLEST: (u16, u16) = (44, 11);

/// The lines of the program's output that are shown.
const CONSOLE: usize = 3;

/// The part of the screen's state that is not the simulator's.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) palette: Palette,
    /// Whether the terminal tells when a key is released.
    pub(crate) holds: bool,
    pub(crate) help: bool,
    /// The address of the page in the browser.
    pub(crate) page: Option<String>,
    /// The controls, in the order of the Tab key.
    pub(crate) stops: Vec<Stop>,
    /// The control that is selected, by its place in `stops`.
    pub(crate) selected: usize,
    /// The key of the selected keypad.
    pub(crate) cursor: usize,
    /// The contacts that stay pressed: the part, and the key of a keypad.
    pub(crate) latched: Vec<(usize, usize)>,
    pub(crate) timeline: Timeline,
    /// What the program prints.
    pub(crate) console: Vec<String>,
    /// Why the last action was refused.
    pub(crate) complaint: Option<String>,
    /// The first row of parts on the screen.
    pub(crate) scroll: usize,
    /// Whether the selected part has to come into sight.
    pub(crate) follow: bool,
    /// The places that a user can touch, as last drawn.
    pub(crate) spots: Vec<Spot>,
}

/// A row of parts: each with the unit at which its card begins.
struct Shelf {
    cards: Vec<(usize, u16)>,
    height: u16,
}

impl View {
    pub(crate) fn new(scene: &Scene, palette: Palette) -> Self {
        View {
            palette,
            holds: false,
            help: false,
            page: None,
            stops: stops(scene),
            selected: 0,
            cursor: 0,
            latched: Vec::new(),
            timeline: Timeline::new(scene),
            console: Vec::new(),
            complaint: None,
            scroll: 0,
            follow: false,
            spots: Vec::new(),
        }
    }

    /// Draws the screen.
    pub(crate) fn draw(&mut self, scene: &Scene, frame: &Frame, buffer: &mut Buffer) {
        let area = *buffer.area();
        let (width, height) = (area.width, area.height);
        if width < SMALLEST.0 || height < SMALLEST.1 {
            self.spots.clear();
            too_small(&mut Pen::new(buffer, area));
            return;
        }
        self.title(&mut Pen::new(buffer, Rect { height: 1, ..area }), scene);
        let body = Rect { y: area.y + 1, height: height - 3, ..area };
        self.status(&mut Pen::new(buffer, Rect { y: body.bottom(), height: 2, ..area }), scene, frame);

        self.body(buffer, body, scene, frame);
        if self.help {
            help::draw(buffer, area, scene, self.page.as_deref(), self.palette);
        }
    }

    /// Draws the header, the parts and the timing diagram.
    pub(crate) fn body(&mut self, buffer: &mut Buffer, body: Rect, scene: &Scene, frame: &Frame) {
        self.spots.clear();
        let selected = self.stops.get(self.selected).map(|stop| stop.part);
        let with_header = header::rows(scene) <= body.height && body.width >= header::WIDTH + 1 + 2 * UNIT;
        let left = if with_header { header::WIDTH + 1 } else { 0 };
        if with_header {
            let place = Rect { width: header::WIDTH, ..body };
            header::draw(&mut Pen::new(buffer, place), scene, frame, self.palette, selected);
        }
        let pane = Rect { x: body.x + left, width: body.width - left, ..body };
        self.pane(buffer, pane, scene, frame);
    }

    fn title(&self, pen: &mut Pen<'_>, scene: &Scene) {
        let end = pen.text(0, 0, &scene.title, self.palette.ink(Color::Yellow).add_modifier(Modifier::BOLD));
        pen.text_before(end + 2, pen.width(), 0, &scene.board, dim());
    }

    fn status(&self, pen: &mut Pen<'_>, scene: &Scene, frame: &Frame) {
        let programs = match frame.programs {
            0 => "no program yet".to_owned(),
            1 => "1 program".to_owned(),
            count => format!("{count} programs"),
        };
        let end = pen.text(0, 0, &scene.address, self.palette.ink(Color::Green));
        let end = pen.text(end, 0, &format!(" · {programs}"), dim());
        let factory = format!("PINZERO_PIN_FACTORY=pigpio://{}", scene.address);
        let mut end = end;
        for item in self.page.iter().chain([&factory]) {
            if usize::from(end) + 3 + item.chars().count() <= usize::from(pen.width()) {
                end = pen.text(end, 0, " · ", dim());
                end = pen.text(end, 0, item, Style::new());
            }
        }
        let keys = match self.holds {
            true => "keys press while held",
            false => "keys press for 0.2 s",
        };
        let end = if help::takes(scene, 'q') { "Ctrl-C ends" } else { "q ends" };
        let items = [end, "? helps", "Tab selects", "Shift+key latches", keys];
        let words = fitting_items(&items, usize::from(pen.width()));
        match &self.complaint {
            Some(complaint) => pen.text(0, 1, complaint, self.palette.ink(Color::Red)),
            None => pen.text(0, 1, &words, dim()),
        };
    }

    /// Draws the parts, and below them the output of the program and the timing diagram.
    fn pane(&mut self, buffer: &mut Buffer, pane: Rect, scene: &Scene, frame: &Frame) {
        let rows = (self.timeline.rows() + 1).min(pane.height / 3);
        let rows = if self.timeline.rows() == 0 || rows < 3 { 0 } else { rows };
        let printed = self.console.len().min(CONSOLE) as u16;
        let parts = Rect { height: pane.height - rows - printed - 1, ..pane };
        let above_and_below = self.parts(buffer, parts, scene, frame);

        let line = Rect { y: parts.bottom(), height: 1, ..pane };
        let mut pen = Pen::new(buffer, line);
        pen.text(0, 0, &"─".repeat(usize::from(pane.width)), dim());
        let more = match above_and_below {
            (0, 0) => String::new(),
            (above, 0) => format!(" ▲ {above} more, PgUp "),
            (0, below) => format!(" ▼ {below} more, PgDn "),
            (above, below) => format!(" ▲ {above} more, PgUp · ▼ {below} more, PgDn "),
        };
        pen.text_before(0, pane.width.saturating_sub(2), 0, &more, self.palette.ink(Color::Yellow));
        let console = Rect { y: line.bottom(), height: printed, ..pane };
        let mut pen = Pen::new(buffer, console);
        for (y, line) in (0..).zip(&self.console[self.console.len() - usize::from(printed)..]) {
            pen.text(0, y, "│", self.palette.ink(Color::Green));
            pen.text(2, y, line, Style::new());
        }
        let diagram = Rect { y: console.bottom(), height: rows, ..pane };
        self.timeline.draw(&mut Pen::new(buffer, diagram), self.palette, rows);
    }

    /// Draws the parts that fit, and returns how many are above and below.
    fn parts(&mut self, buffer: &mut Buffer, area: Rect, scene: &Scene, frame: &Frame) -> (usize, usize) {
        let cards: Vec<Card<'_>> =
            (0..scene.parts.len()).map(|index| self.card(scene, frame, index)).collect();
        let shelves = shelves(&cards, (area.width / UNIT).max(1));
        let first = self.first_shelf(&shelves, area.height);
        let count = fitting(&shelves[first..], area.height);

        let mut spots = Vec::new();
        let mut y = area.y;
        for shelf in &shelves[first..first + count] {
            for (index, unit) in &shelf.cards {
                let (units, height) = cards[*index].size();
                let place = Rect::new(area.x + unit * UNIT, y, units * UNIT, height).intersection(area);
                cards[*index].draw(&mut Pen::new(buffer, place), &mut spots);
            }
            y += shelf.height + 1;
        }
        let parts = |shelves: &[Shelf]| shelves.iter().map(|shelf| shelf.cards.len()).sum();
        let rest = (parts(&shelves[..first]), parts(&shelves[first + count..]));
        (self.spots, self.scroll, self.follow) = (spots, first, false);
        rest
    }

    fn card<'a>(&self, scene: &'a Scene, frame: &'a Frame, index: usize) -> Card<'a> {
        let selected = self.stops.get(self.selected).filter(|stop| stop.part == index);
        Card {
            part: &scene.parts[index],
            index,
            look: frame.parts.get(index),
            palette: self.palette,
            selected: selected.map(|stop| stop.control),
            cursor: self.cursor,
            latched: self.latched.iter().any(|(part, _)| *part == index),
        }
    }

    /// Returns the first row of parts: where the user scrolled to, but no farther than the end, and so that the selected part is in
    /// sight if it has just been selected.
    fn first_shelf(&self, shelves: &[Shelf], height: u16) -> usize {
        let reaches_end = |first: &usize| first + fitting(&shelves[*first..], height) >= shelves.len();
        let last = (0..shelves.len()).find(reaches_end).unwrap_or(0);
        let mut first = self.scroll.min(last);
        let part = self.stops.get(self.selected).map(|stop| stop.part);
        let wanted =
            shelves.iter().position(|shelf| shelf.cards.iter().any(|(index, _)| Some(*index) == part));
        if let Some(wanted) = wanted.filter(|_| self.follow) {
            first = first.min(wanted);
            while first + fitting(&shelves[first..], height) <= wanted {
                first += 1;
            }
        }
        first
    }
}

/// Puts the cards into rows.
fn shelves(cards: &[Card<'_>], units: u16) -> Vec<Shelf> {
    let mut shelves: Vec<Shelf> = Vec::new();
    let mut free = 0;
    for (index, card) in cards.iter().enumerate() {
        let (width, height) = card.size();
        let width = width.min(units);
        if width > free {
            shelves.push(Shelf { cards: Vec::new(), height: 0 });
            free = units;
        }
        if let Some(shelf) = shelves.last_mut() {
            shelf.cards.push((index, units - free));
            shelf.height = shelf.height.max(height);
        }
        free -= width;
    }
    shelves
}

/// Returns how many of the rows fit. The first one is drawn in any case.
fn fitting(shelves: &[Shelf], height: u16) -> usize {
    let mut end = 0;
    let fit = shelves.iter().take_while(|shelf| {
        end += shelf.height + 1;
        // No gap is needed below the last row.
        end <= height + 1
    });
    fit.count().max(usize::from(!shelves.is_empty()))
}

/// Joins as many of the items as fit into a width.
fn fitting_items(items: &[&str], width: usize) -> String {
    let mut lines = (1..=items.len()).rev().map(|count| items[..count].join(" · "));
    lines.find(|line| line.chars().count() <= width).unwrap_or_default()
}

/// Says that the screen is too small for a drawing.
pub(crate) fn too_small(pen: &mut Pen<'_>) {
    let (width, height) = SMALLEST;
    let words =
        format!("The board needs {width} x {height} characters. Make the window larger, or press q to end.");
    for (y, line) in (0..).zip(wrap(&words, pen.width())) {
        pen.text(0, y, &line, Style::new());
    }
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}
