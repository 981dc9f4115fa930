//! Devices that are read.

mod builder;
mod button;
mod digital;

pub use builder::{InputBuilder, InputDevice};
pub use button::Button;
pub use digital::DigitalInputDevice;
