//! The devices that scenarios can drive: one file each.

mod adc;
mod button;
mod buzzer;
mod digital_input;
mod digital_output;
mod distance_sensor;
mod led;
mod led_board;
mod light_sensor;
mod motor;
mod pwm_led;
mod pwm_output;
mod rgb_led;
mod rotary_encoder;
mod servo;
mod smoothed;
mod tonal_buzzer;
mod tone;

use pinzero::{Gpio, Result};

use crate::subject::{Args, Open, Subject};

/// gpiozero's class, and the device of ours that stands for it.
const SUBJECTS: &[(&str, Open)] = &[
    ("AngularServo", servo::open_angular),
    ("Button", button::open),
    ("Buzzer", buzzer::open),
    ("DigitalInputDevice", digital_input::open),
    ("DigitalOutputDevice", digital_output::open),
    ("DistanceSensor", distance_sensor::open),
    ("LED", led::open),
    ("LEDBoard", led_board::open),
    ("LightSensor", light_sensor::open),
    ("LineSensor", smoothed::open_line),
    ("MotionSensor", smoothed::open_motion),
    ("MCP3002", adc::open_3002),
    ("MCP3008", adc::open_3008),
    ("MCP3201", adc::open_3201),
    ("MCP3208", adc::open_3208),
    ("MCP3301", adc::open_3301),
    ("MCP3304", adc::open_3304),
    ("Motor", motor::open),
    ("PWMLED", pwm_led::open),
    ("PWMOutputDevice", pwm_output::open),
    ("PhaseEnableMotor", motor::open_phase_enable),
    ("RGBLED", rgb_led::open),
    ("RotaryEncoder", rotary_encoder::open),
    ("Servo", servo::open),
    ("SmoothedInputDevice", smoothed::open),
    ("TonalBuzzer", tonal_buzzer::open),
    ("Tone", tone::open),
];

/// Returns whether there is a device for this class of gpiozero's.
pub(crate) fn is_there(class: &str) -> bool {
    SUBJECTS.iter().any(|(name, _)| *name == class)
}

/// Opens the device for this class of gpiozero's.
pub(crate) fn open(class: &str, gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let subject = SUBJECTS.iter().find(|(name, _)| *name == class);
    let (_, open) = subject.unwrap_or_else(|| panic!("no subject for {class}"));
    open(gpio, args)
}
