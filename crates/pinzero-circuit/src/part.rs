//! [`Part`]: a part on the pins, and the kinds of parts.

use pinzero::board::Board;
use serde::Deserialize;

use crate::pin::Pin;

/// A part of a circuit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Part {
    /// The name, which no other part of the circuit has.
    pub name: String,
    /// The kind, with the pins and properties.
    pub kind: Kind,
}

/// The kind of a part. The table of the file is the name in snake case: `[rgb_led.mood]` is an [`RgbLed`](Kind::RgbLed).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the name of its structure")]
pub enum Kind {
    Led(Led),
    RgbLed(RgbLed),
    Button(PushButton),
    Switch(Switch),
    Buzzer(Buzzer),
    Relay(Relay),
    Servo(Servo),
    Motor(Motor),
    Potentiometer(Slide),
    LightSensor(LightSensor),
    DistanceSensor(DistanceSensor),
    MotionSensor(MotionSensor),
    LineSensor(LineSensor),
    RotaryEncoder(RotaryEncoder),
    Keypad(Keypad),
    SevenSegmentDisplay(SevenSegmentDisplay),
    CharacterDisplay(CharacterDisplay),
    Dht11(Climate),
    Dht22(Climate),
    Tmp36(Thermometer),
    Ds18b20(OneWireThermometer),
    PulseCounter(PulseCounter),
}

/// A LED on one pin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Led {
    /// The pin.
    pub pin: Pin,
    /// The color: a name of CSS or `"#rrggbb"`. Default: `"red"`.
    #[serde(default = "red")]
    pub color: String,
    /// Whether the LED is lit when the pin is high. Default: `true`.
    #[serde(default = "yes")]
    pub active_high: bool,
}

/// A LED of three colors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RgbLed {
    /// The pin of red.
    pub red: Pin,
    /// The pin of green.
    pub green: Pin,
    /// The pin of blue.
    pub blue: Pin,
    /// Whether a color is lit when its pin is high. Default: `true`.
    #[serde(default = "yes")]
    pub active_high: bool,
}

/// A push button.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PushButton {
    /// The pin.
    pub pin: Pin,
    /// Whether the button connects the pin with ground, and the pin is pulled up; else with 3.3 V. Default: `true`.
    #[serde(default = "yes")]
    pub pull_up: bool,
    /// The key that presses the button in the terminal and in the browser. Default: the next free letter or digit.
    #[serde(default)]
    pub key: Option<char>,
}

/// A switch, which stays where it is put.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Switch {
    /// The pin.
    pub pin: Pin,
    /// Whether the switch connects the pin with ground, and the pin is pulled up; else with 3.3 V. Default: `true`.
    #[serde(default = "yes")]
    pub pull_up: bool,
    /// Whether the switch is closed at first. Default: `false`.
    #[serde(default)]
    pub closed: bool,
    /// The key that flips the switch. Default: the next free letter or digit.
    #[serde(default)]
    pub key: Option<char>,
}

/// A buzzer: active, or a sounder that plays the frequency of a PWM signal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Buzzer {
    /// The pin.
    pub pin: Pin,
    /// Whether the buzzer sounds when the pin is high. Default: `true`.
    #[serde(default = "yes")]
    pub active_high: bool,
}

/// A relay.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Relay {
    /// The pin.
    pub pin: Pin,
    /// Whether the relay pulls when the pin is high. Default: `true`.
    #[serde(default = "yes")]
    pub active_high: bool,
}

/// A servo.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Servo {
    /// The pin.
    pub pin: Pin,
    /// The pulse of the smallest angle, in milliseconds. Default: 1.
    #[serde(default = "one")]
    pub min_pulse: f64,
    /// The pulse of the largest angle, in milliseconds. Default: 2.
    #[serde(default = "two")]
    pub max_pulse: f64,
    /// The smallest angle, in degrees. Default: -90.
    #[serde(default = "left")]
    pub min_angle: f64,
    /// The largest angle, in degrees. Default: 90.
    #[serde(default = "right")]
    pub max_angle: f64,
}

