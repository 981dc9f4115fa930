//! Home Assistant's discovery: one message for each device, which lists its entities.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::entity::Entity;
use crate::settings::Settings;

/// A device, as the discovery tells of it.
#[derive(Debug)]
pub(crate) struct Described<'a> {
    /// The name of the part.
    pub(crate) name: &'a str,
    /// The beginning of its topics.
    pub(crate) topic: &'a str,
    /// The name for people.
    pub(crate) title: &'a str,
    /// The kind of the part: `"relay"`.
    pub(crate) kind: &'a str,
    pub(crate) icon: Option<&'a str>,
    pub(crate) area: Option<&'a str>,
    pub(crate) entities: &'a [Entity],
    /// The entities that the device had before, by [`Entity::id`].
    pub(crate) former: &'a BTreeSet<String>,
}

/// Returns the topic of a device's discovery, below `prefix`. The device without a name is the node.
pub(crate) fn topic(prefix: &str, settings: &Settings, device: &str) -> String {
    format!("{prefix}/device/{}/config", identifier(settings, device))
}

/// Returns whether a topic is one of this node's discovery: of the node itself, or of a device, below any prefix.
pub(crate) fn is_topic_of(settings: &Settings, topic: &str) -> bool {
    let levels = topic.strip_suffix("/config").and_then(|rest| rest.rsplit_once("/device/"));
    let Some((_, name)) = levels else { return false };
    let rest = name.strip_prefix(&identifier(settings, ""));
    rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('_')) && !rest.contains('/'))
}

/// Returns the identifier of a device, which no other device of any node has: letters and digits of ASCII, `_` and `-`, for Home
/// Assistant reads no topics with others.
fn identifier(settings: &Settings, device: &str) -> String {
    match device {
        "" => format!("pinzero_{}", settings.identity),
        device => format!("pinzero_{}_{}", settings.identity, encoded(device)),
    }
}

/// Returns a name with each byte that is no letter or digit of ASCII, `_` or `-` as `-` and two digits: `wärme` is `w-c3-a4rme`. A `-`
/// that would read as such a byte is one too, so no two names are the same afterwards.
fn encoded(name: &str) -> String {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let bytes = name.as_bytes();
    let mut encoded = String::new();
    for (place, byte) in bytes.iter().enumerate() {
        let is_plain = match byte {
            b'-' => !(is_digit(bytes.get(place + 1)) && is_digit(bytes.get(place + 2))),
            byte => byte.is_ascii_alphanumeric() || *byte == b'_',
        };
        match is_plain {
            true => encoded.push(char::from(*byte)),
            false => encoded.push_str(&format!("-{byte:02x}")),
        }
    }
    encoded
}

/// Returns the message of the discovery for a device.
pub(crate) fn payload(settings: &Settings, device: &Described<'_>) -> Value {
    let topic = device.topic;
    let mut entities = device.entities.to_vec();
    if let (Some(icon), false) = (device.icon, entities.is_empty()) {
        let main = entities.iter().position(|entity| entity.key.is_empty()).unwrap_or(0);
        entities[main].settings.insert("icon".to_owned(), icon.into());
    }
    let mut components = components(settings, device.name, topic, &entities);
    // Home Assistant keeps an entity that the message leaves out, and removes one that has only a platform.
    for id in device.former {
        let platform = id.split('.').next();
        components.entry(id.as_str()).or_insert_with(|| json!({ "platform": platform }));
    }
    let mut about = json!({
        "identifiers": [identifier(settings, device.name)],
        "name": device.title,
        "manufacturer": "pinzero",
        "model": device.kind,
        "via_device": identifier(settings, ""),
    });
    if let Some(area) = device.area {
        about["suggested_area"] = area.into();
    }
    json!({
        "device": about,
        "origin": origin(),
        "availability": [
            { "topic": settings.topics.status() },
            { "topic": format!("{topic}/availability") },
        ],
        "availability_mode": "all",
        "qos": 1,
        "components": components,
    })
}

