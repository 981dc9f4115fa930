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
//! # Ok::<(), pinzero::Error>(())
//! ```
//!
//! * **Devices** ([`Led`], [`Button`], [`PwmOutputDevice`], …) are cheap handles: clone them into callbacks and threads.
//!   The last one to go gives its pin back.
//! * **Pins** go by number or by name: `17`, `"GPIO17"`, `"BOARD11"`, `"J8:11"`; see [`PinSpec`].
//! * **Factories** make the pins. The default one is found by [`default_gpio`] or named by `PINZERO_PIN_FACTORY`; each
//!   device takes another by `.on(&gpio)` of its builder.
//! * **Tests** run without hardware and without waiting: [`mock`].
//!
//! ```
//! use pinzero::prelude::*;
//!
//! let gpio = pinzero::mock::gpio();
//! let led = Led::builder(17).on(&gpio).open()?;
//! led.blink(secs(1), secs(1))?;
//! gpio.advance(secs(3600)); // an hour in a few milliseconds
//! assert_eq!(gpio.line(17).history().len(), 3601);
//! # Ok::<(), pinzero::Error>(())
//! ```

pub mod input;
pub mod output;
pub mod prelude;

mod default;

pub use default::{default_gpio, set_default};
pub use input::{Button, DigitalInputDevice};
pub use output::{DigitalOutputDevice, Led, PwmOutputDevice};
#[cfg(all(target_os = "linux", feature = "cdev"))]
pub use pinzero_cdev as cdev;
pub use pinzero_core::{
    Animation, Bias, Blink, Capabilities, Error, ErrorKind, Event, EventKind, Events, Gpio, GpioBuilder,
    Handler, Level, LineFunction, LineInfo, OnClose, Outcome, PinSpec, Result, Support, board, close_all,
    mock, time,
};

#[cfg(feature = "pigpio")]
pub use pinzero_pigpio as pigpio;
#[cfg(all(target_os = "linux", feature = "rppal"))]
pub use pinzero_rppal as rppal;

/// Has the compiler check the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
