//! The two kinds of motors: they have the same words.

use pinzero::{Gpio, Motor, PhaseEnableMotor, Result};
use serde_json::Value as Json;

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, number, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = Motor::builder(args.pin("forward"), args.pin("backward"));
    builder = builder.pwm(args.flag("pwm").unwrap_or(true));
    if args.get("enable").is_some() {
        builder = builder.enable(args.pin("enable"));
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

pub(crate) fn open_phase_enable(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let builder = PhaseEnableMotor::builder(args.pin("phase"), args.pin("enable"));
    Ok(Box::new(builder.pwm(args.flag("pwm").unwrap_or(true)).gpio(gpio).open()?))
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
