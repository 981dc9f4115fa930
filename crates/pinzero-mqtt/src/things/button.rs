//! [`Button`]: a push button as events, triggers and a contact.

use std::time::Duration;

use pinzero::Event;
use pinzero_circuit::PushButton;
use serde_json::{Map, Value};

use super::event::{fields, seconds};
use super::{Opening, Thing};
use crate::entity::Entity;
use crate::reporter::Reporter;

/// How long a contact must be steady before a change counts.
const BOUNCE: Duration = Duration::from_millis(10);

/// The events of a button.
const EVENTS: [&str; 5] = ["press", "release", "click", "double", "long"];

/// The events that Home Assistant's automations begin with, with Home Assistant's words for them.
const TRIGGERS: [(&str, &str); 3] =
    [("click", "button_short_press"), ("double", "button_double_press"), ("long", "button_long_press")];

/// A push button as events, triggers and a contact.
#[derive(Debug)]
pub(crate) struct Button {
    button: pinzero::Button,
    entities: Vec<Entity>,
}

impl Button {
    pub(crate) fn open(part: &PushButton, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let button = pinzero::Button::builder(part.pin.line())
            .pull_up(part.pull_up)
            .bounce_time(BOUNCE)
            .gpio(opening.gpio)
            .open()?;
        // The state first: who acts on an event finds the state that belongs to it.
        let changes = |word: &'static str| {
            let reporter = opening.reporter.clone();
            move |event| {
                reporter.changed();
                tell(&reporter, word, event);
            }
        };
        button.when_pressed(changes("press"));
        button.when_released(changes("release"));
        let tells = |word: &'static str| {
            let reporter = opening.reporter.clone();
            move |event| tell(&reporter, word, event)
        };
        button.when_clicked(tells("click"));
        button.when_double_clicked(tells("double"));
        button.when_long_pressed(tells("long"));
        Ok(Button { button, entities: entities(opening) })
    }
}

/// Tells an event of the button, with how long the button had been pressed, in seconds.
fn tell(reporter: &Reporter, word: &str, event: Event) {
    let mut fields = fields(event.missed, reporter);
    if word != "press" {
        fields.insert("lasted".to_owned(), seconds(event.lasted).into());
    }
    reporter.event_with(word, event.at, fields);
}

fn entities(opening: &Opening<'_>) -> Vec<Entity> {
    let title = opening.appearance.name.as_deref().unwrap_or(&opening.reporter.device);
    let class = opening.appearance.class.as_deref().unwrap_or("button");
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

impl Thing for Button {
    fn entities(&self) -> Vec<Entity> {
        self.entities.clone()
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let state = if self.button.is_pressed()? { "ON" } else { "OFF" };
        Ok(Some(Map::from_iter([("state".to_owned(), state.into())])))
    }

    fn close(&self) -> pinzero::Result<()> {
        self.button.close()
    }
}
