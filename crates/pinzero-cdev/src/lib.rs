#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod chip;
mod error;
mod factory;
mod held;
mod holder;
mod input;
mod kernel_pwm;
mod output;
mod pwm_route;

pub use factory::{Builder, CdevFactory};
pub use kernel_pwm::KernelPwm;
