//! The parts of a circuit as things on a broker: one kind a file.

mod button;
mod buzzer;
mod contact;
mod counter;
mod cover;
mod display;
mod encoder;
mod inputs;
mod keypad;
mod lcd;
mod led;
mod light;
mod motor;
mod relay;
mod rest;
mod rgb_led;
mod sensor;
mod servo;
mod source;
mod timed;

use std::fmt;
use std::time::Duration;

use pinzero::Gpio;
use pinzero_circuit::{Appearance, Kind, Part};
use serde_json::{Map, Value};

use crate::entity::Entity;
use crate::payload::Command;
use crate::refusal::Refusal;
use crate::reporter::Reporter;

/// A part of the circuit, opened, as the broker sees it.
pub(crate) trait Thing: fmt::Debug + Send + Sync {
    /// Describes the thing to Home Assistant. The names and the class may have changed since the thing was opened.
    fn entities(&self, appearance: &Appearance) -> Vec<Entity>;

    /// Returns the state, as told on the state topic; `None` for a thing that has events only. Reads a sensor anew.
    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>>;

    /// Brings what the state tells and what is there together again, for somebody who asks for the state.
    fn refresh(&self) {}

    /// Reads the payload of a command.
    fn parse(&self, payload: &[u8]) -> Result<Command, Refusal> {
        Command::parse(payload)
    }

    /// Carries out a command. The state is told afterwards, whether the command was carried out or refused.
    fn command(&self, command: Command) -> Result<(), Refusal> {
        let _ = command;
        Err(Refusal::because("this device takes no commands"))
    }

    /// Takes the safe state, since the broker has been away for too long.
    fn make_safe(&self) -> pinzero::Result<()> {
        Ok(())
    }

    /// Returns the time between two readings, for a sensor that does not tell by itself.
    fn interval(&self) -> Option<Duration> {
        None
    }

    /// Takes the state that stays after the end, and returns that state; `None` for a thing whose state does not change by its end.
    /// Commands fail from now on.
    fn finish(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        Ok(None)
    }

    /// Closes the pins.
    fn close(&self) -> pinzero::Result<()>;
}

// Here, since the file of `Refusal` is fuzzed without pins.
impl From<pinzero::Error> for Refusal {
    fn from(error: pinzero::Error) -> Self {
        Refusal::because(error.to_string())
    }
}

/// What a thing is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) gpio: &'a Gpio,
    pub(crate) appearance: &'a Appearance,
    /// How the thing tells what has changed. The first state is told without it.
    pub(crate) reporter: Reporter,
}

impl Opening<'_> {
    /// Returns whether the file has the part appear as this kind of entity, and not as the usual one.
    fn is_as(&self, entity: &str) -> bool {
        self.appearance.entity.as_deref() == Some(entity)
    }
}

/// Returns the word for a state: `"ON"` or `"OFF"`.
fn word(is_on: bool) -> Value {
    if is_on { "ON" } else { "OFF" }.into()
}

/// Opens a part.
pub(crate) fn open(part: &Part, opening: &Opening<'_>) -> pinzero::Result<Box<dyn Thing>> {
    Ok(match &part.kind {
        Kind::Relay(relay) => Box::new(relay::Relay::open(relay.pin.line(), relay.active_high, opening)?),
        Kind::Led(led) => led::open(led, opening)?,
        Kind::RgbLed(led) => Box::new(rgb_led::open(led, opening)?),
        Kind::Buzzer(buzzer) => Box::new(buzzer::Siren::open(buzzer, opening)?),
        Kind::Motor(motor) => Box::new(motor::Fan::open(motor, opening)?),
        Kind::Servo(servo) => servo::open(servo, opening)?,
        Kind::Button(part) => Box::new(button::Button::open(part, opening)?),
        Kind::Switch(part) => Box::new(contact::Contact::open_switch(part, opening)?),
        Kind::MotionSensor(part) => Box::new(contact::Contact::open_motion_sensor(part, opening)?),
        Kind::LineSensor(part) => Box::new(contact::Contact::open_line_sensor(part, opening)?),
        Kind::Keypad(part) => Box::new(keypad::Keypad::open(part, opening)?),
        Kind::RotaryEncoder(part) => Box::new(encoder::Encoder::open(part, opening)?),
        Kind::SevenSegmentDisplay(part) => Box::new(display::Display::open_segments(part, opening)?),
        Kind::CharacterDisplay(part) => Box::new(display::Display::open_lines(part, opening)?),
        Kind::PulseCounter(part) => Box::new(counter::Counter::open(part, opening)?),
        sensor => Box::new(sensor::Sensor::open(sensor, opening)?),
    })
}
