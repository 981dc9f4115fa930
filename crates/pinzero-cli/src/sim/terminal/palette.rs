//! Colors, as many as the terminal has.

use std::env;

use ratatui::style::{Color, Modifier, Style};

/// The colors that a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Palette {
    /// None: `NO_COLOR` is set. Brightness is drawn by shades.
    Plain,
    /// The eight basic colors.
    Basic,
    /// 256 colors.
    Indexed,
    /// 16 million colors.
    True,
}

/// A color as its parts red, green and blue.
pub(crate) type Rgb = [u8; 3];

/// A lamp that is off, in a palette with many colors.
const DARK: Rgb = [56, 56, 56];
const BASIC: [(Rgb, Color); 7] = [
    ([255, 0, 0], Color::Red),
    ([0, 255, 0], Color::Green),
    ([255, 255, 0], Color::Yellow),
    ([0, 0, 255], Color::Blue),
    ([255, 0, 255], Color::Magenta),
    ([0, 255, 255], Color::Cyan),
    ([255, 255, 255], Color::White),
];

impl Palette {
    /// Returns the palette that the environment variables `NO_COLOR`, `COLORTERM` and `TERM` tell.
    pub(crate) fn from_environment() -> Self {
        let variable = |name| env::var(name).unwrap_or_default();
        Self::of(&variable("NO_COLOR"), &variable("COLORTERM"), &variable("TERM"))
    }

    fn of(no_color: &str, color_term: &str, term: &str) -> Self {
        if !no_color.is_empty() {
            Palette::Plain
        } else if matches!(color_term, "truecolor" | "24bit") || term.ends_with("-direct") {
            Palette::True
        } else if term.contains("256color") {
            Palette::Indexed
        } else {
            Palette::Basic
        }
    }

    /// Returns the style of text in this color.
    pub(crate) fn ink(self, color: Color) -> Style {
        if self == Palette::Plain { Style::new() } else { Style::new().fg(color) }
    }

    /// Returns the sign and the style of a lamp.
    pub(crate) fn lamp(self, color: Rgb, brightness: f64) -> (char, Style) {
        let brightness = brightness.clamp(0.0, 1.0);
        if self == Palette::Plain {
            return (shade(brightness), Style::new());
        }
        let sign = if brightness > 0.0 { '●' } else { '○' };
        // The eye sees half of the light as more than half as bright.
        let light = brightness.sqrt();
        let mixed: Rgb = std::array::from_fn(|part| {
            let (dark, bright) = (f64::from(DARK[part]), f64::from(color[part]));
            (dark + (bright - dark) * light).round() as u8
        });
        (sign, self.style(mixed, color, brightness))
    }

    fn style(self, mixed: Rgb, color: Rgb, brightness: f64) -> Style {
        match self {
            Palette::Plain => Style::new(),
            Palette::True => Style::new().fg(Color::Rgb(mixed[0], mixed[1], mixed[2])),
            Palette::Indexed => Style::new().fg(Color::Indexed(index(mixed))),
            Palette::Basic if brightness == 0.0 => Style::new().add_modifier(Modifier::DIM),
            Palette::Basic => {
                let weight = if brightness < 0.5 { Modifier::DIM } else { Modifier::BOLD };
                Style::new().fg(basic(color)).add_modifier(weight)
            }
        }
    }
}

/// Returns a sign that is as dark as a lamp is bright.
pub(crate) fn shade(brightness: f64) -> char {
    match brightness {
        b if b <= 0.0 => '·',
        b if b < 0.34 => '░',
        b if b < 0.67 => '▒',
        b if b < 1.0 => '▓',
        _ => '█',
    }
}

/// Reads `"#rrggbb"`. A color that is no such text is white.
pub(crate) fn parse(color: &str) -> Rgb {
    let number = color.strip_prefix('#').filter(|digits| digits.len() == 6);
    let number = number.and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0x00ff_ffff);
    let [_, red, green, blue] = number.to_be_bytes();
    [red, green, blue]
}

/// Returns the color in the cube of 6 x 6 x 6 colors that terminals with 256 colors have.
fn index(color: Rgb) -> u8 {
    // The levels of the cube are 0, 95, 135, 175, 215, 255.
    let level = |part: u8| if part < 48 { 0 } else { (part.saturating_sub(35) / 40).max(1) };
    16 + 36 * level(color[0]) + 6 * level(color[1]) + level(color[2])
}

fn basic(color: Rgb) -> Color {
    let brightest = color.into_iter().max().unwrap_or_default().max(1);
    let full = color.map(|part| u32::from(part) * 255 / u32::from(brightest));
    let distance = |other: &Rgb| -> u32 {
        full.iter().zip(other).map(|(one, other)| one.abs_diff(u32::from(*other)).pow(2)).sum()
    };
    BASIC.iter().min_by_key(|(rgb, _)| distance(rgb)).map_or(Color::White, |(_, color)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_the_palette() {
        assert_eq!(Palette::of("1", "truecolor", "xterm-256color"), Palette::Plain);
        assert_eq!(Palette::of("", "truecolor", "xterm"), Palette::True);
        assert_eq!(Palette::of("", "", "screen-256color"), Palette::Indexed);
        assert_eq!(Palette::of("", "", "linux"), Palette::Basic);
    }

    #[test]
    fn a_lamp_glows_by_its_brightness() {
        let red = [255, 0, 0];
        let colors = |palette: Palette| [0.0, 0.25, 1.0].map(|bright| palette.lamp(red, bright).1.fg);
        let rgb = |red, rest| Some(Color::Rgb(red, rest, rest));
        assert_eq!(colors(Palette::True), [rgb(56, 56), rgb(156, 28), rgb(255, 0)]);
        assert_eq!(
            colors(Palette::Indexed),
            [Some(Color::Indexed(59)), Some(Color::Indexed(124)), Some(Color::Indexed(196))]
        );
        assert_eq!(colors(Palette::Basic), [None, Some(Color::Red), Some(Color::Red)]);
        assert_eq!(
            [0.0, 0.2, 0.5, 0.9, 1.0].map(|bright| Palette::Plain.lamp(red, bright).0),
            ['·', '░', '▒', '▓', '█']
        );
    }

    #[test]
    fn colors_without_a_name_take_the_nearest() {
        assert_eq!(basic(parse("#ffa500")), Color::Yellow);
        assert_eq!(basic(parse("#800000")), Color::Red);
        assert_eq!(parse("nonsense"), [255, 255, 255]);
    }
}
