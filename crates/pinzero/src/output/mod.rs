//! Devices that are driven, and their options.

mod buzzer;
mod digital;
mod led;
mod light;
mod options;
mod pwm;
mod pwm_led;
mod rgb_led;
mod tonal_buzzer;

pub use buzzer::Buzzer;
pub use digital::DigitalOutputDevice;
pub use led::Led;
pub use options::{Colored, Digital, Dimmable, Driven, Pulsed, Signal, Tonal};
pub use pwm::PwmOutputDevice;
pub use pwm_led::PwmLed;
pub use rgb_led::RgbLed;
pub use tonal_buzzer::TonalBuzzer;
