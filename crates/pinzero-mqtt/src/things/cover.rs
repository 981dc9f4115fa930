//! [`Cover`]: a servo as a cover: a blind, a valve, a flap.

use pinzero::{AngularServo, Result};
use pinzero_circuit::{Appearance, Resting};
use serde_json::{Map, Value};

use super::servo::Pose;
use super::timed::Timed;
use super::{Opening, Thing, rest};
use crate::entity::Entity;
use crate::payload::Command;
use crate::refusal::Refusal;

/// The position of an open cover.
const OPEN: f64 = 100.0;

/// The position of a closed cover.
const CLOSED: f64 = 0.0;

/// A servo as a cover: closed at the smallest angle, open at the largest.
#[derive(Debug)]
pub(crate) struct Cover {
    servo: Timed<AngularServo>,
    safe: Option<bool>,
}

impl Cover {
    /// Wraps a servo, and moves it to the first position that the file names, if any.
    pub(crate) fn new(servo: AngularServo, opening: &Opening<'_>) -> Result<Self> {
        let servo = Timed::new(servo, Pose { is_on: false, angle: None }, close, opening)?;
        let cover = Cover { servo, safe: rest::safe(opening) };
        if let Some(is_open) = opening.appearance.initial.and_then(Resting::is_on) {
            cover.servo.set(cover.pose(position(is_open)))?;
        }
        Ok(cover)
    }

    /// Returns the servo's pose for a position from 0, closed, to 100, open.
    fn pose(&self, position: f64) -> Pose {
        pose(self.servo.device(), position)
    }

    /// Returns the position; `None` without pulses.
    fn position(&self) -> Option<f64> {
        let (servo, pose) = (self.servo.device(), self.servo.state());
        let (least, most) = (servo.min_angle(), servo.max_angle());
        let angle = pose.angle.filter(|_| pose.is_on)?;
        Some(((angle - least) / (most - least) * 100.0).round())
    }
}

/// Returns the position of a cover that is open, or closed.
fn position(is_open: bool) -> f64 {
    if is_open { OPEN } else { CLOSED }
}

/// Returns a servo's pose for a position from 0, closed, to 100, open.
fn pose(servo: &AngularServo, position: f64) -> Pose {
    let (least, most) = (servo.min_angle(), servo.max_angle());
    Pose { is_on: true, angle: Some(least + (most - least) * position / OPEN) }
}

/// Returns the pose that closes a cover; `None` for one that is closed, or has never moved. One that was let go may be open.
fn close(servo: &AngularServo, now: &Pose) -> Option<Pose> {
    let closed = pose(servo, CLOSED);
    (now.angle.is_some() && (now.angle != closed.angle)).then_some(closed)
}

impl Thing for Cover {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        let entity = Entity::main("cover")
            .with("value_template", "{{ value_json.state }}")
            // Nothing at all stands for a position that nobody knows.
            .with("position_template", "{{ value_json.position if value_json.position is not none }}")
            .with("set_position_template", "{\"position\": {{ position }}}");
        vec![entity.with_class(appearance.class.as_deref())]
    }

    fn state(&self) -> Result<Option<Map<String, Value>>> {
        let position = self.position();
        let state = match position {
            // Never moved, or let go.
            None => self.servo.state().angle.map(|_| "stopped"),
            Some(0.0) => Some("closed"),
            Some(_) => Some("open"),
        };
        Ok(Some(Map::from_iter([
            ("state".to_owned(), state.into()),
            ("position".to_owned(), position.map(|position| position as u8).into()),
        ])))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("state", "position");
        let state = fields.text("state")?.map(|state| state.to_ascii_uppercase());
        let position = fields.number("position", 0.0, 100.0)?;
        let time = fields.seconds("for")?;
        fields.finish("\"state\", \"position\", from 0 to 100, and \"for\", in seconds")?;
        let is_open = self.position().is_some_and(|position| position > CLOSED);
        let position = match (state.as_deref(), position) {
            (None, Some(position)) => position,
            (Some("OPEN" | "ON"), None) => OPEN,
            (Some("CLOSE" | "OFF"), None) => CLOSED,
            (Some("TOGGLE"), None) => self::position(!is_open),
            // The servo lets go where it is.
            (Some("STOP"), None) if time.is_none() => {
                return Ok(self.servo.set(Pose { is_on: false, ..self.servo.state() })?);
            }
            _ => {
                let message = "send a \"position\", or as \"state\" one of OPEN, CLOSE, STOP or TOGGLE";
                return Err(Refusal::because(message));
            }
        };
        let then = self::position(position <= CLOSED);
        Ok(self.servo.set_for(self.pose(position), time, self.pose(then))?)
    }

    fn make_safe(&self) -> Result<()> {
        self.safe.map_or(Ok(()), |is_open| self.servo.set(self.pose(position(is_open))))
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
