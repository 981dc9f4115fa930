//! [`Tree`], `leds!` and `renamed!`: what turns a line of the table into a type.

use pinzero_core::{Error, ErrorKind, PinSpec, Result};

use crate::boards::{Fitted, Lights, Member, Wired};
use crate::{LedBoard, Light};

/// A member of a board: a LED, or a board.
pub(super) trait Tree: Sized {
    /// The pins, in the shape of the board.
    type Pins;

    /// Returns the member before it is opened.
    fn wired(pins: Self::Pins, options: &Fitted) -> Wired;

    /// Returns the open member with its names.
    fn of(member: &Member) -> Result<Self>;
}

impl Tree for Light {
    type Pins = &'static str;

    fn wired(pin: &'static str, _: &Fitted) -> Wired {
        Wired::Led(pin.into())
    }

    fn of(member: &Member) -> Result<Self> {
        member.light().cloned().ok_or_else(|| other_shape("a board instead of a LED"))
    }
}

/// LEDs with names that are a board.
pub(super) trait Branch: Sized {
    /// The pins, in the shape of the board.
    type Pins;

    /// Returns the board before it is opened.
    fn lights(pins: Self::Pins, options: &Fitted) -> Lights;

    /// Returns the open board with its names.
    fn of_board(board: &LedBoard) -> Result<Self>;
}

impl<B: Branch> Tree for B {
    type Pins = B::Pins;

    fn wired(pins: Self::Pins, options: &Fitted) -> Wired {
        Wired::Board(B::lights(pins, options))
    }

    fn of(member: &Member) -> Result<Self> {
        B::of_board(member.board().ok_or_else(|| other_shape("a LED instead of a board"))?)
    }
}

fn other_shape(what: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("the board has {what}"))
}

/// Returns a board with these members, before it is opened.
pub(super) fn lights<'a>(members: impl IntoIterator<Item = (&'a str, Wired)>, options: &Fitted) -> Lights {
    let none: [PinSpec; 0] = [];
    let mut lights = Lights::new(none);
    lights.members = members.into_iter().map(|(name, wired)| (Some(name.to_owned()), wired)).collect();
    options.apply(&mut lights);
    lights
}

/// Defines a board of LEDs with named members. With pins, it is a product, which can be opened.
macro_rules! leds {
    ($(#[$doc:meta])* $Board:ident { $($(#[$of:meta])* $member:ident: $Member:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        #[must_use = "a device is closed when its last handle is dropped"]
        pub struct $Board {
            $($(#[$of])* pub $member: $Member,)*
            board: $crate::LedBoard,
        }

        impl $crate::products::tree::Branch for $Board {
            type Pins = ($(<$Member as $crate::products::tree::Tree>::Pins,)*);

            fn lights(($($member,)*): Self::Pins, options: &$crate::options::Fitted) -> $crate::options::Lights {
                let members = [$((
                    stringify!($member),
                    <$Member as $crate::products::tree::Tree>::wired($member, options),
                )),*];
                $crate::products::tree::lights(members, options)
            }

            fn of_board(board: &$crate::LedBoard) -> pinzero_core::Result<Self> {
                Ok($Board {
                    $($member: $crate::products::tree::Tree::of(board.member(stringify!($member))?)?,)*
                    board: board.clone(),
                })
            }
        }

        $crate::device::led_board!($Board.board);
    };

    ($(#[$doc:meta])* $Board:ident { $($(#[$of:meta])* $member:ident: $Member:ty = $pins:expr,)* }) => {
        $crate::products::tree::leds! {
            $(#[$doc])*
            $Board { $($(#[$of])* $member: $Member,)* }
        }

        impl $Board {
            /// Opens the board on the default factory, without PWM. The LEDs start dark.
            ///
            /// # Errors
            /// See [`Builder::open`](crate::Builder::open).
            #[track_caller]
            pub fn new() -> pinzero_core::Result<Self> {
                $Board::builder().open()
            }

            /// Returns a builder for the board with other options.
            pub fn builder() -> $crate::Builder<Self, $crate::options::Fitted> {
                $crate::Builder::new($crate::options::Fitted::default())
            }
        }

        impl $crate::Open<$crate::options::Fitted> for $Board {
            const NAME: &'static str = stringify!($Board);

            fn open(options: $crate::options::Fitted, site: &$crate::Site) -> pinzero_core::Result<Self> {
                let lights = <Self as $crate::products::tree::Branch>::lights(($($pins,)*), &options);
                let board = <$crate::LedBoard as $crate::Open<_>>::open(lights, site)?;
                $crate::products::tree::Branch::of_board(&board)
            }
        }
    };
}

/// Defines a product that is a device with pins and options of its own.
macro_rules! renamed {
    ($(#[$doc:meta])* $Device:ident($Base:ident, $Options:ty) = $builder:expr) => {
        $crate::products::tree::renamed!(@device $(#[$doc])* $Device($Base, $Options));

        impl $Device {
            /// Opens the board on the default factory.
            ///
            /// # Errors
            /// See [`Builder::open`](crate::Builder::open).
            #[track_caller]
            pub fn new() -> pinzero_core::Result<Self> {
                $Device::builder().open()
            }

            /// Returns a builder for the board with other options.
            pub fn builder() -> $crate::Builder<Self, $Options> {
                $crate::Builder::new($builder.options)
            }
        }
    };

    (@device $(#[$doc:meta])* $Device:ident($Base:ident, $Options:ty)) => {
        $(#[$doc])*
        #[derive(Clone)]
        #[must_use = "a device is closed when its last handle is dropped"]
        pub struct $Device($Base);

        impl $crate::Open<$Options> for $Device {
            const NAME: &'static str = stringify!($Device);

            fn open(options: $Options, site: &$crate::Site) -> pinzero_core::Result<Self> {
                Ok($Device($crate::Open::open(options, site)?))
            }
        }

        $crate::products::tree::renamed!(@deref $Device $Base);
    };

    (@deref $Device:ident LedBoard) => {
        $crate::device::led_board!($Device.0);
    };

    (@deref $Device:ident TrafficLights) => {
        $crate::device::led_board!($Device.0: TrafficLights);
    };

    (@deref $Device:ident $Base:ident) => {
        impl std::ops::Deref for $Device {
            type Target = $Base;

            fn deref(&self) -> &$Base {
                &self.0
            }
        }

        $crate::device::line_of_pins!($Device);
    };
}

pub(super) use {leds, renamed};
