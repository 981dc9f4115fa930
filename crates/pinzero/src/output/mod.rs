//! Devices that are driven, and their options.

mod buzzer;
mod digital;
mod led;
mod options;
mod pwm;
mod pwm_led;

pub use buzzer::Buzzer;
pub use digital::DigitalOutputDevice;
pub use led::Led;
pub use options::{Digital, Driven, Pulsed};
pub use pwm::PwmOutputDevice;
pub use pwm_led::PwmLed;
