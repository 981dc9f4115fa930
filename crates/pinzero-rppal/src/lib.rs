#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod error;
mod factory;
mod flex;
mod input;
mod output;
mod pwm;
mod registers;

pub use factory::RppalFactory;
