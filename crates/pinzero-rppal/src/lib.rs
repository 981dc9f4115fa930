#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![deny(unsafe_code)]

mod banks;
mod error;
mod factory;
mod flex;
mod group;
mod input;
mod output;
mod pwm;
mod registers;

pub use factory::RppalFactory;
