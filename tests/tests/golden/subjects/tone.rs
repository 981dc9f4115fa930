use pinzero::{Error, ErrorKind, Gpio, Result, Tone};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get};
use crate::subject::{Args, Step, Subject};

/// A tone is no device, but has the same kind of scenario.
pub(crate) fn open(_: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let note = args.get("value").or(args.get("note")).and_then(Json::as_str);
    let tone = match (note, args.number("midi"), args.number("frequency")) {
        (Some(note), _, _) => note.parse(),
        (_, Some(number), _) => Tone::midi(number as u8),
        (_, _, hertz) => Tone::hertz(hertz.unwrap()),
    };
    Ok(Box::new(tone?))
}

impl Subject for Tone {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        let semitones = |args: &Args| args.number("n").unwrap_or(1.0) as u32;
        match step {
            Get("frequency") => Ok(json!(self.frequency())),
            Get("midi") => match self.to_midi() {
                Some(number) => Ok(json!(number)),
                None => Err(Error::new(ErrorKind::InvalidValue, "no number")),
            },
            Get("note") => Ok(json!(self.to_string())),
            Call("up", args) => Ok(json!(self.up(semitones(args)).frequency())),
            Call("down", args) => Ok(json!(self.down(semitones(args)).frequency())),
            _ => panic!("a tone has no such item"),
        }
    }
}
