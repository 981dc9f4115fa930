//! Defines the descriptions, states and actions between a simulated board and its viewers. The page in the browser has them as JSON.

use serde::{Deserialize, Serialize};

/// The circuit as a viewer gets it once, at the start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Scene {
    /// The title of the circuit.
    pub(crate) title: String,
    /// A few sentences about the circuit, perhaps none.
    pub(crate) about: String,
    /// The model of the board.
    pub(crate) board: String,
    /// The address that programs connect to: `127.0.0.1:8888`.
    pub(crate) address: String,
    /// The parts, in the order of the file.
    pub(crate) parts: Vec<PartScene>,
    /// The pins of the main header, in the order of their numbers.
    pub(crate) header: Vec<PinScene>,
    /// The wires, as pairs of lines.
    pub(crate) wires: Vec<[u32; 2]>,
}

/// A pin of the header.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PinScene {
    /// The number on the header, from 1.
    pub(crate) number: u32,
    /// The label: `GPIO17`, `3V3`, `5V`, `GND`.
    pub(crate) label: String,
    /// The line, if the pin is a GPIO.
    pub(crate) line: Option<u32>,
    /// The part that hangs on the pin, by its place in [`Scene::parts`].
    pub(crate) part: Option<usize>,
}

/// A part, as far as it never changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PartScene {
    pub(crate) name: String,
    /// The kind as in the circuit file: `"rgb_led"`.
    pub(crate) kind: &'static str,
    /// The pins, each with its role: `("trigger", 23)`. The role of the only pin of a part is `"pin"`.
    pub(crate) pins: Vec<(String, u32)>,
    /// The color of a LED, as `"#rrggbb"`.
    pub(crate) color: Option<String>,
    /// The controls that a user can move.
    pub(crate) controls: Vec<Control>,
}

/// Something that a user can move.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "control", rename_all = "snake_case")]
pub(crate) enum Control {
    /// A contact that is closed while it is pressed: [`Action::Press`], [`Action::Release`].
    Push { key: Option<char> },
    /// A contact that stays: [`Action::Press`] closes it, [`Action::Release`] opens it.
    Switch { key: Option<char> },
    /// A value in a range: [`Action::Set`]. A part may have several, each with a name: `"celsius"`, `"humidity"`.
    Slider { name: &'static str, min: f64, max: f64, step: f64, unit: &'static str },
    /// A knob that turns without end, in steps: [`Action::Turn`].
    Knob,
    /// Keys in rows: [`Action::Press`] and [`Action::Release`] with the index of the key.
    Keys { rows: Vec<String> },
}

/// The state of everything at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(crate) struct Frame {
    /// The time since the start, in milliseconds.
    pub(crate) at: f64,
    /// The state of each part, in the order of [`Scene::parts`].
    pub(crate) parts: Vec<Look>,
    /// The state of each line that is on the header, by number.
    pub(crate) lines: Vec<LineLook>,
    /// The number of programs that are connected.
    pub(crate) programs: usize,
}

/// The state of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LineLook {
    pub(crate) line: u32,
    /// `"input"`, `"output"`, `"pwm"`, or the name of a bus.
    pub(crate) function: &'static str,
    pub(crate) high: bool,
    /// The share of the time in which the line is high, while it carries PWM.
    pub(crate) duty: Option<f64>,
}

/// The state of a part.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "look", rename_all = "snake_case")]
pub(crate) enum Look {
    /// A LED: how bright, from 0 to 1.
    Light { brightness: f64 },
    /// A LED of three colors, each from 0 to 1.
    Color { red: f64, green: f64, blue: f64 },
    /// A button, a switch, a motion or line sensor.
    Contact { closed: bool },
    /// A buzzer, with the frequency of a tone.
    Sound { on: bool, hertz: Option<f64> },
    /// A relay.
    Relay { on: bool },
    /// A servo; without pulses it holds no angle.
    Angle { degrees: f64, held: bool },
    /// A motor, from -1 to 1.
    Speed { speed: f64 },
    /// The values of sliders, in the order of the part's controls.
    Values { values: Vec<f64> },
    /// A meter: whether its contact is closed, the value of its slider, and the pulses since the start.
    Pulses { closed: bool, values: Vec<f64>, count: u64 },
    /// An encoder: the steps since the start.
    Turns { steps: i64 },
    /// A keypad: the indices of the keys that are down, row by row.
    Keys { down: Vec<usize> },
    /// A display of segments: for each digit, how bright the segments a to g and the point are.
    Digits { digits: Vec<[f64; 8]> },
    /// A display of characters.
    Text { lines: Vec<String>, lit: bool },
}

/// Something that a viewer does. `part` is the place in [`Scene::parts`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Action {
    /// Presses a button, closes a switch, moves before a sensor. `key`: of a keypad, the index of the key.
    Press {
        part: usize,
        #[serde(default)]
        key: usize,
    },
    /// Undoes [`Action::Press`].
    Release {
        part: usize,
        #[serde(default)]
        key: usize,
    },
    /// Moves a slider, `slider` by its place among the sliders of the part.
    Set {
        part: usize,
        #[serde(default)]
        slider: usize,
        value: f64,
    },
    /// Turns a knob by some steps, clockwise if positive.
    Turn { part: usize, steps: i32 },
}

impl Action {
    /// Returns the place of the part.
    pub(crate) fn part(&self) -> usize {
        match *self {
            Action::Press { part, .. }
            | Action::Release { part, .. }
            | Action::Set { part, .. }
            | Action::Turn { part, .. } => part,
        }
    }
}

/// The latest edges of a line, for a timing diagram. A line with PWM has none here: [`LineLook::duty`] says all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Edges {
    pub(crate) line: u32,
    /// The number of edges that were left out, before the first of `edges`.
    pub(crate) more: usize,
    /// The times since the start, in milliseconds, each with the level from then on.
    pub(crate) edges: Vec<(f64, bool)>,
}
