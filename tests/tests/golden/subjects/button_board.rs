use pinzero::{ButtonBoard, Gpio, PinSpec, Result};
use serde_json::{Value as Json, json};

use super::digital_input::options;
use crate::subject::Step::{Call, Get, On};
use crate::subject::{Args, Step, Subject, device, on, pin, reply, wait};

/// The arguments that are no names of buttons.
const OPTIONS: [&str; 7] =
    ["pins", "pull_up", "active_state", "bounce_time", "hold_time", "hold_repeat", "_order"];

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let pins = args.get("pins").and_then(Json::as_array);
    let mut builder = ButtonBoard::builder(pins.into_iter().flatten().map(pin).collect::<Vec<PinSpec>>());
    for name in args.names(&OPTIONS) {
        builder = builder.button(name, args.pin(name));
    }
    let hold_time = args.seconds("hold_time", 1.0)?;
    builder = options(builder, args)?.hold_time(hold_time);
    if args.flag("hold_repeat") == Some(true) {
        builder = builder.hold_repeat(hold_time);
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

impl Subject for ButtonBoard {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => self.value().map(|pressed| json!(pressed)),
            Get("is_pressed") => reply(self.is_pressed()),
            Get("is_held") => reply(self.is_held()),
            Get("pressed_time") => reply(Ok(self.pressed_time())),
            Call("wait_for_press", args) => {
                wait(args, || self.wait_for_press(), |timeout| self.wait_for_press_timeout(timeout))
            }
            Call("wait_for_release", args) => {
                wait(args, || self.wait_for_release(), |timeout| self.wait_for_release_timeout(timeout))
            }
            On("when_pressed", mut action) => on(self.when_pressed(move |_| action())),
            On("when_released", mut action) => on(self.when_released(move |_| action())),
            On("when_changed", mut action) => on(self.when_changed(move |_| action())),
            On("when_held", mut action) => on(self.when_held(move |_| action())),
            other => device(self, other),
        }
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        Box::new(ButtonBoard::member(self, name).unwrap().clone())
    }
}
