//! The words of the file: its tables, and the keys of each.

/// The keys at the top of the file, besides the tables of parts.
pub(crate) const TOP: [&str; 5] = ["title", "about", "board", "wires", "mqtt"];

/// The kinds of parts, each with its keys.
pub(crate) const KINDS: [(&str, &[&str]); 22] = [
    ("led", &["pin", "color", "active_high"]),
    ("rgb_led", &["red", "green", "blue", "active_high"]),
    ("button", &["pin", "pull_up", "key"]),
    ("switch", &["pin", "pull_up", "closed", "key"]),
    ("buzzer", &["pin", "active_high"]),
    ("relay", &["pin", "active_high"]),
    ("servo", &["pin", "min_pulse", "max_pulse", "min_angle", "max_angle"]),
    ("motor", &["forward", "backward"]),
    ("potentiometer", &["channel", "select", "value"]),
    ("light_sensor", &["pin", "light"]),
    ("distance_sensor", &["trigger", "echo", "distance"]),
    ("motion_sensor", &["pin", "key"]),
    ("line_sensor", &["pin", "key"]),
    ("rotary_encoder", &["a", "b"]),
    ("keypad", &["rows", "columns", "keys"]),
    ("seven_segment_display", &["segments", "digits", "active_high", "digits_active_high"]),
    ("character_display", &["bus", "address", "columns", "rows"]),
    ("dht11", &["pin", "celsius", "humidity"]),
    ("dht22", &["pin", "celsius", "humidity"]),
    ("tmp36", &["channel", "select", "celsius"]),
    ("ds18b20", &["id"]),
    ("pulse_counter", &["pin", "pull_up", "hertz", "key"]),
];

/// The keys of the table `[mqtt]`.
pub(crate) const MQTT: [&str; 14] = [
    "broker",
    "node",
    "prefix",
    "topic",
    "discovery",
    "client_id",
    "user",
    "password_file",
    "ca_file",
    "certificate_file",
    "key_file",
    "keep_alive",
    "queue",
    "device",
];

/// The keys of a table `[mqtt.device.NAME]`, each with the kinds of parts that have the key; all kinds, if none are listed.
pub(crate) const DEVICE: [(&str, &[&str]); 19] = [
    ("hidden", &[]),
    ("as", &[]),
    ("topic", &[]),
    ("name", &[]),
    ("icon", &[]),
    ("area", &[]),
    (
        "class",
        &[
            "led",
            "button",
            "switch",
            "relay",
            "servo",
            "motor",
            "potentiometer",
            "light_sensor",
            "motion_sensor",
            "line_sensor",
            "keypad",
            "pulse_counter",
        ],
    ),
    ("unit", &["distance_sensor", "tmp36", "ds18b20", "rotary_encoder", "pulse_counter"]),
    ("on_when", &["switch", "motion_sensor", "line_sensor"]),
    ("initial", OUTPUTS),
    ("on_for", OUTPUTS),
    ("on_exit", OUTPUTS),
    ("safe", WITH_SAFE_STATE),
    ("safe_after", WITH_SAFE_STATE),
    ("interval", SENSORS),
    ("digits", SENSORS),
    ("pulses_per_unit", &["pulse_counter"]),
    ("bounce_time", CONTACTS),
    ("dimmable", &["led"]),
];

/// The parts whose contacts may bounce.
const CONTACTS: &[&str] = &["button", "switch", "motion_sensor", "line_sensor", "pulse_counter"];

/// The parts that have a state to rest in.
const OUTPUTS: &[&str] = &["led", "rgb_led", "buzzer", "relay", "servo", "motor"];

/// The parts that have a state to take while the broker is away: outputs, and displays, which go dark.
const WITH_SAFE_STATE: &[&str] =
    &["led", "rgb_led", "buzzer", "relay", "servo", "motor", "seven_segment_display", "character_display"];

/// The parts that are read at intervals.
const SENSORS: &[&str] = &[
    "potentiometer",
    "light_sensor",
    "distance_sensor",
    "dht11",
    "dht22",
    "tmp36",
    "ds18b20",
    "pulse_counter",
];

/// Returns the kinds of entities in Home Assistant as which a kind of part can appear, the usual one first.
pub(crate) fn entities(kind: &str) -> &'static [&'static str] {
    match kind {
        "led" => &["light", "switch"],
        "rgb_led" => &["light"],
        "button" | "keypad" => &["event"],
        "switch" | "motion_sensor" | "line_sensor" => &["binary_sensor"],
        "buzzer" => &["siren"],
        "relay" => &["switch"],
        "servo" => &["number", "cover"],
        "motor" => &["fan", "switch"],
        "rotary_encoder" => &["number", "sensor"],
        "seven_segment_display" | "character_display" => &["text"],
        _ => &["sensor"],
    }
}

