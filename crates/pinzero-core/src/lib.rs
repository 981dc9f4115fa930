//! The foundation of pinzero: the [`PinFactory`] trait, the runtime, and the [`mock`].
//!
//! To use LEDs and buttons, take the crate `pinzero`. This crate is for authors of backends. Start with [`factory`], the
//! contract between a backend and the rest of pinzero; [`Gpio`] opens the lines of a backend.

mod bus;
pub mod factory;
mod factory_names;

mod capability;
mod error;
mod line_info;
mod pin_spec;
mod spi_mode;
pub mod time;
mod types;

mod animation;
mod condvar;
mod delay;
mod device;
mod event;
mod gpio;
#[cfg(feature = "embedded-hal")]
mod hal;
mod handle;
mod hub;
mod open;
mod outcome;
mod part;
mod report;
mod reserve;
mod running;
pub mod source;
mod timer;

mod emulate;
mod machine;
mod runtime;

mod exit;
pub mod mock;

mod debug;
#[doc(hidden)]
pub mod process;
mod stderr;
mod sync;
pub mod thread;
pub mod trace;

#[cfg(loom)]
#[cfg(test)]
mod loom_tests;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

pub use pinzero_board as board;

pub use animation::Animation;
pub use bus::{
    HardwareSpiConfig, I2cAddress, I2cBus, I2cConfig, I2cOperation, SerialConfig, SerialPort, SoftI2cConfig,
    SpiBus, SpiConfig, SpiOperation,
};
pub use capability::{Capabilities, Support};
pub use condvar::Condvar;
pub use delay::Delay;
pub use device::{Device, SetValue, Switch, Value};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventKind, Kinded};
pub use exit::close_all;
#[doc(hidden)]
pub use exit::{has_realtime, wait_for_signal};
pub use factory::{
    FlexConfig, FlexPin, GroupConfig, InputConfig, InputPins, InputsConfig, OutputConfig, OutputGroupPins,
    OutputPin, Pin, PinFactory, PwmConfig, PwmPin,
};
pub use factory_names::advise_on_factory;
pub use gpio::Gpio;
#[cfg(feature = "embedded-hal")]
pub use hal::BareSpi;
#[cfg(feature = "stream")]
pub use handle::events::EventStream;
pub use handle::events::Events;
pub use handle::flex::{Flex, FlexBuilder};
pub use handle::group::{GroupBuilder, OutputGroup};
pub use handle::i2c::{I2c, I2cBuilder, I2cReservation};
pub use handle::input::{Input, InputBuilder};
pub use handle::input_lines::LineEvent;
pub use handle::inputs::Inputs;
pub use handle::open_drain::{OpenDrain, OpenDrainBuilder};
pub use handle::output::{Output, OutputBuilder};
pub use handle::pwm::{Pwm, PwmBuilder};
pub use handle::serial::{Serial, SerialBuilder};
pub use handle::spi::{Spi, SpiBuilder};
pub use hub::Handler;
pub use line_info::{LineFunction, LineInfo};
pub use machine::{Blink, Easing};
pub use open::GpioBuilder;
pub use outcome::Outcome;
pub use part::{AnimationEnd, Part};
pub use pin_spec::PinSpec;
pub use report::{Reports, warn_user};
pub use running::{Effects, Machine, MachineBuilder, MachineRef, Running};
#[cfg(target_os = "linux")]
pub use runtime::Registration;
pub use runtime::{EdgeBatch, EdgeSink};
pub use source::{Average, Follower, Notify, Samples, Source, Subscription};
pub use spi_mode::SpiMode;
pub use timer::Timer;
pub use types::{Bias, Drive, Edge, Found, Host, Level, Line, OnClose, Release};
