use pinzero::{Gpio, Result, RotaryEncoder};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, On, Set};
use crate::subject::{Args, Step, Subject, device, number, on, reply, wait};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = RotaryEncoder::builder(args.pin("a"), args.pin("b"));
    if let Some(steps) = args.number("max_steps") {
        builder = builder.max_steps(steps as u32);
    }
    if let Some(thresholds) = args.get("threshold_steps") {
        builder = builder.threshold_steps(thresholds[0].as_i64().unwrap(), thresholds[1].as_i64().unwrap());
    }
    if let Some(wrap) = args.flag("wrap") {
        builder = builder.wrap(wrap);
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

impl Subject for RotaryEncoder {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("steps") => self.steps().map(|steps| json!(steps)),
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Set("steps", steps) => reply(self.set_steps(number(steps) as i64)),
            Set("value", value) => reply(self.set_value(number(value))),
            Call("wait_for_rotate", args) => {
                wait(args, || self.wait_for_rotate(), |timeout| self.wait_for_rotate_timeout(timeout))
            }
            Call("wait_for_rotate_clockwise", args) => wait(
                args,
                || self.wait_for_rotate_clockwise(),
                |timeout| self.wait_for_rotate_clockwise_timeout(timeout),
            ),
            On("when_rotated", mut action) => on(self.when_rotated(move |_| action())),
            On("when_rotated_clockwise", mut action) => on(self.when_rotated_clockwise(move |_| action())),
            On("when_rotated_counter_clockwise", mut action) => {
                on(self.when_rotated_counter_clockwise(move |_| action()))
            }
            On("when_activated", mut action) => on(self.when_activated(move |_| action())),
            On("when_deactivated", mut action) => on(self.when_deactivated(move |_| action())),
            other => device(self, other),
        }
    }
}
