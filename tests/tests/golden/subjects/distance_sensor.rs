use pinzero::{DistanceSensor, Gpio, Result, SmoothedInputDevice};
use serde_json::Value as Json;

use super::smoothed::averaged;
use crate::subject::Step::{Call, Get, On, Set};
use crate::subject::{Args, Step, Subject, number, on, reply, wait};

/// gpiozero's speed of sound is 343.26 m/s: this is its temperature.
const TEMPERATURE: f64 = (343.26 / 331.3 * (343.26 / 331.3) - 1.0) * 273.15;

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = averaged(DistanceSensor::builder(args.pin("echo"), args.pin("trigger")), args);
    if let Some(metres) = args.number("max_distance") {
        builder = builder.max_distance(metres);
    }
    if let Some(metres) = args.number("threshold_distance") {
        builder = builder.threshold_distance(metres);
    }
    Ok(Box::new(builder.temperature(TEMPERATURE).gpio(gpio).open()?))
}

impl Subject for DistanceSensor {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("distance") => reply(self.distance()),
            Get("in_range") => reply(self.in_range()),
            Get("max_distance") => Ok(self.max_distance().into()),
            Get("threshold_distance") => reply(self.threshold_distance()),
            Set("max_distance", metres) => reply(self.set_max_distance(number(metres))),
            Set("threshold_distance", metres) => reply(self.set_threshold_distance(number(metres))),
            Call("wait_for_in_range", args) => {
                wait(args, || self.wait_for_in_range(), |timeout| self.wait_for_in_range_timeout(timeout))
            }
            Call("wait_for_out_of_range", args) => wait(
                args,
                || self.wait_for_out_of_range(),
                |timeout| self.wait_for_out_of_range_timeout(timeout),
            ),
            On("when_in_range", mut action) => on(self.when_in_range(move |_| action())),
            On("when_out_of_range", mut action) => on(self.when_out_of_range(move |_| action())),
            other => SmoothedInputDevice::apply(self, other),
        }
    }
}
