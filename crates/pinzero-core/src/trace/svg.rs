//! Draws a diagram as an SVG image.

use std::fmt::Write;

use super::diagram::{Diagram, Lane, Theme};

/// The height of a signal, and of the space around it, in pixels.
const HIGH: f64 = 20.0;
const GAP: f64 = 18.0;

/// The height of the marks of events, that of a row of their names, and the most such rows under a line.
const MARK: f64 = 8.0;
const ROW: f64 = 13.0;
const ROWS: usize = 3;

/// The widths that a character of a name and of a label takes at most.
const NAME: f64 = 7.4;
const LABEL: f64 = 6.4;

const LIGHT: &str = ".p{fill:#fff}text{fill:#1f2328}.g{stroke:#d8dee4}.w{stroke:#0969da}.b{fill:#0969da}.e{fill:#bf3989}.m{stroke:#cf222e}";
const DARK: &str = ".p{fill:#0d1117}text{fill:#e6edf3}.g{stroke:#30363d}.w{stroke:#58a6ff}.b{fill:#58a6ff}.e{fill:#f778ba}.m{stroke:#ff7b72}";
const SHAPES: &str = "text{font:12px sans-serif}.l{font-size:10.5px}.g,.w,.m{fill:none;stroke-width:1}.w{stroke-width:1.5}.b{fill-opacity:.3}";

impl Diagram {
    /// Returns the diagram as an SVG image.
    ///
    /// The same trace gives the same image, byte for byte.
    pub fn to_svg(&self) -> String {
        // Writing to a string cannot fail.
        let mut svg = String::new();
        let _ = Drawing::new(self).draw(&mut svg);
        svg
    }
}

struct Drawing<'a> {
    diagram: &'a Diagram,
    /// The left and right end of the signals.
    left: f64,
    right: f64,
    length: f64,
}

impl<'a> Drawing<'a> {
    fn new(diagram: &'a Diagram) -> Self {
        let names = diagram.lanes.iter().map(|lane| lane.name.chars().count()).max().unwrap_or(0);
        let width = f64::from(diagram.width);
        let left = (names as f64 * NAME + 20.0).min(width / 2.0).round();
        Drawing {
            diagram,
            left,
            right: width - 24.0,
            length: diagram.to.saturating_sub(diagram.from).max(1) as f64,
        }
    }

