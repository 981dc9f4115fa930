use pinzero::{Button, DigitalInputDevice, Gpio, Result, Source, Value};
use serde_json::{Value as Json, json};

use super::digital_input::options;
use crate::subject::Step::{Call, Get, On};
use crate::subject::{Args, Step, Subject, on, reply, wait};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = options(Button::builder(args.pin("pin")), args)?;
    let hold_time = args.seconds("hold_time", 1.0)?;
    builder = builder.hold_time(hold_time);
    if args.flag("hold_repeat") == Some(true) {
        builder = builder.hold_repeat(hold_time);
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

impl Subject for Button {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("is_pressed") => reply(self.is_pressed()),
            Get("is_held") => Ok(self.is_held().into()),
            Get("held_time") => reply(Ok(self.held_time())),
            Get("pressed_time") => reply(Ok(self.pressed_time())),
            Call("wait_for_press", args) => {
                wait(args, || self.wait_for_press(), |timeout| self.wait_for_press_timeout(timeout))
            }
            Call("wait_for_release", args) => {
                wait(args, || self.wait_for_release(), |timeout| self.wait_for_release_timeout(timeout))
            }
            On("when_pressed", mut action) => on(self.when_pressed(move |_| action())),
            On("when_released", mut action) => on(self.when_released(move |_| action())),
            On("when_held", mut action) => on(self.when_held(move |_| action())),
            other => DigitalInputDevice::apply(self, other),
        }
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }
}
