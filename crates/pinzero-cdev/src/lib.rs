#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod chip;
mod error;
mod factory;
mod held;
mod holder;
mod input;
mod output;

pub use factory::{Builder, CdevFactory};