    fn draw(&self, svg: &mut String) -> std::fmt::Result {
        let diagram = self.diagram;
        let mut body = String::new();
        let mut top = if diagram.title.is_some() { 30.0 } else { 10.0 };
        let start = top;
        for lane in &diagram.lanes {
            top += self.lane(&mut body, lane, top)?;
        }
        let bottom = top + 4.0;
        let height = bottom + 22.0;
        let width = diagram.width;
        let title = escape(diagram.title.as_deref().unwrap_or("Timing diagram"));
        writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n<desc id=\"desc\">{}</desc>",
            escape(&self.description())
        )?;
        let colours = match diagram.theme {
            Theme::Light => LIGHT.to_owned(),
            Theme::Dark => DARK.to_owned(),
            Theme::Auto => format!("{LIGHT}@media(prefers-color-scheme:dark){{{DARK}}}"),
        };
        writeln!(svg, "<style>{SHAPES}{colours}</style>")?;
        writeln!(svg, "<rect class=\"p\" width=\"100%\" height=\"100%\"/>")?;
        if diagram.title.is_some() {
            writeln!(svg, "<text x=\"10\" y=\"20\" font-weight=\"bold\">{title}</text>")?;
        }
        let mut grid = String::new();
        let mut labels = String::new();
        for (at, label) in diagram.ticks(((self.right - self.left) / 80.0) as u64) {
            let x = Px(self.x(at));
            write!(grid, "M{x} {start}V{bottom}")?;
            let y = bottom + 15.0;
            writeln!(labels, "<text class=\"l\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{label}</text>")?;
        }
        writeln!(svg, "<path class=\"g\" d=\"{grid}\"/>")?;
        svg.push_str(&body);
        svg.push_str(&labels);
        svg.push_str("</svg>\n");
        Ok(())
    }

    fn description(&self) -> String {
        let lines = self.diagram.lanes.iter().map(|lane| {
            let changes = lane.signals.len().saturating_sub(1);
            let events = lane.events.len();
            let tail = if events > 0 { format!(", {events} events") } else { String::new() };
            format!("{}: {changes} changes{tail}", lane.name)
        });
        let from = std::time::Duration::from_nanos(self.diagram.from);
        let to = std::time::Duration::from_nanos(self.diagram.to);
        let lines = lines.collect::<Vec<_>>().join("; ");
        format!("From {from:?} to {to:?}. {lines}")
    }

    fn x(&self, at: u64) -> f64 {
        let part = at.saturating_sub(self.diagram.from) as f64 / self.length;
        self.left + part.min(1.0) * (self.right - self.left)
    }

    fn is_shown(&self, at: u64) -> bool {
        (self.diagram.from..=self.diagram.to).contains(&at)
    }

    /// Draws a line below `top`, and returns the height that it takes.
    fn lane(&self, svg: &mut String, lane: &Lane, top: f64) -> Result<f64, std::fmt::Error> {
        let (high, low) = (top + GAP / 2.0, top + GAP / 2.0 + HIGH);
        writeln!(svg, "<text x=\"10\" y=\"{}\">{}</text>", low - 5.0, escape(&lane.name))?;
        let Wave { path, bands, labels } = self.wave(lane, high, low)?;
        if !bands.is_empty() {
            writeln!(svg, "<path class=\"b\" d=\"{bands}\"/>")?;
        }
        writeln!(svg, "<path class=\"w\" d=\"{path}\"/>")?;
        svg.push_str(&labels);
        let mut missed = String::new();
        for at in lane.missed.iter().filter(|at| self.is_shown(**at)) {
            let x = self.x(*at);
            write!(
                missed,
                "M{} {high}L{} {low}M{} {low}L{} {high}",
                Px(x - 4.0),
                Px(x + 4.0),
                Px(x - 4.0),
                Px(x + 4.0)
            )?;
        }
        if !missed.is_empty() {
            writeln!(svg, "<path class=\"m\" d=\"{missed}\"/>")?;
        }
        Ok(GAP + HIGH + self.events(svg, lane, low)?)
    }

    /// Returns the course of a signal between the heights `high` and `low`.
    fn wave(&self, lane: &Lane, high: f64, low: f64) -> Result<Wave, std::fmt::Error> {
        let y = |duty: f32| low - f64::from(duty) * (low - high);
        let Wave { mut path, mut bands, mut labels } = Wave::default();
        let ends = lane.signals.iter().skip(1).map(|(at, _)| *at).chain([self.diagram.to]);
        // Where the pen is, and its height, if it is down.
        let mut pen: Option<f32> = None;
        // The last column in which a pulse too short for it was drawn. Others there show as one more stroke beside it, at `crowded`.
        let mut column = None;
        let mut crowded: Option<f64> = None;
        // The steady levels of a line with PWM are bands as well.
        let is_pwm = lane.signals.iter().any(|(_, duty)| duty.is_some_and(|duty| duty > 0.0 && duty < 1.0));
        let mut was_steady = true;
        for ((at, duty), end) in lane.signals.iter().zip(ends) {
            let is_steady = duty.is_none_or(|duty| duty <= 0.0 || duty >= 1.0);
            // The end of a fade is no pulse.
            let is_pulse = is_steady && was_steady;
            was_steady = is_steady;
            if end < self.diagram.from || *at > self.diagram.to {
                continue;
            }
            let [x, to] = [*at, end].map(|at| self.x(at));
            let Some(duty) = duty else {
                pen = None;
                continue;
            };
            let is_short = to - x < 1.0 && end < self.diagram.to;
            if is_short && pen.is_some() && column.replace(x as i64) == Some(x as i64) {
                if is_pulse {
                    crowded.get_or_insert(x + 1.5);
                }
                continue;
            }
            if let (Some(crowd), Some(before)) = (crowded.take(), pen) {
                write!(path, "H{}V{high}V{low}V{}", Px(crowd), Px(y(before)))?;
            }
            match pen {
                None => write!(path, "M{} {}", Px(x), Px(y(*duty)))?,
                Some(before) if before != *duty => write!(path, "H{}V{}", Px(x), Px(y(*duty)))?,
                Some(_) => {}
            }
            let to = if is_short { to.max(x + 1.0) } else { to };
            write!(path, "H{}", Px(to))?;
            pen = Some(*duty);
            if is_pwm && *duty > 0.0 {
                write!(bands, "M{} {low}V{}H{}V{low}Z", Px(x), Px(y(*duty)), Px(to))?;
                let label = lane.label(*duty);
                if to - x > label.len() as f64 * LABEL + 4.0 {
                    let (x, y) = (Px((x + to) / 2.0), low - 6.0);
                    writeln!(
                        labels,
                        "<text class=\"l\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{label}</text>"
                    )?;
                }
            }
        }
        Ok(Wave { path, bands, labels })
    }

    /// Draws the events of a line below `low`, and returns the height that they take.
    fn events(&self, svg: &mut String, lane: &Lane, low: f64) -> Result<f64, std::fmt::Error> {
        let mut ends: Vec<f64> = Vec::new();
        let mut marks = String::new();
        let mut names = String::new();
        let mut column = None;
        for (at, name) in lane.events.iter().filter(|(at, _)| self.is_shown(*at)) {
            let x = self.x(*at);
            if column.replace(x as i64) != Some(x as i64) {
                write!(marks, "M{} {}l-3 6h6z", Px(x), low + 2.0)?;
            }
            // A name at the right end ends there.
            let length = name.chars().count() as f64 * LABEL;
            let start = (x - 3.0).min(f64::from(self.diagram.width) - length);
            let row = match ends.iter().position(|end| *end <= start) {
                Some(row) => row,
                None if ends.len() < ROWS => {
                    ends.push(0.0);
                    ends.len() - 1
                }
                None => continue,
            };
            ends[row] = start + length + LABEL;
            let y = low + MARK + (row + 1) as f64 * ROW - 3.0;
            writeln!(names, "<text class=\"l\" x=\"{}\" y=\"{y}\">{}</text>", Px(start), escape(name))?;
        }
        if !marks.is_empty() {
            writeln!(svg, "<path class=\"e\" d=\"{marks}\"/>")?;
        }
        svg.push_str(&names);
        Ok(if ends.is_empty() { 0.0 } else { MARK + ends.len() as f64 * ROW - 6.0 })
    }
}

/// The parts of a drawn signal.
#[derive(Default)]
struct Wave {
    path: String,
    /// The filled bands of PWM.
    bands: String,
    labels: String,
}

/// A coordinate, to a tenth of a pixel.
#[derive(Clone, Copy)]
struct Px(f64);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&((self.0 * 10.0).round() / 10.0), f)
    }
}

/// Escapes the characters that text in XML cannot have.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
