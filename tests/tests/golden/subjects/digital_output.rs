use pinzero::{Builder, DigitalOutputDevice, Gpio, Result, options::Digital};
use serde_json::Value as Json;

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, animation, blink, device, reply, truth};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(DigitalOutputDevice::builder(args.pin("pin")), args).gpio(gpio).open()?))
}

/// Gives a builder gpiozero's arguments.
pub(crate) fn options<D: pinzero::Open<Digital>>(
    builder: Builder<D, Digital>,
    args: &Args,
) -> Builder<D, Digital> {
    let builder = builder.active_high(args.flag("active_high").unwrap_or(true));
    match args.get("initial_value") {
        Some(Json::Null) => builder.initial_value(None),
        Some(value) => builder.initial_value(truth(value)),
        None => builder,
    }
}

impl Subject for DigitalOutputDevice {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Set("value", on) => reply(self.set_value(truth(on))),
            Call("on", _) => reply(self.on()),
            Call("off", _) => reply(self.off()),
            Call("toggle", _) => reply(self.toggle()),
            Call("blink", args) => animation(self.blink_with(blink(args)?), args),
            other => device(self, other),
        }
    }
}
