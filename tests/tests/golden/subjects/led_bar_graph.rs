use pinzero::{Follower, Gpio, LedBarGraph, Result, SetValue, Source, Value};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, number, pin, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let pins = args.get("pins").and_then(Json::as_array).unwrap().iter().map(pin);
    let builder = LedBarGraph::builder(pins)
        .pwm(args.flag("pwm").unwrap_or(false))
        .active_high(args.flag("active_high").unwrap_or(true))
        .initial_value(args.number("initial_value").unwrap_or(0.0));
    Ok(Box::new(builder.gpio(gpio).open()?))
}

impl Subject for LedBarGraph {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("lit_count") => reply(self.lit_count()),
            Get("is_lit") => reply(self.is_lit()),
            Set("value", value) => reply(self.set_value(number(value))),
            Set("lit_count", count) => reply(self.set_lit_count(number(count))),
            Call("on", _) => reply(self.on()),
            Call("off", _) => reply(self.off()),
            Call("toggle", _) => reply(self.toggle()),
            other => device(self, other),
        }
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        Box::new(self.lights()[name.parse::<usize>().unwrap()].clone())
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| number(&value)))
    }
}
