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
    }

    /// Each structure refuses a key that it does not have, with a list of those that it has.
    #[test]
    fn the_words_are_those_of_the_structures() {
        for (kind, known) in KINDS {
            let text = format!("[{kind}.a]\nno_such_key = 1\n");
            let error = toml::from_str::<crate::circuit::File>(&text).unwrap_err();
            let listed: Vec<_> = error.message().split('`').skip(3).step_by(2).collect();
            assert_eq!(sorted(listed), sorted(known.iter().copied()), "{kind}: {error}");
        }
    }

    /// Returns the sections of the page, one for each kind.
    fn page() -> String {
        let schema = schema();
        let mut page = String::new();
        for (kind, keys) in KINDS {
            let table = &schema["properties"][kind];
            let part = &table["additionalProperties"];
            let required = part["required"].as_array().cloned().unwrap_or_default();
            write!(
                page,
                "\n### {kind}\n\n{}\n\n| key | meaning | default |\n|---|---|---|\n",
                table["description"].as_str().unwrap()
            )
            .unwrap();
            for key in keys {
                let value = &part["properties"][key];
                let description = value["description"].as_str().unwrap();
                let range = match (&value["minimum"], &value["maximum"]) {
                    (Value::Number(least), Value::Number(most)) => format!(" From {least} to {most}."),
                    _ => String::new(),
                };
                let default = match &value["default"] {
                    Value::Null if required.contains(&(*key).into()) => "required".to_owned(),
                    Value::Null if *key == "id" => "the only sensor on the bus".to_owned(),
                    Value::Null => "the next free letter or digit".to_owned(),
                    default if *key == "address" => format!("`{:#x}`", default.as_u64().unwrap()),
                    default => format!("`{default}`"),
                };
                writeln!(page, "| `{key}` | {description}{range} | {default} |").unwrap();
            }
        }
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
