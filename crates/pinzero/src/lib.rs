//! gpiozero's ideas in Rust: LEDs, buttons and more on a Raspberry Pi, and the same program on a laptop or in a test.
//!
//! ```
//! use pinzero::prelude::*;
//!
//! # pinzero::set_default(&pinzero::mock::gpio());
//! let led = Led::new(17)?;
//! let button = Button::new(2)?;
//!
//! led.blink(ms(100), ms(900))?;
//! button.when_pressed(move |_| led.on());
//! # if false {
//! pinzero::pause(); // until Ctrl-C; the devices work meanwhile
//! # }
//! # Ok::<(), pinzero::Error>(())
//! ```
//!
//! * **Devices** ([`Led`], [`Button`], [`PwmOutputDevice`], …) are cheap handles: clone them into callbacks and threads.
//!   Dropping the last clone gives the pin back.
//! * **Traits** are the common interface of devices: [`Device`], [`Switch`], [`Value`], [`SetValue`]. A `Box<dyn Switch>` is
//!   anything that can be turned on and off.
//! * **Pins** have a number and names: `17`, `"GPIO17"`, `"BOARD11"`, `"J8:11"`; see [`PinSpec`].
//! * **Factories** drive the pins. [`default_gpio`] finds one, or the environment variable `PINZERO_PIN_FACTORY` names it;
//!   the [`Builder`] of a device takes another by `.gpio(&gpio)`.
//! * **Errors** of calls are returned. Those of handlers go to [`Gpio::on_error`], else to the logger, else to standard error.
//! * **Tests** run without hardware and without waiting: [`mock`]. A program that takes a `&Gpio`, and opens its devices on it, takes
//!   a mock in a test. Code that calls `Led::new(17)` is run by [`with_default`].
//! * **Timing diagrams** show what happened on all lines: [`trace`]. GTKWave and PulseView open them too.
//!
//! ```
//! use pinzero::prelude::*;
//!
//! let gpio = pinzero::mock::gpio();
//! let led = Led::builder(17).gpio(&gpio).open()?;
//! led.blink(secs(1), secs(1))?;
//! gpio.advance(secs(3600)); // an hour in a few milliseconds
//! assert_eq!(gpio.line(17).history().len(), 3601);
//! # Ok::<(), pinzero::Error>(())
//! ```
//!
//! A device of your own has a builder and the traits as well: see [`Open`].

pub mod prelude;

mod boards;
mod builder;
mod color;
mod convert;
mod default;
mod device;
mod input;
mod internal;
mod output;
mod pause;
pub mod products;
mod sensor;
mod spi;
mod tone;

pub use boards::{
    BoardValue, ButtonBoard, CharFont, Curve, Energenie, LedBarGraph, LedBoard, LedCharDisplay,
    LedMultiCharDisplay, Member, MemberKey, Robot, TrafficLights, TrafficLightsBuzzer,
};
pub use builder::{Builder, Open, Site};
pub use color::Color;
pub use default::{default_gpio, open_factory, set_default, with_default};
pub use input::{
    AnalogInputDevice, Button, Chord, Counted, DigitalInputDevice, Direction, DistanceSensor, EncoderStep,
    Key, KeyEvent, KeyKind, Keypad, LightSensor, LineSensor, MotionSensor, PulseCounter, RotaryEncoder,
    Rotation, RotationKind, SmoothedInputDevice,
};
pub use internal::{
    CpuTemperature, DayTime, DiskUsage, LoadAverage, PingServer, PolledInternalDevice, Sun, TcpClient,
    TcpConnection, TcpMessage, TcpTrigger, TimeOfDay, Zone,
};
pub use output::{
    AngularServo, AnyMotor, Arrival, Buzzer, DigitalOutputDevice, Led, Light, Motor, PhaseEnableMotor,
    PixelOrder, PixelStrip, PwmLed, PwmOutputDevice, Relay, RgbLed, Servo, StepMode, Stepper, Switched,
    TonalBuzzer,
};
pub use pause::pause;
pub use sensor::{
    Ads1115, Dht, Dht11, Dht22, Ds18b20, Ds18b20Builder, IrCommand, IrProtocol, IrReceiver, Reading,
};
pub use spi::{
    Mcp3001, Mcp3002, Mcp3004, Mcp3008, Mcp3201, Mcp3202, Mcp3204, Mcp3208, Mcp3301, Mcp3302, Mcp3304,
};
pub use tone::Tone;

#[doc(inline)]
pub use pinzero_core::{
    Animation, AnimationEnd, Average, Bias, Blink, Capabilities, Delay, Device, Drive, Easing, Edge, Effects,
    Error, ErrorKind, Event, EventKind, Events, Flex, FlexBuilder, Follower, Gpio, GpioBuilder, GroupBuilder,
    Handler, Host, I2c, I2cAddress, I2cBuilder, I2cOperation, I2cReservation, Input, InputBuilder, Inputs,
    Kinded, Level, Line, LineEvent, LineFunction, LineInfo, Machine, MachineBuilder, MachineRef, Notify,
    OnClose, OpenDrain, OpenDrainBuilder, Outcome, Output, OutputBuilder, OutputGroup, Part, PinFactory,
    PinSpec, Pwm, PwmBuilder, Result, Running, Samples, Serial, SerialBuilder, SetValue, Source, Spi,
    SpiBuilder, SpiMode, SpiOperation, Subscription, Support, Switch, Timer, Value, close_all, mock, source,
    time, trace,
};

