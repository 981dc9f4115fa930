//! [`Mistake`]: what is wrong with a circuit file, and where.

use std::error::Error;
use std::fmt;
use std::ops::Range;

/// A mistake in a circuit file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    message: String,
    line: usize,
    column: usize,
}

impl Mistake {
    /// Returns a mistake at these bytes of the text.
    pub(crate) fn at(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        // A span may end in the middle of a character, if the text is malformed.
        let before: Vec<u8> = text.bytes().take(span.start).collect();
        let before = String::from_utf8_lossy(&before).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Mistake { message: message.into(), line, column }
    }

    /// Returns a mistake that the parser of TOML has found, or its conversion to parts.
    pub(crate) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        Mistake::at(text, error.span().unwrap_or(0..0), in_our_words(error.message()))
    }

    /// Returns the number of the line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the column, counted in characters from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns the message without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Says without the types of Rust what is wrong with a value.
fn in_our_words(message: &str) -> String {
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!("the key {} is missing", key.replace('`', "\""));
    }
    if let Some((word, known)) =
        message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        let known: Vec<_> = known.split('`').skip(1).step_by(2).map(|word| format!("{word:?}")).collect();
        return format!("give one of {}, not {}", known.join(", "), word.replace('`', "\""));
    }
    let Some((found, expected)) =
        message.strip_prefix("invalid ").and_then(|message| message.split_once(", expected "))
    else {
        return message.to_owned();
    };
    let wanted = match expected {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "usize" => "a whole number from 0".to_owned(),
        "path string" => "the name of a file".to_owned(),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "f64" => "a number".to_owned(),
        "a character" => "one letter or digit".to_owned(),
        _ => return message.to_owned(),
    };
    let found = found.split_once(": ").map_or(found, |(_, found)| found);
    let value = found.split_once(' ').filter(|(kind, _)| matches!(*kind, "integer" | "string"));
    format!("give {wanted}, not {}", value.map_or(found, |(_, value)| value).replace('`', ""))
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl Error for Mistake {}
