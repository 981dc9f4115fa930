//! Checks a circuit file that is well-formed: names, pins, values.

use std::collections::BTreeMap;
use std::ops::Range;

use pinzero::board::Board;
use toml::Spanned;

use crate::circuit::{Circuit, File, PI_4B, Table};
use crate::mistake::Mistake;
use crate::part::{Kind, Part};
use crate::pin::Pin;

/// A part, with the places of its name and its properties.
struct Placed {
    name: Spanned<String>,
    kind: Kind,
}

pub(crate) fn check(text: &str, mut file: File) -> Result<Circuit, Mistake> {
    let board = Board::from_revision(PI_4B).unwrap_or_else(|_| Board::generic(54));
    let mut parts = placed(&mut file);
    parts.sort_by_key(|part| part.name.span().start);
    let mut names: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for part in &parts {
        if names.insert(part.name.get_ref(), part.name.span()).is_some() {
            let message = format!(
                "another part is called {:?} already: give this one a name of its own",
                part.name.get_ref()
            );
            return Err(Mistake::at(text, part.name.span(), message));
        }
    }
    let mut taken: BTreeMap<u32, String> = BTreeMap::new();
    for part in &mut parts {
        for pin in part.kind.pins_mut() {
            resolve(text, &board, pin)?;
        }
        for (_, pin) in part.kind.pins() {
            if let Some(other) = taken.insert(pin.line, part.name.get_ref().clone()) {
                let message = format!("{pin} is taken by {other:?}: use another pin");
                return Err(Mistake::at(text, pin.name.span(), message));
            }
        }
    }
    for pin in file.wires.iter_mut().flatten() {
        resolve(text, &board, pin)?;
    }
    Ok(Circuit {
        title: file.title,
        about: file.about,
        board,
        parts: parts.into_iter().map(|part| Part { name: part.name.into_inner(), kind: part.kind }).collect(),
        wires: file.wires,
    })
}

fn resolve(text: &str, board: &Board, pin: &mut Pin) -> Result<(), Mistake> {
    let found = board.find(&pin.name.get_ref().0);
    pin.line = found.map_err(|error| Mistake::at(text, pin.name.span(), error.to_string()))?;
    Ok(())
}

/// Takes the parts out of the tables of the file.
fn placed(file: &mut File) -> Vec<Placed> {
    fn take<T>(parts: &mut Vec<Placed>, table: &mut Table<T>, kind: impl Fn(T) -> Kind) {
        let table = std::mem::take(table).into_iter();
        parts.extend(table.map(|(name, part)| Placed { name, kind: kind(part.into_inner()) }));
    }

    let mut parts = Vec::new();
    take(&mut parts, &mut file.led, Kind::Led);
    take(&mut parts, &mut file.rgb_led, Kind::RgbLed);
    take(&mut parts, &mut file.button, Kind::Button);
    take(&mut parts, &mut file.switch, Kind::Switch);
    take(&mut parts, &mut file.buzzer, Kind::Buzzer);
    take(&mut parts, &mut file.relay, Kind::Relay);
    take(&mut parts, &mut file.servo, Kind::Servo);
    take(&mut parts, &mut file.motor, Kind::Motor);
    take(&mut parts, &mut file.potentiometer, Kind::Potentiometer);
    take(&mut parts, &mut file.light_sensor, Kind::LightSensor);
    take(&mut parts, &mut file.distance_sensor, Kind::DistanceSensor);
    take(&mut parts, &mut file.motion_sensor, Kind::MotionSensor);
    take(&mut parts, &mut file.line_sensor, Kind::LineSensor);
    take(&mut parts, &mut file.rotary_encoder, Kind::RotaryEncoder);
    take(&mut parts, &mut file.keypad, Kind::Keypad);
    take(&mut parts, &mut file.seven_segment_display, Kind::SevenSegmentDisplay);
    take(&mut parts, &mut file.character_display, Kind::CharacterDisplay);
    take(&mut parts, &mut file.dht11, Kind::Dht11);
    take(&mut parts, &mut file.dht22, Kind::Dht22);
    take(&mut parts, &mut file.tmp36, Kind::Tmp36);
    parts
}
