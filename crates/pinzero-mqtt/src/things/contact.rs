//! [`Contact`]: a switch, a motion sensor or a line sensor.

use pinzero::DigitalInputDevice;
use pinzero_circuit::Appearance;
use serde_json::{Map, Value};

use super::inputs::bounce_time;
use super::{Opening, Thing, word};
use crate::entity::Entity;

/// Something that is on or off by itself: a switch, a motion sensor, a line sensor.
#[derive(Debug)]
pub(crate) struct Contact {
    input: DigitalInputDevice,
    class: Option<&'static str>,
    /// Whether ON and OFF change places.
    is_inverted: bool,
}

impl Contact {
    /// Opens a switch, which is on while closed, unless the file says otherwise.
    pub(crate) fn open_switch(
        part: &pinzero_circuit::Switch,
        opening: &Opening<'_>,
    ) -> pinzero::Result<Self> {
        Self::open(part.pin.line(), part.pull_up, None, "open", opening)
    }

    /// Opens a motion sensor, which is on while something moves.
    pub(crate) fn open_motion_sensor(
        part: &pinzero_circuit::MotionSensor,
        opening: &Opening<'_>,
    ) -> pinzero::Result<Self> {
        Self::open(part.pin.line(), false, Some("motion"), "stillness", opening)
    }

    /// Opens a line sensor, which is on over a line.
    pub(crate) fn open_line_sensor(
        part: &pinzero_circuit::LineSensor,
        opening: &Opening<'_>,
    ) -> pinzero::Result<Self> {
        Self::open(part.pin.line(), true, None, "floor", opening)
    }

    /// Opens a contact. `inverted` is the word of the file with which ON and OFF change places.
    fn open(
        line: u32,
        pull_up: bool,
        class: Option<&'static str>,
        inverted: &str,
        opening: &Opening<'_>,
    ) -> pinzero::Result<Self> {
        let input = DigitalInputDevice::builder(line)
            .pull_up(pull_up)
            .bounce_time(bounce_time(opening.appearance))
            .gpio(opening.gpio)
            .open()?;
        let tells = || {
            let reporter = opening.reporter.clone();
            move |_| reporter.changed()
        };
        input.when_activated(tells());
        input.when_deactivated(tells());
        let is_inverted = opening.appearance.on_when.as_deref() == Some(inverted);
        Ok(Contact { input, class, is_inverted })
    }
}

impl Thing for Contact {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        let entity = Entity::main("binary_sensor").with("value_template", "{{ value_json.state }}");
        vec![entity.with_class(appearance.class.as_deref().or(self.class))]
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let is_on = self.input.is_active()? != self.is_inverted;
        Ok(Some(Map::from_iter([("state".to_owned(), word(is_on))])))
    }

    fn close(&self) -> pinzero::Result<()> {
        self.input.close()
    }
}