/// Returns when a contact can be ON, the usual case first.
pub(crate) fn cases(kind: &str) -> &'static [&'static str] {
    match kind {
        "switch" => &["closed", "open"],
        "motion_sensor" => &["motion", "stillness"],
        "line_sensor" => &["line", "floor"],
        _ => &[],
    }
}

/// Returns the classes that a kind of part can have as a kind of entity in Home Assistant; `None` if there are too many to list.
pub(crate) fn classes(kind: &str, entity: &str) -> Option<&'static [&'static str]> {
    Some(match entity {
        "sensor" if kind == "pulse_counter" => return None,
        // Of the other sensors, those that tell percents have a choice.
        "sensor" => &["battery", "humidity", "moisture", "power_factor"],
        "switch" => &["outlet", "switch"],
        "event" => &["button", "doorbell", "motion"],
        "cover" => {
            &["awning", "blind", "curtain", "damper", "door", "garage", "gate", "shade", "shutter", "window"]
        }
        "binary_sensor" => &[
            "battery",
            "battery_charging",
            "carbon_monoxide",
            "cold",
            "connectivity",
            "door",
            "garage_door",
            "gas",
            "heat",
            "light",
            "lock",
            "moisture",
            "motion",
            "moving",
            "occupancy",
            "opening",
            "plug",
            "power",
            "presence",
            "problem",
            "running",
            "safety",
            "smoke",
            "sound",
            "tamper",
            "update",
            "vibration",
            "window",
        ],
        _ => &[],
    })
}

/// Returns the keys of a kind.
pub(crate) fn keys(kind: &str) -> Option<&'static [&'static str]> {
    KINDS.iter().find(|(name, _)| *name == kind).map(|(_, keys)| *keys)
}

/// Returns advice for a word that is not among these: the nearest, or all of them.
pub(crate) fn advise(word: &str, known: &[&str]) -> String {
    let lower = word.to_lowercase().replace('-', "_");
    let near = known.iter().min_by_key(|known| distance(&lower, known));
    match near.filter(|near| {
        distance(&lower, near) <= near.len().div_ceil(3) || near.contains(&*lower) && lower.len() > 2
    }) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("possible are {}", known.join(", ")),
    }
}