/// Returns the message of the discovery for the node, through which Home Assistant reaches the others. `board` is the name of the board.
pub(crate) fn node_payload(settings: &Settings, board: &str) -> Value {
    let (status, info) = (settings.topics.status(), settings.topics.info());
    let of_info = |entity: Entity| {
        entity.with("state_topic", info.clone()).with("availability", json!([{ "topic": status }]))
    };
    let entities = [
        // Without availability: Home Assistant then shows that the node is away, rather than nothing.
        Entity::main("binary_sensor")
            .with("device_class", "connectivity")
            .with("state_topic", status.clone())
            .with("value_template", "{{ value }}")
            .with("payload_on", "online")
            .with("payload_off", "offline"),
        of_info(Entity::further("sensor", "since"))
            .with("device_class", "timestamp")
            .with("value_template", "{{ (value_json.since / 1000) | as_datetime }}"),
        of_info(Entity::further("sensor", "lost"))
            .with("name", "Lost events")
            .with("state_class", "total_increasing"),
    ];
    let entities = entities.map(|entity| entity.with("entity_category", "diagnostic"));
    json!({
        "device": {
            "identifiers": [identifier(settings, "")],
            "name": settings.topics.node(),
            "manufacturer": "pinzero",
            "model": board,
            "sw_version": env!("CARGO_PKG_VERSION"),
        },
        "origin": origin(),
        "qos": 1,
        "components": components(settings, "", "", &entities),
    })
}

/// Returns the program that sends the message, which Home Assistant's log names.
fn origin() -> Value {
    json!({
        "name": "pinzero",
        "sw_version": env!("CARGO_PKG_VERSION"),
        "support_url": "https://github.com/pinzero/pinzero",
    })
}

/// Returns the entities of a device, each with the keys that its platform needs.
fn components(settings: &Settings, device: &str, topic: &str, entities: &[Entity]) -> Map<String, Value> {
    let identifier = identifier(settings, device);
    let mut components = Map::new();
    for entity in entities {
        let mut component = entity.settings.clone();
        component.insert("platform".to_owned(), entity.platform.into());
        let added = match entity.platform {
            "device_automation" => trigger(topic),
            _ => [topics(entity, topic), names(settings, entity, device, &identifier)].concat(),
        };
        for (key, value) in added {
            component.entry(key).or_insert(value);
        }
        components.insert(entity.id(), component.into());
    }
    components
}

/// A key of the discovery with its value.
type Pair = (String, Value);

fn pair(key: impl Into<String>, value: impl Into<Value>) -> Pair {
    (key.into(), value.into())
}

/// Returns the keys of a trigger for automations, which is no entity. The device has its `topic`.
fn trigger(topic: &str) -> Vec<Pair> {
    vec![pair("topic", format!("{topic}/event"))]
}

/// Returns the names of an entity: for Home Assistant, for automations, and for people.
fn names(settings: &Settings, entity: &Entity, device: &str, identifier: &str) -> Vec<Pair> {
    let is_main = entity.key.is_empty();
    let unique_id = if is_main { identifier.to_owned() } else { format!("{identifier}.{}", entity.key) };
    let words: Vec<String> = [settings.topics.node(), device, &entity.key]
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"))
        .collect();
    vec![
        pair("unique_id", unique_id),
        pair("default_entity_id", format!("{}.{}", entity.platform, words.join("_"))),
        pair("name", if is_main { Value::Null } else { sentence(&entity.key).into() }),
    ]
}

/// Returns the topics of an entity, with the templates that read its value out of the device's state. The device has its `topic`.
fn topics(entity: &Entity, topic: &str) -> Vec<Pair> {
    let (state, set) = (format!("{topic}/state"), format!("{topic}/set"));
    let mut pairs = Vec::new();
    for template in entity.settings.keys() {
        let Some(name) = template.strip_suffix("_template") else { continue };
        match name {
            "state_value" => {}
            "position" => pairs.push(pair("position_topic", state.clone())),
            "set_position" => pairs.push(pair("set_position_topic", set.clone())),
            _ => {
                if let Some(name) = name.strip_suffix("_command") {
                    pairs.push(pair(format!("{name}_command_topic"), set.clone()));
                } else if let Some(name) = name.strip_suffix("_value") {
                    pairs.push(pair(format!("{name}_state_topic"), state.clone()));
                }
            }
        }
    }
    let field = if entity.key.is_empty() { "state" } else { &entity.key };
    let value = format!("{{{{ value_json.{field} }}}}");
    match entity.platform {
        "event" => pairs.push(pair("state_topic", format!("{topic}/event"))),
        // A light reads the whole object.
        "light" => pairs.push(pair("state_topic", state)),
        "fan" | "siren" => {
            pairs.extend([pair("state_topic", state), pair("state_value_template", value)]);
        }
        _ => pairs.extend([pair("state_topic", state), pair("value_template", value)]),
    }
    if !matches!(entity.platform, "event" | "sensor" | "binary_sensor") {
        pairs.extend([pair("command_topic", set), pair("retain", false)]);
    }
    pairs
}

/// Returns a key as the beginning of a sentence: `edge_time` is "Edge time".
fn sentence(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).map(|letter| if letter == '_' { ' ' } else { letter }).collect()
}
