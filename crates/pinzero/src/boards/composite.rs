//! [`Fit`] and `composite!`: devices of parts of different kinds.

use pinzero_core::{Device, Level, Line, PinSpec, Result};

use super::Fitted;
use crate::{Button, Buzzer, Site, TonalBuzzer, TrafficLights};

/// A part of a device of parts of different kinds.
pub(crate) trait Fit: Device + Sized {
    /// The pins of the part.
    type Pins;

    /// Opens the part; `options` are for its LEDs.
    #[track_caller]
    fn fit(pins: Self::Pins, options: &Fitted, site: &Site) -> Result<Self>;

    fn lines(&self) -> Vec<Line>;

    /// Switches the part, if it is an output.
    fn switch(&self, _on: bool) -> Result<()> {
        Ok(())
    }

    /// Switches the part to the other state, if it is an output that has two.
    fn invert(&self) -> Result<()> {
        Ok(())
    }

    /// Returns whether the part is an output that is on.
    fn is_on(&self) -> Result<bool> {
        Ok(false)
    }
}

impl Fit for TrafficLights {
    type Pins = [&'static str; 3];

    fn fit([red, amber, green]: Self::Pins, options: &Fitted, site: &Site) -> Result<Self> {
        let mut lights = TrafficLights::builder(red, amber, green);
        options.apply(&mut lights.options);
        lights.open_in(site)
    }

    fn lines(&self) -> Vec<Line> {
        self.pins()
    }

    fn switch(&self, on: bool) -> Result<()> {
        if on { self.on() } else { self.off() }
    }

    fn invert(&self) -> Result<()> {
        self.toggle()
    }

    fn is_on(&self) -> Result<bool> {
        self.is_lit()
    }
}

impl Fit for Buzzer {
    type Pins = &'static str;

    fn fit(pin: &'static str, _: &Fitted, site: &Site) -> Result<Self> {
        Buzzer::builder(pin).open_in(site)
    }

    fn lines(&self) -> Vec<Line> {
        vec![self.pin()]
    }

    fn switch(&self, on: bool) -> Result<()> {
        if on { self.on() } else { self.off() }
    }

    fn invert(&self) -> Result<()> {
        self.toggle()
    }

    fn is_on(&self) -> Result<bool> {
        self.is_active()
    }
}

/// On is the middle tone.
impl Fit for TonalBuzzer {
    type Pins = &'static str;

    fn fit(pin: &'static str, _: &Fitted, site: &Site) -> Result<Self> {
        TonalBuzzer::builder(pin).open_in(site)
    }

    fn lines(&self) -> Vec<Line> {
        vec![self.pin()]
    }

    fn switch(&self, on: bool) -> Result<()> {
        self.set_value(on.then_some(0.0))
    }

    fn is_on(&self) -> Result<bool> {
        self.is_active()
    }
}

/// The wiring of a button.
pub(crate) enum Wiring {
    /// Between the pin and ground: pressed is low.
    ToGround(&'static str),
    /// Between the pin and 3.3 V: pressed is high.
    ToSupply(&'static str),
}

impl Fit for Button {
    type Pins = Wiring;

    fn fit(pins: Wiring, _: &Fitted, site: &Site) -> Result<Self> {
        let (pin, level) = match pins {
            Wiring::ToGround(pin) => (PinSpec::from(pin), Level::Low),
            Wiring::ToSupply(pin) => (PinSpec::from(pin), Level::High),
        };
        Button::builder(pin).pull_up(level == Level::Low).open_in(site)
    }

    fn lines(&self) -> Vec<Line> {
        vec![self.pin()]
    }
}

/// Implements the common methods and traits of a device whose fields are parts that [`Fit`].
macro_rules! composite {
    ($Device:ident { $($part:ident),* }) => {
        impl $Device {
            /// Switches on the LEDs and the buzzer.
            ///
            /// # Errors
            /// See [`Switch`](crate::Switch).
            pub fn on(&self) -> pinzero_core::Result<()> {
                pinzero_core::Switch::on(self)
            }

            /// Switches off the LEDs and the buzzer.
            ///
            /// # Errors
            /// See [`Switch`](crate::Switch).
            pub fn off(&self) -> pinzero_core::Result<()> {
                pinzero_core::Switch::off(self)
            }

            /// Switches each LED, and a buzzer without tones, to the other state. A tone goes on.
            ///
            /// # Errors
            /// See [`Switch`](crate::Switch).
            pub fn toggle(&self) -> pinzero_core::Result<()> {
                pinzero_core::Switch::toggle(self)
            }

            /// Returns whether a LED or the buzzer is on. A button does not count.
            ///
            /// # Errors
            /// See [`Switch`](crate::Switch).
            pub fn is_active(&self) -> pinzero_core::Result<bool> {
                pinzero_core::Switch::is_active(self)
            }

            /// Returns the lines of all parts.
            pub fn pins(&self) -> Vec<pinzero_core::Line> {
                [$($crate::boards::Fit::lines(&self.$part)),*].concat()
            }

            fn state(&self) -> &'static str {
                match self.is_active() {
                    Ok(true) => "on",
                    _ => "off",
                }
            }
        }

        impl pinzero_core::Device for $Device {
            fn parts(&self) -> Vec<&dyn pinzero_core::Device> {
                vec![$(&self.$part),*]
            }
        }

        impl pinzero_core::Switch for $Device {
            /// Switches all parts, also if one fails: what is to go off goes off.
            fn set_active(&self, on: bool) -> pinzero_core::Result<()> {
                let results = [$($crate::boards::Fit::switch(&self.$part, on)),*];
                results.into_iter().collect()
            }

            fn is_active(&self) -> pinzero_core::Result<bool> {
                Ok([$($crate::boards::Fit::is_on(&self.$part)?),*].contains(&true))
            }

            fn toggle(&self) -> pinzero_core::Result<()> {
                $($crate::boards::Fit::invert(&self.$part)?;)*
                Ok(())
            }
        }

        $crate::device::several_pins!($Device);
    };
}

/// Defines a ready-made board of parts that [`Fit`], with their pins.
macro_rules! composite_board {
    ($(#[$doc:meta])* $Device:ident { $($(#[$of:meta])* $part:ident: $Part:ty = $pins:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        #[must_use = "a device is closed when its last handle is dropped"]
        pub struct $Device {
            $($(#[$of])* pub $part: $Part,)*
        }

        impl $Device {
            /// Opens the board on the default factory, without PWM for the LEDs. They start dark.
            ///
            /// # Errors
            /// See [`Builder::open`](crate::Builder::open).
            #[track_caller]
            pub fn new() -> pinzero_core::Result<Self> {
                $Device::builder().open()
            }

            /// Returns a builder for the board with other options, which are those of the LEDs.
            pub fn builder() -> $crate::Builder<Self, $crate::options::Fitted> {
                $crate::Builder::new($crate::options::Fitted::default())
            }
        }

        impl $crate::Open<$crate::options::Fitted> for $Device {
            const NAME: &'static str = stringify!($Device);

            fn open(options: $crate::options::Fitted, site: &$crate::Site) -> pinzero_core::Result<Self> {
                $(let $part = <$Part as $crate::boards::Fit>::fit($pins, &options, site)?;)*
                Ok($Device { $($part),* })
            }
        }

        $crate::boards::composite!($Device { $($part),* });
    };
}

pub(crate) use {composite, composite_board};
