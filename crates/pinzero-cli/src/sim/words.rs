//! Puts states into words.

use pinzero::CharFont;

use super::state::{Control, Look, PartScene};

/// The segment in the middle alone.
const MINUS: &str = "0000001";

/// Returns the state of a part in a few words: `on`, `45°`, `23.5 °C, 40 %`.
pub(crate) fn state(part: &PartScene, look: &Look) -> String {
    let on = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
    match look {
        Look::Light { brightness } => match *brightness {
            0.0 => on(false),
            1.0 => on(true),
            share => format!("at {}", number(share)),
        },
        Look::Color { red, green, blue } if *red == 0.0 && *green == 0.0 && *blue == 0.0 => on(false),
        Look::Color { red, green, blue } => pinzero::Color::new(*red, *green, *blue).to_string(),
        Look::Contact { closed } => {
            let [yes, no] = match part.kind {
                "button" => ["pressed", "released"],
                "motion_sensor" => ["motion", "still"],
                "line_sensor" => ["over the line", "off the line"],
                _ => ["closed", "open"],
            };
            if *closed { yes } else { no }.to_owned()
        }
        Look::Sound { on: true, hertz: Some(hertz) } => format!("{} Hz", number(*hertz)),
        Look::Sound { on: is_on, .. } | Look::Relay { on: is_on } => on(*is_on),
        Look::Angle { degrees, held } => {
            format!("at {}°{}", number(*degrees), if *held { "" } else { ", not held" })
        }
        Look::Speed { speed } => format!("at {}", number(*speed)),
        Look::Values { values } => values_with_units(part, values),
        Look::Pulses { values, count, .. } => format!("at {count}, {}", values_with_units(part, values)),
        Look::Turns { steps } => format!("at {steps}"),
        Look::Keys { down } => {
            let rows = part.controls.iter().filter_map(|control| match control {
                Control::Keys { rows } => Some(rows.concat()),
                _ => None,
            });
            let keys: Vec<char> = rows.flat_map(|keys| keys.chars().collect::<Vec<_>>()).collect();
            let down: Vec<String> =
                down.iter().filter_map(|key| keys.get(*key)).map(char::to_string).collect();
            if down.is_empty() { "released".to_owned() } else { format!("pressed {}", down.join(" ")) }
        }
        Look::Digits { .. } | Look::Text { .. } => format!("shows {:?}", text(look).unwrap_or_default()),
    }
}

/// Returns the text on a display, its lines joined by line breaks, and without the spaces at the ends.
pub(crate) fn text(look: &Look) -> Option<String> {
    match look {
        Look::Text { lines, .. } => Some(
            lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n").trim_end().to_owned(),
        ),
        Look::Digits { digits } => Some(digits.iter().flat_map(character).collect()),
        _ => None,
    }
}

/// Returns the character that the segments show, and perhaps the point: as a `LedCharDisplay` reads itself back.
fn character(segments: &[f64; 8]) -> Vec<char> {
    let is_lit = |level: &f64| *level >= 0.5;
    let pattern: String = segments[..7].iter().map(|level| if is_lit(level) { '1' } else { '0' }).collect();
    // The font has no minus, and thermometers need one.
    let minus = (pattern == MINUS).then_some('-');
    let character = minus.or_else(|| CharFont::seven_segments().character(&pattern)).unwrap_or('?');
    if is_lit(&segments[7]) { vec![character, '.'] } else { vec![character] }
}

fn values_with_units(part: &PartScene, values: &[f64]) -> String {
    let units = part.controls.iter().filter_map(|control| match control {
        Control::Slider { unit, .. } => Some(*unit),
        _ => None,
    });
    let values =
        values.iter().zip(units).map(|(value, unit)| format!("{} {unit}", number(*value)).trim().to_owned());
    values.collect::<Vec<_>>().join(", ")
}

/// Writes a number with at most three decimals.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
