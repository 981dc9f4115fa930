//! Checks messages of the discovery against the keys that Home Assistant documents.
//!
//! Home Assistant refuses a message with an unknown key at the top. Of an entity, unknown keys are dropped without a word, so a typing error
//! would go unnoticed there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::templates;

/// The documented keys: of the message, of its parts, and of each platform. A value is a type, or the words that are possible.
static KEYS: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("keys.json")).unwrap());

/// The components of a device, by their keys, each with what the message says for all of them.
pub(crate) type Components = BTreeMap<String, Map<String, Value>>;

/// Returns what is wrong with a message of the discovery, and its components.
pub(crate) fn check(topic: &str, payload: &str) -> (Vec<String>, Components) {
    let mut checker = Checker { problems: Vec::new() };
    let Ok(Value::Object(message)) = serde_json::from_str(payload) else {
        return (vec!["no object of JSON".to_owned()], Components::new());
    };
    checker.topic(topic);
    checker.keys("message", &message, &[&KEYS["message"]]);
    checker.keys("device", object(&message, "device"), &[&KEYS["device"]]);
    checker.keys("origin", object(&message, "origin"), &[&KEYS["origin"]]);
    let device = object(&message, "device");
    let has_any = |key: &str| device.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    checker.demand(has_any("identifiers") || has_any("connections"), "the device has no identifier");
    let components = components(&message);
    checker.demand(!components.is_empty(), "no components");
    for (key, component) in &components {
        checker.component(key, component);
    }
    (checker.problems, components)
}

/// Returns what is wrong with several messages together: identifiers that are not unique.
pub(crate) fn check_together<'a>(all: impl Iterator<Item = &'a Components>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for component in all.flat_map(BTreeMap::values) {
        for key in ["unique_id", "default_entity_id"] {
            let Some(id) = component.get(key) else { continue };
            if !seen.insert(format!("{key} {} {id}", component["platform"])) {
                problems.push(format!("two entities have the {key} {id}"));
            }
        }
    }
    problems
}

fn object<'a>(message: &'a Map<String, Value>, key: &str) -> &'a Map<String, Value> {
    static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    message.get(key).and_then(Value::as_object).unwrap_or(&EMPTY)
}

/// Returns the components, each with those keys of the message that hold for all components, as Home Assistant adds them.
fn components(message: &Map<String, Value>) -> Components {
    let with_shared = |component: &Value| {
        let mut component = component.as_object().cloned().unwrap_or_default();
        let is_removal = component.len() == 1;
        for key in KEYS["shared"].as_array().unwrap().iter().filter_map(Value::as_str) {
            if let (Some(value), false) = (message.get(key), is_removal) {
                component.entry(key).or_insert(value.clone());
            }
        }
        component
    };
    object(message, "components")
        .iter()
        .map(|(key, component)| (key.clone(), with_shared(component)))
        .collect()
}

struct Checker {
    problems: Vec<String>,
}

impl Checker {
    fn demand(&mut self, is_so: bool, otherwise: impl Into<String>) {
        if !is_so {
            self.problems.push(otherwise.into());
        }
    }

    /// Checks the topic: `<prefix>/device/<id>/config`.
    fn topic(&mut self, topic: &str) {
        let levels: Vec<&str> = topic.rsplitn(4, '/').collect();
        let is_plain =
            |id: &str| id.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
        let fits = matches!(levels[..], ["config", id, "device", prefix] if !id.is_empty() && is_plain(id) && !prefix.is_empty());
        self.demand(fits, format!("the topic {topic:?} is none of the discovery"));
    }

    /// Checks the keys of an object, which are those of all `tables`.
    fn keys(&mut self, place: &str, object: &Map<String, Value>, tables: &[&Value]) {
        for (key, value) in object {
            match tables.iter().find_map(|table| table["keys"][key].as_str()) {
                None => self.problems.push(format!("{place}: the key {key:?} is not documented")),
                Some(kind) => {
                    self.demand(is_of(kind, value), format!("{place}: {key:?} is {value}, and no {kind}"));
                }
            }
        }
        for required in tables.iter().flat_map(|table| table["required"].as_array().unwrap()) {
            let required = required.as_str().unwrap();
            self.demand(object.contains_key(required), format!("{place}: the key {required:?} is missing"));
        }
        for availability in object.get("availability").and_then(Value::as_array).into_iter().flatten() {
            let availability = availability.as_object().cloned().unwrap_or_default();
            self.keys(place, &availability, &[&KEYS["availability"]]);
        }
        let has_both = object.contains_key("availability") && object.contains_key("availability_topic");
        self.demand(!has_both, format!("{place}: both availability and availability_topic"));
    }

