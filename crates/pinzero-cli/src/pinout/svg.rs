//! Draws the pinout as a picture: the board, its facts, and its headers. The colors follow the reader's light or dark scheme.

use std::fmt::Write;

use pinzero::board::{Board, Function, Header, HeaderPin, PinKind};

use super::outline::{self, Kind, Outline, Part};
use super::{facts, words};

/// The size of a cell of an outline, in pixels: 4 for each millimeter.
const CELL: (f64, f64) = (8.0, 16.0);
/// The distance of two pins of a header on the board: 2.54 mm.
const PITCH: f64 = 10.16;
const WIDTH: f64 = 800.0;
const MARGIN: f64 = 24.0;
/// The height of a row of the tables.
const ROW: f64 = 24.0;
/// The width of the names of facts.
const NAME: f64 = 80.0;
/// The width of a character of a fact, in the widest of the fonts.
const CHARACTER: f64 = 7.5;
/// The middle of the tables.
const MIDDLE: f64 = WIDTH / 2.0;

/// The rules that do not depend on the colors.
const STYLE: &str = "\
.pinout text{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;font-size:13px}.pinout .title{font-size:20px;font-weight:600}\
.pinout .small,.pinout .on-chip{font-size:11px}.pinout .number{font-size:11px;font-weight:600}.pinout .label{font-weight:600}\
.pinout .body{fill:none}";

/// Each color: its class, what it colors, and the color on a light page and on a dark one. Not variables of CSS, which only browsers know.
#[rustfmt::skip]
const COLORS: &[(&str, &str, &str, &str)] = &[
    ("text", "fill", "#1f2328", "#e6edf3"),
    (".paper", "fill", "#ffffff", "#0d1117"),
    (".soft", "fill", "#57606a", "#9aa4af"),
    (".board", "fill", "#e3f2e8", "#14301f"),
    (".board", "stroke", "#2e7d4f", "#4fae76"),
    (".port,.pinout .flat", "fill", "#eceff2", "#262c34"),
    (".port,.pinout .flat", "stroke", "#57606a", "#9aa4af"),
    (".chip,.pinout .strip", "fill", "#3a4048", "#0b0e12"),
    (".chip", "stroke", "#57606a", "#9aa4af"),
    (".on-chip", "fill", "#ffffff", "#e6edf3"),
    (".body", "stroke", "#d0d7de", "#30363d"),
    (".number", "fill", "#ffffff", "#0d1117"),
    (".v5", "fill", "#c62828", "#ff7b72"),
    (".v3", "fill", "#9a5b00", "#e3b341"),
    (".gnd", "fill", "#57606a", "#9aa4af"),
    (".gpio", "fill", "#1a7f37", "#57c773"),
    (".i2c", "fill", "#006d85", "#39c5cf"),
    (".spi", "fill", "#8226a6", "#d2a8ff"),
    (".uart", "fill", "#1f5fbf", "#79c0ff"),
];

/// Returns the style sheet: the light colors, and the dark ones for a reader who prefers these.
fn style() -> String {
    let rule = |class: &str, property: &str, color: &str| format!(".pinout {class}{{{property}:{color}}}");
    let light: String =
        COLORS.iter().map(|(class, property, light, _)| rule(class, property, light)).collect();
    let dark: String = COLORS.iter().map(|(class, property, _, dark)| rule(class, property, dark)).collect();
    format!("{STYLE}\n{light}\n@media(prefers-color-scheme:dark){{{dark}}}")
}

/// Returns the picture.
pub(super) fn write(board: &Board, is_this_board: bool) -> String {
    let mut picture = Picture::default();
    let mut y = MARGIN + 16.0;
    picture.text(MARGIN, y, "title", "start", board.model());
    y += 24.0;
    y += picture.board(board, y).max(picture.facts(board, y, is_this_board)) + 20.0;
    for header in board.headers() {
        y = picture.header(board, header, y) + 20.0;
    }
    picture.finish(board, y)
}

#[derive(Debug, Default)]
struct Picture(String);

