use pinzero::{Follower, Gpio, PwmLed, PwmOutputDevice, Result, SetValue, Source, Value};
use serde_json::{Value as Json, json};

use super::pwm_output::options;
use crate::subject::Step::Get;
use crate::subject::{Args, Step, Subject, number, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(PwmLed::builder(args.pin("pin")), args).gpio(gpio).open()?))
}

impl Subject for PwmLed {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("is_lit") => reply(self.is_lit()),
            other => PwmOutputDevice::apply(self, other),
        }
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| number(&value)))
    }
}
