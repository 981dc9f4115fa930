//! [`Color`]: a color of a LED.

use std::fmt;
use std::str::FromStr;

use pinzero_core::{Error, ErrorKind, Result};

/// A color: how bright red, green and blue are, each from 0 to 1.
///
/// A color has a name or a hexadecimal number, as on a web page, or three components:
///
/// ```
/// use pinzero::Color;
///
/// let orange = Color::new(1.0, 0.5, 0.0);
/// assert_eq!(Color::from((1.0, 0.5, 0.0)), orange);
/// assert_eq!("#f00".parse::<Color>()?, Color::RED);
/// assert_eq!(Color::try_from("hotpink")?.to_string(), "#ff69b4");
/// assert_eq!(Color::hsv(240.0, 1.0, 1.0), Color::BLUE);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// The names are those of CSS: `"green"` and [`Color::GREEN`] are half as bright as `"lime"` and [`Color::LIME`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Color {
    /// The brightness of red, from 0 to 1.
    pub red: f64,
    /// The brightness of green, from 0 to 1.
    pub green: f64,
    /// The brightness of blue, from 0 to 1.
    pub blue: f64,
}

impl Color {
    /// All off.
    pub const BLACK: Color = Color::new(0.0, 0.0, 0.0);
    /// Blue alone.
    pub const BLUE: Color = Color::new(0.0, 0.0, 1.0);
    /// Green and blue.
    pub const CYAN: Color = Color::new(0.0, 1.0, 1.0);
    /// Green alone, at half of its brightness; [`LIME`](Color::LIME) is green alone at full brightness.
    pub const GREEN: Color = Color::new(0.0, 128.0 / 255.0, 0.0);
    /// Green alone.
    pub const LIME: Color = Color::new(0.0, 1.0, 0.0);
    /// Red and blue.
    pub const MAGENTA: Color = Color::new(1.0, 0.0, 1.0);
    /// Red and less green.
    pub const ORANGE: Color = Color::new(1.0, 165.0 / 255.0, 0.0);
    /// Red and blue, at half of their brightness.
    pub const PURPLE: Color = Color::new(128.0 / 255.0, 0.0, 128.0 / 255.0);
    /// Red alone.
    pub const RED: Color = Color::new(1.0, 0.0, 0.0);
    /// All fully on.
    pub const WHITE: Color = Color::new(1.0, 1.0, 1.0);
    /// Red and green.
    pub const YELLOW: Color = Color::new(1.0, 1.0, 0.0);

    /// Returns a color of three components, each from 0 to 1. A device refuses a component out of range.
    pub const fn new(red: f64, green: f64, blue: f64) -> Color {
        Color { red, green, blue }
    }

    /// Returns the color with a hue in degrees, and a saturation and a value from 0 to 1. Hues go round: 360 is 0, which is
    /// red. If saturation or value is out of range, no component is a number, and a device refuses the color.
    ///
    /// ```
    /// use pinzero::Color;
    ///
    /// assert_eq!(Color::hsv(60.0, 1.0, 1.0), Color::YELLOW);
    /// assert_eq!(Color::hsv(0.0, 0.0, 0.5), Color::new(0.5, 0.5, 0.5));
    /// ```
    pub fn hsv(hue: f64, saturation: f64, value: f64) -> Color {
        let is_share = |share| (0.0..=1.0).contains(&share);
        if !is_share(saturation) || !is_share(value) {
            return Color::new(f64::NAN, f64::NAN, f64::NAN);
        }
        let component = |turn: f64| {
            let place = (turn + hue / 60.0).rem_euclid(6.0);
            value - value * saturation * place.min(4.0 - place).clamp(0.0, 1.0)
        };
        Color::new(component(5.0), component(3.0), component(1.0))
    }

    /// Returns the components, with their names.
    pub(crate) fn components(self) -> [(&'static str, f64); 3] {
        [("red", self.red), ("green", self.green), ("blue", self.blue)]
    }

    /// Fails if a component is out of range.
    pub(crate) fn check(self) -> Result<()> {
        match self.components().into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            None => Ok(()),
            Some((name, value)) => {
                let message = format!("a {name} of {value} is out of range: give 0 to 1");
                Err(Error::new(ErrorKind::InvalidValue, message))
            }
        }
    }
}

/// Shows the nearest color of a screen, such as `#ff8000`.
impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The conversion to an integer limits values out of range.
        let [red, green, blue] = self.components().map(|(_, value)| (value * 255.0).round() as u8);
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Reads a color of CSS: a name, `#rgb`, `#rrggbb`, and functions such as `hsl(30deg 100% 50%)`. Capitals do not matter.
impl FromStr for Color {
    type Err = Error;

