//! [`Entity`]: one value or control of a device, as Home Assistant shows it.

use serde_json::{Map, Value};

/// One value or control of a device, in the words of Home Assistant's discovery.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entity {
    /// The platform: `"light"`, `"sensor"`.
    pub(crate) platform: &'static str,
    /// What tells the entity from the others of the device; empty for the only one.
    pub(crate) key: String,
    /// The keys of the platform, in their long form. Topics, names, identifiers and availability are added by the discovery.
    pub(crate) settings: Map<String, Value>,
}

impl Entity {
    /// Returns the entity that a device mainly is. It reads its state from the device's state topic.
    pub(crate) fn main(platform: &'static str) -> Self {
        Entity { platform, key: String::new(), settings: Map::new() }
    }

    /// Returns a further entity of a device.
    pub(crate) fn further(platform: &'static str, key: impl Into<String>) -> Self {
        Entity { platform, key: key.into(), settings: Map::new() }
    }

    /// Sets a key.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(key.to_owned(), value.into());
        self
    }
}
