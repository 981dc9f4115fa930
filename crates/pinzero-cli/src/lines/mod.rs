//! The commands that read and drive single lines.

pub(crate) mod blink;
pub(crate) mod monitor;
pub(crate) mod pulse;
pub(crate) mod pwm;
pub(crate) mod read;
pub(crate) mod servo;
pub(crate) mod toggle;
pub(crate) mod wait;
pub(crate) mod write;
