//! Models of parts, for the buses of pinzero's mock. Each is written from the part's data sheet.
//!
//! A model is what a driver talks to in a test: [`MockGpio::i2c_chip`](pinzero_core::mock::MockGpio::i2c_chip) and
//! [`spi_chip`](pinzero_core::mock::MockGpio::spi_chip) put one on a bus, and
//! [`MockChip::with`](pinzero_core::mock::MockChip::with) looks at it.

mod ads1115;
mod bme280;
mod card;
mod hc595;
mod hd44780;
mod max7219;
mod mcp23x17;
mod mfrc522;
mod mpu6050;
mod pca9685;
mod pcf8574;
mod picture;
mod ssd1306;
mod vl53l0x;
mod ws2812;

pub use ads1115::Ads1115;
pub use bme280::{Bme280, RawClimate};
pub use card::{Card, crc_a};
pub use hc595::Hc595;
pub use hd44780::LcdBackpack;
pub use max7219::Max7219;
pub use mcp23x17::{Mcp23s17, Mcp23x17, Mcp23017};
pub use mfrc522::Mfrc522;
pub use mpu6050::Mpu6050;
pub use pca9685::Pca9685;
pub use pcf8574::Pcf8574;
pub use picture::Picture;
pub use ssd1306::Ssd1306;
pub use vl53l0x::Vl53l0x;
pub use ws2812::Ws2812;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
