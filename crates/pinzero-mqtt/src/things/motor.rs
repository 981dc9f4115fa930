//! [`Fan`]: a motor as a fan with a speed and a direction, or as a switch.

use pinzero::{Motor, Result};
use pinzero_circuit::{Appearance, Resting};
use serde_json::{Map, Value};

use super::timed::{Drive, Timed};
use super::{Opening, Thing, rest, word};
use crate::entity::Entity;
use crate::payload::Command;
use crate::refusal::Refusal;

/// A motor as a fan, or as a switch.
#[derive(Debug)]
pub(crate) struct Fan {
    motor: Timed<Motor>,
    is_switch: bool,
    safe: Option<bool>,
    on_exit: Option<bool>,
}

/// What a motor is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    is_on: bool,
    /// The speed from 1 to 100; kept while the motor is off.
    percentage: u8,
    is_reverse: bool,
}

impl Fan {
    pub(crate) fn open(part: &pinzero_circuit::Motor, opening: &Opening<'_>) -> Result<Self> {
        let (forward, backward) = (part.forward.line(), part.backward.line());
        let course = match opening.appearance.initial {
            Some(Resting::On) => Course { is_on: true, percentage: 100, is_reverse: false },
            _ => {
                let is_forward = rest::is_on_at_first(opening, forward, true)?;
                let is_reverse = rest::is_on_at_first(opening, backward, true)?;
                Course { is_on: is_forward != is_reverse, percentage: 100, is_reverse }
            }
        };
        let motor = Motor::builder(forward, backward)
            .on_close(rest::on_close(opening, Resting::Off, true))
            .gpio(opening.gpio)
            .open()?;
        motor.drive(&course)?;
        let off = |_: &Motor, course: &Course| course.is_on.then_some(Course { is_on: false, ..*course });
        Ok(Fan {
            motor: Timed::new(motor, course, off, opening)?,
            is_switch: opening.is_as("switch"),
            safe: rest::safe(opening),
            on_exit: rest::on_exit(opening, Resting::Off),
        })
    }
}

impl Drive for Motor {
    type State = Course;

    fn drive(&self, course: &Course) -> Result<()> {
        let speed = if course.is_on { f64::from(course.percentage) / 100.0 } else { 0.0 };
        if course.is_reverse { self.backward(speed) } else { self.forward(speed) }
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Thing for Fan {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        vec![match self.is_switch {
            true => Entity::main("switch").with_class(appearance.class.as_deref()),
            false => Entity::main("fan")
                .with("percentage_value_template", "{{ value_json.percentage }}")
                .with("percentage_command_template", "{\"percentage\": {{ value }}}")
                .with("direction_value_template", "{{ value_json.direction }}")
                .with("direction_command_template", "{\"direction\": \"{{ value }}\"}"),
        }]
    }

    fn state(&self) -> Result<Option<Map<String, Value>>> {
        let course = self.motor.state();
        let direction = if course.is_reverse { "reverse" } else { "forward" };
        let percentage = if course.is_on { course.percentage } else { 0 };
        Ok(Some(Map::from_iter([
            ("state".to_owned(), word(course.is_on)),
            ("percentage".to_owned(), percentage.into()),
            ("direction".to_owned(), direction.into()),
        ])))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("state", "percentage");
        let state = fields.state()?;
        let percentage = fields.number("percentage", 0.0, 100.0)?.map(|percentage| percentage.round() as u8);
        let is_reverse = match fields.text("direction")?.as_deref() {
            None => None,
            Some("forward") => Some(false),
            Some("reverse") => Some(true),
            Some(_) => {
                return Err(Refusal::because(
                    "there is no such \"direction\": send \"forward\" or \"reverse\"",
                ));
            }
        };
        let time = fields.seconds("for")?;
        fields.finish("\"state\", \"percentage\", \"direction\" and \"for\", in seconds")?;
        if state.is_none() && percentage.is_none() && is_reverse.is_none() {
            return Err(Refusal::because(
                "a command without \"state\": send ON, OFF, TOGGLE or a percentage",
            ));
        }
        let before = self.motor.state();
        let is_on = match (state, percentage) {
            (_, Some(0)) => false,
            (Some(state), _) => state.of(before.is_on),
            // A direction alone is for the next start, too.
            (None, None) => before.is_on,
            (None, Some(_)) => true,
        };
        let course = Course {
            is_on,
            percentage: percentage.filter(|percentage| *percentage > 0).unwrap_or(before.percentage),
            is_reverse: is_reverse.unwrap_or(before.is_reverse),
        };
        Ok(self.motor.set_for(course, time, Course { is_on: !is_on, ..course })?)
    }

    fn make_safe(&self) -> Result<()> {
        let before = self.motor.state();
        self.safe.map_or(Ok(()), |is_on| self.motor.set(Course { is_on, ..before }))
    }

    fn finish(&self) -> Result<Option<Map<String, Value>>> {
        self.motor.finish(|course| self.on_exit.map(|is_on| Course { is_on, ..*course }))?;
        self.state()
    }

    fn close(&self) -> Result<()> {
        self.motor.close()
    }
}
