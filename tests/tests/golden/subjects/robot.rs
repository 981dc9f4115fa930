use pinzero::{AnyMotor, Curve, Error, ErrorKind, Follower, Gpio, Result, Robot, SetValue, Source, Value};
use serde_json::{Value as Json, json};

use super::motor;
use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, number, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let motor = |side: &str| -> Result<AnyMotor> {
        let [class, args] = &args.get(side).and_then(Json::as_array).unwrap()[..] else { panic!("{side}") };
        let args = Args(args.as_object().unwrap().clone());
        Ok(match class.as_str() {
            Some("Motor") => motor::builder(&args).gpio(gpio).open()?.into(),
            _ => motor::phase_enable_builder(&args).gpio(gpio).open()?.into(),
        })
    };
    Ok(Box::new(Robot::from_motors(motor("left")?, motor("right")?)?))
}

/// Returns the curve. Both curves at once, which our types cannot say, are an error of their own here.
fn curve(args: &Args) -> Result<Curve> {
    match ["curve_left", "curve_right"].map(|name| args.number(name).unwrap_or(0.0)) {
        [left, 0.0] => Ok(Curve::Left(left)),
        [0.0, right] => Ok(Curve::Right(right)),
        _ => Err(Error::new(ErrorKind::InvalidValue, "two curves at once")),
    }
}

impl Subject for Robot {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        let speed = |args: &Args| args.number("speed").unwrap_or(1.0);
        match step {
            Get("value") => self.value().map(|(left, right)| json!([left, right])),
            Get("is_active") => reply(self.is_active()),
            Set("value", value) => reply(self.set_value((number(&value[0]), number(&value[1])))),
            Call("forward", args) => reply(self.forward_curve(speed(args), curve(args)?)),
            Call("backward", args) => reply(self.backward_curve(speed(args), curve(args)?)),
            Call("left", args) => reply(self.left(speed(args))),
            Call("right", args) => reply(self.right(speed(args))),
            Call("reverse", _) => reply(self.reverse()),
            Call("stop", _) => reply(self.stop()),
            other => device(self, other),
        }
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        Box::new(if name == "left_motor" { self.left_motor().clone() } else { self.right_motor().clone() })
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| (number(&value[0]), number(&value[1]))))
    }
}

impl Subject for AnyMotor {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match self {
            AnyMotor::Bridge(motor) => motor.apply(step),
            AnyMotor::PhaseEnable(motor) => motor.apply(step),
        }
    }
}