    fn from_str(text: &str) -> Result<Color> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidValue, message));
        let Ok(parsed) = color::parse_color(text) else {
            return invalid(format!("{text:?} is no color: give a name such as \"red\", or \"#ff8000\""));
        };
        let parsed = parsed.to_alpha_color::<color::Srgb>().to_rgba8();
        if parsed.a < u8::MAX {
            return invalid(format!("{text:?} is transparent, and a LED is not: give a color without alpha"));
        }
        let [red, green, blue] = [parsed.r, parsed.g, parsed.b].map(|byte| f64::from(byte) / 255.0);
        Ok(Color { red, green, blue })
    }
}

impl TryFrom<&str> for Color {
    type Error = Error;

    fn try_from(text: &str) -> Result<Color> {
        text.parse()
    }
}

impl TryFrom<&String> for Color {
    type Error = Error;

    fn try_from(text: &String) -> Result<Color> {
        text.parse()
    }
}

impl From<(f64, f64, f64)> for Color {
    fn from((red, green, blue): (f64, f64, f64)) -> Color {
        Color { red, green, blue }
    }
}

impl From<[f64; 3]> for Color {
    fn from([red, green, blue]: [f64; 3]) -> Color {
        Color { red, green, blue }
    }
}

impl From<Color> for (f64, f64, f64) {
    fn from(Color { red, green, blue }: Color) -> Self {
        (red, green, blue)
    }
}

impl From<Color> for [f64; 3] {
    fn from(Color { red, green, blue }: Color) -> Self {
        [red, green, blue]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn constants_are_what_their_names_are() {
        for (name, color) in [
            ("black", Color::BLACK),
            ("blue", Color::BLUE),
            ("cyan", Color::CYAN),
            ("green", Color::GREEN),
            ("lime", Color::LIME),
            ("Magenta", Color::MAGENTA),
            ("ORANGE", Color::ORANGE),
            ("purple", Color::PURPLE),
            ("red", Color::RED),
            ("white", Color::WHITE),
            ("yellow", Color::YELLOW),
        ] {
            assert_eq!(name.parse::<Color>().unwrap(), color, "{name}");
        }
    }

    #[test]
    fn text_is_read_exactly_and_shown_again() {
        for (text, color, shown) in [
            ("#f80", Color::new(1.0, 136.0 / 255.0, 0.0), "#ff8800"),
            ("#FF8000", Color::new(1.0, 128.0 / 255.0, 0.0), "#ff8000"),
            (" #010203 ", Color::new(1.0 / 255.0, 2.0 / 255.0, 3.0 / 255.0), "#010203"),
            ("hsl(120deg 100% 50%)", Color::LIME, "#00ff00"),
            ("#ff0000ff", Color::RED, "#ff0000"),
        ] {
            let parsed: Color = text.parse().unwrap();
            assert_eq!((parsed, parsed.to_string().as_str()), (color, shown), "{text}");
        }
    }

    #[test]
    fn what_is_no_color_is_refused() {
        for text in ["", "reddish", "f80", "#f8", "#ff80", "#gg8000", "1,0,0", "transparent", "#ff000080"] {
            let error = Color::try_from(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidValue);
            assert!(error.to_string().contains(": give a "), "{error}");
        }
    }

    #[test]
    fn hues_go_round() {
        for (hue, saturation, value, color) in [
            (0.0, 1.0, 1.0, Color::RED),
            (360.0, 1.0, 1.0, Color::RED),
            (-240.0, 1.0, 1.0, Color::LIME),
            (120.0, 1.0, 1.0, Color::LIME),
            (480.0, 1.0, 0.5, Color::new(0.0, 0.5, 0.0)),
            (30.0, 1.0, 1.0, Color::new(1.0, 0.5, 0.0)),
            (300.0, 0.5, 1.0, Color::new(1.0, 0.5, 1.0)),
            (77.0, 0.0, 0.25, Color::new(0.25, 0.25, 0.25)),
        ] {
            assert_eq!(Color::hsv(hue, saturation, value), color, "{hue} {saturation} {value}");
        }
        for (hue, saturation, value) in [
            (f64::NAN, 1.0, 1.0),
            (f64::INFINITY, 1.0, 1.0),
            (0.0, -0.1, 1.0),
            (0.0, 1.0, 1.1),
            (0.0, f64::NAN, 1.0),
        ] {
            assert_eq!(
                Color::hsv(hue, saturation, value).check().unwrap_err().kind(),
                ErrorKind::InvalidValue
            );
        }
    }
}
