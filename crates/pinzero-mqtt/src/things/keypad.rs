//! [`Keypad`]: a keypad as events.

use pinzero::KeyEvent;
use pinzero_circuit::Appearance;
use serde_json::{Map, Value};

use super::inputs::fields;
use super::{Opening, Thing};
use crate::entity::Entity;
use crate::reporter::Reporter;

/// Makes an event for each key of a press, since automations of Home Assistant choose by the type of an event. Other events give nothing,
/// and Home Assistant ignores that.
const TYPE_TEMPLATE: &str = "{% if value_json.event_type == 'press' %}\
    {{ dict(value_json, event_type=value_json.key) | to_json }}{% endif %}";

/// A keypad as events: `press`, `hold` and `release`, with the key.
#[derive(Debug)]
pub(crate) struct Keypad {
    keypad: pinzero::Keypad,
    keys: Vec<String>,
}

impl Keypad {
    pub(crate) fn open(part: &pinzero_circuit::Keypad, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let lines =
            |pins: &[pinzero_circuit::Pin]| pins.iter().map(pinzero_circuit::Pin::line).collect::<Vec<_>>();
        let keypad = pinzero::Keypad::builder(lines(&part.rows), lines(&part.columns))
            .keys(&part.keys)
            .gpio(opening.gpio)
            .open()?;
        let tells = |word: &'static str| {
            let reporter = opening.reporter.clone();
            move |event| tell(&reporter, word, event)
        };
        keypad.when_pressed(tells("press"));
        keypad.when_held(tells("hold"));
        keypad.when_released(tells("release"));
        keypad.when_ghost({
            let reporter = opening.reporter.clone();
            move |event: KeyEvent| {
                reporter.complain(&format!(
                    "the key {} cannot be told from a ghost, and does not count: too many keys are pressed",
                    event.key
                ));
            }
        });
        let keys = part.keys.iter().flat_map(|row| row.chars()).map(String::from).collect();
        Ok(Keypad { keypad, keys })
    }
}

fn tell(reporter: &Reporter, word: &str, event: KeyEvent) {
    let mut fields = fields(event.missed, reporter);
    fields.insert("key".to_owned(), event.key.to_string().into());
    reporter.event(word, event.at, fields);
}

impl Thing for Keypad {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        let entity = Entity::main("event")
            .with("event_types", self.keys.clone())
            .with("value_template", TYPE_TEMPLATE);
        vec![entity.with("device_class", appearance.class.as_deref().unwrap_or("button"))]
    }

    /// Checks that the keypad can be read. A keypad has events only.
    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        self.keypad.pressed().map(|_| None)
    }

    fn close(&self) -> pinzero::Result<()> {
        self.keypad.close()
    }
}
