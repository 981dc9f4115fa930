#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod error;
mod factory;
mod pin;
mod pwm;

pub use factory::RppalFactory;
