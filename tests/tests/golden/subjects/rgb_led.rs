use pinzero::{Color, Gpio, Result, RgbLed};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, animation, blink, device, number, pulse, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = RgbLed::builder(args.pin("red"), args.pin("green"), args.pin("blue"));
    if let Some(active_high) = args.flag("active_high") {
        builder = builder.active_high(active_high);
    }
    if let Some(color) = args.get("initial_value") {
        builder = builder.initial_value(self::color(color));
    }
    if let Some(pwm) = args.flag("pwm") {
        builder = builder.pwm(pwm);
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

fn color(json: &Json) -> Color {
    [0, 1, 2].map(|index| number(&json[index])).into()
}

/// The two colours of a blink, with gpiozero's defaults.
fn colors(args: &Args) -> [Color; 2] {
    let named = |name, default| args.get(name).map_or(Color::from([default; 3]), color);
    [named("on_color", 1.0), named("off_color", 0.0)]
}

impl Subject for RgbLed {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => self.value().map(|color| json!(<[f64; 3]>::from(color))),
            Get("is_lit") => reply(self.is_lit()),
            Get("red") => reply(self.red()),
            Get("green") => reply(self.green()),
            Get("blue") => reply(self.blue()),
            Set("value", value) => reply(self.set_value(color(value))),
            Set("red", value) => reply(self.set_red(number(value))),
            Set("green", value) => reply(self.set_green(number(value))),
            Set("blue", value) => reply(self.set_blue(number(value))),
            Call("on", _) => reply(self.on()),
            Call("off", _) => reply(self.off()),
            Call("toggle", _) => reply(self.toggle()),
            Call("blink", args) => {
                let [on, off] = colors(args);
                animation(self.blink_between(on, off, blink(args)?), args)
            }
            Call("pulse", args) => {
                let [on, off] = colors(args);
                animation(self.blink_between(on, off, pulse(args)?), args)
            }
            other => device(self, other),
        }
    }
}