/// A motor on a bridge with two inputs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Motor {
    /// The pin that makes the motor turn forward.
    pub forward: Pin,
    /// The pin that makes the motor turn backward.
    pub backward: Pin,
}

/// A potentiometer on an MCP3008, an analog-to-digital converter on SPI bus 0.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Slide {
    /// The channel of the converter, from 0 to 7.
    pub channel: u32,
    /// The chip select of the converter: 0 or 1. Default: 0.
    #[serde(default)]
    pub select: u32,
    /// The position at first, from 0 to 1. Default: 0.5.
    #[serde(default = "half")]
    pub value: f64,
}

/// A light sensor: a photoresistor that charges a capacitor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LightSensor {
    /// The pin.
    pub pin: Pin,
    /// The light at first: from 0, dark, to 1. Default: 0.5.
    #[serde(default = "half")]
    pub light: f64,
}

/// An ultrasonic distance sensor, an HC-SR04.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DistanceSensor {
    /// The pin that triggers a measurement.
    pub trigger: Pin,
    /// The pin that hears the echo.
    pub echo: Pin,
    /// The distance at first, in metres. Default: 1.
    #[serde(default = "one")]
    pub distance: f64,
}

/// A motion sensor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MotionSensor {
    /// The pin, which is high while something moves.
    pub pin: Pin,
    /// The key that stands for motion. Default: the next free letter or digit.
    #[serde(default)]
    pub key: Option<char>,
}

/// A sensor of a dark line on the floor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LineSensor {
    /// The pin, which is low over the line.
    pub pin: Pin,
    /// The key that puts the line below the sensor. Default: the next free letter or digit.
    #[serde(default)]
    pub key: Option<char>,
}

/// A rotary encoder, which connects its pins with ground.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RotaryEncoder {
    /// The first pin.
    pub a: Pin,
    /// The second pin.
    pub b: Pin,
}

/// A keypad: a matrix of keys.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Keypad {
    /// The pins of the rows.
    pub rows: Vec<Pin>,
    /// The pins of the columns.
    pub columns: Vec<Pin>,
    /// The letters on the keys, a string for each row: `["123", "456", "789", "*0#"]`.
    pub keys: Vec<String>,
}

/// A display of seven segments: one digit, or several that share the pins of their segments.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SevenSegmentDisplay {
    /// The pins of the segments a to g, and perhaps of the decimal point.
    pub segments: Vec<Pin>,
    /// The pins that select a digit, from left to right. Default: none; there is one digit, which is always selected.
    #[serde(default)]
    pub digits: Vec<Pin>,
    /// Whether a segment is lit when its pin is high: a common cathode. Default: `true`.
    #[serde(default = "yes")]
    pub active_high: bool,
    /// Whether a digit is selected when its pin is high, by a transistor, as gpiozero has it by default. Default: `true`.
    #[serde(default = "yes")]
    pub digits_active_high: bool,
}

/// A display of characters with an HD44780 behind a PCF8574, on I2C.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CharacterDisplay {
    /// The bus. Default: 1, GPIO2 and GPIO3.
    #[serde(default = "first_bus")]
    pub bus: u32,
    /// The address. Default: 0x27.
    #[serde(default = "backpack")]
    pub address: u8,
    /// The number of characters in a line. Default: 16.
    #[serde(default = "sixteen")]
    pub columns: u8,
    /// The number of lines. Default: 2.
    #[serde(default = "two_lines")]
    pub rows: u8,
}

/// A sensor of temperature and humidity, a DHT11 or DHT22.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Climate {
    /// The pin.
    pub pin: Pin,
    /// The temperature at first, in degrees Celsius. Default: 20.
    #[serde(default = "mild")]
    pub celsius: f64,
    /// The relative humidity at first, in percent. Default: 50.
    #[serde(default = "fifty")]
    pub humidity: f64,
}

/// A TMP36, a thermometer on an MCP3008.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Thermometer {
    /// The channel of the converter, from 0 to 7.
    pub channel: u32,
    /// The chip select of the converter: 0 or 1. Default: 0.
    #[serde(default)]
    pub select: u32,
    /// The temperature at first, in degrees Celsius. Default: 20.
    #[serde(default = "mild")]
    pub celsius: f64,
}

