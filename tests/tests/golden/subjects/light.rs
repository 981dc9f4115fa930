//! The LEDs of boards.

use pinzero::{Light, Result};
use serde_json::Value as Json;

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Step, Subject, animation, blink, device, number, pulse, reply};

impl Subject for Light {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_lit") => reply(self.is_lit()),
            Set("value", value) => reply(self.set_value(number(value))),
            Call("on", _) => reply(self.on()),
            Call("off", _) => reply(self.off()),
            Call("toggle", _) => reply(self.toggle()),
            Call("blink", args) => animation(self.blink_with(blink(args)?), args),
            Call("pulse", args) => animation(self.blink_with(pulse(args)?), args),
            other => device(self, other),
        }
    }
}
