//! Devices that are driven, and their options.

mod angular_servo;
mod any_motor;
mod buzzer;
mod digital;
mod led;
mod light;
mod motor;
mod options;
mod phase_enable_motor;
mod pixel_strip;
mod pwm;
mod pwm_led;
mod relay;
mod rgb_led;
mod servo;
mod stepper;
mod tonal_buzzer;
mod travel;

pub use angular_servo::AngularServo;
pub use any_motor::AnyMotor;
pub use buzzer::Buzzer;
pub use digital::DigitalOutputDevice;
pub use led::Led;
pub(crate) use light::Bulb;
pub use light::Light;
pub use motor::Motor;
pub(crate) use motor::{Course, check_speed, check_value};
pub use options::{
    Angular, Bridge, Colored, Digital, Dimmable, Driven, PhaseEnable, Positioned, Pulsed, Signal, Tonal,
};
pub use phase_enable_motor::PhaseEnableMotor;
pub use pixel_strip::{PixelOrder, PixelStrip, Pixels};
pub use pwm::PwmOutputDevice;
pub(crate) use pwm::logical;
pub use pwm_led::PwmLed;
pub use relay::{Contacts, Relay, Switched};
pub use rgb_led::RgbLed;
pub use servo::Servo;
pub use stepper::{Stepper, Stepping};
pub use tonal_buzzer::TonalBuzzer;
pub use travel::{Arrival, StepMode};