/// Returns the number of letters to insert, remove, change or swap to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().collect());
    let mut costs = vec![(0..=other.len()).collect::<Vec<_>>()];
    for row in 1..=one.len() {
        let mut line = vec![row];
        for column in 1..=other.len() {
            let change = costs[row - 1][column - 1] + usize::from(one[row - 1] != other[column - 1]);
            let mut cost = change.min(costs[row - 1][column] + 1).min(line[column - 1] + 1);
            let are_swapped = row > 1
                && column > 1
                && (one[row - 1], one[row - 2]) == (other[column - 2], other[column - 1]);
            if are_swapped {
                cost = cost.min(costs[row - 2][column - 2] + 1);
            }
            line.push(cost);
        }
        costs.push(line);
    }
    costs[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    fn schema() -> Value {
        serde_json::from_str(crate::SCHEMA).unwrap()
    }

    fn keys_of(object: &Value) -> Vec<String> {
        object.as_object().unwrap().keys().cloned().collect()
    }

    fn sorted<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut words: Vec<_> = words.into_iter().map(str::to_owned).collect();
        words.sort();
        words
    }

    #[test]
    fn the_schema_has_the_words_of_the_parser() {
        let schema = schema();
        let mut tables = keys_of(&schema["properties"]);
        tables.sort();
        assert_eq!(tables, sorted(TOP.into_iter().chain(KINDS.map(|(kind, _)| kind))));
        for (kind, known) in KINDS {
            let mut keys = keys_of(&schema["properties"][kind]["additionalProperties"]["properties"]);
            keys.sort();
            assert_eq!(keys, sorted(known.iter().copied()), "{kind}");
        }
        let mqtt = &schema["properties"]["mqtt"]["properties"];
        let devices = &mqtt["device"]["additionalProperties"]["properties"];
        for (object, known) in [(mqtt, MQTT.to_vec()), (devices, DEVICE.map(|(key, _)| key).to_vec())] {
            let mut keys = keys_of(object);
            keys.sort();
            assert_eq!(keys, sorted(known));
        }
        for (key, words_of) in [("as", entities as fn(&str) -> &'static [&'static str]), ("on_when", cases)] {
            let words: Vec<&str> =
                devices[key]["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
            let mut known: Vec<&str> = KINDS.iter().flat_map(|(kind, _)| words_of(kind)).copied().collect();
            known.sort_unstable();
            known.dedup();
            assert_eq!(sorted(words), sorted(known));
        }
    }

    #[test]
    fn the_keys_of_devices_are_for_kinds_that_there_are() {
        for (key, kinds) in DEVICE {
            for kind in kinds {
                assert!(keys(kind).is_some(), "{key}: there is no {kind}");
            }
        }
    }

    /// Each structure refuses a key that it does not have, with a list of those that it has.
    #[test]
    fn the_words_are_those_of_the_structures() {
        let kinds = KINDS.map(|(kind, known)| (format!("{kind}.a"), known.to_vec()));
        let mqtt = [
            ("mqtt".to_owned(), MQTT.to_vec()),
            ("mqtt.device.a".to_owned(), DEVICE.map(|(key, _)| key).to_vec()),
        ];
        for (table, known) in kinds.into_iter().chain(mqtt) {
            let text = format!("[{table}]\nno_such_key = 1\n");
            let error = toml::from_str::<crate::circuit::File>(&text).unwrap_err();
            let listed: Vec<_> = error.message().split('`').skip(3).step_by(2).collect();
            assert_eq!(sorted(listed), sorted(known), "{table}: {error}");
        }
    }

    /// Returns the default of a key for which the schema has no value.
    fn words_for_default(key: &str) -> &'static str {
        match key {
            "key" => "the next free letter or digit",
            "id" => "the only sensor on the bus",
            "broker" => "the command names the broker",
            "node" => "the name of the computer",
            "client_id" => "one that no other computer has",
            "password_file" => "the systemd credential `mqtt-password`, else no password",
            "ca_file" => "the authorities of the system",
            "name" => "the name of the part",
            "icon" => "that of Home Assistant",
            "as" | "class" | "unit" => "that of the kind",
            "on_exit" => "`\"off\"` for what is dimmed, turns or sounds, else `\"keep\"`",
            "bounce_time" => "`0` for a pulse_counter, else `0.02`",
            "interval" => "`10` for a pulse_counter, else `30`",
            "digits" => "as many as the sensor can tell apart",
            "dimmable" => "`true` for a light",
            "on_for" => "stays on",
            "topic" => "that of `[mqtt]`",
            "on_when" => "`\"closed\"`, `\"motion\"`, `\"line\"`",
            "user" | "certificate_file" | "key_file" | "area" | "device" => "none",
            _ => panic!("say what the default of {key:?} is"),
        }
    }

    /// Returns the row of a key, without its end.
    fn row(key: &str, value: &Value, is_required: bool) -> String {
        let description = value["description"].as_str().unwrap();
        let range = match (&value["minimum"], &value["maximum"]) {
            (Value::Number(least), Value::Number(most)) => format!(" From {least} to {most}."),
            _ => String::new(),
        };
        let default = match &value["default"] {
            Value::Null if is_required => "required".to_owned(),
            Value::Null => words_for_default(key).to_owned(),
            default if key == "address" => format!("`{:#x}`", default.as_u64().unwrap()),
            default => format!("`{default}`"),
        };
        format!("| `{key}` | {description}{range} | {default} |")
    }

    /// Returns the sections of the page, one for each kind, and those of the table `[mqtt]`.
    fn page() -> String {
        let schema = schema();
        let mut page = String::new();
        for (kind, keys) in KINDS {
            let table = &schema["properties"][kind];
            let part = &table["additionalProperties"];
            let required = part["required"].as_array().cloned().unwrap_or_default();
            let description = table["description"].as_str().unwrap();
            writeln!(page, "\n### {kind}\n\n{description}\n\n| key | meaning | default |\n|---|---|---|")
                .unwrap();
            for key in keys {
                let row = row(key, &part["properties"][key], required.contains(&(*key).into()));
                writeln!(page, "{row}").unwrap();
            }
        }
        let mqtt = &schema["properties"]["mqtt"]["properties"];
        writeln!(page, "\n## The table mqtt\n\n| key | meaning | default |\n|---|---|---|").unwrap();
        for key in MQTT {
            writeln!(page, "{}", row(key, &mqtt[key], false)).unwrap();
        }
        let heading = "## The tables mqtt.device.NAME";
        writeln!(page, "\n{heading}\n\n| key | meaning | default | for |\n|---|---|---|---|").unwrap();
        for (key, kinds) in DEVICE {
            let kinds = match kinds {
                [] => "all".to_owned(),
                OUTPUTS => "outputs".to_owned(),
                WITH_SAFE_STATE => "outputs and displays".to_owned(),
                SENSORS => "sensors".to_owned(),
                kinds => kinds.join(", "),
            };
            let row = row(key, &mqtt["device"]["additionalProperties"]["properties"][key], false);
            writeln!(page, "{row} {kinds} |").unwrap();
        }
        write!(page, "\nOutputs are {}. Sensors are {}.\n", OUTPUTS.join(", "), SENSORS.join(", ")).unwrap();
        page
    }

    /// `PINZERO_WRITE=1` writes the sections anew.
    #[test]
    fn the_page_has_the_words_of_the_schema() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/circuit.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let heading = "## The kinds of parts\n";
        let (start, found) = text.split_once(heading).unwrap();
        if std::env::var_os("PINZERO_WRITE").is_some() {
            std::fs::write(&path, [start, heading, &page()].concat()).unwrap();
            return;
        }
        assert_eq!(found, page(), "docs/circuit.md differs from the schema; PINZERO_WRITE=1 writes it");
    }
}
