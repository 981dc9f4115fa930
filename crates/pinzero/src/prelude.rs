//! The names that most programs use: `use pinzero::prelude::*;`.

pub use crate::time::{ms, secs, us};
pub use crate::{
    Animation, Bias, Blink, Button, Device, DigitalInputDevice, DigitalOutputDevice, Error, Event, EventKind,
    Gpio, Led, Level, OnClose, PwmOutputDevice, SetValue, Switch, Value,
};
