//! Displays of one character and of several.

use pinzero::options::Segments;
use pinzero::{
    Builder, CharFont, Follower, Gpio, LedCharDisplay, LedMultiCharDisplay, Open, PinSpec, Result, SetValue,
    Source,
};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, number, pin, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let builder = LedCharDisplay::builder(pins(args))
        .pwm(args.flag("pwm").unwrap_or(false))
        .active_high(args.flag("active_high").unwrap_or(true));
    Ok(Box::new(segments(builder, args)?.gpio(gpio).open()?))
}

pub(crate) fn open_multi(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let char = Args(args.get("char").unwrap()[1].as_object().unwrap().clone());
    let mut builder = LedMultiCharDisplay::builder(pins(&char), pins(args))
        .segments_active_high(char.flag("active_high").unwrap_or(true))
        .digits_active_high(args.flag("active_high").unwrap_or(true));
    if let Some(text) = args.get("initial_value") {
        builder = builder.initial_value(self::text(text));
    }
    Ok(Box::new(segments(builder, &char)?.gpio(gpio).open()?))
}

fn pins(args: &Args) -> Vec<PinSpec> {
    args.get("pins").and_then(Json::as_array).unwrap().iter().map(pin).collect()
}

/// Gives a builder gpiozero's arguments for the segments.
fn segments<D: Open<O>, O: AsMut<Segments>>(
    mut builder: Builder<D, O>,
    args: &Args,
) -> Result<Builder<D, O>> {
    if args.get("dp").is_some() {
        builder = builder.dp(args.pin("dp"));
    }
    if let Some(font) = args.get("font") {
        builder = builder.font(self::font(font)?);
    }
    if let Some(text) = args.get("initial_value") {
        builder = builder.initial_value(self::text(text));
    }
    Ok(builder)
}

fn font(json: &Json) -> Result<CharFont> {
    let pattern = |pins: &Json| pins.as_array().unwrap().iter().map(Json::to_string).collect::<String>();
    let glyphs = json.as_object().unwrap().iter();
    CharFont::new(glyphs.map(|(name, pins)| (name.chars().next().unwrap(), pattern(pins))))
}

/// Returns a text, or the characters of a list as one.
fn text(json: &Json) -> String {
    match json.as_array() {
        Some(list) => list.iter().filter_map(Json::as_str).collect(),
        None => json.as_str().unwrap().to_owned(),
    }
}

impl Subject for LedCharDisplay {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => self.value().map(|value| json!(value)),
            Get("is_lit") => reply(self.is_lit()),
            Set("value", value) => reply(self.set_value(text(value))),
            Set("font", font) => reply(self.set_font(self::font(font)?)),
            Call("on", _) => reply(self.on()),
            Call("off", _) => reply(self.off()),
            Call("toggle", _) => reply(self.toggle()),
            other => device(self, other),
        }
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        Box::new(match name {
            "dp" => self.dp().unwrap().clone(),
            letter => self.lights()[usize::from(letter.as_bytes()[0] - b'a')].clone(),
        })
    }

    fn follow(&self, source: Source<Json>) -> Result<Follower> {
        SetValue::follow(self, source.map(|value| text(&value)))
    }
}

impl Subject for LedMultiCharDisplay {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => self.value().map(|text| {
                // A point belongs to the character before.
                let mut all: Vec<String> = Vec::new();
                for letter in text.chars() {
                    match all.last_mut() {
                        Some(last) if letter == '.' => last.push(letter),
                        _ => all.push(letter.to_string()),
                    }
                }
                json!(all)
            }),
            Get("plex_delay") => reply(self.plex_delay()),
            Set("value", value) => reply(self.set_value(text(value))),
            Set("plex_delay", seconds) => {
                reply(self.set_plex_delay(crate::subject::seconds(number(seconds))?))
            }
            other => device(self, other),
        }
    }
}
