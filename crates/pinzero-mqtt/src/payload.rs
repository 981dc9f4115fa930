//! Reads the payloads of commands: a word, a number, or a flat object of JSON.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The longest payload of a command, in bytes.
pub(crate) const LONGEST: usize = 4096;

/// The longest time in a command: 24 days, as long as a timer of 32 bits runs in other programs.
const LONGEST_TIME: f64 = 2_073_600.0;

/// A command, as its sender wrote it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// A text that is no number and no object, in capitals: `ON`, `OFF`, `TOGGLE`, `STOP`.
    Word(String),
    /// A number.
    Number(f64),
    /// An object of JSON.
    Fields(Fields),
}

/// The fields of an object, each to be taken once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fields(Map<String, Value>);

/// On, off, or the other of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switching {
    On,
    Off,
    Toggle,
}

impl Switching {
    /// Returns whether something is on after this that is on before, or not.
    pub(crate) fn of(self, is_on: bool) -> bool {
        match self {
            Switching::On => true,
            Switching::Off => false,
            Switching::Toggle => !is_on,
        }
    }
}

impl Command {
    /// Reads a payload.
    ///
    /// # Errors
    /// A payload that is empty, too long, no text, or none of the three.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        if payload.len() > LONGEST {
            return Err(Refusal::because(format!(
                "a command of {} bytes: send at most {LONGEST}",
                payload.len()
            )));
        }
        let text = std::str::from_utf8(payload)
            .map_err(|_| Refusal::because("a command that is no text: send UTF-8, such as ON"))?
            .trim();
        if text.is_empty() {
            return Err(Refusal::because("an empty command: send ON, a number, or an object of JSON"));
        }
        if text.starts_with('{') {
            let fields = serde_json::from_str(text)
                .map_err(|error| Refusal::because(format!("a command that is no JSON: {error}")))?;
            return Ok(Command::Fields(Fields(fields)));
        }
        if let Ok(number) = text.parse::<f64>() {
            return match number.is_finite() {
                true => Ok(Command::Number(number)),
                false => Err(Refusal::because(format!(
                    "{} is no number to send: send a finite one",
                    short(&text.into())
                ))),
            };
        }
        let word = text.trim_matches('"').to_ascii_uppercase();
        Ok(Command::Word(word))
    }

    /// Returns a number of milliseconds as a command to take a state for that time.
    ///
    /// # Errors
    /// A command that is no number of milliseconds.
    pub(crate) fn lasting(self, state: &str) -> Result<Self, Refusal> {
        match self {
            Command::Number(time) if time >= 0.0 => Ok(Command::Fields(Fields(Map::from_iter([
                ("state".to_owned(), state.into()),
                ("for".to_owned(), (time / 1000.0).into()),
            ])))),
            _ => Err(Refusal::because("a time that is no number of milliseconds: send 500")),
        }
    }

    /// Returns the command as fields: a word or a number becomes the field of this name.
    pub(crate) fn into_fields(self, word: &str, number: &str) -> Fields {
        let field = |name: &str, value: Value| Fields(Map::from_iter([(name.to_owned(), value)]));
        match self {
            Command::Word(text) => field(word, text.into()),
            Command::Number(value) => field(number, value.into()),
            Command::Fields(fields) => fields,
        }
    }
}

impl Fields {
    /// Takes a number out of the object, if the object has the field.
    ///
    /// # Errors
    /// A value that is no number from `least` to `most`.
    pub(crate) fn number(&mut self, name: &str, least: f64, most: f64) -> Result<Option<f64>, Refusal> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        match value.as_f64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Refusal::because(format!(
                "\"{name}\" is {}: send a number from {least} to {most}",
                short(&value)
            ))),
        }
    }

    /// Takes a text out of the object, if the object has the field.
    ///
    /// # Errors
    /// A value that is no text.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => {
                Err(Refusal::because(format!("\"{name}\" is {}: send a text in quotes", short(&value))))
            }
        }
    }

    /// Takes an object out of the object, if the object has the field.
    ///
    /// # Errors
    /// A value that is no object.
    pub(crate) fn fields(&mut self, name: &str) -> Result<Option<Fields>, Refusal> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Fields(fields))),
            Some(value) => {
                Err(Refusal::because(format!("\"{name}\" is {}: send an object of JSON", short(&value))))
            }
        }
    }

    /// Takes `"state"` out of the object: `"ON"`, `"OFF"` or `"TOGGLE"`, in any case; `true` and `false` too.
    ///
    /// # Errors
    /// Any other value.
    pub(crate) fn state(&mut self) -> Result<Option<Switching>, Refusal> {
        let Some(value) = self.0.remove("state") else { return Ok(None) };
        let word = match &value {
            Value::Bool(true) => "ON".to_owned(),
            Value::Bool(false) => "OFF".to_owned(),
            Value::String(word) => word.to_ascii_uppercase(),
            _ => String::new(),
        };
        match &*word {
            "ON" | "TRUE" => Ok(Some(Switching::On)),
            "OFF" | "FALSE" => Ok(Some(Switching::Off)),
            "TOGGLE" => Ok(Some(Switching::Toggle)),
            _ => Err(Refusal::because(format!(
                "\"state\" is {}: send \"ON\", \"OFF\" or \"TOGGLE\"",
                short(&value)
            ))),
        }
    }

    /// Takes a time in seconds out of the object, if the object has the field.
    ///
    /// # Errors
    /// A value that is no number of seconds from 0 to 24 days.
    pub(crate) fn seconds(&mut self, name: &str) -> Result<Option<Duration>, Refusal> {
        Ok(self.number(name, 0.0, LONGEST_TIME)?.map(Duration::from_secs_f64))
    }

    /// Checks that all fields have been taken; `known` names those that the device knows.
    ///
    /// # Errors
    /// A field that is left.
    pub(crate) fn finish(self, known: &str) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Refusal::because(format!(
                "there is no {}: possible are {known}",
                short(&name.as_str().into())
            ))),
        }
    }
}

/// Returns a value in JSON, cut to a length that fits into a message.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        None => text,
        Some((end, _)) => format!("{} …", &text[..end]),
    }
}