/// A DS18B20, a thermometer on the 1-Wire bus of the kernel, whose pin the kernel's configuration names.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OneWireThermometer {
    /// The id, which no other has: `"28-0316a2798bff"`. Default: the only sensor on the bus.
    #[serde(default)]
    pub id: Option<String>,
}

/// A meter that gives pulses: of water, energy or wind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PulseCounter {
    /// The pin.
    pub pin: Pin,
    /// Whether a pulse connects the pin with ground, and the pin is pulled up; else with 3.3 V. Default: `true`.
    #[serde(default = "yes")]
    pub pull_up: bool,
    /// The pulses a second that the meter gives by itself at first, from 0 to 100. Default: 0.
    #[serde(default)]
    pub hertz: f64,
    /// The key that gives a pulse. Default: the next free letter or digit.
    #[serde(default)]
    pub key: Option<char>,
}

fn yes() -> bool {
    true
}

fn red() -> String {
    "red".to_owned()
}

fn half() -> f64 {
    0.5
}

fn one() -> f64 {
    1.0
}

fn two() -> f64 {
    2.0
}

fn left() -> f64 {
    -90.0
}

fn right() -> f64 {
    90.0
}

fn mild() -> f64 {
    20.0
}

fn fifty() -> f64 {
    50.0
}

fn first_bus() -> u32 {
    1
}

fn backpack() -> u8 {
    0x27
}

fn sixteen() -> u8 {
    16
}

fn two_lines() -> u8 {
    2
}

