//! Models of parts, for the buses of pinzero's mock. Each is written from the part's data sheet.
//!
//! A model is what a driver talks to in a test: [`MockGpio::i2c_chip`](pinzero_core::mock::MockGpio::i2c_chip) and
//! [`spi_chip`](pinzero_core::mock::MockGpio::spi_chip) put one on a bus, and
//! [`MockChip::with`](pinzero_core::mock::MockChip::with) looks at it.

mod hc595;
mod mcp23x17;
mod pca9685;
mod pcf8574;

pub use hc595::Hc595;
pub use mcp23x17::{Mcp23s17, Mcp23x17, Mcp23017};
pub use pca9685::Pca9685;
pub use pcf8574::Pcf8574;
