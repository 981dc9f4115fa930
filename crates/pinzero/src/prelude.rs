//! The names that most programs use: `use pinzero::prelude::*;`.

#[doc(no_inline)]
pub use crate::time::{ms, secs, us};
#[doc(no_inline)]
pub use crate::{
    Ads1115, AnalogInputDevice, AngularServo, Animation, Average, Bias, Blink, Button, ButtonBoard, Buzzer,
    Chord, Color, CpuTemperature, DayTime, Device, Dht11, Dht22, DigitalInputDevice, DigitalOutputDevice,
    DiskUsage, DistanceSensor, Ds18b20, Easing, Energenie, Error, Event, EventKind, Gpio, IrReceiver, Keypad,
    Led, LedBarGraph, LedBoard, LedCharDisplay, LedMultiCharDisplay, Level, LightSensor, LineSensor,
    LoadAverage, Mcp3001, Mcp3002, Mcp3004, Mcp3008, Mcp3201, Mcp3202, Mcp3204, Mcp3208, Mcp3301, Mcp3302,
    Mcp3304, MotionSensor, Motor, OnClose, PhaseEnableMotor, PingServer, PixelStrip, PulseCounter, PwmLed,
    PwmOutputDevice, Relay, RgbLed, Robot, RotaryEncoder, Servo, SetValue, SmoothedInputDevice, Stepper, Sun,
    Switch, TcpTrigger, TimeOfDay, TonalBuzzer, Tone, TrafficLights, TrafficLightsBuzzer, Value,
};
