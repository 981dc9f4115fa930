//! Devices that are driven.

mod builder;
mod digital;
mod led;
mod pwm;

pub use builder::{OutputBuilder, OutputDevice};
pub use digital::DigitalOutputDevice;
pub use led::Led;
pub use pwm::{PwmBuilder, PwmOutputDevice};
