#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod check;
mod circuit;
mod devices;
mod kinds;
mod mistake;
mod mqtt;
mod part;
mod pin;
mod places;
mod topics;
mod values;

pub use address::BrokerAddress;
pub use circuit::Circuit;
pub use mistake::Mistake;
pub use mqtt::{Appearance, Mqtt, Resting};
pub use part::{
    Buzzer, CharacterDisplay, Climate, DistanceSensor, Keypad, Kind, Led, LightSensor, LineSensor,
    MotionSensor, Motor, OneWireThermometer, Part, PulseCounter, PushButton, Relay, RgbLed, RotaryEncoder,
    Servo, SevenSegmentDisplay, Slide, Switch, Thermometer,
};
pub use pin::Pin;
pub use topics::{PREFIX, TOPIC, check_topics, fill_topic};

/// The JSON schema of a circuit file, for editors.
pub const SCHEMA: &str = include_str!("../circuit.schema.json");
