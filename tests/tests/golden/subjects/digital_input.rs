use pinzero::options::Pulled;
use pinzero::{Builder, DigitalInputDevice, Gpio, Result, Source, Value};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, On};
use crate::subject::{Args, Step, Subject, device, on, reply, truth, wait};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let builder = options(DigitalInputDevice::builder(args.pin("pin")), args)?;
    Ok(Box::new(builder.gpio(gpio).open()?))
}

/// Gives a builder gpiozero's arguments.
pub(crate) fn options<D: pinzero::Open<O>, O: AsMut<Pulled>>(
    builder: Builder<D, O>,
    args: &Args,
) -> Result<Builder<D, O>> {
    Ok(pulls(builder, args).bounce_time(args.seconds("bounce_time", 0.0)?))
}

/// Gives a builder gpiozero's arguments for the pull.
pub(crate) fn pulls<D: pinzero::Open<O>, O: AsMut<Pulled>>(
    mut builder: Builder<D, O>,
    args: &Args,
) -> Builder<D, O> {
    match args.get("pull_up") {
        Some(Json::Null) => builder = builder.pull_up(None),
        Some(value) => builder = builder.pull_up(truth(value)),
        None => {}
    }
    if let Some(high) = args.flag("active_state") {
        builder = builder.active_state(high);
    }
    builder
}

impl Subject for DigitalInputDevice {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Get("active_time") => reply(Ok(self.active_time())),
            Get("inactive_time") => reply(Ok(self.inactive_time())),
            Call("wait_for_active", args) => {
                wait(args, || self.wait_for_active(), |timeout| self.wait_for_active_timeout(timeout))
            }
            Call("wait_for_inactive", args) => {
                wait(args, || self.wait_for_inactive(), |timeout| self.wait_for_inactive_timeout(timeout))
            }
            On("when_activated", mut action) => on(self.when_activated(move |_| action())),
            On("when_deactivated", mut action) => on(self.when_deactivated(move |_| action())),
            other => device(self, other),
        }
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }
}
