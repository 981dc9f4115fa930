//! Home Assistant's discovery: one message for each device, which lists its entities.

use serde_json::{Map, Value, json};

use crate::entity::Entity;
use crate::settings::Settings;

/// A device, as the discovery tells of it.
#[derive(Debug)]
pub(crate) struct Described<'a> {
    /// The name of the part.
    pub(crate) name: &'a str,
    /// The name for people.
    pub(crate) title: &'a str,
    pub(crate) icon: Option<&'a str>,
    pub(crate) area: Option<&'a str>,
    pub(crate) entities: &'a [Entity],
    /// The name of the board.
    pub(crate) board: &'a str,
}

/// Returns the identifier of a device, which no other computer has.
pub(crate) fn identifier(settings: &Settings, device: &str) -> String {
    format!("pinzero_{}_{device}", settings.identity)
}

/// Returns the topic of a device's discovery, below `prefix`.
pub(crate) fn topic(prefix: &str, settings: &Settings, device: &str) -> String {
    format!("{prefix}/device/{}/config", identifier(settings, device))
}

/// Returns the discovery's message for a device.
pub(crate) fn payload(settings: &Settings, device: &Described<'_>) -> Value {
    let identifier = identifier(settings, device.name);
    let topic = settings.topics.device(device.name);
    let mut components = Map::new();
    for entity in device.entities {
        let mut component = entity.settings.clone();
        let key = match &*entity.key {
            "" => identifier.clone(),
            key => format!("{identifier}_{key}"),
        };
        component.insert("platform".to_owned(), entity.platform.into());
        component.insert("unique_id".to_owned(), key.clone().into());
        components.insert(key, component.into());
    }
    json!({
        "device": { "identifiers": [identifier], "name": device.title, "manufacturer": "pinzero", "model": device.board },
        "origin": { "name": "pinzero", "sw_version": env!("CARGO_PKG_VERSION"), "support_url": "https://github.com/pinzero/pinzero" },
        "state_topic": format!("{topic}/state"),
        "command_topic": format!("{topic}/set"),
        "availability": [
            { "topic": settings.topics.status() },
            { "topic": format!("{topic}/availability") },
        ],
        "availability_mode": "all",
        "qos": 1,
        "components": components,
    })
}
