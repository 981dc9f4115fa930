//! Devices that speak a protocol of their own, and their options.

mod ads1115;
mod dht;
mod dht11;
mod dht22;
mod dht_frame;
mod ds18b20;
mod ir;
mod ir_receiver;
mod w1;

use pinzero_core::{Error, ErrorKind, Gpio, Result, Support};

pub use ads1115::{Ads1115, AnalogI2c, I2cPlace};
pub use dht::{Climate, Dht, Reading};
pub use dht11::Dht11;
pub use dht22::Dht22;
pub use ds18b20::{Ds18b20, Ds18b20Builder};
pub use ir::{IrCommand, IrProtocol};
pub use ir_receiver::IrReceiver;

/// Fails if the factory does not stamp edges, for a device that reads bits from their times.
fn check_edges(gpio: &Gpio) -> Result<()> {
    if gpio.capabilities().edges == Support::Native {
        return Ok(());
    }
    let message = "the times of edges carry the bits, and this factory reports no edges: use one that does, such as `cdev`";
    Err(Error::new(ErrorKind::Unsupported, message))
}
