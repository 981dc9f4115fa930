//! What most programs want: `use pinzero::prelude::*;`.

pub use crate::time::{ms, secs, us};
pub use crate::{
    Blink, Button, DigitalInputDevice, DigitalOutputDevice, Gpio, Led, Level, OnClose, PwmOutputDevice,
};
