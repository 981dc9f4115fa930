//! [`Dial`]: a servo as a number, its angle.

use std::time::Duration;

use pinzero::{AngularServo, Result};
use pinzero_circuit::{Appearance, Resting};
use serde_json::{Map, Value};

use super::cover::Cover;
use super::timed::{Drive, Timed};
use super::{Opening, Thing, rest, word};
use crate::entity::Entity;
use crate::payload::Command;
use crate::refusal::Refusal;

/// A servo as a number, its angle in degrees.
#[derive(Debug)]
pub(crate) struct Dial {
    servo: Timed<AngularServo>,
    /// Whether the safe state is that of no pulses.
    is_let_go_when_safe: bool,
}

/// What a servo is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pose {
    /// Whether there are pulses. Without them, the servo gives way, and nobody knows the angle.
    pub(crate) is_on: bool,
    /// The angle that was set last, in degrees; kept while there are no pulses.
    pub(crate) angle: Option<f64>,
}

pub(crate) fn open(part: &pinzero_circuit::Servo, opening: &Opening<'_>) -> Result<Box<dyn Thing>> {
    let pulse = |milliseconds: f64| Duration::from_secs_f64(milliseconds / 1000.0);
    let servo = AngularServo::builder(part.pin.line())
        .min_pulse_width(pulse(part.min_pulse))
        .max_pulse_width(pulse(part.max_pulse))
        .min_angle(part.min_angle)
        .max_angle(part.max_angle)
        .initial_angle(None)
        .on_close(rest::on_close(opening, Resting::Off, true))
        .gpio(opening.gpio)
        .open()?;
    if opening.is_as("cover") {
        return Ok(Box::new(Cover::new(servo, opening)?));
    }
    let off = |_: &AngularServo, pose: &Pose| pose.is_on.then_some(Pose { is_on: false, ..*pose });
    let servo = Timed::new(servo, Pose { is_on: false, angle: None }, off, opening)?;
    Ok(Box::new(Dial { servo, is_let_go_when_safe: rest::safe(opening) == Some(false) }))
}

impl Drive for AngularServo {
    type State = Pose;

    fn drive(&self, pose: &Pose) -> Result<()> {
        self.set_angle(pose.angle.filter(|_| pose.is_on))
    }

    fn close(&self) -> Result<()> {
        (**self).close()
    }
}

impl Thing for Dial {
    fn entities(&self, _: &Appearance) -> Vec<Entity> {
        let servo = self.servo.device();
        vec![
            Entity::main("number")
                .with("min", servo.min_angle())
                .with("max", servo.max_angle())
                .with("step", 1)
                .with("unit_of_measurement", "°")
                .with("value_template", "{{ value_json.angle }}")
                .with("command_template", "{\"angle\": {{ value }}}"),
        ]
    }

    fn state(&self) -> Result<Option<Map<String, Value>>> {
        let pose = self.servo.state();
        let angle = pose.angle.filter(|_| pose.is_on);
        Ok(Some(Map::from_iter([("state".to_owned(), word(pose.is_on)), ("angle".to_owned(), angle.into())])))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("state", "angle");
        let servo = self.servo.device();
        let state = fields.state()?;
        let angle = fields.number("angle", servo.min_angle(), servo.max_angle())?;
        let time = fields.seconds("for")?;
        fields.finish("\"state\", \"angle\", in degrees, and \"for\", in seconds")?;
        if state.is_none() && angle.is_none() {
            return Err(Refusal::because("a command without \"angle\": send an angle in degrees, or OFF"));
        }
        let before = self.servo.state();
        let angle = angle.or(before.angle);
        let is_on = state.is_none_or(|state| state.of(before.is_on));
        if angle.is_none() && (is_on || time.is_some()) {
            return Err(Refusal::because("the servo has had no angle yet: send an angle in degrees"));
        }
        Ok(self.servo.set_for(Pose { is_on, angle }, time, Pose { is_on: !is_on, angle })?)
    }

    fn make_safe(&self) -> Result<()> {
        match self.is_let_go_when_safe {
            true => self.servo.set(Pose { is_on: false, ..self.servo.state() }),
            false => Ok(()),
        }
    }

    fn finish(&self) -> Result<Option<Map<String, Value>>> {
        // Nobody makes pulses after the end.
        self.servo.finish(|pose| Some(Pose { is_on: false, ..*pose }))?;
        self.state()
    }

    fn close(&self) -> Result<()> {
        self.servo.close()
    }
}