#[cfg(feature = "embedded-hal")]
#[doc(inline)]
pub use pinzero_core::BareSpi;
#[cfg(feature = "stream")]
#[doc(inline)]
pub use pinzero_core::EventStream;

/// The options that a [`Builder`] collects, for devices of your own that take them too.
pub mod options {
    pub use crate::boards::{
        Bars, Buttons, Fitted, InitialValue, Lights, Plexed, Segmented, Segments, Socket, Wheels, Wired,
    };
    pub use crate::input::{
        Averaged, Charged, Chorded, Keys, Pressable, Pulled, Pulses, Ranging, Rotary, Smoothed,
    };
    pub use crate::internal::{Daily, Limit, Listening, Load, Ping, Polling, Thermal, Usage};
    pub use crate::output::{
        Angular, Bridge, Colored, Contacts, Digital, Dimmable, Driven, PhaseEnable, Pixels, Positioned,
        Pulsed, Signal, Stepping, Tonal,
    };
    pub use crate::products::status::Labelled;
    pub use crate::sensor::{AnalogI2c, Climate, I2cPlace};
    pub use crate::spi::{Analog, Multiplexed, SpiPlace};
}

/// Boards: models, headers, names of pins.
pub mod board {
    #[doc(no_inline)]
    pub use pinzero_core::board::{
        Board, Facts, FormFactor, Function, Header, HeaderPin, PinError, PinKind, Pull, Soc, UnknownModel,
        UnknownRevision,
    };
}

/// The factory for the Linux character device: every Raspberry Pi, and other boards.
#[cfg(all(target_os = "linux", feature = "cdev"))]
pub mod cdev {
    #[doc(no_inline)]
    pub use pinzero_cdev::{CdevBuilder, CdevFactory};
}

/// The pins of expanders, each chip a `Gpio` of its own: MCP23017, MCP23S17, PCF8574, 74HC595 and PCA9685.
///
/// ```
/// use pinzero::expander::Mcp23017;
/// use pinzero::prelude::*;
/// # use pinzero::mock::{self, Registers};
///
/// # let gpio = mock::gpio();
/// # let chip = gpio.i2c_chip(1, 0x20, Registers::new());
/// let i2c = gpio.i2c(1).open()?;
/// let expander = Mcp23017::builder(&i2c).address(0x20).open()?;
/// let led = Led::builder("GPA3").gpio(&expander).open()?;
/// led.on()?;
/// # assert_eq!(chip.with(|chip| chip.get(0x14)), 0b1000);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[cfg(feature = "expander")]
pub mod expander {
    #[doc(no_inline)]
    pub use pinzero_expander::{
        ExpanderFactory, Hc595, Hc595Builder, Mcp23s17, Mcp23s17Builder, Mcp23017, Mcp23017Builder, Pca9685,
        Pca9685Builder, Pca9685Factory, Pcf8574, Pcf8574Builder,
    };
}

/// The factory for the pins of another computer, through `pigpiod` or `pinzero serve`.
#[cfg(feature = "pigpio")]
pub mod pigpio {
    #[doc(no_inline)]
    pub use pinzero_pigpio::{Gap, LinkEvent, LinkEvents, PigpioBuilder, PigpioFactory};
}

/// The factory that writes registers, for speed on a Raspberry Pi 4 and older.
#[cfg(all(target_os = "linux", feature = "rppal"))]
pub mod rppal {
    #[doc(no_inline)]
    pub use pinzero_rppal::RppalFactory;
}

/// Compiles and runs the examples of the READMEs, and of the page for those who come from elsewhere.
#[cfg(doctest)]
mod readmes {
    #[doc = include_str!("../../../docs/migration.md")]
    struct Migration;
    #[doc = include_str!("../../../docs/traces.md")]
    struct Traces;
    #[doc = include_str!("../../../README.md")]
    struct Workspace;
    #[doc = include_str!("../README.md")]
    struct Package;
}

/// Checks that dropping a device or a builder unused is a warning.
///
/// ```
/// #![deny(unused_must_use)]
/// # fn main() -> pinzero::Result<()> {
/// # let gpio = pinzero::mock::gpio();
/// drop(pinzero::Led::builder(17).gpio(&gpio).open()?);
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # fn main() -> pinzero::Result<()> {
/// # let gpio = pinzero::mock::gpio();
/// pinzero::Led::builder(17).gpio(&gpio).open()?;
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # fn main() -> pinzero::Result<()> {
/// # let gpio = pinzero::mock::gpio();
/// pinzero::Led::builder(17).gpio(&gpio);
/// # Ok(())
/// # }
/// ```
#[cfg(doctest)]
struct MustUse;
