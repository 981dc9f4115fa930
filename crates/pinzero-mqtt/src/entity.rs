//! [`Entity`]: one value or control of a device, as Home Assistant shows it.

use serde_json::{Map, Value};

/// The platforms that entities have.
pub(crate) const PLATFORMS: [&str; 11] = [
    "binary_sensor",
    "cover",
    "device_automation",
    "event",
    "fan",
    "light",
    "number",
    "sensor",
    "siren",
    "switch",
    "text",
];

/// One value or control of a device, in the words of Home Assistant's discovery.
///
/// An entity names no topics. The discovery adds those that the platform and the templates need: an entity with a
/// `percentage_command_template` gets the `percentage_command_topic`, which is the device's one topic for commands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entity {
    /// The platform: `"light"`, `"sensor"`.
    pub(crate) platform: &'static str,
    /// What tells the entity from the others of the device; empty for the one that the device mainly is.
    pub(crate) key: String,
    /// The keys of the platform, in their long form. Topics, names, identifiers and availability are added by the discovery.
    pub(crate) settings: Map<String, Value>,
}

impl Entity {
    /// Returns the entity that a device mainly is. Home Assistant gives this one the name of the device. Default: the field `state` of the
    /// device's state is the entity's value.
    pub(crate) fn main(platform: &'static str) -> Self {
        Entity { platform, key: String::new(), settings: Map::new() }
    }

    /// Returns a further entity of a device. Default: the field `key` of the device's state is the entity's value, and the key in words is
    /// the name.
    pub(crate) fn further(platform: &'static str, key: impl Into<String>) -> Self {
        Entity { platform, key: key.into(), settings: Map::new() }
    }

    /// Sets a key.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(key.to_owned(), value.into());
        self
    }

    /// Sets the class, if there is one.
    pub(crate) fn with_class(self, class: Option<&str>) -> Self {
        match class {
            Some(class) => self.with("device_class", class),
            None => self,
        }
    }

    /// Returns the key of the entity in the discovery: `"light"`, `"sensor.humidity"`.
    pub(crate) fn id(&self) -> String {
        match &*self.key {
            "" => self.platform.to_owned(),
            key => format!("{}.{key}", self.platform),
        }
    }
}
