//! Puts states into words.

use super::state::{Control, Look, PartScene};

/// The characters of a display of segments, with a bit for each of the segments a to g.
const CHARACTERS: [(u8, char); 27] = [
    (0b000_0000, ' '),
    (0b011_1111, '0'),
    (0b000_0110, '1'),
    (0b101_1011, '2'),
    (0b100_1111, '3'),
    (0b110_0110, '4'),
    (0b110_1101, '5'),
    (0b111_1101, '6'),
    (0b000_0111, '7'),
    (0b111_1111, '8'),
    (0b110_1111, '9'),
    (0b111_0111, 'A'),
    (0b111_1100, 'b'),
    (0b011_1001, 'C'),
    (0b101_1110, 'd'),
    (0b111_1001, 'E'),
    (0b111_0001, 'F'),
    (0b011_1101, 'G'),
    (0b111_0110, 'H'),
    (0b001_1110, 'J'),
    (0b011_1000, 'L'),
    (0b101_0100, 'n'),
    (0b101_1100, 'o'),
    (0b111_0011, 'P'),
    (0b101_0000, 'r'),
    (0b011_1110, 'U'),
    (0b100_0000, '-'),
];

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

fn character(segments: &[f64; 8]) -> Vec<char> {
    let is_lit = |segment: usize| segments[segment] >= 0.5;
    let bits = (0..7).filter(|segment| is_lit(*segment)).fold(0, |bits, segment| bits | 1_u8 << segment);
    let found = CHARACTERS.iter().find(|(pattern, _)| *pattern == bits);
    let character = found.map_or('?', |(_, character)| *character);
    if is_lit(7) { vec![character, '.'] } else { vec![character] }
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
