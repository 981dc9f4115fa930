use pinzero::{Builder, Gpio, PwmOutputDevice, Result, options::Pulsed};
use serde_json::Value as Json;

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, animation, blink, device, number, pulse, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(PwmOutputDevice::builder(args.pin("pin")), args).gpio(gpio).open()?))
}

/// Gives a builder gpiozero's arguments.
pub(crate) fn options<D: pinzero::Open<Pulsed>>(
    builder: Builder<D, Pulsed>,
    args: &Args,
) -> Builder<D, Pulsed> {
    builder
        .active_high(args.flag("active_high").unwrap_or(true))
        .initial_value(args.number("initial_value").unwrap_or(0.0))
        .frequency(args.number("frequency").unwrap_or(100.0))
}

impl Subject for PwmOutputDevice {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Get("frequency") => Ok(self.frequency().into()),
            Set("value", value) => reply(self.set_value(number(value))),
            Set("frequency", hertz) => reply(self.set_frequency(number(hertz))),
            Call("on", _) => reply(self.on()),
            Call("off", _) => reply(self.off()),
            Call("toggle", _) => reply(self.toggle()),
            Call("blink", args) => animation(self.blink_with(blink(args)?), args),
            Call("pulse", args) => animation(self.blink_with(pulse(args)?), args),
            other => device(self, other),
        }
    }
}
