//! Reads a circuit file, and checks its names, pins and values.

use std::collections::{BTreeMap, BTreeSet};

use pinzero::board::{Board, Header, PinKind};
use toml::Spanned;

use crate::circuit::{Circuit, File, PI_4B, Table};
use crate::devices;
use crate::mistake::Mistake;
use crate::part::{Kind, Part};
use crate::pin::Pin;
use crate::places::Places;
use crate::values;

/// A part, with the place of its name.
struct Placed {
    name: Spanned<String>,
    kind: Kind,
}

/// The lines that parts have, each with the name of the part; a bus has several parts.
type Taken = BTreeMap<u32, String>;

impl Circuit {
    /// Reads the text of a circuit file, and checks that the circuit can be built.
    ///
    /// # Errors
    /// A [`Mistake`] with its line and column: text that is not TOML, an unknown table or key, a value of a wrong type or out of
    /// range, a pin that the board does not have, a pin or a name that is taken.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let places = Places::read(text)?;
        let file: File = toml::from_str(text).map_err(|error| places.of_toml(&error))?;
        check(&places, file)
    }
}

fn check(places: &Places<'_>, mut file: File) -> Result<Circuit, Mistake> {
    let board = match &file.board {
        None => Board::from_revision(PI_4B).unwrap_or_else(|_| Board::generic(54)),
        Some(name) => Board::from_name(name).map_err(|error| places.at(&["board"], error.to_string()))?,
    };
    let mut placed = placed(&mut file);
    placed.sort_by_key(|part| part.name.span().start);
    check_names(places, &placed)?;
    let mut parts = Vec::new();
    let mut taken = Taken::new();
    for Placed { name, mut kind } in placed {
        for pin in kind.pins_mut() {
            resolve(places, &board, pin)?;
        }
        let part = Part { name: name.into_inner(), kind };
        values::check(places, &board, &part)?;
        take_pins(places, &mut taken, &part)?;
        parts.push(part);
    }
    check_buses(places, &board, &taken, &parts)?;
    check_keys(places, &parts)?;
    check_ids(places, &parts)?;
    devices::check(places, &file.mqtt, &parts)?;
    for wire in &mut file.wires {
        for pin in wire.iter_mut() {
            resolve(places, &board, pin)?;
        }
        let [one, other] = wire;
        if one == other {
            return Err(places.mistake(other.name.span(), "a wire connects two different pins: [22, 27]"));
        }
    }
    Ok(Circuit { title: file.title, about: file.about, board, parts, wires: file.wires, mqtt: file.mqtt })
}

fn check_names(places: &Places<'_>, parts: &[Placed]) -> Result<(), Mistake> {
    let mut names = BTreeSet::new();
    for Placed { name, .. } in parts {
        let word: &str = name.get_ref();
        let is_fit = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        if word.is_empty() || !word.chars().all(is_fit) {
            let message = format!("a name consists of letters, digits, \"_\" and \"-\", unlike {word:?}");
            return Err(places.mistake(name.span(), message));
        }
        if !names.insert(word) {
            let message = format!("another part is called {word:?} already: give this one a name of its own");
            return Err(places.mistake(name.span(), message));
        }
    }
    Ok(())
}

fn resolve(places: &Places<'_>, board: &Board, pin: &mut Pin) -> Result<(), Mistake> {
    let name = pin.name.get_ref().0.as_str();
    let header = board.headers().iter().flat_map(Header::pins);
    let on_header: BTreeSet<_> =
        header.filter_map(|pin| if let PinKind::Gpio(line) = pin.kind { Some(line) } else { None }).collect();
    let is_line = name.trim().to_ascii_uppercase().trim_start_matches("GPIO").parse::<u64>().is_ok();
    let message = match board.find(name) {
        Ok(line) if on_header.is_empty() || on_header.contains(&line) => {
            pin.line = line;
            return Ok(());
        }
        Err(error) if on_header.is_empty() || !is_line => error.to_string(),
        _ => {
            let [first, last] =
                [on_header.first(), on_header.last()].map(|line| line.copied().unwrap_or_default());
            format!("unknown pin {name:?}: the lines on the header are GPIO{first} to GPIO{last}")
        }
    };
    Err(places.mistake(pin.name.span(), message))
}

fn take_pins(places: &Places<'_>, taken: &mut Taken, part: &Part) -> Result<(), Mistake> {
    for (_, pin) in part.kind.pins() {
        if let Some(other) = taken.insert(pin.line, part.name.clone()) {
            let message = match other == part.name {
                true => format!("{pin} is there twice: use another pin"),
                false => format!("{pin} is taken by {other:?}: use another pin"),
            };
            return Err(places.mistake(pin.name.span(), message));
        }
    }
    Ok(())
}

/// Checks that no part has a pin of a bus that another part is on, and that no two parts have the same place on a bus.
fn check_buses(places: &Places<'_>, board: &Board, taken: &Taken, parts: &[Part]) -> Result<(), Mistake> {
    let mut seats: BTreeMap<(u32, u32), &str> = BTreeMap::new();
    for Part { name, kind } in parts {
        let (seat, key, what) = match kind {
            Kind::Potentiometer(part) => ((part.select, part.channel), "channel", "the channel"),
            Kind::Tmp36(part) => ((part.select, part.channel), "channel", "the channel"),
            // Beyond all chip selects.
            Kind::CharacterDisplay(part) => ((100 + part.bus, part.address.into()), "address", "the address"),
            _ => continue,
        };
        for (role, line) in kind.bus_pins(board) {
            if let Some(other) = taken.get(&line) {
                let message = format!(
                    "{other:?} has GPIO{line}, the {role} line of the bus: move {other:?} to another pin"
                );
                return Err(places.at(&[kind.name(), name, key], message));
            }
        }
        if let Some(other) = seats.insert(seat, name) {
            let message = format!("{what} is taken by {other:?}: use another one");
            return Err(places.at(&[kind.name(), name, key], message));
        }
    }
    Ok(())
}

fn check_keys(places: &Places<'_>, parts: &[Part]) -> Result<(), Mistake> {
    let mut keys = BTreeMap::new();
    for Part { name, kind } in parts {
        if let Some(other) = kind.key().and_then(|key| keys.insert(key, name)) {
            let message = format!("{other:?} has this key already: use another one");
            return Err(places.at(&[kind.name(), name, "key"], message));
        }
    }
    Ok(())
}

/// Checks that no two thermometers on the 1-Wire bus are the same one.
fn check_ids(places: &Places<'_>, parts: &[Part]) -> Result<(), Mistake> {
    let mut ids: BTreeMap<Option<&str>, &str> = BTreeMap::new();
    for Part { name, kind } in parts {
        let Kind::Ds18b20(sensor) = kind else { continue };
        let id = sensor.id.as_deref();
        let message = match (ids.iter().next(), ids.get(&id)) {
            (_, Some(other)) if id.is_some() => format!("{other:?} has this id already: use another one"),
            (Some((first, other)), _) if id.is_none() || first.is_none() => {
                format!("{other:?} is on the bus too: give each ds18b20 its \"id\"")
            }
            _ => {
                ids.insert(id, name);
                continue;
            }
        };
        return Err(places.at(&[kind.name(), name, "id"], message));
    }
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
    take(&mut parts, &mut file.ds18b20, Kind::Ds18b20);
    take(&mut parts, &mut file.pulse_counter, Kind::PulseCounter);
    parts
}
