//! Devices that are read, and their options.

mod activity;
mod analog;
mod button;
mod chord;
mod digital;
mod distance_sensor;
mod keypad;
mod knob;
mod light_sensor;
mod line_sensor;
mod matrix;
mod motion_sensor;
mod options;
mod pulse_counter;
mod rotary_encoder;
mod smoothed;
mod smoothing;
mod turns;

pub(crate) use activity::Activity;
pub use analog::AnalogInputDevice;
pub(crate) use analog::{Converter, Scale, check_max_voltage};
pub use button::Button;
pub use chord::{Chord, Chorded};
pub use digital::DigitalInputDevice;
pub use distance_sensor::{DistanceSensor, Ranging};
pub use keypad::{Keypad, Keys};
pub use knob::{Direction, EncoderStep, Rotation, RotationKind};
pub use light_sensor::{Charged, LightSensor};
pub use line_sensor::LineSensor;
pub use matrix::{Key, KeyEvent, KeyKind};
pub use motion_sensor::MotionSensor;
pub use options::{Pressable, Pulled};
pub use pulse_counter::{Counted, PulseCounter, Pulses};
pub use rotary_encoder::{Rotary, RotaryEncoder};
pub use smoothed::{Smoothed, SmoothedInputDevice};
pub use smoothing::Averaged;
