use pinzero::{Gpio, LightSensor, Result, SmoothedInputDevice};
use serde_json::Value as Json;

use super::smoothed::averaged;
use crate::subject::Step::{Call, Get, On};
use crate::subject::{Args, Step, Subject, on, reply, wait};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = averaged(LightSensor::builder(args.pin("pin")), args);
    if args.get("charge_time_limit").is_some() {
        builder = builder.charge_time_limit(args.seconds("charge_time_limit", 0.0)?);
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

impl Subject for LightSensor {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("light_detected") => reply(self.light_detected()),
            Get("charge_time_limit") => reply(Ok(self.charge_time_limit())),
            Call("wait_for_light", args) => {
                wait(args, || self.wait_for_light(), |timeout| self.wait_for_light_timeout(timeout))
            }
            Call("wait_for_dark", args) => {
                wait(args, || self.wait_for_dark(), |timeout| self.wait_for_dark_timeout(timeout))
            }
            On("when_light", mut action) => on(self.when_light(move |_| action())),
            On("when_dark", mut action) => on(self.when_dark(move |_| action())),
            other => SmoothedInputDevice::apply(self, other),
        }
    }
}
