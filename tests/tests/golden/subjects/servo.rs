//! Servos by value and by angle.

use pinzero::{AngularServo, Follower, Gpio, Result, Servo, SetValue, Source};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, number, reply};

/// Returns a number, or `None` for `null`.
fn optional(json: &Json) -> Option<f64> {
    (!json.is_null()).then(|| number(json))
}

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = Servo::builder(args.pin("pin"))
        .min_pulse_width(args.seconds("min_pulse_width", 0.001)?)
        .max_pulse_width(args.seconds("max_pulse_width", 0.002)?)
        .frame_width(args.seconds("frame_width", 0.02)?);
    if let Some(value) = args.get("initial_value") {
        builder = builder.initial_value(optional(value));
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

pub(crate) fn open_angular(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = AngularServo::builder(args.pin("pin"))
        .min_angle(args.number("min_angle").unwrap_or(-90.0))
        .max_angle(args.number("max_angle").unwrap_or(90.0));
    if let Some(angle) = args.get("initial_angle") {
        builder = builder.initial_angle(optional(angle));
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

impl Subject for Servo {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => self.value().map(|value| json!(value)),
            Get("is_active") => reply(self.is_active()),
            Get("pulse_width") => {
                self.pulse_width().map(|width| json!(width.map(|width| width.as_secs_f64())))
            }
            Get("min_pulse_width") => Ok(json!(self.min_pulse_width().as_secs_f64())),
            Get("max_pulse_width") => Ok(json!(self.max_pulse_width().as_secs_f64())),
            Get("frame_width") => Ok(json!(self.frame_width().as_secs_f64())),
            Set("value", value) => reply(self.set_value(optional(value))),
            Set("pulse_width", width) => {
                reply(self.set_pulse_width(std::time::Duration::from_secs_f64(number(width))))
            }
            Call("min", _) => reply(self.min()),
            Call("mid", _) => reply(self.mid()),
            Call("max", _) => reply(self.max()),
            Call("detach", _) => reply(self.detach()),
            other => device(self, other),
        }
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| optional(&value)))
    }
}

impl Subject for AngularServo {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("angle") => self.angle().map(|angle| json!(angle)),
            Get("min_angle") => Ok(json!(self.min_angle())),
            Get("max_angle") => Ok(json!(self.max_angle())),
            Set("angle", angle) => reply(self.set_angle(optional(angle))),
            // All else is a servo's.
            other => (**self).apply(other),
        }
    }
}
