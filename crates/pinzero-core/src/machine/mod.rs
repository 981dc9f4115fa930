//! Pure state machines: their inputs are edges and times; their outputs are events and the next deadline.
//!
//! None of them knows a clock, a thread or a pin, so tables and properties test each of them.

mod blink;
mod click;
mod debounce;
mod easing;
mod hold;
mod input;
mod pwm_wave;
mod sample;

pub use blink::Blink;
pub(crate) use blink::Frames;
pub(crate) use click::{Click, Gesture};
pub(crate) use debounce::{Change, Debounce};
pub use easing::Easing;
pub(crate) use hold::Hold;
pub(crate) use input::{InputMachine, Status};
pub(crate) use pwm_wave::Wave;
pub(crate) use sample::Sample;

/// Returns the settings of property tests. Under Miri, which is slow, they run fewer cases; it cannot write files either.
#[cfg(test)]
fn properties() -> proptest::test_runner::Config {
    let config = proptest::test_runner::Config { failure_persistence: None, ..Default::default() };
    if cfg!(miri) { proptest::test_runner::Config { cases: 8, ..config } } else { config }
}
