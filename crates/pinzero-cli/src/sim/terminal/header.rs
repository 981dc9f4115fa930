//! Draws the pins of the header in two columns, with their levels.

use ratatui::style::{Color, Modifier, Style};

use crate::columns::shorten;
use crate::sim::state::{Frame, LineLook, PinScene, Scene};
use crate::sim::terminal::palette::{Palette, shade};
use crate::sim::terminal::pen::Pen;

/// The width of the header.
pub(crate) const WIDTH: u16 = 25;
/// The width of a label.
const LABEL: u16 = 6;

/// Returns the number of rows.
pub(crate) fn rows(scene: &Scene) -> u16 {
    u16::try_from(scene.header.len().div_ceil(2)).unwrap_or(u16::MAX)
}

/// Draws the header. `selected` is the part whose pins are marked.
pub(crate) fn draw(
    pen: &mut Pen<'_>,
    scene: &Scene,
    frame: &Frame,
    palette: Palette,
    selected: Option<usize>,
) {
    for (y, pair) in (0..).zip(scene.header.chunks(2)) {
        let signs = |pin: &PinScene| {
            let look = frame.lines.iter().find(|look| Some(look.line) == pin.line);
            (mark(look, palette), label(pin, palette, selected))
        };
        if let Some(pin) = pair.first() {
            let ((sign, style), ink) = signs(pin);
            pen.text(0, y, &format!("{:>6}", shorten(&pin.label, LABEL)), ink);
            pen.text(LABEL + 1, y, sign.encode_utf8(&mut [0; 4]), style);
            pen.text(LABEL + 3, y, &format!("{:>2}", pin.number), dim());
        }
        pen.text(12, y, "│", dim());
        if let Some(pin) = pair.get(1) {
            let ((sign, style), ink) = signs(pin);
            pen.text(14, y, &format!("{:<2}", pin.number), dim());
            pen.text(17, y, sign.encode_utf8(&mut [0; 4]), style);
            pen.text(19, y, &shorten(&pin.label, LABEL), ink);
        }
    }
}

/// Returns the sign of a line: its level, or the duty cycle of a PWM signal.
fn mark(look: Option<&LineLook>, palette: Palette) -> (char, Style) {
    match look {
        None => (' ', Style::new()),
        Some(LineLook { duty: Some(duty), .. }) => (shade(duty.clamp(0.01, 0.99)), palette.ink(Color::Cyan)),
        Some(look) => {
            let style = match (look.high, look.function) {
                (true, "input") => palette.ink(Color::Green),
                (true, _) => palette.ink(Color::Green).add_modifier(Modifier::BOLD),
                (false, "input") => dim(),
                (false, _) => Style::new(),
            };
            (if look.high { '●' } else { '○' }, style)
        }
    }
}

fn label(pin: &PinScene, palette: Palette, selected: Option<usize>) -> Style {
    match pin.part {
        Some(_) if pin.part == selected => palette.ink(Color::Yellow).add_modifier(Modifier::BOLD),
        Some(_) => Style::new().add_modifier(Modifier::BOLD),
        None if pin.line.is_none() && pin.label.contains('V') => palette.ink(Color::Red),
        None => dim(),
    }
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}
