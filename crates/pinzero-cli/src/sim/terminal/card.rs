//! Draws the parts, each as a small card: the name and the pins above, the part below.

use ratatui::style::{Color, Modifier, Style};

use crate::columns::{columns, shorten};
use crate::sim::state::{Control, Look, PartScene};
use crate::sim::terminal::dial;
use crate::sim::terminal::palette::{self, Palette};
use crate::sim::terminal::pen::Pen;
use crate::sim::terminal::spot::{Range, Spot, Target};

/// The width of a small card, with the gap to the next one.
pub(crate) const UNIT: u16 = 18;
/// Where the drawing begins, below the mark of the selected card.
const LEFT: u16 = 2;
/// The segments of a digit: their place and sign, a to g and the point.
const SEGMENTS: [(u16, u16, &str); 8] =
    [(1, 0, "_"), (2, 1, "|"), (2, 2, "|"), (1, 2, "_"), (0, 2, "|"), (0, 1, "|"), (1, 1, "_"), (3, 2, ".")];
/// A segment that is darker than this looks dark.
const VISIBLE: f64 = 0.02;

/// A part, and how it is drawn.
pub(crate) struct Card<'a> {
    pub(crate) part: &'a PartScene,
    /// The place in the list of parts.
    pub(crate) index: usize,
    /// The state, which is missing before the first frame.
    pub(crate) look: Option<&'a Look>,
    pub(crate) palette: Palette,
    /// The control that is selected, by its place in the part.
    pub(crate) selected: Option<usize>,
    /// The key of a keypad that is selected.
    pub(crate) cursor: usize,
    /// Whether the contact is held by a latch.
    pub(crate) latched: bool,
}

