use pinzero::{Gpio, Result, TonalBuzzer, Tone};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, number, reply};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = TonalBuzzer::builder(args.pin("pin"));
    if let Some(value) = args.number("initial_value") {
        builder = builder.initial_value(value);
    }
    if let Some(note) = args.get("mid_tone").and_then(Json::as_str) {
        builder = builder.mid_tone(note.parse()?);
    }
    if let Some(octaves) = args.number("octaves") {
        builder = builder.octaves(octaves as u32);
    }
    Ok(Box::new(builder.gpio(gpio).open()?))
}

impl Subject for TonalBuzzer {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Get("tone") => self.tone().map(|tone| json!(tone.map(Tone::frequency))),
            Get("min_tone") => Ok(json!(self.min_tone().frequency())),
            Get("mid_tone") => Ok(json!(self.mid_tone().frequency())),
            Get("max_tone") => Ok(json!(self.max_tone().frequency())),
            Get("octaves") => Ok(json!(self.octaves())),
            Set("value", Json::Null) => reply(self.set_value(None)),
            Set("value", value) => reply(self.set_value(number(value))),
            Call("play", args) => match args.get("tone").and_then(Json::as_str) {
                Some(note) => reply(self.play(note)),
                None => reply(self.stop()),
            },
            Call("stop", _) => reply(self.stop()),
            other => device(self, other),
        }
    }
}
