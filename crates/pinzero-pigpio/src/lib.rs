#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod driver;
mod error;
mod event;
mod factory;
mod found;
mod handle;
mod i2c;
#[cfg(target_os = "linux")]
mod inflow;
mod input;
mod link;
mod look;
mod offers;
mod output;
pub mod protocol;
mod pwm;
mod session;
mod spi;
mod ticks;
mod watch;
mod waves;
mod wire;

pub use event::{LinkEvent, LinkEvents};
pub use factory::{Builder, Gap, PigpioFactory};
pub use i2c::I2c;
pub use waves::{Pulse, WaveId, Waves};
