//! The two kinds of motors: they have the same words.

use pinzero::options::{Bridge, PhaseEnable};
use pinzero::{Builder, Follower, Gpio, Motor, PhaseEnableMotor, Result, SetValue, Source, Value};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, number, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(builder(args).gpio(gpio).open()?))
}

pub(crate) fn open_phase_enable(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(phase_enable_builder(args).gpio(gpio).open()?))
}

pub(crate) fn builder(args: &Args) -> Builder<Motor, Bridge> {
    let builder = Motor::builder(args.pin("forward"), args.pin("backward"));
    let builder = builder.pwm(args.flag("pwm").unwrap_or(true));
    if args.get("enable").is_some() { builder.enable(args.pin("enable")) } else { builder }
}

pub(crate) fn phase_enable_builder(args: &Args) -> Builder<PhaseEnableMotor, PhaseEnable> {
    let builder = PhaseEnableMotor::builder(args.pin("phase"), args.pin("enable"));
    builder.pwm(args.flag("pwm").unwrap_or(true))
}

/// Returns the speed of `forward` and `backward`, which gpiozero lets out for full speed.
fn speed(args: &Args) -> f64 {
    args.number("speed").unwrap_or(1.0)
}

impl Subject for Motor {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Set("value", value) => reply(self.set_value(number(value))),
            Call("forward", args) => reply(self.forward(speed(args))),
            Call("backward", args) => reply(self.backward(speed(args))),
            Call("reverse", _) => reply(self.reverse()),
            Call("stop", _) => reply(self.stop()),
            other => device(self, other),
        }
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| number(&value)))
    }
}

impl Subject for PhaseEnableMotor {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Set("value", value) => reply(self.set_value(number(value))),
            Call("forward", args) => reply(self.forward(speed(args))),
            Call("backward", args) => reply(self.backward(speed(args))),
            Call("reverse", _) => reply(self.reverse()),
            Call("stop", _) => reply(self.stop()),
            other => device(self, other),
        }
    }
}
