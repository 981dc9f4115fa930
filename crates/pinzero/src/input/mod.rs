//! Devices that are read, and their options.

mod button;
mod digital;
mod options;

pub use button::Button;
pub use digital::DigitalInputDevice;
pub use options::{Pressable, Pulled};
