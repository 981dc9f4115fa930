//! The common code of this crate's devices, most of it as macros.

use pinzero_core::{Device, Handler, Notify, Result, Source, Subscription};

/// Implements a one-line `Debug`, such as `Led(GPIO17, on)`, and a `Display`, such as `Led on GPIO17`.
///
/// The device must have `pin()` and `state()`, itself or through `Deref`, which do no I/O.
macro_rules! one_line {
    ($Device:ident) => {
        impl std::fmt::Debug for $Device {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let name = stringify!($Device);
                match self.is_closed() {
                    true => write!(f, "{name}({}, closed)", self.pin()),
                    false => write!(f, "{name}({}, {})", self.pin(), self.state()),
                }
            }
        }

        impl std::fmt::Display for $Device {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} on {}", stringify!($Device), self.pin())
            }
        }
    };
}

/// Implements the common methods and traits of a device with one handle of core.
macro_rules! single_pin {
    ($Device:ident($handle:ident)) => {
        impl $Device {
            /// Returns the line that the device is on.
            pub fn pin(&self) -> pinzero_core::Line {
                self.$handle.line()
            }

            /// Returns the factory that opened the pin.
            pub fn gpio(&self) -> &pinzero_core::Gpio {
                self.$handle.gpio()
            }

            /// Returns whether the device is closed.
            pub fn is_closed(&self) -> bool {
                self.$handle.is_closed()
            }

            /// Closes the device and all its clones, and gives the pin back. Idempotent, from any thread.
            ///
            /// Ends a running animation, all waits and all event iterators.
            ///
            /// # Errors
            /// See [`Device::close`](crate::Device::close).
            pub fn close(&self) -> pinzero_core::Result<()> {
                self.$handle.close()
            }
        }

        impl pinzero_core::Device for $Device {
            fn parts(&self) -> Vec<&dyn pinzero_core::Device> {
                vec![&self.$handle]
            }
        }

        // A panic elsewhere leaves no device half changed: its state is written under locks that do not poison.
        impl std::panic::UnwindSafe for $Device {}
        impl std::panic::RefUnwindSafe for $Device {}

        $crate::device::one_line!($Device);
    };
}

/// Implements the common methods of a device with several pins, which has `parts()`, `pins()` and `state()`.
macro_rules! several_pins {
    ($Device:ident) => {
        impl $Device {
            /// Returns the factory that opened the pins.
            pub fn gpio(&self) -> &pinzero_core::Gpio {
                pinzero_core::Device::gpio(self)
            }

            /// Returns whether the device is closed.
            pub fn is_closed(&self) -> bool {
                pinzero_core::Device::is_closed(self)
            }

            /// Closes the device and all its clones, and gives the pins back. Idempotent, from any thread.
            ///
            /// Ends a running animation.
            ///
            /// # Errors
            /// See [`Device::close`](crate::Device::close).
            pub fn close(&self) -> pinzero_core::Result<()> {
                pinzero_core::Device::close(self)
            }
        }

        $crate::device::line_of_pins!($Device);
    };
}

/// Implements a one-line `Debug`, such as `RgbLed(GPIO9, GPIO10, GPIO11, #ff0000)`, and a `Display`, such as `RgbLed on GPIO9, GPIO10, GPIO11`.
///
/// The device must have `pins()` and `state()`, itself or through `Deref`, which do no I/O.
macro_rules! line_of_pins {
    ($Device:ident) => {
        impl std::fmt::Debug for $Device {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let (name, pins) = (stringify!($Device), $crate::device::list(&self.pins()));
                match self.is_closed() {
                    true => write!(f, "{name}({pins}, closed)"),
                    false => write!(f, "{name}({pins}, {})", self.state()),
                }
            }
        }

        impl std::fmt::Display for $Device {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} on {}", stringify!($Device), $crate::device::list(&self.pins()))
            }
        }
    };
}

/// Returns the values of a device that tells of changes by its handlers: `listen` sets them.
pub(crate) fn changing<D: Device + Clone + 'static, T: 'static>(
    device: &D,
    value: impl Fn(&D) -> Result<T> + Send + 'static,
    listen: impl FnOnce(&D, &Notify) -> Vec<Handler> + Send + 'static,
) -> Source<T> {
    let (device, teller) = (device.clone(), device.clone());
    Source::on_change(
        move || value(&device).map(Some),
        // A closed device warns of handlers that come too late.
        move |_, notify| match teller.is_closed() {
            true => Ok(Vec::new()),
            false => Ok(listen(&teller, notify).into_iter().map(Subscription::from).collect()),
        },
    )
}

/// Returns the names of lines, with commas in between.
pub(crate) fn list(lines: &[pinzero_core::Line]) -> String {
    lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Implements a device as a newtype around another one.
macro_rules! newtype {
    ($Device:ident($Base:ident)) => {
        impl std::ops::Deref for $Device {
            type Target = $Base;

            fn deref(&self) -> &$Base {
                &self.0
            }
        }

        $crate::device::one_line!($Device);
    };
}

/// Implements a device around a [`LedBoard`](crate::LedBoard) in a field, such as `led_board!(PiLiter.0)`.
///
/// The field may have a type that is such a device itself: `led_board!(PiTraffic.0: TrafficLights)`.
macro_rules! led_board {
    ($Device:ident.$board:tt) => {
        $crate::device::led_board!($Device.$board: LedBoard);
    };

    ($Device:ident.$board:tt: $Base:ident) => {
        // Here too, because the methods of `SetValue`, which take no other types, would hide the board's own.
        impl $Device {
            /// Sets the values of the LEDs; see [`LedBoard::set_value`](crate::LedBoard::set_value).
            ///
            /// # Errors
            /// See [`LedBoard::set_value`](crate::LedBoard::set_value).
            pub fn set_value(&self, value: impl Into<crate::BoardValue>) -> pinzero_core::Result<()> {
                self.$board.set_value(value)
            }

            /// Follows a source in the background, until the source ends or the next write; see [`LedBoard::follow`](crate::LedBoard::follow).
            ///
            /// # Errors
            /// See [`SetValue::follow`](crate::SetValue::follow).
            pub fn follow<T>(&self, source: crate::Source<T>) -> pinzero_core::Result<crate::Follower>
            where
                T: Into<crate::BoardValue> + Clone + PartialEq + Send + 'static,
            {
                self.$board.follow(source)
            }
        }

        impl std::ops::Deref for $Device {
            type Target = $crate::$Base;

            fn deref(&self) -> &$crate::$Base {
                &self.$board
            }
        }

        $crate::device::line_of_pins!($Device);
    };
}

pub(crate) use {led_board, line_of_pins, newtype, one_line, several_pins, single_pin};
