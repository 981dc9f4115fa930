//! [`Encoder`]: a rotary encoder as a number, which can be set.

use pinzero::Rotation;
use pinzero_circuit::Appearance;
use serde_json::{Map, Value};

use super::inputs::mention_loss;
use super::{Opening, Thing};
use crate::entity::Entity;
use crate::payload::Command;
use crate::refusal::Refusal;

/// The farthest position to either side.
const MOST: u32 = 10_000;

/// A rotary encoder as a number.
#[derive(Debug)]
pub(crate) struct Encoder {
    encoder: pinzero::RotaryEncoder,
    unit: Option<String>,
    is_sensor: bool,
}

impl Encoder {
    pub(crate) fn open(
        part: &pinzero_circuit::RotaryEncoder,
        opening: &Opening<'_>,
    ) -> pinzero::Result<Self> {
        let encoder = pinzero::RotaryEncoder::builder(part.a.line(), part.b.line())
            .max_steps(MOST)
            .gpio(opening.gpio)
            .open()?;
        encoder.when_rotated({
            let reporter = opening.reporter.clone();
            move |rotation: Rotation| {
                mention_loss(rotation.missed, &reporter);
                reporter.changed();
            }
        });
        Ok(Encoder { encoder, unit: opening.appearance.unit.clone(), is_sensor: opening.is_as("sensor") })
    }
}

impl Thing for Encoder {
    fn entities(&self, _: &Appearance) -> Vec<Entity> {
        let entity = match self.is_sensor {
            true => Entity::main("sensor").with("state_class", "measurement"),
            false => Entity::main("number")
                .with("min", -i64::from(MOST))
                .with("max", MOST)
                .with("step", 1)
                .with("mode", "box"),
        };
        let entity = entity.with("value_template", "{{ value_json.position }}");
        vec![match &self.unit {
            Some(unit) => entity.with("unit_of_measurement", unit.as_str()),
            None => entity,
        }]
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let fields = [
            ("position".to_owned(), self.encoder.steps()?.into()),
            ("missed".to_owned(), self.encoder.missed().into()),
        ];
        Ok(Some(Map::from_iter(fields)))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("position", "position");
        let position = fields.number("position", -f64::from(MOST), f64::from(MOST))?;
        fields.finish("\"position\"")?;
        match position {
            Some(position) if position.fract() == 0.0 => Ok(self.encoder.set_steps(position as i64)?),
            Some(position) => {
                Err(Refusal::because(format!("\"position\" is {position}: send a whole number")))
            }
            None => Err(Refusal::because("a command without \"position\": send a whole number")),
        }
    }

    fn close(&self) -> pinzero::Result<()> {
        self.encoder.close()
    }
}