impl Kind {
    /// Returns the name of the kind in a file: `"rgb_led"`.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Led(_) => "led",
            Kind::RgbLed(_) => "rgb_led",
            Kind::Button(_) => "button",
            Kind::Switch(_) => "switch",
            Kind::Buzzer(_) => "buzzer",
            Kind::Relay(_) => "relay",
            Kind::Servo(_) => "servo",
            Kind::Motor(_) => "motor",
            Kind::Potentiometer(_) => "potentiometer",
            Kind::LightSensor(_) => "light_sensor",
            Kind::DistanceSensor(_) => "distance_sensor",
            Kind::MotionSensor(_) => "motion_sensor",
            Kind::LineSensor(_) => "line_sensor",
            Kind::RotaryEncoder(_) => "rotary_encoder",
            Kind::Keypad(_) => "keypad",
            Kind::SevenSegmentDisplay(_) => "seven_segment_display",
            Kind::CharacterDisplay(_) => "character_display",
            Kind::Dht11(_) => "dht11",
            Kind::Dht22(_) => "dht22",
            Kind::Tmp36(_) => "tmp36",
            Kind::Ds18b20(_) => "ds18b20",
            Kind::PulseCounter(_) => "pulse_counter",
        }
    }

    /// Returns the pins of the part, each with the name of its role: `("red", pin)`. Parts on a bus share the pins of the bus,
    /// which are not among these.
    pub fn pins(&self) -> Vec<(String, &Pin)> {
        let numbered = |name: &'static str| move |(index, pin)| (format!("{name} {}", index + 1), pin);
        match self {
            Kind::Led(Led { pin, .. })
            | Kind::Button(PushButton { pin, .. })
            | Kind::Switch(Switch { pin, .. })
            | Kind::Buzzer(Buzzer { pin, .. })
            | Kind::Relay(Relay { pin, .. })
            | Kind::Servo(Servo { pin, .. })
            | Kind::LightSensor(LightSensor { pin, .. })
            | Kind::MotionSensor(MotionSensor { pin, .. })
            | Kind::LineSensor(LineSensor { pin, .. })
            | Kind::Dht11(Climate { pin, .. })
            | Kind::Dht22(Climate { pin, .. })
            | Kind::PulseCounter(PulseCounter { pin, .. }) => named([("pin", pin)]),
            Kind::RgbLed(led) => named([("red", &led.red), ("green", &led.green), ("blue", &led.blue)]),
            Kind::Motor(motor) => named([("forward", &motor.forward), ("backward", &motor.backward)]),
            Kind::DistanceSensor(sensor) => named([("trigger", &sensor.trigger), ("echo", &sensor.echo)]),
            Kind::RotaryEncoder(encoder) => named([("a", &encoder.a), ("b", &encoder.b)]),
            Kind::Keypad(keypad) => {
                let rows = keypad.rows.iter().enumerate().map(numbered("row"));
                rows.chain(keypad.columns.iter().enumerate().map(numbered("column"))).collect()
            }
            Kind::SevenSegmentDisplay(display) => {
                let letters = ["a", "b", "c", "d", "e", "f", "g", "point"];
                let segments = letters.into_iter().map(str::to_owned).zip(&display.segments);
                segments.chain(display.digits.iter().enumerate().map(numbered("digit"))).collect()
            }
            Kind::Potentiometer(_) | Kind::CharacterDisplay(_) | Kind::Tmp36(_) | Kind::Ds18b20(_) => {
                Vec::new()
            }
        }
    }

    /// Returns the lines of the bus that the part is on, each with its role: `("data", 2)`.
    pub fn bus_pins(&self, board: &Board) -> Vec<(&'static str, u32)> {
        match self {
            Kind::Potentiometer(Slide { select, .. }) | Kind::Tmp36(Thermometer { select, .. }) => {
                let lines = board.spi_lines(0).into_iter().flatten().chain(board.spi_select(0, *select));
                ["clock", "mosi", "miso", "select"].into_iter().zip(lines).collect()
            }
            Kind::CharacterDisplay(display) => ["data", "clock"]
                .into_iter()
                .zip(board.i2c_lines(display.bus).into_iter().flatten())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the key of the part's contact, if the file names one.
    pub fn key(&self) -> Option<char> {
        match self {
            Kind::Button(part) => part.key,
            Kind::Switch(part) => part.key,
            Kind::MotionSensor(part) => part.key,
            Kind::LineSensor(part) => part.key,
            Kind::PulseCounter(part) => part.key,
            _ => None,
        }
    }

    /// Returns the pins of the part, to set their lines.
    pub(crate) fn pins_mut(&mut self) -> Vec<&mut Pin> {
        match self {
            Kind::Led(Led { pin, .. })
            | Kind::Button(PushButton { pin, .. })
            | Kind::Switch(Switch { pin, .. })
            | Kind::Buzzer(Buzzer { pin, .. })
            | Kind::Relay(Relay { pin, .. })
            | Kind::Servo(Servo { pin, .. })
            | Kind::LightSensor(LightSensor { pin, .. })
            | Kind::MotionSensor(MotionSensor { pin, .. })
            | Kind::LineSensor(LineSensor { pin, .. })
            | Kind::Dht11(Climate { pin, .. })
            | Kind::Dht22(Climate { pin, .. })
            | Kind::PulseCounter(PulseCounter { pin, .. }) => vec![pin],
            Kind::RgbLed(led) => vec![&mut led.red, &mut led.green, &mut led.blue],
            Kind::Motor(motor) => vec![&mut motor.forward, &mut motor.backward],
            Kind::DistanceSensor(sensor) => vec![&mut sensor.trigger, &mut sensor.echo],
            Kind::RotaryEncoder(encoder) => vec![&mut encoder.a, &mut encoder.b],
            Kind::Keypad(keypad) => keypad.rows.iter_mut().chain(&mut keypad.columns).collect(),
            Kind::SevenSegmentDisplay(display) => {
                display.segments.iter_mut().chain(&mut display.digits).collect()
            }
            Kind::Potentiometer(_) | Kind::CharacterDisplay(_) | Kind::Tmp36(_) | Kind::Ds18b20(_) => {
                Vec::new()
            }
        }
    }
}

fn named<'a, const COUNT: usize>(pins: [(&str, &'a Pin); COUNT]) -> Vec<(String, &'a Pin)> {
    pins.into_iter().map(|(name, pin)| (name.to_owned(), pin)).collect()
}
