//! [`Refusal`]: why a command is not carried out.

use std::fmt;

/// The reason why a command is not carried out: what is wrong, and what is right.
#[derive(Debug, Clone)]
pub(crate) struct Refusal(String);

impl Refusal {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Refusal(reason.into())
    }

    /// Returns the refusal of a word that is none of several.
    pub(crate) fn of_several(what: &str, wanted: &str, possible: &[&str]) -> Self {
        let short: String = wanted.chars().take(40).collect();
        Refusal(format!("there is no {what} {short:?}: possible are {}", possible.join(", ")))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
