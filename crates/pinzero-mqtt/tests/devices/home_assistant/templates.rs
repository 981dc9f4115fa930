//! Renders templates as Home Assistant does, as far as the discovery uses them.

use minijinja::value::{Serde, Value as Rendered};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

/// Returns an environment that writes values as Python does, and refuses what a template names and nobody gave.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(|out, _, value| {
        let text = match value.is_none() {
            true => "None".to_owned(),
            false => match bool::try_from(value.clone()) {
                Ok(true) => "True".to_owned(),
                Ok(false) => "False".to_owned(),
                Err(_) => value.to_string(),
            },
        };
        out.write_str(&text).map_err(Error::from)
    });
    // The second of a day is enough for a test.
    environment.add_filter("as_datetime", |value: f64| match value > 0.0 {
        true => Ok("2026-01-01 00:00:00+00:00"),
        false => Err(Error::new(ErrorKind::InvalidOperation, "no time")),
    });
    environment.add_filter("to_json", |value: Rendered| serde_json::to_string(&value).unwrap());
    environment.add_filter("tojson", |value: Rendered| serde_json::to_string(&value).unwrap());
    environment
}

/// Returns whether a text is a template that can be parsed.
pub(crate) fn is_template(text: &str) -> bool {
    environment().template_from_str(text).is_ok()
}

/// Renders a template for a message that was received: `value` is the payload, and `value_json` what is in it.
pub(crate) fn value(template: &str, payload: &str) -> String {
    let mut variables = Map::from_iter([("value".to_owned(), payload.into())]);
    if let Ok(json) = serde_json::from_str::<Value>(payload) {
        variables.insert("value_json".to_owned(), json);
    }
    render(template, &variables)
}

/// Renders a template for a command.
pub(crate) fn command(template: &str, variables: &Value) -> String {
    render(template, variables.as_object().unwrap())
}

fn render(template: &str, variables: &Map<String, Value>) -> String {
    let environment = environment();
    environment
        .render_str(template, Serde(variables))
        .unwrap_or_else(|error| panic!("{template} with {variables:?}: {error}"))
}
