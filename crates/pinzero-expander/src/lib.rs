#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bus;
mod chip;
mod factory;
mod hc595;
mod held;
mod interrupt;
mod mcp23x17;
mod pca9685;
mod pcf8574;
mod port;
mod pwm;
mod registry;

pub use factory::ExpanderFactory;
pub use hc595::{Hc595, Hc595Builder};
pub use mcp23x17::{Mcp23s17, Mcp23s17Builder, Mcp23017, Mcp23017Builder};
pub use pca9685::{Pca9685, Pca9685Builder, Pca9685Factory};
pub use pcf8574::{Pcf8574, Pcf8574Builder};
