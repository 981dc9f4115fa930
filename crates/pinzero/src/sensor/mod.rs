//! Devices that speak a protocol of their own, and their options.

mod dht;
mod dht11;
mod dht22;
mod dht_frame;
mod ir;
mod ir_receiver;

pub use dht::{Climate, Dht, Reading};
pub use dht11::Dht11;
pub use dht22::Dht22;
pub use ir::{IrCommand, IrProtocol};
pub use ir_receiver::IrReceiver;
