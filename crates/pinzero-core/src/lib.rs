//! The ground that pinzero stands on: the [`PinFactory`] boundary, the runtime, and the [`mock`].
//!
//! Users of LEDs and buttons want the crate `pinzero`. This one is for those who write a backend, who drive bare
//! lines ([`Gpio`]), or who want to know how it works. Start with [`factory`].

pub mod factory;

#[cfg(all(unix, feature = "exit-guard"))]
mod bell;
mod capability;
mod error;
mod event;
mod exit;
mod gpio;
mod group;
mod input;
mod lease;
mod opaque;
mod output;
mod peek;
mod pwm;
mod reserve;
mod runtime;
mod spec;
mod spi;
mod sync;
mod types;

mod animation;
mod emulate;
pub mod machine;
pub mod mock;
pub mod thread;
pub mod time;

#[cfg(loom)]
#[cfg(test)]
mod model;

pub use pinzero_board as board;

pub use animation::Animation;
pub use capability::{Capabilities, Support};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventKind, Handler, Outcome};
pub use exit::close_all;
pub use factory::{
    GroupConfig, InputConfig, OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin,
    SpiBus, SpiConfig,
};
pub use gpio::{Gpio, GpioBuilder};
pub use group::{GroupBuilder, OutputGroup};
pub use input::{Events, Input, InputBuilder};
pub use machine::Blink;
pub use output::{Output, OutputBuilder};
pub use peek::{LineFunction, Peek};
pub use pwm::{Pwm, PwmBuilder};
pub use runtime::EdgeSink;
#[cfg(target_os = "linux")]
pub use runtime::{Timeline, Watching};
pub use spec::PinSpec;
pub use spi::{Spi, SpiBuilder, SpiMode};
pub use types::{Bias, Edge, Host, Level, Line, OnClose};
