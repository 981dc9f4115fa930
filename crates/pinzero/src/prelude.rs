//! The names that most programs use: `use pinzero::prelude::*;`.

#[doc(no_inline)]
pub use crate::time::{ms, secs, us};
#[doc(no_inline)]
pub use crate::{
    Animation, Bias, Blink, Button, Device, DigitalInputDevice, DigitalOutputDevice, Easing, Error, Event,
    EventKind, Gpio, Led, Level, OnClose, PwmOutputDevice, SetValue, Switch, Value,
};
