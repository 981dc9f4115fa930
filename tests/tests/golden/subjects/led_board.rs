//! Boards of LEDs. gpiozero's `LEDCollection`, too, is a board here.

use pinzero::options::Lights;
use pinzero::{
    BoardValue, Builder, Follower, Gpio, LedBoard, Member, PinSpec, Result, SetValue, Source, TrafficLights,
    Value,
};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, animation, blink, device, number, pin, pulse, reply};

/// The arguments that are no names of LEDs.
const OPTIONS: [&str; 5] = ["pins", "pwm", "active_high", "initial_value", "_order"];

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(builder(args).gpio(gpio).open()?))
}

pub(crate) fn open_traffic_lights(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(traffic_lights(args).gpio(gpio).open()?))
}

pub(crate) fn traffic_lights(args: &Args) -> Builder<TrafficLights, Lights> {
    let amber = if args.get("yellow").is_some() { "yellow" } else { "amber" };
    options(TrafficLights::builder(args.pin("red"), args.pin(amber), args.pin("green")), args)
}

fn builder(args: &Args) -> Builder<LedBoard, Lights> {
    let mut builder = LedBoard::builder(Vec::<PinSpec>::new());
    for member in args.get("pins").and_then(Json::as_array).into_iter().flatten() {
        builder = add(builder, None, member);
    }
    for name in args.names(&OPTIONS) {
        builder = add(builder, Some(name), &args.0[name]);
    }
    options(builder, args)
}

/// Adds a LED or a nested board.
fn add(builder: Builder<LedBoard, Lights>, name: Option<&str>, member: &Json) -> Builder<LedBoard, Lights> {
    match member.as_array() {
        Some(nested) => builder.board(name, self::builder(&Args(nested[1].as_object().unwrap().clone()))),
        None => builder.led(name, pin(member)),
    }
}

fn options<D: pinzero::Open<Lights>>(builder: Builder<D, Lights>, args: &Args) -> Builder<D, Lights> {
    builder
        .pwm(args.flag("pwm").unwrap_or(false))
        .active_high(args.flag("active_high").unwrap_or(true))
        .initial_value(args.number("initial_value").unwrap_or(0.0))
}

/// Returns a value in the shape of its board.
pub(crate) fn shape(value: &BoardValue) -> Json {
    match value {
        BoardValue::Number(value) => json!(value),
        BoardValue::List(values) => values.iter().map(shape).collect(),
    }
}

pub(crate) fn value(json: &Json) -> BoardValue {
    json.as_array().map_or_else(|| number(json).into(), |values| values.iter().map(value).collect())
}

/// Returns the members that a call selects, or all.
fn selected(board: &LedBoard, args: &Args) -> Result<LedBoard> {
    let Some(indices) = args.get("args").and_then(Json::as_array) else { return Ok(board.clone()) };
    board.select(indices.iter().map(|index| index.as_i64().unwrap() as i32))
}

impl Subject for LedBoard {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => self.value().map(|value| shape(&value)),
            Get("is_lit") => reply(self.is_lit()),
            Set("value", value) => reply(self.set_value(self::value(value))),
            Call("on", args) => reply(selected(self, args)?.on()),
            Call("off", args) => reply(selected(self, args)?.off()),
            Call("toggle", args) => reply(selected(self, args)?.toggle()),
            Call("blink", args) => animation(self.blink_with(blink(args)?), args),
            Call("pulse", args) => animation(self.blink_with(pulse(args)?), args),
            other => device(self, other),
        }
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        match LedBoard::member(self, name).unwrap() {
            Member::Light(light) => Box::new(light.clone()),
            Member::Board(board) => Box::new(board.clone()),
        }
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| shape(&value))
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| self::value(&value)))
    }
}

impl Subject for TrafficLights {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        LedBoard::apply(self, step)
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        Box::new(match name {
            "red" => self.red.clone(),
            "amber" => self.amber.clone(),
            "yellow" => self.yellow().clone(),
            "green" => self.green.clone(),
            other => panic!("no member {other}"),
        })
    }
}
