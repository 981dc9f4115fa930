//! Commands as Home Assistant sends them when somebody turns a knob there, and the state that they are to lead to.

use serde_json::{Map, Value, json};

use super::validator::list;
use super::{reader, templates};

/// A command, and a test for the state that Home Assistant hopes for.
pub(crate) struct Wish {
    pub(crate) command: String,
    pub(crate) is_granted: Box<dyn Fn(&str) -> bool>,
}

/// Returns commands for an entity, of all that its platform offers.
pub(crate) fn wishes(entity: &Map<String, Value>) -> Vec<Wish> {
    let remote = Remote(entity);
    match entity["platform"].as_str().unwrap() {
        "switch" => remote.on_and_off("value_template"),
        "fan" => remote.fan(),
        "siren" => remote.siren(),
        "light" => remote.light(),
        "cover" => remote.cover(),
        "number" => {
            let limit = |key: &str, default: f64| entity.get(key).and_then(Value::as_f64).unwrap_or(default);
            let (min, max, step) = (limit("min", 1.0), limit("max", 100.0), limit("step", 1.0));
            let middle = min + ((max - min) * 0.3 / step).floor() * step;
            [min, max, middle].map(|number| remote.number(number)).into()
        }
        "text" => {
            let most = entity.get("max").and_then(Value::as_u64).unwrap_or(255);
            // Any display can show digits.
            let texts = ["7", "21", "7.5"].into_iter().filter(|text| text.len() as u64 <= most);
            texts.map(|text| remote.value("command_template", text, "value_template", text)).collect()
        }
        "binary_sensor" | "device_automation" | "event" | "sensor" => Vec::new(),
        other => panic!("no commands are known for a {other}"),
    }
}

struct Remote<'a>(&'a Map<String, Value>);

