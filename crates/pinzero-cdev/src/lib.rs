#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
// Only the module `ioctl` has unsafe code.
#![deny(unsafe_code)]

mod buses;
mod chip;
mod config_txt;
mod consumer;
mod device_file;
mod edges;
mod error;
mod factory;
mod flex;
mod fs;
mod group;
mod i2c;
mod input;
mod ioctl;
mod line_config;
mod output;
mod pwm;
mod pwm_overlay;
mod request;
mod serial;
mod spi;
mod sysfs_pwm;

pub use buses::Buses;
pub use chip::{ChipInfo, chips};
pub use factory::{CdevBuilder, CdevFactory};
pub use sysfs_pwm::SysfsPwm;
