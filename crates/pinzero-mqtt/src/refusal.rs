//! [`Refusal`]: why a command is not carried out.

use std::fmt;

/// The reason why a command is not carried out.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// The command itself is wrong: what is wrong, and what is right.
    Command(String),
    /// The pin does not do it.
    Pin(pinzero::Error),
}

impl Refusal {
    pub(crate) fn because(message: impl Into<String>) -> Self {
        Refusal::Command(message.into())
    }
}

impl From<pinzero::Error> for Refusal {
    fn from(error: pinzero::Error) -> Self {
        Refusal::Pin(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Command(message) => f.write_str(message),
            Refusal::Pin(error) => error.fmt(f),
        }
    }
}
