//! Devices that speak a protocol of their own, and their options.

mod dht;
mod dht11;
mod dht22;
mod dht_frame;

pub use dht::{Climate, Dht, Reading};
pub use dht11::Dht11;
pub use dht22::Dht22;
