use pinzero::{Gpio, PwmLed, PwmOutputDevice, Result};
use serde_json::Value as Json;

use super::pwm_output::options;
use crate::subject::Step::Get;
use crate::subject::{Args, Step, Subject, reply};

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
}
