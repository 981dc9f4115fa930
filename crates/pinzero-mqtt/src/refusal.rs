//! [`Refusal`]: why a command is not carried out.

use std::fmt;

/// The reason why a command is not carried out: what is wrong, and what is right.
#[derive(Debug, Clone)]
pub(crate) struct Refusal(String);

impl Refusal {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Refusal(reason.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
