//! The names that most programs use: `use pinzero::prelude::*;`.

#[doc(no_inline)]
pub use crate::time::{ms, secs, us};
#[doc(no_inline)]
pub use crate::{
    AngularServo, Animation, Average, Bias, Blink, Button, Buzzer, Chord, Color, Device, DigitalInputDevice,
    DigitalOutputDevice, DistanceSensor, Easing, Error, Event, EventKind, Gpio, Keypad, Led, Level,
    LightSensor, LineSensor, MotionSensor, Motor, OnClose, PhaseEnableMotor, PulseCounter, PwmLed,
    PwmOutputDevice, Relay, RgbLed, RotaryEncoder, Servo, SetValue, SmoothedInputDevice, Stepper, Switch,
    TonalBuzzer, Tone, Value,
};
