#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod client;
mod clock_sync;
mod connection;
mod desired;
mod edges;
mod error;
mod factory;
mod flex;
mod group;
mod i2c;
mod initial_levels;
mod input;
mod link_event;
mod output;
mod pipeline;
pub mod protocol;
mod pwm;
mod pwm_frequencies;
mod remote_handle;
mod restore;
mod serial;
mod spi;
mod waves;

pub use client::Gap;
pub use factory::{PigpioBuilder, PigpioFactory};
pub use link_event::{LinkEvent, LinkEvents};
#[doc(hidden)]
pub use waves::{Pulse, WaveId, Waves};
