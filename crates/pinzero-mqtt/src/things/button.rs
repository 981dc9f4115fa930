//! [`Button`]: a push button as events, triggers and a contact.

use std::sync::Arc;

use pinzero::Event;
use pinzero_circuit::{Appearance, PushButton};
use serde_json::{Map, Value};

use super::inputs::{bounce_time, fields, seconds};
use super::{Opening, Thing, word};
use crate::entity::Entity;

/// The events of a button.
const EVENTS: [&str; 5] = ["press", "release", "click", "double", "long"];

/// The events that Home Assistant's automations begin with, with Home Assistant's words for them.
const TRIGGERS: [(&str, &str); 3] =
    [("click", "button_short_press"), ("double", "button_double_press"), ("long", "button_long_press")];

/// A push button as events, triggers and a contact.
#[derive(Debug)]
pub(crate) struct Button {
    button: pinzero::Button,
    name: Arc<str>,
}

impl Button {
    pub(crate) fn open(part: &PushButton, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let bounce_time = bounce_time(opening.appearance);
        let button = pinzero::Button::builder(part.pin.line())
            .pull_up(part.pull_up)
            .bounce_time(bounce_time)
            .gpio(opening.gpio)
            .open()?;
        let tells = |word: &'static str| {
            let reporter = opening.reporter.clone();
            move |event: Event| {
                let mut fields = fields(event.missed, &reporter);
                if word != "press" {
                    fields.insert("lasted".to_owned(), seconds(event.lasted).into());
                }
                // The state first: who acts on an event finds the state that belongs to it.
                reporter.changed();
                // The time of the edge, and not of when the contact had been steady.
                reporter.event(word, event.at - bounce_time, fields);
            }
        };
        button.when_pressed(tells("press"));
        button.when_released(tells("release"));
        button.when_clicked(tells("click"));
        button.when_double_clicked(tells("double"));
        button.when_long_pressed(tells("long"));
        Ok(Button { button, name: opening.reporter.device.clone() })
    }
}

impl Thing for Button {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        let title = appearance.name.as_deref().unwrap_or(&self.name);
        let class = appearance.class.as_deref().unwrap_or("button");
        let main = Entity::main("event").with("device_class", class).with("event_types", EVENTS.to_vec());
        let pressed =
            Entity::further("binary_sensor", "pressed").with("value_template", "{{ value_json.state }}");
        let triggers = TRIGGERS.map(|(event, name)| {
            Entity::further("device_automation", event)
                .with("automation_type", "trigger")
                .with("type", name)
                .with("subtype", title)
                .with("payload", event)
                .with("value_template", "{{ value_json.event_type }}")
        });
        [main, pressed].into_iter().chain(triggers).collect()
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        Ok(Some(Map::from_iter([("state".to_owned(), word(self.button.is_pressed()?))])))
    }

    fn close(&self) -> pinzero::Result<()> {
        self.button.close()
    }
}
