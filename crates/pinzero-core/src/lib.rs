//! The ground that pinzero stands on: the [`PinFactory`] boundary, the runtime, and the [`mock`].
//!
//! Users of LEDs and buttons want the crate `pinzero`. This one is for those who write a backend, who drive bare
//! lines ([`Gpio`]), or who want to know how it works. Start with [`factory`].

pub mod factory;

mod capability;
mod error;
mod pin_spec;
pub mod time;
mod types;

mod animation;
mod device;
mod event;
mod gpio;
mod handle;

mod emulate;
pub mod machine;
mod runtime;

mod exit;
pub mod mock;

mod debug;
mod sync;
pub mod thread;

#[cfg(loom)]
#[cfg(test)]
mod loom_tests;

pub use pinzero_board as board;

pub use animation::Animation;
pub use capability::{Capabilities, Support};
pub use device::{Device, SetValue, Switch, Value};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventKind, Handler, Outcome};
pub use exit::close_all;
pub use factory::{
    GroupConfig, InputConfig, OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin,
    SpiBus, SpiConfig,
};
pub use gpio::{Gpio, GpioBuilder};
pub use handle::group::{GroupBuilder, OutputGroup};
pub use handle::input::{Events, Input, InputBuilder};
pub use handle::line_info::{LineFunction, LineInfo};
pub use handle::output::{Output, OutputBuilder};
pub use handle::pwm::{Pwm, PwmBuilder};
pub use handle::spi::{Spi, SpiBuilder, SpiMode};
pub use machine::Blink;
pub use pin_spec::PinSpec;
pub use runtime::EdgeSink;
#[cfg(target_os = "linux")]
pub use runtime::{Reactor, Registration};
pub use types::{Bias, Edge, Host, Level, Line, OnClose};
