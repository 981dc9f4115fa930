use pinzero::{DigitalOutputDevice, Follower, Gpio, Led, Result, SetValue, Source, Value};
use serde_json::{Value as Json, json};

use super::digital_output::options;
use crate::subject::Step::Get;
use crate::subject::{Args, Step, Subject, reply, truth};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(Led::builder(args.pin("pin")), args).gpio(gpio).open()?))
}

impl Subject for Led {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("is_lit") => reply(self.is_lit()),
            other => DigitalOutputDevice::apply(self, other),
        }
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| truth(&value)))
    }
}
