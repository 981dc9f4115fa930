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

/// What is in a folder; nothing if it cannot be read.
fn entries(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder);
    entries.map(|all| all.filter_map(|one| Some(one.ok()?.path())).collect()).unwrap_or_default()
}

pub use factory::{Builder, CdevFactory};
pub use kernel_pwm::KernelPwm;
