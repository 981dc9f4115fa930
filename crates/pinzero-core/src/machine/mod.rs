//! Pure state machines: they are told the time, and answer what happens and when they want to be asked again.
//!
//! None of them knows a clock, a thread or a pin, so each is tested by table and by property.

mod blink;
mod click;
mod debounce;
mod hold;
mod input;
mod pwm_wave;
mod sample;

pub use blink::Blink;
pub(crate) use blink::Frames;
pub(crate) use click::{Click, Gesture};
pub(crate) use debounce::{Change, Debounce};
pub(crate) use hold::Hold;
pub(crate) use input::{InputMachine, Status};
pub(crate) use pwm_wave::Wave;
pub(crate) use sample::Sample;

/// Miri is slow, and lets nothing be written to files.
#[cfg(test)]
fn properties() -> proptest::test_runner::Config {
    let config = proptest::test_runner::Config { failure_persistence: None, ..Default::default() };
    if cfg!(miri) { proptest::test_runner::Config { cases: 8, ..config } } else { config }
}
