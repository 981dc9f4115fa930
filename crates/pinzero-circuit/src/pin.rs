//! [`Pin`]: a pin in a circuit file.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use toml::Spanned;

/// A pin, by its number or any of its names: `17`, `"GPIO17"`, `"BOARD11"`.
#[derive(Debug, Clone)]
pub struct Pin {
    pub(crate) name: Spanned<Name>,
    /// Set once the board is known.
    pub(crate) line: u32,
}

/// The words for a pin in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) String);

impl Pin {
    /// Returns the number of the line.
    pub fn line(&self) -> u32 {
        self.line
    }
}

/// Equal pins are the same line.
impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GPIO{}", self.line)
    }
}

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Spanned::<Name>::deserialize(deserializer)?;
        Ok(Pin { name, line: 0 })
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl Visitor<'_> for Words {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pin such as 17, \"GPIO17\" or \"BOARD11\"")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Name, E> {
                Ok(Name(number.to_string()))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
                Ok(Name(name.to_owned()))
            }
        }

        deserializer.deserialize_any(Words)
    }
}
