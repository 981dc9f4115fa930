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
        let message = match error.message().strip_prefix("missing field ") {
            Some(key) => format!("the key {} is missing", key.replace('`', "\"")),
            None => error.message().to_owned(),
        };
        Mistake::at(text, error.span().unwrap_or(0..0), message)
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

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl Error for Mistake {}
