//! Reads states and events as Home Assistant does.

use serde_json::{Map, Value};

use super::templates;
use super::validator::list;

/// Returns the value of an entity in a message, by the template with this key; the whole message without a template.
pub(crate) fn value(entity: &Map<String, Value>, template: &str, payload: &str) -> String {
    match entity.get(template).and_then(Value::as_str) {
        Some(template) => templates::value(template, payload),
        None => payload.to_owned(),
    }
}

/// Returns what is wrong with a state for an entity.
pub(crate) fn faults(entity: &Map<String, Value>, payload: &str) -> Vec<String> {
    let text =
        |key: &str, default: &str| entity.get(key).and_then(Value::as_str).unwrap_or(default).to_owned();
    let state = |template: &str| value(entity, template, payload);
    let mut faults = Vec::new();
    let mut demand = |is_so: bool, what: &str, found: &str| {
        // "None" is an unknown state, and is as good as any.
        if !is_so && found != "None" {
            faults.push(format!("{what} cannot be {found:?}"));
        }
    };
    match &*text("platform", "") {
        platform @ ("switch" | "binary_sensor" | "fan") => {
            let found = state(if platform == "fan" { "state_value_template" } else { "value_template" });
            let (on, off) = (text("payload_on", "ON"), text("payload_off", "OFF"));
            demand([text("state_on", &on), text("state_off", &off)].contains(&found), platform, &found);
            if entity.contains_key("percentage_state_topic") {
                let found = state("percentage_value_template");
                demand(found.parse().is_ok_and(|speed: u8| speed <= 100), "a percentage", &found);
            }
            if entity.contains_key("direction_state_topic") {
                let found = state("direction_value_template");
                demand(["forward", "reverse"].contains(&&*found), "a direction", &found);
            }
        }
        "siren" => {
            let found = state("state_value_template");
            match serde_json::from_str::<Value>(&found) {
                Ok(Value::Object(fields)) => {
                    // Others are refused with a warning, at each message.
                    let known = ["state", "tone", "duration", "volume_level"];
                    demand(fields.keys().all(|key| known.contains(&&**key)), "a siren's state", &found);
                    demand(["ON", "OFF"].map(Value::from).contains(&fields["state"]), "a siren", &found);
                }
                _ => demand(["ON", "OFF"].contains(&&*found), "a siren", &found),
            }
        }
        "cover" => {
            if entity.contains_key("state_topic") {
                let found = state("value_template");
                demand(
                    ["open", "opening", "closed", "closing", "stopped"].contains(&&*found),
                    "a cover",
                    &found,
                );
            }
            if entity.contains_key("position_topic") {
                let found = state("position_template");
                demand(
                    found.is_empty() || found.parse().is_ok_and(|position: u8| position <= 100),
                    "a position",
                    &found,
                );
            }
        }
        "number" => {
            let found = state("value_template");
            let limit = |key: &str, default: f64| entity.get(key).and_then(Value::as_f64).unwrap_or(default);
            let range = limit("min", 1.0)..=limit("max", 100.0);
            demand(found.parse().is_ok_and(|number: f64| range.contains(&number)), "a number", &found);
        }
        "sensor" => {
            let found = state("value_template");
            let is_number = entity.contains_key("unit_of_measurement") || entity.contains_key("state_class");
            demand(!is_number || found.parse::<f64>().is_ok_and(f64::is_finite), "a reading", &found);
            demand(!found.is_empty() && found.len() <= 255, "a state", &found);
        }
        "text" => {
            let found = state("value_template");
            let most = entity.get("max").and_then(Value::as_u64).unwrap_or(255);
            demand(found.chars().count() as u64 <= most, "a text", &found);
        }
        "light" => faults.extend(faults_of_light(entity, payload)),
        _ => {}
    }
    faults
}

/// Returns what is wrong with the state of a light, which is an object of JSON.
fn faults_of_light(light: &Map<String, Value>, payload: &str) -> Vec<String> {
    let Ok(Value::Object(state)) = serde_json::from_str(payload) else {
        return vec![format!("no object: {payload}")];
    };
    let modes = list(light, "supported_color_modes");
    let is_on = state.get("state") == Some(&"ON".into());
    let of = |key: &str| state.get(key).filter(|value| !value.is_null());
    let mut faults = Vec::new();
    let mut demand = |is_so: bool, what: &str| {
        if !is_so {
            faults.push(format!("{what} in {payload}"));
        }
    };
    let is_known = matches!(state.get("state"), Some(Value::Null))
        || [Some("ON"), Some("OFF")].contains(&state.get("state").and_then(Value::as_str));
    demand(is_known, "no state");
    let scale = light.get("brightness_scale").and_then(Value::as_u64).unwrap_or(255);
    if let Some(brightness) = of("brightness") {
        demand(brightness.as_u64().is_some_and(|brightness| brightness <= scale), "a wrong brightness");
    }
    let is_dimmed = light.get("brightness") == Some(&true.into());
    demand(!is_on || !is_dimmed || of("brightness").is_some(), "no brightness");
    let mode = of("color_mode").and_then(Value::as_str);
    demand(mode.is_none_or(|mode| modes.contains(&mode)), "a color mode that is not supported");
    let letters: &[&str] = match mode.or(modes.first().copied()) {
        Some("rgb") => &["r", "g", "b"],
        Some("hs") => &["h", "s"],
        _ => &[],
    };
    if is_on && !letters.is_empty() {
        // Without the mode, the color is not read.
        demand(mode.is_some(), "a color without color_mode");
        let color = of("color").and_then(Value::as_object);
        demand(
            color.is_some_and(|color| {
                letters.iter().all(|letter| color.get(*letter).is_some_and(Value::is_number))
            }),
            "no color",
        );
    }
    if let Some(effect) = of("effect") {
        demand(
            effect.as_str().is_some_and(|effect| list(light, "effect_list").contains(&effect)),
            "an effect that is not listed",
        );
    }
    faults
}

/// What Home Assistant does with an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing: the template gives nothing, or another trigger is meant.
    Nothing,
    /// The entity shows an event of this type.
    Event(String),
    /// The automations with this trigger run.
    Trigger,
}

/// Returns what an entity, or a trigger, does with an event.
///
/// # Errors
/// What is wrong with the event.
pub(crate) fn event(entity: &Map<String, Value>, payload: &str) -> Result<Effect, String> {
    let rendered = value(entity, "value_template", payload);
    match entity["platform"].as_str() {
        _ if rendered.is_empty() => Ok(Effect::Nothing),
        Some("event") => {
            let event: Value =
                serde_json::from_str(&rendered).map_err(|error| format!("{rendered}: {error}"))?;
            let kind = event["event_type"].as_str().ok_or(format!("{rendered} has no event_type"))?;
            match list(entity, "event_types").contains(&kind) {
                true => Ok(Effect::Event(kind.to_owned())),
                false => Err(format!("the event {kind:?} is not in event_types")),
            }
        }
        Some("device_automation") if entity.get("payload").is_none_or(|wanted| *wanted == *rendered) => {
            Ok(Effect::Trigger)
        }
        _ => Ok(Effect::Nothing),
    }
}
