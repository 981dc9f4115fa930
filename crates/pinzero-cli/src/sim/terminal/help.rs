//! The page that `?` shows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Clear, Widget};

use crate::columns::{columns, shorten, wrap};
use crate::sim::state::{Control, Scene};
use crate::sim::terminal::palette::Palette;
use crate::sim::terminal::pen::Pen;

const KEYS: [(&str, &str); 8] = [
    ("a key of a part", "presses the part, flips the switch"),
    ("Shift + key", "keeps the part pressed until the next press"),
    ("Tab, ↑ ↓", "selects a part"),
    ("Space, Enter", "presses the selected part; Enter keeps it pressed"),
    ("← →, - +", "moves the slider or knob, in large or small steps"),
    ("the mouse", "presses, drags, turns by the wheel"),
    ("PgUp, PgDn", "shows more parts"),
    ("q, Ctrl-C", "ends the simulation"),
];

/// Returns whether a part has this key.
pub(crate) fn takes(scene: &Scene, letter: char) -> bool {
    scene.parts.iter().flat_map(|part| &part.controls).any(|control| match control {
        Control::Push { key } | Control::Switch { key } => *key == Some(letter),
        Control::Keys { rows } => rows.iter().any(|row| row.contains(letter)),
        Control::Slider { .. } | Control::Knob => false,
    })
}

/// Draws the page in the middle of the screen.
pub(crate) fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene, page: Option<&str>, palette: Palette) {
    let width = (KEYS.iter().map(|(_, what)| columns(what)).max().unwrap_or(0) + 21).min(area.width);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut lines: Vec<(String, Style)> =
        wrap(&scene.about, width - 4).into_iter().map(|line| (line, bold)).collect();
    if !lines.is_empty() {
        lines.push((String::new(), bold));
    }
    lines.extend(KEYS.iter().map(|(key, what)| (format!("{key:<16} {what}"), Style::new())));
    lines.push((String::new(), bold));
    lines.push(("Programs connect by their environment:".to_owned(), bold));
    lines.push((format!("PINZERO_PIN_FACTORY=pigpio://{}", scene.address), palette.ink(Color::Green)));
    lines.push((gpiozero(&scene.address), palette.ink(Color::Green)));
    if let Some(page) = page {
        lines.push((String::new(), bold));
        lines.push((format!("The board in the browser: {page}"), bold));
    }
    let height = (lines.len() as u16 + 2).min(area.height);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(place, buffer);
    ratatui::widgets::Block::bordered().title(" keys ").render(place, buffer);
    let inside = Rect {
        x: place.x + 2,
        y: place.y + 1,
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    };
    let mut pen = Pen::new(buffer, inside);
    for (y, (line, style)) in (0..).zip(&lines) {
        pen.text(0, y, &shorten(line, pen.width()), *style);
    }
}

/// Returns gpiozero's variables for an address.
fn gpiozero(address: &str) -> String {
    match address.rsplit_once(':') {
        Some((host, port)) => format!("GPIOZERO_PIN_FACTORY=pigpio PIGPIO_ADDR={host} PIGPIO_PORT={port}"),
        None => format!("GPIOZERO_PIN_FACTORY=pigpio PIGPIO_ADDR={address}"),
    }
}