impl Card<'_> {
    /// Returns the width, in units, and the height, in rows.
    pub(crate) fn size(&self) -> (u16, u16) {
        let (width, rows) = match self.look {
            Some(Look::Angle { .. }) => (0, dial::HEIGHT as u16),
            Some(Look::Digits { digits }) => (4 * digits.len() as u16, 3),
            Some(Look::Values { values }) => (0, values.len() as u16),
            Some(Look::Pulses { values, .. }) => (0, 1 + values.len() as u16),
            Some(Look::Keys { .. }) => {
                let rows = self.rows();
                (rows.iter().map(|row| 3 * columns(row)).max().unwrap_or(0), rows.len() as u16)
            }
            Some(Look::Text { lines, .. }) => {
                (lines.iter().map(|line| columns(line)).max().unwrap_or(0) + 2, lines.len() as u16 + 2)
            }
            _ => (0, 1),
        };
        ((width + LEFT + 1).div_ceil(UNIT).max(1), 1 + rows)
    }

    /// Draws the card, and notes what a user can touch.
    pub(crate) fn draw(&self, pen: &mut Pen<'_>, spots: &mut Vec<Spot>) {
        self.name(pen);
        let Some(look) = self.look else { return };
        match look {
            Look::Light { brightness } => self.light(pen, *brightness),
            Look::Color { red, green, blue } => self.color(pen, [*red, *green, *blue]),
            Look::Contact { closed } => self.contact(pen, *closed, spots),
            Look::Sound { on, hertz } => self.sound(pen, *on, *hertz),
            Look::Relay { on } => self.relay(pen, *on),
            Look::Angle { degrees, held } => self.angle(pen, *degrees, *held),
            Look::Speed { speed } => self.speed(pen, *speed),
            Look::Values { values } => self.values(pen, 1, values, spots),
            Look::Pulses { closed, values, count } => self.meter(pen, *closed, *count, values, spots),
            Look::Turns { steps } => self.turns(pen, *steps, spots),
            Look::Keys { down } => self.keys(pen, down, spots),
            Look::Digits { digits } => self.digits(pen, digits),
            Look::Text { lines, lit } => self.characters(pen, lines, *lit),
        }
    }

    fn name(&self, pen: &mut Pen<'_>) {
        if self.selected.is_some() {
            pen.text(0, 0, "▸", self.palette.ink(Color::Yellow));
        }
        let end = pen.width().saturating_sub(1);
        let name = shorten(&self.part.name, end.saturating_sub(LEFT));
        let behind = pen.text(LEFT, 0, &name, bold());
        let lines: Vec<String> = self.part.pins.iter().map(|(_, line)| line.to_string()).collect();
        match lines.as_slice() {
            [] => {}
            [line] => pen.text_before(behind + 1, end, 0, &format!("GPIO{line}"), dim()),
            [_, _, _, _, ..] => pen.text_before(behind + 1, end, 0, &format!("{} pins", lines.len()), dim()),
            _ => pen.text_before(behind + 1, end, 0, &lines.join(","), dim()),
        }
    }

    fn light(&self, pen: &mut Pen<'_>, brightness: f64) {
        let color = self.part.color.as_deref().map_or([255, 0, 0], palette::parse);
        self.lamp(pen, color, brightness);
        let words = match brightness {
            b if b <= 0.0 => "off".to_owned(),
            b if b >= 1.0 => "on".to_owned(),
            b => percent(b),
        };
        pen.text(LEFT + 4, 1, &words, if brightness > 0.0 { Style::new() } else { dim() });
    }

    fn color(&self, pen: &mut Pen<'_>, parts: [f64; 3]) {
        let brightest = parts.into_iter().fold(0.0, f64::max);
        let byte = |part: f64| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
        // The hue at its brightest; the lamp makes it darker.
        let hue = parts.map(|part| byte(if brightest > 0.0 { part / brightest } else { 1.0 }));
        self.lamp(pen, hue, brightest);
        let [red, green, blue] = parts.map(byte);
        pen.text(LEFT + 4, 1, &format!("#{red:02x}{green:02x}{blue:02x}"), dim());
    }

    fn lamp(&self, pen: &mut Pen<'_>, color: palette::Rgb, brightness: f64) {
        let (sign, style) = self.palette.lamp(color, brightness);
        pen.text(LEFT, 1, "(", dim());
        pen.text(LEFT + 1, 1, sign.encode_utf8(&mut [0; 4]), style);
        pen.text(LEFT + 2, 1, ")", dim());
    }

    fn contact(&self, pen: &mut Pen<'_>, closed: bool, spots: &mut Vec<Spot>) {
        let part = self.index;
        let width = pen.width().saturating_sub(1);
        let (open_word, closed_word) = match self.part.kind {
            "motion_sensor" => ("quiet", "motion"),
            "line_sensor" => ("no line", "line"),
            "switch" => ("open", "closed"),
            _ => ("", "pressed"),
        };
        let word = match (closed, self.latched) {
            (true, true) => "latched",
            (true, false) => closed_word,
            (false, _) => open_word,
        };
        let style = if closed { self.palette.ink(Color::Green) } else { dim() };
        match self.part.controls.first() {
            Some(Control::Switch { key }) => {
                let end = pen.text(LEFT, 1, if closed { "o──o" } else { "o╱ o" }, style);
                let end = key.map_or(end, |key| pen.text(end + 1, 1, &format!("[{key}]"), dim()));
                pen.text(end + 1, 1, word, style);
                spots.push(Spot { place: pen.place(0, 0, width, 2), target: Target::Switch { part } });
            }
            Some(Control::Push { key }) => {
                let end = cap(pen, *key, closed);
                pen.text(end + 1, 1, word, if closed { self.palette.ink(Color::Green) } else { dim() });
                spots.push(Spot { place: pen.place(0, 0, width, 2), target: Target::Push { part } });
            }
            _ => {
                pen.text(LEFT, 1, if closed { "o──o" } else { "o╱ o" }, style);
            }
        }
    }

    fn sound(&self, pen: &mut Pen<'_>, on: bool, hertz: Option<f64>) {
        let (words, style) = match (on, hertz) {
            (false, _) => ("♪ silent".to_owned(), dim()),
            (true, None) => ("♪ on".to_owned(), self.palette.ink(Color::Yellow)),
            (true, Some(hertz)) => (format!("♪ {hertz:.0} Hz"), self.palette.ink(Color::Yellow)),
        };
        pen.text(LEFT, 1, &words, style);
    }

    fn relay(&self, pen: &mut Pen<'_>, on: bool) {
        let (words, style) = if on {
            ("─o──o─ on", self.palette.ink(Color::Green))
        } else {
            ("─o╱ o─ off", dim())
        };
        pen.text(LEFT, 1, words, style);
    }

    fn angle(&self, pen: &mut Pen<'_>, degrees: f64, held: bool) {
        let style = if held { self.palette.ink(Color::Cyan) } else { dim() };
        for (y, row) in (1..).zip(dial::draw(degrees)) {
            pen.text(LEFT, y, &row, style);
        }
        let x = LEFT + dial::WIDTH as u16 + 1;
        if held {
            // No sign of zero, and none of what rounds to zero.
            let words = if degrees.abs() < 0.5 { "0°".to_owned() } else { format!("{degrees:+.0}°") };
            pen.text(x, 2, &words, Style::new());
        } else {
            pen.text(x, 2, "free", dim());
        }
    }

    fn speed(&self, pen: &mut Pen<'_>, speed: f64) {
        const HALF: i32 = 4;
        let length = (speed.clamp(-1.0, 1.0) * f64::from(HALF)).round() as i32;
        let bar: String = (-HALF..=HALF)
            .map(|place| match place {
                0 => '┼',
                _ if length != 0 && place == length => {
                    if length > 0 {
                        '▶'
                    } else {
                        '◀'
                    }
                }
                _ if place.signum() == length.signum() && place.abs() < length.abs() => '━',
                _ => '─',
            })
            .collect();
        let style = if speed == 0.0 { dim() } else { self.palette.ink(Color::Cyan) };
        let end = pen.text(LEFT, 1, &bar, style);
        let words = if speed == 0.0 { "stop".to_owned() } else { format!("{:+.0} %", speed * 100.0) };
        pen.text(end + 1, 1, &words, if speed == 0.0 { dim() } else { Style::new() });
    }

    fn meter(&self, pen: &mut Pen<'_>, closed: bool, count: u64, values: &[f64], spots: &mut Vec<Spot>) {
        let key = self.part.controls.iter().find_map(|control| match control {
            Control::Push { key } => *key,
            _ => None,
        });
        let end = cap(pen, key, closed);
        pen.text(end + 1, 1, &count.to_string(), Style::new());
        let place = pen.place(0, 0, pen.width().saturating_sub(1), 2);
        spots.push(Spot { place, target: Target::Push { part: self.index } });
        self.values(pen, 2, values, spots);
    }

    /// Draws the sliders, from row `top` on.
    fn values(&self, pen: &mut Pen<'_>, top: u16, values: &[f64], spots: &mut Vec<Spot>) {
        let sliders = self.part.controls.iter().enumerate().filter_map(|(control, slider)| match slider {
            Control::Slider { min, max, step, unit, .. } => {
                Some((control, Range { min: *min, max: *max, step: *step }, *unit))
            }
            _ => None,
        });
        for (slider, ((control, range, unit), value)) in sliders.zip(values).enumerate() {
            let y = top + slider as u16;
            let words = format!("{} {unit}", number(*value, range.step));
            let room = pen.width().saturating_sub(LEFT + 4 + columns(words.trim_end())).max(3);
            let knob = (range.share(*value) * f64::from(room - 1)).round() as u16;
            let style =
                if self.selected == Some(control) { self.palette.ink(Color::Yellow) } else { Style::new() };
            let track: String = (0..room).map(|place| if place == knob { '●' } else { '─' }).collect();
            let end = pen.text(LEFT, y, &format!("├{track}┤"), style);
            pen.text(end + 1, y, words.trim_end(), Style::new());
            let target = Target::Slider { part: self.index, slider, range };
            spots.push(Spot { place: pen.place(LEFT + 1, y, room, 1), target });
        }
    }

    fn turns(&self, pen: &mut Pen<'_>, steps: i64, spots: &mut Vec<Spot>) {
        let knob = ["◐", "◓", "◑", "◒"][steps.rem_euclid(4) as usize];
        let end = pen.text(LEFT, 1, &format!("↶ {knob} ↷"), self.palette.ink(Color::Cyan));
        pen.text(end + 1, 1, &format!("{steps:+}"), Style::new());
        let place = pen.place(0, 0, pen.width().saturating_sub(1), 2);
        spots.push(Spot { place, target: Target::Knob { part: self.index } });
    }

    fn rows(&self) -> &[String] {
        self.part
            .controls
            .iter()
            .find_map(
                |control| if let Control::Keys { rows } = control { Some(rows.as_slice()) } else { None },
            )
            .unwrap_or_default()
    }

    fn keys(&self, pen: &mut Pen<'_>, down: &[usize], spots: &mut Vec<Spot>) {
        let mut key = 0;
        for (y, row) in (1..).zip(self.rows()) {
            for (x, letter) in row.chars().enumerate() {
                let style = match (down.contains(&key), self.selected.is_some() && self.cursor == key) {
                    (true, _) => reversed(),
                    (false, true) => self.palette.ink(Color::Yellow).add_modifier(Modifier::UNDERLINED),
                    (false, false) => Style::new(),
                };
                let words =
                    if down.contains(&key) { format!("▐{letter}▌") } else { format!("[{letter}]") };
                let x = LEFT + 3 * x as u16;
                pen.text(x, y, &words, style);
                let target = Target::Keys { part: self.index, key };
                spots.push(Spot { place: pen.place(x, y, 3, 1), target });
                key += 1;
            }
        }
    }

    fn digits(&self, pen: &mut Pen<'_>, digits: &[[f64; 8]]) {
        for (index, segments) in digits.iter().enumerate() {
            for ((x, y, sign), bright) in SEGMENTS.into_iter().zip(segments) {
                if *bright > VISIBLE {
                    let (_, style) = self.palette.lamp([255, 64, 0], *bright);
                    pen.text(LEFT + 4 * index as u16 + x, 1 + y, sign, style.add_modifier(Modifier::BOLD));
                }
            }
        }
    }

    fn characters(&self, pen: &mut Pen<'_>, lines: &[String], lit: bool) {
        let width = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
        let rule = "─".repeat(usize::from(width));
        pen.text(LEFT, 1, &format!("┌{rule}┐"), dim());
        let style = if lit { self.palette.ink(Color::Cyan).add_modifier(Modifier::BOLD) } else { dim() };
        for (y, line) in (2..).zip(lines) {
            pen.text(LEFT, y, "│", dim());
            pen.text(LEFT + 1, y, line, style);
            pen.text(LEFT + 1 + width, y, "│", dim());
        }
        pen.text(LEFT, 2 + lines.len() as u16, &format!("└{rule}┘"), dim());
    }
}

/// Draws the cap of a push button, with its key, and returns the column behind it.
fn cap(pen: &mut Pen<'_>, key: Option<char>, closed: bool) -> u16 {
    let key = key.map_or("·".to_owned(), String::from);
    let (cap, style) =
        if closed { (format!("▐ {key} ▌"), reversed()) } else { (format!("[ {key} ]"), Style::new()) };
    pen.text(LEFT, 1, &cap, style)
}

/// Writes a value with as many digits as the step of its slider has.
fn number(value: f64, step: f64) -> String {
    if step <= 0.0 {
        return format!("{value:.2}");
    }
    let digits = (0..4).find(|digits| (step * 10f64.powi(*digits)).fract().abs() < 1e-6).unwrap_or(4);
    format!("{value:.*}", digits as usize)
}

fn percent(share: f64) -> String {
    // Neither looks like off or on.
    format!("{:.0} %", (share * 100.0).clamp(1.0, 99.0))
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn reversed() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}
