use pinzero::{Buzzer, DigitalOutputDevice, Gpio, Result};
use serde_json::Value as Json;

use super::digital_output::options;
use crate::subject::Step::Call;
use crate::subject::{Args, Step, Subject, animation, blink};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(Buzzer::builder(args.pin("pin")), args).gpio(gpio).open()?))
}

impl Subject for Buzzer {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Call("beep", args) => animation(self.beep_with(blink(args)?), args),
            other => DigitalOutputDevice::apply(self, other),
        }
    }
}
