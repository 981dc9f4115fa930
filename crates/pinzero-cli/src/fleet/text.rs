//! Makes texts of others harmless: a terminal takes control characters for commands, and people are fooled by characters that they do not
//! see.

use serde_json::{Map, Value};

/// Returns a text with all characters that a terminal or a reader would not see written as JSON writes them: `\u001b`. A longer text than
/// `most` characters is cut.
pub(super) fn harmless(text: &str, most: usize) -> String {
    let mut safe = String::new();
    for (number, character) in text.chars().enumerate() {
        if number == most {
            safe.push('…');
            break;
        }
        match is_harmful(character) {
            false => safe.push(character),
            true => {
                let mut units = [0; 2];
                safe.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    safe
}

/// Returns whether a character moves the cursor, turns the direction of the text, or cannot be seen.
pub(super) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns a value of JSON whose texts are harmless.
pub(super) fn harmless_json(value: Value, most: usize) -> Value {
    match value {
        Value::String(text) => harmless(&text, most).into(),
        Value::Array(values) => values.into_iter().map(|value| harmless_json(value, most)).collect(),
        Value::Object(fields) => Value::Object(harmless_fields(fields, most)),
        other => other,
    }
}

/// Returns the fields of an object, with harmless names and texts.
pub(super) fn harmless_fields(fields: Map<String, Value>, most: usize) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (harmless(&name, most), harmless_json(value, most))).collect()
}

/// Returns a time in milliseconds as people say it.
pub(super) fn span(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Returns a state as people read it: what `"state"` says comes first.
pub(super) fn words(state: &Map<String, Value>) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let main = state.get("state").map(word);
    let others = state.iter().filter(|(name, _)| *name != "state");
    let parts = main.into_iter().chain(others.map(|(name, value)| format!("{name} {}", word(value))));
    harmless(&parts.collect::<Vec<_>>().join(", "), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_hides_is_written_out() {
        for (text, expected) in [
            ("attic", "attic"),
            ("Küche 灯", "Küche 灯"),
            ("a\u{1b}[2Jb", "a\\u001b[2Jb"),
            ("a\r\nb\u{7}", "a\\u000d\\u000ab\\u0007"),
            ("a\u{9b}31m", "a\\u009b31m"),
            ("gpj\u{202e}exe", "gpj\\u202eexe"),
            ("a\u{200b}b", "a\\u200bb"),
            ("\u{e0041}", "\\udb40\\udc41"),
        ] {
            assert_eq!(harmless(text, 100), expected);
        }
        assert_eq!(harmless("abcdef", 3), "abc…");
    }

    #[test]
    fn times_and_states_are_words() {
        assert_eq!(
            [0, 119_999, 120_000, 7_200_000, 172_800_000].map(span),
            ["0 s", "119 s", "2 min", "2 h", "2 d"]
        );
        let state = serde_json::json!({ "brightness": 128, "state": "ON", "color": { "r": 1 } });
        assert_eq!(words(state.as_object().unwrap()), "ON, brightness 128, color {\"r\":1}");
    }
}