impl Remote<'_> {
    fn text(&self, key: &str, default: &str) -> String {
        self.0.get(key).and_then(Value::as_str).unwrap_or(default).to_owned()
    }

    /// Returns a command by the template with this key; the value itself without a template.
    fn wish(&self, template: &str, variables: Value, is_granted: impl Fn(&str) -> bool + 'static) -> Wish {
        let template = self.text(template, "{{ value }}");
        Wish { command: templates::command(&template, &variables), is_granted: Box::new(is_granted) }
    }

    /// Returns a command, after which the other template is to give this value.
    fn value(&self, command: &str, value: impl Into<Value>, read: &str, wanted: &str) -> Wish {
        let (entity, read, wanted) = (self.0.clone(), read.to_owned(), wanted.to_owned());
        let is_granted = move |payload: &str| is_same(&reader::value(&entity, &read, payload), &wanted);
        self.wish(command, json!({ "value": value.into() }), is_granted)
    }

    fn on_and_off(&self, read: &str) -> Vec<Wish> {
        let on_and_off = [("payload_on", "state_on", "ON"), ("payload_off", "state_off", "OFF")];
        on_and_off
            .map(|(payload, state, default)| {
                let command = self.text(payload, default);
                let state = self.text(state, &command);
                self.value("command_template", command, read, &state)
            })
            .into()
    }

    fn number(&self, number: f64) -> Wish {
        // Home Assistant sends 5, and not 5.0.
        let value = if number.fract() == 0.0 { Value::from(number as i64) } else { number.into() };
        self.value("command_template", value, "value_template", &number.to_string())
    }

    fn fan(&self) -> Vec<Wish> {
        let mut wishes = self.on_and_off("state_value_template");
        if self.0.contains_key("percentage_command_topic") {
            for percentage in [50, 100, 1] {
                wishes.push(self.value(
                    "percentage_command_template",
                    percentage,
                    "percentage_value_template",
                    &percentage.to_string(),
                ));
            }
            wishes.push(self.value("percentage_command_template", 0, "state_value_template", "OFF"));
        }
        if self.0.contains_key("direction_command_topic") {
            for direction in ["reverse", "forward"] {
                wishes.push(self.value(
                    "direction_command_template",
                    direction,
                    "direction_value_template",
                    direction,
                ));
            }
        }
        wishes
    }

    /// Returns the commands of a siren: without templates, an object of JSON with what the siren supports.
    fn siren(&self) -> Vec<Wish> {
        let mut commands = vec![json!({ "state": "ON" })];
        commands.extend(
            list(self.0, "available_tones").into_iter().map(|tone| json!({ "state": "ON", "tone": tone })),
        );
        if self.0.get("support_duration") != Some(&false.into()) {
            commands.push(json!({ "state": "ON", "duration": 10 }));
        }
        if self.0.get("support_volume_set") != Some(&false.into()) {
            commands.push(json!({ "state": "ON", "volume_level": 0.5 }));
        }
        commands.push(json!({ "state": "OFF" }));
        let with_template = self.0.contains_key("command_template");
        let wish = |command: Value| {
            let state = command["state"].as_str().unwrap().to_owned();
            let entity = self.0.clone();
            let is_granted = move |payload: &str| {
                let found = reader::value(&entity, "state_value_template", payload);
                found == state
                    || serde_json::from_str::<Value>(&found).is_ok_and(|found| found["state"] == *state)
            };
            match with_template {
                true => {
                    let mut variables = command.clone();
                    variables["value"] = command["state"].clone();
                    self.wish("command_template", variables, is_granted)
                }
                false => Wish { command: command.to_string(), is_granted: Box::new(is_granted) },
            }
        };
        commands.into_iter().map(wish).collect()
    }

    /// Returns the commands of a light with the schema of JSON.
    fn light(&self) -> Vec<Wish> {
        let has = |key: &str| self.0.get(key) == Some(&true.into());
        let mut commands = vec![json!({ "state": "ON" }), json!({ "state": "OFF" })];
        if has("brightness") {
            commands.push(json!({ "state": "ON", "brightness": 100 }));
        }
        for mode in list(self.0, "supported_color_modes") {
            match mode {
                "rgb" => commands.push(json!({ "state": "ON", "color": { "r": 255, "g": 128, "b": 0 } })),
                "hs" => commands.push(json!({ "state": "ON", "color": { "h": 24.0, "s": 100.0 } })),
                _ => {}
            }
        }
        for effect in list(self.0, "effect_list") {
            commands.push(json!({ "state": "ON", "effect": effect }));
        }
        if self.0.get("flash") != Some(&false.into()) {
            commands.extend([json!({ "state": "ON", "flash": 2 }), json!({ "state": "ON", "flash": 10 })]);
        }
        if self.0.get("transition") != Some(&false.into()) {
            commands.extend([
                json!({ "state": "ON", "transition": 1.0 }),
                json!({ "state": "OFF", "transition": 2.5 }),
            ]);
        }
        commands.push(json!({ "state": "OFF" }));
        let wish = |command: Value| {
            let text = command.to_string();
            let is_granted = move |payload: &str| {
                let state: Value = serde_json::from_str(payload).unwrap_or_default();
                // The times are no part of the state.
                let wanted = ["state", "brightness", "color", "effect"];
                wanted.iter().all(|key| command.get(key).is_none_or(|value| state[key] == *value))
            };
            Wish { command: text, is_granted: Box::new(is_granted) }
        };
        commands.into_iter().map(wish).collect()
    }

    fn cover(&self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        if self.0.contains_key("set_position_topic") {
            for position in [30, 100, 0] {
                let mut wish = self.value("", 0, "position_template", &position.to_string());
                let template = self.text("set_position_template", "{{ position }}");
                wish.command =
                    templates::command(&template, &json!({ "position": position, "value": position }));
                wishes.push(wish);
            }
        }
        for (payload, default, state) in
            [("payload_open", "OPEN", "open"), ("payload_close", "CLOSE", "closed")]
        {
            let command = self.text(payload, default);
            let mut wish = self.value("", 0, "value_template", state);
            wish.command = command;
            wishes.push(wish);
        }
        let mut stop = self.value("", 0, "value_template", "stopped");
        stop.command = self.text("payload_stop", "STOP");
        wishes.push(stop);
        wishes
    }
}

/// Returns whether two values are the same, as numbers or as texts.
fn is_same(found: &str, wanted: &str) -> bool {
    match (found.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(found), Ok(wanted)) => (found - wanted).abs() < 1e-6,
        _ => found == wanted,
    }
}
