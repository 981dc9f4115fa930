//! [`Circuit`]: a circuit file that has been read and checked.

use std::collections::BTreeMap;

use pinzero::board::Board;
use serde::Deserialize;
use toml::Spanned;

use crate::mqtt::Mqtt;
use crate::part::{
    Buzzer, CharacterDisplay, Climate, DistanceSensor, Keypad, Led, LightSensor, LineSensor, MotionSensor,
    Motor, OneWireThermometer, Part, PulseCounter, PushButton, Relay, RgbLed, RotaryEncoder, Servo,
    SevenSegmentDisplay, Slide, Switch, Thermometer,
};
use crate::pin::Pin;

/// The revision code of a Raspberry Pi 4B, the default board.
pub(crate) const PI_4B: u32 = 0x00c0_3111;

/// A circuit: parts on the pins of a board.
#[derive(Debug, Clone)]
pub struct Circuit {
    pub(crate) title: Option<String>,
    pub(crate) about: Option<String>,
    pub(crate) board: Board,
    pub(crate) parts: Vec<Part>,
    pub(crate) wires: Vec<[Pin; 2]>,
    pub(crate) mqtt: Mqtt,
}

/// The parts of a kind, by their names.
pub(crate) type Table<T> = BTreeMap<Spanned<String>, Spanned<T>>;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) title: Option<String>,
    pub(crate) about: Option<String>,
    pub(crate) board: Option<String>,
    #[serde(default)]
    pub(crate) wires: Vec<[Pin; 2]>,
    #[serde(default)]
    pub(crate) mqtt: Mqtt,
    #[serde(default)]
    pub(crate) led: Table<Led>,
    #[serde(default)]
    pub(crate) rgb_led: Table<RgbLed>,
    #[serde(default)]
    pub(crate) button: Table<PushButton>,
    #[serde(default)]
    pub(crate) switch: Table<Switch>,
    #[serde(default)]
    pub(crate) buzzer: Table<Buzzer>,
    #[serde(default)]
    pub(crate) relay: Table<Relay>,
    #[serde(default)]
    pub(crate) servo: Table<Servo>,
    #[serde(default)]
    pub(crate) motor: Table<Motor>,
    #[serde(default)]
    pub(crate) potentiometer: Table<Slide>,
    #[serde(default)]
    pub(crate) light_sensor: Table<LightSensor>,
    #[serde(default)]
    pub(crate) distance_sensor: Table<DistanceSensor>,
    #[serde(default)]
    pub(crate) motion_sensor: Table<MotionSensor>,
    #[serde(default)]
    pub(crate) line_sensor: Table<LineSensor>,
    #[serde(default)]
    pub(crate) rotary_encoder: Table<RotaryEncoder>,
    #[serde(default)]
    pub(crate) keypad: Table<Keypad>,
    #[serde(default)]
    pub(crate) seven_segment_display: Table<SevenSegmentDisplay>,
    #[serde(default)]
    pub(crate) character_display: Table<CharacterDisplay>,
    #[serde(default)]
    pub(crate) dht11: Table<Climate>,
    #[serde(default)]
    pub(crate) dht22: Table<Climate>,
    #[serde(default)]
    pub(crate) tmp36: Table<Thermometer>,
    #[serde(default)]
    pub(crate) ds18b20: Table<OneWireThermometer>,
    #[serde(default)]
    pub(crate) pulse_counter: Table<PulseCounter>,
}

impl Circuit {
    /// Returns the title, if the file has one.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Returns the words about the circuit, if the file has some.
    pub fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// Returns the board that carries the pins. Default: a Raspberry Pi 4B.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Returns the parts, in the order of the file.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns the wires from pin to pin.
    pub fn wires(&self) -> &[[Pin; 2]] {
        &self.wires
    }

    /// Returns how the parts appear on a broker.
    pub fn mqtt(&self) -> &Mqtt {
        &self.mqtt
    }
}
