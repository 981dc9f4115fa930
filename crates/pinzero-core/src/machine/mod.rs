//! Pure state machines: they are told the time, and answer what happens and when they want to be asked again.
//!
//! None of them knows a clock, a thread or a pin, so each is tested by table and by property.

mod blink;
mod click;
mod debounce;
mod hold;
mod pwm_wave;

pub use blink::{Blink, Frame, Frames};
pub use click::{Click, Gesture};
pub use debounce::{Change, Debounce};
pub use hold::Hold;
pub use pwm_wave::Wave;

/// Miri is slow, and lets nothing be written to files.
#[cfg(test)]
fn properties() -> proptest::test_runner::Config {
    let config = proptest::test_runner::Config { failure_persistence: None, ..Default::default() };
    if cfg!(miri) { proptest::test_runner::Config { cases: 8, ..config } } else { config }
}
