//! Devices that are driven, and their options.

mod digital;
mod led;
mod options;
mod pwm;

pub use digital::DigitalOutputDevice;
pub use led::Led;
pub use options::{Digital, Driven, Pulsed};
pub use pwm::PwmOutputDevice;
