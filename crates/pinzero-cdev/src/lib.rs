#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod chip;
mod consumer;
mod edges;
mod error;
mod factory;
mod flex;
mod fs;
mod group;
mod input;
mod line_config;
mod output;
mod pwm;
mod pwm_overlay;
mod request;
mod sysfs_pwm;

pub use factory::{CdevBuilder, CdevFactory};
pub use sysfs_pwm::SysfsPwm;