impl Picture {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{element}");
    }

    fn text(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        let text = escape(text);
        self.add(format_args!(
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    fn rectangle(&mut self, class: &str, [x, y, width, height]: [f64; 4], radius: f64) {
        self.add(format_args!(
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="{radius}"/>"#
        ));
    }

    fn circle(&mut self, class: &str, x: f64, y: f64, radius: f64) {
        self.add(format_args!(r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="{radius}"/>"#));
    }

    /// Draws the board; returns the height.
    fn board(&mut self, board: &Board, top: f64) -> f64 {
        let Some(outline) = outline::of(board) else { return 0.0 };
        let (width, height) = (outline.width as f64 * CELL.0, outline.height as f64 * CELL.1);
        self.add(format_args!(r#"<g transform="translate({MARGIN} {top:.1})">"#));
        self.rectangle("board", [0.0, 0.0, width, height], 12.0);
        for part in outline.parts {
            self.part(part, outline);
        }
        self.part(&outline.soc(&board.soc().to_string()), outline);
        for (header, (x, y)) in board.headers().iter().zip(outline.headers) {
            let (x, y) = (*x as f64 * CELL.0, *y as f64 * CELL.1 - 4.0);
            let length = f64::from(header.rows()) * PITCH;
            self.rectangle("strip", [x - 2.0, y - 2.0, length + 4.0, 2.0 * PITCH + 4.0], 2.0);
            for pin in header.pins() {
                let index = pin.number - 1;
                let (column, row) = (f64::from(index / 2), f64::from(1 - index % 2));
                self.circle(class(pin.kind), x + (column + 0.5) * PITCH, y + (row + 0.5) * PITCH, 3.4);
            }
            self.text(x + length + 8.0, y + PITCH + 4.0, "small", "start", header.name());
        }
        self.add(format_args!("</g>"));
        height
    }

    fn part(&mut self, part: &Part<'_>, outline: &Outline) {
        let (x, y) = (part.x as f64 * CELL.0, part.y as f64 * CELL.1);
        let (mut width, mut height) = (part.width as f64 * CELL.0, part.height as f64 * CELL.1);
        let (mut left, mut top) = (x, y);
        if part.kind == Kind::Port && part.height == 1 {
            // A port in the upper or lower edge sticks out a little, and reaches into the board.
            height = 22.0;
            top = if part.y == 0 { -4.0 } else { outline.height as f64 * CELL.1 - height + 4.0 };
        } else if part.kind == Kind::Port {
            if part.x == 0 {
                left -= 4.0;
            }
            width += 4.0;
        }
        let (middle, baseline) = (left + width / 2.0, top + height / 2.0 + 4.0);
        match part.kind {
            Kind::Place => return self.text(middle, baseline, "small soft", "middle", part.label),
            Kind::Port => self.rectangle("port", [left, top, width, height], 2.0),
            Kind::Chip => self.rectangle("chip", [left, top, width, height], 3.0),
            Kind::Flat => self.rectangle("flat", [left + 3.0, top, width - 6.0, height], 2.0),
        }
        if part.kind == Kind::Flat {
            let (label, y) = (part.label, top + height / 2.0);
            self.add(format_args!(
                r#"<text class="small" transform="translate({:.1} {y:.1}) rotate(-90)" text-anchor="middle">{label}</text>"#,
                middle + 4.0
            ));
        } else {
            let class = if part.kind == Kind::Chip { "on-chip" } else { "small" };
            self.text(middle, baseline, class, "middle", part.label);
        }
    }

    /// Writes the facts at the right of the board; returns the height.
    fn facts(&mut self, board: &Board, top: f64, is_this_board: bool) -> f64 {
        let left =
            outline::of(board).map_or(MARGIN, |outline| MARGIN + (outline.width as f64 + 5.0) * CELL.0);
        let mut y = top + 12.0;
        let width = (WIDTH - MARGIN - left - NAME) / CHARACTER;
        for (name, fact) in facts::of(board, is_this_board) {
            self.text(left, y, "soft", "start", name);
            for line in words::wrap(&fact, width as usize) {
                self.text(left + NAME, y, "fact", "start", &line);
                y += 18.0;
            }
        }
        y - top
    }

    /// Draws a header with the names of its pins; returns the lower end.
    fn header(&mut self, board: &Board, header: &Header, top: f64) -> f64 {
        self.text(MIDDLE, top + 10.0, "label", "middle", header.name());
        let top = top + 20.0;
        let height = f64::from(header.rows()) * ROW;
        self.rectangle("body", [MIDDLE - 28.0, top, 56.0, height], 6.0);
        for pin in header.pins() {
            let index = pin.number - 1;
            let side = if index % 2 == 0 { -1.0 } else { 1.0 };
            self.pin(board, pin, side, top + (f64::from(index / 2) + 0.5) * ROW);
        }
        top + height
    }

    /// Draws a pin. `side` is -1 for the left column and 1 for the right one.
    fn pin(&mut self, board: &Board, pin: HeaderPin, side: f64, y: f64) {
        let (x, class) = (MIDDLE + side * 14.0, class(pin.kind));
        if pin.number == 1 {
            self.rectangle(class, [x - 9.0, y - 9.0, 18.0, 18.0], 2.0);
        } else {
            self.circle(class, x, y, 9.0);
        }
        self.text(x, y + 4.0, "number", "middle", &pin.number.to_string());
        let anchor = if side < 0.0 { "end" } else { "start" };
        self.text(MIDDLE + side * 38.0, y + 4.5, &format!("label {class}"), anchor, &pin.kind.to_string());
        let PinKind::Gpio(line) = pin.kind else { return };
        let mut functions: Vec<String> = board.functions(line).iter().map(tspan).collect();
        if side < 0.0 {
            functions.reverse();
        }
        let (x, y, functions) = (MIDDLE + side * 104.0, y + 4.5, functions.join(", "));
        self.add(format_args!(
            r#"<text class="soft" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{functions}</text>"#
        ));
    }

    fn finish(self, board: &Board, height: f64) -> String {
        let model = escape(board.model());
        let headers: Vec<&str> = board.headers().iter().map(Header::name).collect();
        let pins = match headers.as_slice() {
            [] => "The board has no known header.".to_owned(),
            names => {
                format!("Each pin of {} has its number, its name and its functions.", names.join(" and "))
            }
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pinout\" width=\"{WIDTH}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH} \
             {height:.0}\" role=\"img\" aria-labelledby=\"pinout-title pinout-desc\">\n<title id=\"pinout-title\">Pinout of the \
             {model}</title>\n<desc id=\"pinout-desc\">The board with its connectors, and a table of its pins. {pins}</desc>\n\
             <style>{}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
            style(),
            self.0
        )
    }
}

fn class(kind: PinKind) -> &'static str {
    match kind {
        PinKind::Gpio(_) => "gpio",
        PinKind::Power3v3 => "v3",
        PinKind::Power5v => "v5",
        _ => "gnd",
    }
}

fn tspan(function: &Function) -> String {
    let class = match function.unit.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "I2C" => "i2c",
        "SPI" => "spi",
        "UART" => "uart",
        _ => return function.to_string(),
    };
    format!(r#"<tspan class="{class}">{function}</tspan>"#)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
