#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bus;
mod chip;
mod factory;
mod hc595;
mod held;
mod interrupt;
mod mcp23x17;
mod pcf8574;
mod port;

pub use factory::ExpanderFactory;
pub use hc595::{Hc595, Hc595Builder};
pub use mcp23x17::{Mcp23017, Mcp23017Builder, Mcp23s17, Mcp23s17Builder};
pub use pcf8574::{Pcf8574, Pcf8574Builder};
