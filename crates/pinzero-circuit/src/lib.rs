#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod check;
mod circuit;
mod mistake;
mod part;
mod pin;

pub use circuit::Circuit;
pub use mistake::Mistake;
pub use part::{
    Buzzer, CharacterDisplay, Climate, DistanceSensor, Keypad, Kind, Led, LightSensor, LineSensor,
    MotionSensor, Motor, Part, PushButton, Relay, RgbLed, RotaryEncoder, Servo, SevenSegmentDisplay, Slide,
    Switch, Thermometer,
};
pub use pin::Pin;