    fn component(&mut self, key: &str, component: &Map<String, Value>) {
        let platform = component.get("platform").and_then(Value::as_str).unwrap_or_default();
        if platform == "device_automation" {
            // The keys that hold for all components are dropped here.
            let shared = KEYS["shared"].as_array().unwrap();
            let own: Map<String, Value> = component
                .iter()
                .filter(|(key, _)| !shared.contains(&Value::from(key.as_str())))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            return self.keys(key, &own, &[&KEYS["device_automation"]]);
        }
        let table = &KEYS["platforms"][platform];
        if table.is_null() {
            return self.problems.push(format!("{key}: there is no platform {platform:?}"));
        }
        if component.len() == 1 {
            // With a platform and nothing else, the component is removed.
            return;
        }
        self.keys(key, component, &[&KEYS["entity"], table]);
        let id = component.get("default_entity_id").and_then(Value::as_str).unwrap_or_default();
        let is_plain = |id: &str| {
            id.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        };
        let fits = id.strip_prefix(platform).and_then(|rest| rest.strip_prefix('.')).is_some_and(is_plain);
        self.demand(fits, format!("{key}: {id:?} is no identifier of a {platform}"));
        self.topics_of_templates(key, component);
        match platform {
            "cover" => {
                let has = |key: &str| component.contains_key(key);
                self.demand(
                    !has("set_position_topic") || has("position_topic"),
                    format!("{key}: set_position_topic without position_topic"),
                );
            }
            "event" => self.demand(
                !component.contains_key("command_topic"),
                format!("{key}: an event takes no commands"),
            ),
            "light" => self.light(key, component),
            "number" => self.number(key, component),
            "sensor" => self.sensor(key, component),
            "text" => {
                let most = component.get("max").map_or(Some(255), Value::as_u64);
                self.demand(
                    most.is_some_and(|most| (1..=255).contains(&most)),
                    format!("{key}: more than 255 letters"),
                );
            }
            _ => {}
        }
    }

    /// Checks that each template has the topic for which Home Assistant uses the template.
    fn topics_of_templates(&mut self, key: &str, component: &Map<String, Value>) {
        for template in component.keys().filter_map(|key| key.strip_suffix("_template")) {
            let topic = match template {
                "command_off" => "command_topic".to_owned(),
                "value" | "state_value" | "last_reset_value" => "state_topic".to_owned(),
                other => match other.strip_suffix("_value") {
                    Some(name) => format!("{name}_state_topic"),
                    None => format!("{other}_topic"),
                },
            };
            self.demand(
                component.contains_key(&topic),
                format!("{key}: {template}_template without {topic}"),
            );
        }
    }

    fn light(&mut self, key: &str, light: &Map<String, Value>) {
        // Only this schema takes all in one message.
        self.demand(light.get("schema") == Some(&"json".into()), format!("{key}: the schema is not json"));
        let modes = list(light, "supported_color_modes");
        let known = ["onoff", "brightness", "color_temp", "hs", "xy", "rgb", "rgbw", "rgbww", "white"];
        self.demand(
            !modes.is_empty() && modes.iter().all(|mode| known.contains(mode)),
            format!("{key}: color modes {modes:?}"),
        );
        let is_alone = |mode: &str| !modes.contains(&mode) || modes.len() == 1;
        self.demand(
            is_alone("onoff") && is_alone("brightness"),
            format!("{key}: color modes {modes:?} exclude each other"),
        );
        let has_effects = light.get("effect") == Some(&true.into());
        self.demand(
            has_effects == light.contains_key("effect_list"),
            format!("{key}: effect and effect_list"),
        );
    }

    fn number(&mut self, key: &str, number: &Map<String, Value>) {
        let get = |key: &str, default: f64| number.get(key).and_then(Value::as_f64).unwrap_or(default);
        self.demand(get("min", 1.0) < get("max", 100.0), format!("{key}: min is not below max"));
        self.demand(get("step", 1.0) >= 0.001, format!("{key}: a step of {}", get("step", 1.0)));
        self.unit(key, number);
    }

    fn sensor(&mut self, key: &str, sensor: &Map<String, Value>) {
        self.unit(key, sensor);
        let class = &KEYS["classes"][sensor.get("device_class").and_then(Value::as_str).unwrap_or_default()];
        if let (Some(possible), Some(state_class)) =
            (class["state_classes"].as_array(), sensor.get("state_class"))
        {
            self.demand(
                possible.contains(state_class),
                format!("{key}: the state class {state_class} does not go with the device class"),
            );
        }
        let is_numeric = sensor.contains_key("unit_of_measurement") || sensor.contains_key("state_class");
        self.demand(
            is_numeric || !sensor.contains_key("suggested_display_precision"),
            format!("{key}: digits of no number"),
        );
    }

    /// Checks that the unit goes with the device class.
    fn unit(&mut self, key: &str, component: &Map<String, Value>) {
        let Some(class) = component.get("device_class").and_then(Value::as_str) else { return };
        let units = KEYS["classes"][class]["units"].as_array().cloned().unwrap_or_default();
        let fits = match component.get("unit_of_measurement") {
            None => units.is_empty(),
            Some(unit) => units.contains(unit),
        };
        self.demand(fits, format!("{key}: the unit of a {class} is one of {units:?}"));
    }
}

/// Returns the texts of a list.
pub(crate) fn list<'a>(component: &'a Map<String, Value>, key: &str) -> Vec<&'a str> {
    component.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Returns whether a value is of a type, or one of the words.
fn is_of(kind: &str, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        "boolean" => value.is_boolean(),
        "class" => text.is_some_and(|class| KEYS["classes"].get(class).is_some()),
        "icon" => text.is_some_and(|icon| {
            icon.split_once(':').is_some_and(|(set, name)| !set.is_empty() && !name.is_empty())
        }),
        "integer" => value.is_i64(),
        "list" => value.is_array(),
        "name" => value.is_null() || text.is_some_and(|name| !name.is_empty()),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "positive" => value.is_u64(),
        "template" => text.is_some_and(templates::is_template),
        "text" => text.is_some(),
        "texts" => value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string)),
        "topic" => text.is_some_and(|topic| !topic.is_empty() && !topic.contains(['#', '+', '\0', '{'])),
        "url" => text.is_some_and(|url| url.starts_with("https://") || url.starts_with("http://")),
        words => {
            let value = value
                .as_u64()
                .map_or_else(|| text.unwrap_or_default().to_owned(), |number| number.to_string());
            words.split('|').any(|word| word == value)
        }
    }
}
